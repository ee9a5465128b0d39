"""`impactive companies`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from impactive_async.cli.kit.arguments import extra_fields, extra_option, given, moment, since_option
from impactive_async.cli.kit.declare import Group, command
from impactive_async.cli.kit.options import argument, option

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

app = Group("companies", help="Companies: list, create.")


@command("list", app, example="impactive companies list --since 2026-05-01", rows="impactive_async:Company")
@since_option
async def list_companies(run: Run, since: str | None) -> None:
    """List the companies changed last, at most 100."""
    run.show(await run.crm.zapier.companies.list(since=moment(since)))


@command(
    "create",
    app,
    example="impactive companies create 'Analytical Engines' --website https://engines.example",
    rows="impactive_async:Company",
    writes=True,
)
@argument("name")
@option("--website")
@option("--industry")
@option("--email")
@option("--phone")
@extra_option
async def create_company(
    run: Run,
    name: str,
    website: str | None,
    industry: str | None,
    email: str | None,
    phone: str | None,
    extra: Sequence[str],
) -> None:
    """Create a company. Never sent twice: if the outcome is unknown, that is what it says."""
    company = await run.crm.zapier.companies.create(
        name=name,
        website=given(website),
        industry=given(industry),
        email=given(email),
        phone=given(phone),
        extra=extra_fields(extra),
    )
    run.show([company])
