"""The demo's consumer: a process of its own that follows three feeds, and that can be killed at any time.

It writes JSON lines to standard output, and reads the time from standard input:

    {"row": "sends", "key": "snd_1", ...}    a row is handled
    {"gap": "sends", ...}                    rows are out of the API's reach
    {"asleep_until": 1778058000.0}           every feed waits for its next poll: the time is to be sent
    {"stuck": true}                          the process hangs, and can only be killed

What it knows of earlier processes is in its cursor store.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from impactive_async import AsyncClient, Enrollment, Feed, Gap, Reply, Send, SqliteCursorStore
from impactive_async.cli.demo.clock import VirtualTime

POLL_EVERY = 900.0
"""Seconds between polls: the longest pause that the vendor advises (5 to 15 minutes)."""
QUIET = 3600.0
"""Seconds between polls when nothing happens."""


class Consumer:
    """Handles rows by writing them out. Hangs after `stuck_after` rows; 0: never."""

    def __init__(self, stuck_after: int) -> None:
        self._left = stuck_after

    async def follow(self, kind: str, feed: Feed[Any]) -> None:
        """Handle the rows of a feed for ever."""
        async with feed:
            async for row in feed:
                send(row=kind, key=key_of(row), contact=row.contact_id, text=getattr(row, "body", None))
                self._maybe_hang()

    def _maybe_hang(self) -> None:
        self._left -= 1
        if self._left == 0:
            send(stuck=True)
            threading.Event().wait()  # hangs the whole process, as a deadlock does


def key_of(row: Enrollment | Send | Reply) -> str:
    """Return what two deliveries of the same row share: the id, and of an enrollment also the version."""
    return f"{row.id} {row.updated_at.isoformat()}" if isinstance(row, Enrollment) else row.id


def send(**message: object) -> None:
    """Write a message for the demo."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


async def consume(sequence_id: str, store: Path, now: float, stuck_after: int) -> None:
    """Follow a sequence's feeds from their stored cursors, until standard input ends."""
    clock = VirtualTime(now, sleepers=3)
    consumer = Consumer(stuck_after)
    async with AsyncClient(clock=clock) as crm, SqliteCursorStore(store) as cursors, asyncio.TaskGroup() as tasks:
        watchers: dict[str, Callable[..., Feed[Any]]] = {
            "enrollments": crm.sequences.watch_enrollments,
            "sends": crm.sequences.watch_sends,
            "replies": crm.sequences.watch_replies,
        }
        running = [
            tasks.create_task(
                consumer.follow(
                    kind,
                    watch(sequence_id, store=cursors, interval=POLL_EVERY, max_interval=QUIET, on_gap=send_gap),
                )
            )
            for kind, watch in watchers.items()
        ]
        await keep_time(clock)
        for task in running:
            task.cancel()


def send_gap(gap: Gap) -> None:
    """Report a gap to the demo."""
    send(gap=gap.feed, kind=gap.kind)


async def keep_time(clock: VirtualTime) -> None:
    """Set the clock to each time that is sent, until standard input ends."""
    while True:
        send(asleep_until=await clock.next_alarm())
        now = await asyncio.to_thread(sys.stdin.readline)
        if not now:
            return
        clock.move_to(float(now))


def main() -> None:
    """Run the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sequence_id")
    parser.add_argument("store", type=Path)
    parser.add_argument("now", type=float)
    parser.add_argument("--stuck-after", type=int, default=0)
    options = parser.parse_args()
    asyncio.run(consume(options.sequence_id, options.store, options.now, options.stuck_after))


if __name__ == "__main__":
    main()
