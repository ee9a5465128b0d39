"""`Feed`: `async for` over the new rows of a list that can only be polled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import attrs

from impactive_async.errors import APIError
from impactive_async.feeds.delivery import Doubt, Fresh
from impactive_async.feeds.desk import Desk
from impactive_async.feeds.intake import Intake, open_cursor, stored_cursor
from impactive_async.feeds.quarantine import BadRow
from impactive_async.feeds.source import FeedOptions, Source
from impactive_async.feeds.stats import FeedStats
from impactive_async.models.gap import Gap

R = TypeVar("R")


@attrs.frozen(kw_only=True)
class Poll(Generic[R]):
    """What one poll brought.

    Attributes:
        rows: New rows, in `(timestamp, id)` order.
        gaps: Stretches whose rows may be missing.
        cursor: What to keep once the rows are handled, and to pass to the next poll: compact JSON.
        next_in: Seconds after which the next poll is due.
        bad: Rows that could not be read; they are not shown again.
    """

    rows: list[R]
    gaps: list[Gap]
    cursor: str
    next_in: float
    bad: list[BadRow]


class Feed(Generic[R]):
    """New rows of one list, oldest first, each once; what the API makes unreachable is reported.

    Iterate over it (`async for row in feed`): a row counts as handled when the next one is asked for. One consumer
    at a time; breaking off and iterating again goes on where it was. With a `store`, progress is saved when a page
    is done and at least after every second of handling; `async with` (or `aclose`) saves the rest. After a crash
    only rows handled since the last saving come again.

    An `anext` may be cancelled at any time, as by `asyncio.wait_for`: its request goes on, and the next one gets
    the answer. Only then is a task left between two calls; it ends with its request, or by `aclose`.

    Or drive it yourself with `poll`, which is stateless.

    Transient failures (connection, time-out, 408, 425, 429, 5xx) are retried for ever, logged, and counted in
    `stats`; everything else is raised, as is the tenth unreadable page in a row. Iterating again tries again.
    """

    def __init__(self, source: Source[R], options: FeedOptions) -> None:
        self._source = source
        self._options = options
        self._desk: Desk[R] | None = None
        self._before_page: Callable[[], str] | None = None  # what the cursor was
        self._rhythm = options.rhythm_of(source)
        self._turn: asyncio.Task[None] | None = None
        self._request: asyncio.Task[None] | None = None  # outlives the turn when that is cancelled
        self._due = source.clock.monotonic()
        self._iterating = False
        self._closed = False
        self.stats = FeedStats()

    def __repr__(self) -> str:
        return f"<Feed {self.name} ({self.stats.rows} rows, {self.stats.polls} polls)>"

    @property
    def name(self) -> str:
        """What cursors, gaps, logs and events call this feed, such as `sequences/42/replies`."""
        return self._source.name

    @property
    def cursor(self) -> str:
        """The progress so far, handled rows only: compact JSON, to be passed to `poll` or kept in a store.

        Before the first row is asked for, it is where `since` says: what the store has is not loaded yet. Until
        the gaps and bad rows of a page are handled, it is where it was before that page.
        """
        if self._desk is None:
            return open_cursor(self._source, self._options, None).dumps()
        intake = self._desk.intake
        if self._before_page is None or intake.may_be_saved:
            return intake.cursor.dumps()
        return self._before_page()

    async def poll(self, cursor: str | None = None) -> Poll[R]:
        """Make one request and return what is new since `cursor`; nothing is remembered or saved here.

        Gaps are returned, never raised, and never looked for in sibling lists.

        Args:
            cursor: `Poll.cursor` of the poll before; `None` (or empty) starts where the feed's `since` says.

        Raises:
            CursorError: The cursor is damaged or of another feed.
            APIError: The request failed.
        """
        intake = Intake(self._source, open_cursor(self._source, self._options, cursor or None))
        before = intake.cursor.server_clock
        await intake.fetch()
        rows, gaps, bad = _sort_out(intake)
        after = intake.cursor.server_clock
        elapsed = None if before is None or after is None else max(0, after - before) / 1_000_000
        return Poll(
            rows=rows,
            gaps=gaps,
            bad=bad,
            cursor=intake.cursor.dumps(),
            next_in=self._options.rhythm_of(self._source).after_gap_of(intake.fresh, elapsed),
        )

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> R:
        if self._iterating:
            raise RuntimeError(f"{self!r} has a consumer already: make a second feed.")
        self._iterating = True
        try:
            return await self._next()
        finally:
            self._iterating = False

    async def _next(self) -> R:
        if self._desk is None and self._closed:
            raise StopAsyncIteration
        desk = self._desk or await self._open()
        desk.finish()
        while not self._closed:
            # While a request that an earlier `anext` left is under way, so may be the recovery of its page.
            row = await desk.next() if self._request is None else None
            if row is not None:
                return row
            await self._take_turn(desk)
        await desk.save()  # the consumer has handled its last row since `aclose`
        raise StopAsyncIteration

    async def _open(self) -> Desk[R]:
        saved = await stored_cursor(self._source, self._options)
        intake = Intake(self._source, open_cursor(self._source, self._options, saved))
        self._desk = Desk(self._source, self._options, intake, self.stats)
        return self._desk

    async def _take_turn(self, desk: Desk[R]) -> None:
        """Wait until the next poll is due, and make it; `aclose` from another task ends it."""
        self._turn = asyncio.ensure_future(self._poll_when_due(desk))
        try:
            await self._turn  # cancelled with us
        except asyncio.CancelledError:
            if not self._closed or _is_cancelled():
                raise
        finally:
            self._turn = None

    async def _poll_when_due(self, desk: Desk[R]) -> None:
        """Wait, and make a request that outlives our cancellation: the next turn then awaits the same one."""
        if self._request is None:
            await self._wait()
            self._request = asyncio.ensure_future(self._request_page(desk))
            self._request.add_done_callback(_look_at)
        request = self._request
        try:
            await asyncio.shield(request)
        finally:
            if request.done():
                self._request = None

    async def _wait(self) -> None:
        clock = self._source.clock
        if (left := self._due - clock.monotonic()) > 0:
            await clock.sleep(left)

    async def _request_page(self, desk: Desk[R]) -> None:
        self._before_page = desk.intake.cursor.dumps_later()
        try:
            await desk.intake.fetch()
        except APIError as error:
            self._schedule(self._rhythm.after_failure(error, self.name, self.stats))
        else:
            self.stats.polls += 1
            self._schedule(self._rhythm.after_page(desk.intake.fresh, self._source.clock.monotonic()))
            await desk.intake.recover()

    def _schedule(self, seconds: float) -> None:
        self.stats.next_in = seconds
        self._due = self._source.clock.monotonic() + seconds

    def ack(self) -> None:
        """Count the row in hand as handled now, rather than when the next one is asked for: before a `break`."""
        if self._desk is not None:
            self._desk.finish()

    async def aclose(self) -> None:
        """Save what was handled, and end the iteration, also one that waits in another task.

        A row still in the consumer's hands comes again, unless the consumer goes on to ask for the next one.
        """
        self._closed = True
        if self._turn is not None:
            self._turn.cancel()
        if self._request is not None:
            self._request.cancel()
            await asyncio.wait((self._request,))
        if self._desk is not None:
            await self._desk.save()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _look_at(request: asyncio.Task[None]) -> None:
    """Spare a feed that is dropped after its `anext` was cancelled asyncio's complaint of an error nobody saw."""
    if not request.cancelled():
        request.exception()


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _sort_out(intake: Intake[R]) -> tuple[list[R], list[Gap], list[BadRow]]:
    rows: list[R] = []
    gaps: list[Gap] = []
    bad: list[BadRow] = []
    for delivery in intake.drain():
        match delivery:
            case Fresh(raw):
                row: Any = intake.decode(raw)
                (bad if isinstance(row, BadRow) else rows).append(row)
            case Doubt(gap):
                gaps.append(gap)
            case BadRow():
                bad.append(delivery)
    return rows, gaps, bad
