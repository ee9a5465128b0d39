"""`impactive deals`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from impactive_async.cli.kit.arguments import extra_fields, extra_option, given, moment, since_option
from impactive_async.cli.kit.declare import Group, command
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import argument, option

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

app = Group("deals", help="Deals: list, create.")


@command(
    "list", app, example="impactive deals list --json | jq 'select(.value > 10000)'", rows="impactive_async:Deal"
)
@since_option
async def list_deals(run: Run, since: str | None) -> None:
    """List the deals changed last, at most 100."""
    run.show(await run.crm.zapier.deals.list(since=moment(since)))


@command(
    "create",
    app,
    example="impactive deals create 'Yearly licence' --value 48000 --currency EUR",
    rows="impactive_async:Deal",
    writes=True,
)
@argument("name")
@option("--value", metavar="AMOUNT", help="As 1234.50.")
@option("--currency", metavar="CODE", help="As EUR.")
@option("--stage-id", help="Left out: the pipeline's first stage.")
@option("--company-id")
@option("--contact-id", help="The primary contact.")
@option("--expected-close-date", metavar="DATE", help="As 2026-06-30.")
@extra_option
async def create_deal(
    run: Run,
    name: str,
    value: str | None,
    currency: str | None,
    stage_id: str | None,
    company_id: str | None,
    contact_id: str | None,
    expected_close_date: str | None,
    extra: Sequence[str],
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
