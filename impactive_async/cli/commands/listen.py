"""`impactive listen`: webhooks for a receiver under development."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.options import option
from impactive_async.resources.watching.kinds import KINDS

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run
    from impactive_async.forward.listening import SentOnce

SENT: Final = ("time", "type", "subject", "id", "status", "reason")
"""The keys of what is put out for each event."""


@command(
    "listen",
    example="impactive listen --forward-to localhost:3000/hooks --kind replies",
    rows="impactive_async.cli.commands.listen:SENT",
)
@option("--forward-to", "url", required=True, metavar="URL", help="The receiver, as localhost:3000/hooks.")
@option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, metavar="KIND", help="Only these. Repeatable.")
@option("--interval", type=float, default=2.0, metavar="SECONDS", help="Between polls.")
@option("--count", type=click.IntRange(min=1), metavar="N", help="Stop after so many events.")
async def listen(run: Run, url: str, kinds: Sequence[str], interval: float, count: int | None) -> None:
    """Post what is new to a receiver under development, and show what it answers.

    Each event is sent once, and nothing is kept: `impactive forward` is for good. The secret is that of
    IMPACTIVE_WEBHOOK_SECRET, or a new one, which is printed. `impactive trigger` makes a sandbox produce rows.
    """
    from impactive_async import NOW
    from impactive_async.forward import Destination
    from impactive_async.forward.listening import deliver_once

    place = url if "://" in url else f"http://{url}"
    destination = Destination(name="listen", url=place, secrets=_secrets(run))
    workspace = await run.crm.zapier.auth_test()
    run.note(f"Posting what is new in {workspace.name} to {destination.place}. Ctrl-C stops.")
    events: Any = run.crm.watch(
        kinds or None,  # type: ignore[arg-type]  # click has checked them
        since=NOW,
        interval=interval,
        on_gap="continue",
    )
    shown = 0
    async with events as stream:
        async for sent in deliver_once(f"/workspaces/{workspace.id}", stream, destination):
            _show(run, sent)
            shown += 1
            if shown == count:
                return


def _secrets(run: Run) -> Any:
    from impactive_async.forward.settings.secret_files import VARIABLE, secrets_of_variable
    from impactive_async.webhooks import WebhookSecret

    if os.environ.get(VARIABLE):
        return secrets_of_variable(VARIABLE)
    made = WebhookSecret.generate()
    run.note(f"{VARIABLE}={made.reveal()}")
    return (made,)


def _show(run: Run, sent: SentOnce) -> None:
    from impactive_async.webhooks import webhook_id

    now, event, attempt = datetime.now(UTC), sent.event, sent.attempt
    if run.out.for_programs:
        values = (now, event.type, event.subject, webhook_id(event.id), attempt.status, attempt.reason)
        run.out.row(dict(zip(SENT, values, strict=True)))
    else:
        said = attempt.reason or attempt.status
        run.out.text(f"{now:%H:%M:%SZ}  {event.type} {event.subject} -> {said}")
