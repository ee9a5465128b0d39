"""`Feed`: `async for` over the new rows of a list that can only be polled."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import attrs

from impactive_async.errors import APIConnectionError, APIError, APIStatusError, DecodeError
from impactive_async.feeds.desk import Desk, FeedStats
from impactive_async.feeds.intake import Doubt, Fresh, Intake, open_cursor
from impactive_async.feeds.pace import Pace
from impactive_async.feeds.quarantine import BadRow
from impactive_async.feeds.source import FeedOptions, Source
from impactive_async.models.gap import Gap

R = TypeVar("R")

PATIENCE_WITH_NONSENSE = 10
"""Unreadable pages in a row before a feed gives up: a maintenance page passes, a wrong base URL does not."""

_log = logging.getLogger("impactive_async.feed")


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

    Or drive it yourself with `poll`, which is stateless.

    Transient failures (connection, time-out, 408, 429, 5xx) are retried for ever and counted in `stats`; everything
    else is raised, and iterating again tries again.
    """

    def __init__(self, source: Source[R], options: FeedOptions) -> None:
        self._source = source
        self._options = options
        self._desk: Desk[R] | None = None
        self._pace = options.pace_of(source)
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
        """The progress so far, handled rows only: compact JSON, to be passed to `poll` or kept in a store."""
        if self._desk is None:
            return open_cursor(self._source, self._options, None).dumps()
        return self._desk.intake.cursor.dumps()

    async def poll(self, cursor: str | None = None) -> Poll[R]:
        """Make one request and return what is new since `cursor`; nothing is remembered or saved here.

        Args:
            cursor: `Poll.cursor` of the poll before; `None` (or empty) starts where the feed's `since` says.

        Raises:
            CursorError: The cursor is damaged or of another feed.
            APIError: The request failed.
        """
        intake = Intake(self._source, open_cursor(self._source, self._options, cursor))
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
            next_in=self._options.pace_of(self._source).after_gap_of(intake.fresh, elapsed),
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
        if self._closed:
            raise StopAsyncIteration
        desk = self._desk or await self._open()
        desk.finish()
        while (row := await desk.next()) is None:
            await self._take_turn(desk)
        return row

    async def _open(self) -> Desk[R]:
        store = self._options.store
        saved = await store.load(self._options.key_of(self._source)) if store else None
        intake = Intake(self._source, open_cursor(self._source, self._options, saved))
        self._desk = Desk(self._source, self._options, intake, self.stats)
        return self._desk

    async def _take_turn(self, desk: Desk[R]) -> None:
        """Wait until the next poll is due, and make it."""
        clock = self._source.clock
        if (left := self._due - clock.monotonic()) > 0:
            await clock.sleep(left)
        try:
            await desk.intake.fetch()
        except APIError as error:
            self._schedule(after_error(error, self.name, self._pace, self.stats))
        else:
            self.stats.polls += 1
            self._schedule(self._pace.after_page(desk.intake.fresh, clock.monotonic()))

    def _schedule(self, seconds: float) -> None:
        self.stats.next_in = seconds
        self._due = self._source.clock.monotonic() + seconds

    def ack(self) -> None:
        """Count the row in hand as handled now, rather than when the next one is asked for: before a `break`."""
        if self._desk is not None:
            self._desk.finish()

    async def aclose(self) -> None:
        """Save what was handled, and end the iteration. A row still in the consumer's hands comes again."""
        if self._closed:
            return
        self._closed = True
        if self._desk is not None:
            await self._desk.save()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def after_error(error: APIError, feed: str, pace: Pace, stats: FeedStats) -> float:
    """Return how long to wait after a failed poll; raise the error if waiting would not help."""
    wait = pace.after_error(error.retry_after if isinstance(error, APIStatusError) else None)
    if not is_transient(error, pace.errors):
        raise error
    stats.errors += 1
    _log.warning("%s: poll failed, tried again in %.1f s: %s", feed, wait, error)
    return wait


def is_transient(error: APIError, failures: int) -> bool:
    """Whether polling again may help: everything but what the server, asked the same, will refuse the same."""
    if isinstance(error, APIStatusError):
        return error.status in (408, 425, 429) or error.status >= 500
    if isinstance(error, DecodeError):
        return failures < PATIENCE_WITH_NONSENSE
    return isinstance(error, APIConnectionError)


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
