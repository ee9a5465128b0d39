"""Read every reply of the workspace, decide what it asks for, and do it: unenroll, or book a call.

    export IMPACTIVE_API_KEY=icrm_...
    python examples/reply_triage.py --store triage.db

A reply may come twice, and each create makes a booking. So a booking carries the id of its reply, and a booking
that exists is not made again.
"""

import argparse
import asyncio
import signal
from contextlib import suppress
from datetime import datetime, timedelta
from enum import Enum

from impactive_async import AsyncClient, NotFoundError, Reply, ReplyEvent, SqliteCursorStore


class Intent(Enum):
    """What a reply asks for."""

    STOP = "unenrolled"
    MEET = "booked a call"
    OTHER = "left for a person"


WORDS = {
    Intent.STOP: ("unsubscribe", "remove me", "no thanks", "not interested"),
    Intent.MEET: ("call", "meet", "book", "demo", "sounds good"),
}


def classify(text: str) -> Intent:
    """Decide by keywords. Refusals go first: "no thanks, don't call" is a refusal. Put your model here."""
    lowered = text.lower()
    return next(
        (intent for intent, words in WORDS.items() if any(word in lowered for word in words)), Intent.OTHER
    )


async def unenroll(crm: AsyncClient, sequence_id: str, contact_id: str) -> None:
    """Take somebody off a sequence. It is no error if they are off already."""
    with suppress(NotFoundError):
        await crm.sequences.unenroll(sequence_id, contact_id)


async def book_once(crm: AsyncClient, reply: Reply) -> None:
    """Book a call for the day after the reply, unless that was done for this very reply."""
    mark = f"reply {reply.id}"
    if any(booking.notes == mark for booking in await crm.bookings.list()):
        return
    start = _next_morning(reply.email_date)
    await crm.bookings.create(
        title="Call",
        contact_id=reply.contact_id,
        start_time=start,
        end_time=start + timedelta(minutes=30),
        notes=mark,
    )


async def triage(crm: AsyncClient, sequence_id: str, reply: Reply) -> Intent:
    """Do what a reply asks for. Doing it twice changes nothing."""
    intent = classify(reply.body or "")
    if intent is not Intent.OTHER:  # people who answered get no more automatic emails
        await unenroll(crm, sequence_id, reply.contact_id)
    if intent is Intent.MEET:
        await book_once(crm, reply)
    return intent


async def run(store: str, interval: float) -> None:
    """Handle replies until SIGTERM or Ctrl-C. The client finds new sequences by itself."""
    async with (
        AsyncClient() as crm,
        SqliteCursorStore(store) as cursors,
        crm.watch(["replies"], store=cursors, interval=interval) as events,
    ):
        loop = asyncio.get_running_loop()
        closing: list[asyncio.Task[None]] = []  # the loop keeps only weak references
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, lambda: closing.append(loop.create_task(events.aclose())))
        async for event in events:
            if isinstance(event, ReplyEvent):  # as are all, but a type checker wants to know the row's class
                intent = await triage(crm, event.sequence_id, event.row)
                print(f"{event.row.from_address!r}: {intent.value}", flush=True)  # `!r`: a stranger wrote it
        await asyncio.gather(*closing)


def _next_morning(moment: datetime) -> datetime:
    return (moment + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description="Do what replies ask for.")
    parser.add_argument("--store", default="triage.db", help="where progress is kept (default: %(default)s)")
    parser.add_argument("--interval", type=float, default=300.0, help="seconds between polls (%(default)g)")
    options = parser.parse_args()
    asyncio.run(run(options.store, options.interval))


if __name__ == "__main__":
    main()
