"""`impactive replies`: what came back, now. To follow it: `impactive watch replies`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impactive_async.cli.kit.arguments import moment, since_option
from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import argument, option

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run


@command("replies", example="impactive replies seq_123 --since 2026-05-01", rows="impactive_async:Reply")
@argument("sequence", required=False, metavar="[SEQUENCE]", help="Of everybody now on it.")
@option("--contact", metavar="ID", help="Of one contact, whatever they are on.")
@since_option
async def replies(run: Run, sequence: str | None, contact: str | None, since: str | None) -> None:
    """List replies, newest first: of a sequence at most 500, of a contact at most 100."""
    if (sequence is None) == (contact is None):
        raise UsageError("Name a sequence, or a contact with --contact: `impactive replies SEQUENCE`.")
    if sequence is not None:
        run.show(await run.crm.sequences.replies(sequence, since=moment(since)))
    elif contact is not None:
        start, found = moment(since), await run.crm.contacts.replies(contact)
        run.show([reply for reply in found if start is None or reply.email_date >= start])
