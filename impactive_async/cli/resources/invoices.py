"""`impactive invoices`; the API can only list them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impactive_async.cli.kit.arguments import moment, since_option
from impactive_async.cli.kit.declare import Group, command

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

app = Group("invoices", help="Invoices: list.")


@command("list", app, example="impactive invoices list --since 2026-05-01 --json", rows="impactive_async:Invoice")
@since_option
async def list_invoices(run: Run, since: str | None) -> None:
    """List the invoices changed last, at most 100."""
    run.show(await run.crm.zapier.invoices.list(since=moment(since)))
