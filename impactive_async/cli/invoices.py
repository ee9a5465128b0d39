"""`impactive invoices`; the API can only list them."""

import typer

from impactive_async.cli._arguments import Since, moment
from impactive_async.cli._run import Run, command

app = typer.Typer(no_args_is_help=True, help="Invoices: list.")


@command(app, "list", example="impactive invoices list --since 2026-05-01 --json")
async def list_invoices(run: Run, since: Since = None) -> None:
    """List the invoices changed last, at most 100."""
    run.show(await run.crm.zapier.invoices.list(since=moment(since)))
