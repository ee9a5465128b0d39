"""Thousands of feeds in one process: what each of them holds, and when they are polled first."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from email.utils import format_datetime
from typing import Any

from impactive_async._http.caller import Answer
from impactive_async.feeds.delivery.source import FeedOptions, Source
from impactive_async.feeds.pacing.pace import STARTS_PER_SECOND
from impactive_async.feeds.workspace.followed_lists import FeedId, FollowedLists, SequenceList
from impactive_async.feeds.workspace.stream import WorkspaceWatch
from impactive_async.models import Send
from tests.feeds.lists import RULES, START
from tests.support import ManualClock, spin

KINDS = ("enrollments", "sends", "replies")
SEQUENCES = 300
BYTES = 600


class Quiet:
    """Sequences in which nothing happens."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.date = format_datetime(START, usegmt=True)

    async def page(self, _: str | None) -> Answer[list[Any]]:
        return Answer([], 1, self.date)

    async def sequences(self) -> Answer[SequenceList]:
        statuses = {f"seq_{number:016x}": "active" for number in range(SEQUENCES)}
        return Answer(SequenceList(statuses), 1, self.date)

    def source(self, feed: FeedId) -> Source[Send]:
        name = f"sequences/{feed.sequence_id}/{feed.kind}"
        return Source(name=name, row=Send, rules=RULES, page=self.page, clock=self.clock)

    def watch(self) -> WorkspaceWatch:
        lists = FollowedLists(
            source=self.source, of_workspace=[], of_each_sequence=KINDS, sequences=self.sequences
        )
        return WorkspaceWatch(lists, FeedOptions(), clock=self.clock, concurrency=8)


async def polled(world: Quiet, events: WorkspaceWatch, seconds: float) -> int:
    """Let so much time pass; how many polls it brought."""
    before = events.stats.polls
    world.clock.advance(seconds)
    quiet = -1
    while quiet != events.stats.polls:
        quiet = events.stats.polls
        await spin(50)
    return events.stats.polls - before


async def test_first_polls_are_spread_and_idle_feeds_are_small() -> None:
    """Feeds start at a steady rate, each is polled once an interval, and rests in less than 600 bytes."""
    world = Quiet()
    asyncio.get_running_loop().set_debug(False)  # it keeps the stack of every task
    tracemalloc.start()
    try:
        async with world.watch() as events:
            waiting = asyncio.ensure_future(anext(events))
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            assert await polled(world, events, 0) <= 1
            for _ in range(10):
                assert abs(await polled(world, events, 1) - STARTS_PER_SECOND) <= 2
            await polled(world, events, 100)
            assert events.stats.polls == len(KINDS) * SEQUENCES
            gc.collect()
            held = tracemalloc.get_traced_memory()[0] - before
            assert events.feeds == len(KINDS) * SEQUENCES
            assert held / events.feeds <= BYTES
            assert not waiting.done()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
    finally:
        tracemalloc.stop()
