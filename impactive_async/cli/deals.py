"""`impactive deals`."""

from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from impactive_async.cli._arguments import Extra, Since, extra_fields, given, moment
from impactive_async.cli._errors import UsageError
from impactive_async.cli._run import Run, command

app = typer.Typer(no_args_is_help=True, help="Deals: list, create.")


@command(app, "list", example="impactive deals list --json | jq 'select(.value > 10000)'")
async def list_deals(run: Run, since: Since = None) -> None:
    """List the deals changed last, at most 100."""
    run.show(await run.crm.zapier.deals.list(since=moment(since)))


@command(
    app, "create", example="impactive deals create 'Yearly licence' --value 48000 --currency EUR", writes=True
)
async def create_deal(
    run: Run,
    name: Annotated[str, typer.Argument(show_default=False)],
    value: Annotated[str | None, typer.Option(metavar="AMOUNT", help="As 1234.50.", show_default=False)] = None,
    currency: Annotated[str | None, typer.Option(metavar="CODE", help="As EUR.", show_default=False)] = None,
    stage_id: Annotated[
        str | None, typer.Option(help="Left out: the pipeline's first stage.", show_default=False)
    ] = None,
    company_id: Annotated[str | None, typer.Option(show_default=False)] = None,
    contact_id: Annotated[str | None, typer.Option(help="The primary contact.", show_default=False)] = None,
    expected_close_date: Annotated[
        str | None, typer.Option(metavar="DATE", help="As 2026-06-30.", show_default=False)
    ] = None,
    extra: Extra = None,
) -> None:
    """Create a deal. Never sent twice: if the outcome is unknown, that is what it says."""
    deal = await run.crm.zapier.deals.create(
        name=name,
        value=given(_amount(value)),
        currency=given(currency),
        stage_id=given(stage_id),
        company_id=given(company_id),
        contact_id=given(contact_id),
        expected_close_date=given(moment(expected_close_date)),
        extra=extra_fields(extra),
    )
    run.show([deal])


def _amount(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        raise UsageError(f"--value {text!r}: write the amount as 1234.50.") from None
