"""`impactive contacts`: list and create; `contacts import` is in `importing/`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from impactive_async.cli.kit.arguments import extra_fields, extra_option, given
from impactive_async.cli.kit.declare import Group, command
from impactive_async.cli.kit.options import argument, option

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

app = Group("contacts", help="People: list, create, import from CSV.")


@command(
    "list", app, example="impactive contacts list --limit 500 --json | jq .email", rows="impactive_async:Contact"
)
@option("--limit", type=click.IntRange(1, 500), default=100, metavar="N", help="How many at the most.")
async def list_contacts(run: Run, limit: int) -> None:
    """List contacts, newest first; the API shows at most 500."""
    run.show(await run.crm.contacts.list(limit=limit))


@command(
    "create",
    app,
    example="impactive contacts create Ada Lovelace --email ada@example.com",
    rows="impactive_async:Contact",
    writes=True,
)
@argument("first_name")
@argument("last_name")
@option("--email")
@option("--phone")
@option("--title", help="Their job.")
@option("--company-id", help="An id of `impactive companies list`.")
@extra_option
async def create_contact(
    run: Run,
    first_name: str,
    last_name: str,
    email: str | None,
    phone: str | None,
    title: str | None,
    company_id: str | None,
    extra: Sequence[str],
) -> None:
    """Create a contact. Never sent twice: if the outcome is unknown, that is what it says."""
    contact = await run.crm.contacts.create(
        first_name=first_name,
        last_name=last_name,
        email=given(email),
        phone=given(phone),
        title=given(title),
        company_id=given(company_id),
        extra=extra_fields(extra),
    )
    run.show([contact])
