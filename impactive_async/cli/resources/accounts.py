"""`impactive accounts`: what sequences can send from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impactive_async.cli.kit.declare import Group, command

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

app = Group("accounts", help="Sending accounts: list.")


@command("list", app, example="impactive accounts list", rows="impactive_async:SendingAccount")
async def list_accounts(run: Run) -> None:
    """List the accounts that sequences can send from. None: they use the platform's sender."""
    run.show(await run.crm.sending_accounts.list())
