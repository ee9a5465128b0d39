"""`impactive contacts`: list and create; `contacts import` is in `importing/`."""

from typing import Annotated

import typer

from impactive_async.cli._arguments import Extra, extra_fields, given
from impactive_async.cli._run import Run, command

app = typer.Typer(no_args_is_help=True, help="People: list, create, import from CSV.")


@command(app, "list", example="impactive contacts list --limit 500 --json | jq .email")
async def list_contacts(
    run: Run,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at the most.")] = 100,
) -> None:
    """List contacts, newest first; the API shows at most 500."""
    run.show(await run.crm.contacts.list(limit=limit))


@command(app, "create", example="impactive contacts create Ada Lovelace --email ada@example.com", writes=True)
async def create_contact(
    run: Run,
    first_name: Annotated[str, typer.Argument(show_default=False)],
    last_name: Annotated[str, typer.Argument(show_default=False)],
    email: Annotated[str | None, typer.Option(show_default=False)] = None,
    phone: Annotated[str | None, typer.Option(show_default=False)] = None,
    title: Annotated[str | None, typer.Option(help="Their job.", show_default=False)] = None,
    company_id: Annotated[
        str | None, typer.Option(help="An id of `impactive companies list`.", show_default=False)
    ] = None,
    extra: Extra = None,
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
