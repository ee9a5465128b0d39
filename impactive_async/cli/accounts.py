"""`impactive accounts`: what sequences can send from."""

import typer

from impactive_async.cli._run import Run, command

app = typer.Typer(no_args_is_help=True, help="Sending accounts: list.")


@command(app, "list", example="impactive accounts list")
async def list_accounts(run: Run) -> None:
    """List the accounts that sequences can send from. None: they use the platform's sender."""
    run.show(await run.crm.sending_accounts.list())
