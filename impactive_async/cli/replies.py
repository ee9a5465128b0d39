"""`impactive replies`: what came back, now. To follow it: `impactive watch replies`."""

from typing import Annotated

import typer

from impactive_async.cli._arguments import Since, moment
from impactive_async.cli._errors import UsageError
from impactive_async.cli._run import Run, command

app = typer.Typer()


@command(app, "replies", example="impactive replies seq_123 --since 2026-05-01")
async def replies(
    run: Run,
    sequence: Annotated[
        str | None, typer.Argument(metavar="SEQUENCE", help="Of everybody now on it.", show_default=False)
    ] = None,
    contact: Annotated[
        str | None, typer.Option(metavar="ID", help="Of one contact, whatever they are on.", show_default=False)
    ] = None,
    since: Since = None,
) -> None:
    """List replies, newest first: of a sequence at most 500, of a contact at most 100."""
    if (sequence is None) == (contact is None):
        raise UsageError("Name a sequence, or a contact with --contact: `impactive replies SEQUENCE`.")
    if sequence is not None:
        run.show(await run.crm.sequences.replies(sequence, since=moment(since)))
    elif contact is not None:
        start, found = moment(since), await run.crm.contacts.replies(contact)
        run.show([reply for reply in found if start is None or reply.email_date >= start])
