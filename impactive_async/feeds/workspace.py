"""`crm.watch`: the whole workspace as one stream."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

import attrs

from impactive_async._clock import Clock
from impactive_async.feeds.rounds import Batch, Rounds
from impactive_async.feeds.source import FeedOptions
from impactive_async.feeds.stats import FeedStats
from impactive_async.feeds.topics import Catalogue


@attrs.frozen(kw_only=True)
class Event:
    """A new row, or a new version of one, somewhere in the workspace.

    Attributes:
        kind: `enrollments`, `sends`, `replies`, `companies`, `contacts`, `deals`, `invoices`, `projects` or
            `bookings`.
        sequence_id: The sequence, for the first three.
        row: The row, of the class that belongs to the kind.
        key: The same for the same version of the same row, whenever it is delivered: for de-duplication after a
            crash.
    """

    kind: str
    sequence_id: str | None
    row: Any
    key: str


class WorkspaceWatch:
    """The stream that `crm.watch` returns: `async with crm.watch(...) as events: async for event in events: ...`.

    An event counts as handled when the next one is asked for, or by `ack`. Feeds whose events wait are not polled
    meanwhile, so a slow consumer holds up the polling rather than filling the memory.

    Leaving the `async with` ends the polling and saves what was handled. Transient failures
    are lived through, as by `Feed`; any other, such as a 401, ends the whole stream for good: it is raised at each
    further attempt, and going on takes a new `crm.watch`. Of a deleted sequence, the feeds end quietly. A list
    that the key may not read (403) is done without: it is logged, listed in `denied`, and tried again each hour.
    Only if that leaves no list at all, the error is raised.
    """

    def __init__(self, catalogue: Catalogue, options: FeedOptions, *, clock: Clock, concurrency: int) -> None:
        self.stats = FeedStats()
        self._rounds = Rounds(catalogue, options, clock=clock, concurrency=concurrency, stats=self.stats)
        self._current: Batch | None = None
        self._runner: asyncio.Task[None] | None = None
        self._iterating = False
        self._closed = False

    @property
    def feeds(self) -> int:
        """How many lists are being followed."""
        return self._rounds.feeds

    @property
    def denied(self) -> tuple[str, ...]:
        """The lists that the key may not read (403), such as `zapier/deals`: done without, tried again hourly."""
        return self._rounds.denials.names

    async def __aenter__(self) -> Self:
        if self._runner is not None or self._closed:
            raise RuntimeError("this stream was opened before: make a new one with `crm.watch(...)`")
        self._runner = asyncio.create_task(self._rounds.run(), name="impactive_async workspace watch")
        self._runner.add_done_callback(lambda _: self._rounds.news.set())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop polling, save what was handled, and end the iteration, also one that waits in another task.

        An event still in the consumer's hands comes again, unless the consumer goes on to ask for the next one.
        """
        self._closed = True
        self._rounds.news.set()
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
        if self._current is not None:
            await self._current.desk.save()

    def ack(self) -> None:
        """Count the event in hand as handled now, rather than when the next one is asked for: before a `break`."""
        if self._current is not None:
            self._current.desk.finish()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._runner is None:
            raise RuntimeError("this stream is not open: use `async with crm.watch(...) as events`")
        if self._iterating:
            raise RuntimeError("this stream has a consumer already: hand its events on, or make a second stream")
        self._iterating = True
        try:
            return await self._next(self._runner)
        finally:
            self._iterating = False

    async def _next(self, runner: asyncio.Task[None]) -> Event:
        self.ack()
        while not self._closed:
            batch = self._current = self._current or await self._next_batch(runner)
            if batch is None:
                break
            row = await batch.desk.next()
            if row is not None:
                return Event(
                    kind=batch.topic.kind, sequence_id=batch.topic.sequence_id, row=row, key=batch.desk.intake.key
                )
            self._current = None
            batch.handled.set()
        if self._current is not None:
            await self._current.desk.save()  # its last row has been handled since `aclose`
        raise StopAsyncIteration

    async def _next_batch(self, runner: asyncio.Task[None]) -> Batch | None:
        """Wait for a page; `None` when the stream is closed. What ended the polling is raised."""
        while not self._rounds.ready:
            if self._closed:
                return None
            if runner.done():
                runner.result()
            self._rounds.news.clear()
            await self._rounds.news.wait()
        return self._rounds.ready.popleft()
