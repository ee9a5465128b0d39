"""`impactive companies`."""

from typing import Annotated

import typer

from impactive_async.cli._arguments import Extra, Since, extra_fields, given, moment
from impactive_async.cli._run import Run, command

app = typer.Typer(no_args_is_help=True, help="Companies: list, create.")


@command(app, "list", example="impactive companies list --since 2026-05-01")
async def list_companies(run: Run, since: Since = None) -> None:
    """List the companies changed last, at most 100."""
    run.show(await run.crm.zapier.companies.list(since=moment(since)))


@command(
    app,
    "create",
    example="impactive companies create 'Analytical Engines' --website https://engines.example",
    writes=True,
)
async def create_company(
    run: Run,
    name: Annotated[str, typer.Argument(show_default=False)],
    website: Annotated[str | None, typer.Option(show_default=False)] = None,
    industry: Annotated[str | None, typer.Option(show_default=False)] = None,
    email: Annotated[str | None, typer.Option(show_default=False)] = None,
    phone: Annotated[str | None, typer.Option(show_default=False)] = None,
    extra: Extra = None,
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
