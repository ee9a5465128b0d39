"""Delivering one page to a consumer, row by row: gaps and bad rows are reported, what was handled is saved."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from inspect import isawaitable
from typing import Any, Generic, TypeVar

import attrs

from impactive_async._clock import happens_within
from impactive_async.errors import DecodeError, FeedGapError
from impactive_async.feeds.cursor.quarantine import BadRow
from impactive_async.feeds.delivery.home import with_home
from impactive_async.feeds.delivery.items import Delivery
from impactive_async.feeds.delivery.opening import dumped_cursor
from impactive_async.feeds.delivery.page_queue import PageQueue
from impactive_async.feeds.delivery.source import FeedOptions, Source
from impactive_async.feeds.delivery.stats import FeedStats
from impactive_async.models.gap import Gap
from impactive_async.stores import CursorStore

R = TypeVar("R")

SAVE_EVERY = 1.0
"""Seconds between two savings, at most. After a crash, only what was handled since the last saving comes again."""
SLOW_ROW = 0.05
"""Seconds. A row that took longer to handle is saved at once: beside that, the saving costs little."""
SLOW_ACK = 60.0
"""Seconds after which a warning says that a list is not polled, because its rows are not acknowledged."""
_IN_HAND = (
    "%s: not polled, because rows of it have not been acknowledged for %.0f s: leave the `async with` block of "
    "their batch, or call ack()"
)

_log = logging.getLogger("impactive_async.feed")


@attrs.define(eq=False)
class TakenRow(Generic[R]):
    """What is in the consumer's hand, until it is acknowledged or put back: a row; or, if it was raised, a gap."""

    row: R
    item: Delivery
    at: float
    in_hand: bool = True


class Checkpointer(Generic[R]):
    """Delivers one feed's rows, learns which of them are handled, and saves the feed's cursor."""

    __slots__ = (
        "_counted",
        "_keeps_on",
        "_last",
        "_options",
        "_saving",
        "_source",
        "_stats",
        "_taken_at",
        "_unsaved_since",
        "queue",
        "save_error",
        "settled",
    )

    def __init__(
        self,
        source: Source[R],
        options: FeedOptions,
        queue: PageQueue[R],
        stats: FeedStats,
        *,
        keeps_on: bool = False,
    ) -> None:
        """Make the checkpointer of one feed.

        Args:
            source: The list.
            options: How it is followed.
            queue: The feed's pages.
            stats: Counts what is delivered.
            keeps_on: Whether `next` goes on after an error of the store, and leaves it in `save_error`.
        """
        self._source = source
        self._options = options
        self._stats = stats
        self.queue = queue
        self.settled = asyncio.Event()
        """Set whenever all of the page has been handled, or something was put back."""
        self._keeps_on = keeps_on
        self.save_error: Exception | None = None
        """What the last saving failed with, if the feed goes on all the same."""
        self._saving = asyncio.Lock()
        self._last: TakenRow[Any] | None = None  # what `finish` counts as handled
        self._counted = 0  # how many waiting rows `rows_behind` holds of this feed
        self._taken_at = 0.0
        self._unsaved_since: float | None = None  # when the first row was delivered that is handled and not saved

    @property
    def delivering(self) -> bool:
        """Whether something is in hand that `finish` counts as handled."""
        return self._last is not None

    async def take(self, *, until_next: bool = False, only_row: bool = False) -> TakenRow[R] | None:
        """Return the next row of the page; `None` after the last one.

        Args:
            until_next: Whether `finish` counts the row as handled. Otherwise only `ack` does.
            only_row: Return `None` also if a gap or a row that cannot be read comes next.

        Raises:
            FeedGapError: A gap comes next, and the options say to raise it.
            DecodeError: A row that cannot be read comes next, and the options say to raise it.
            Exception: What the store, `on_gap` or `on_bad_row` raises.
        """
        if self.is_due:
            await self.save_or_keep_on()
        while True:
            match self.queue.head():
                case None:
                    self.count_waiting()
                    if self.queue.all_handled:
                        await self.save_or_keep_on()
                    return None
                case Gap() | BadRow() if only_row:
                    return None
                case Gap() as gap:
                    await self._report_gap(gap)
                case BadRow() as bad:
                    await self._report_bad_row(bad)
                case row:
                    self._stats.rows += 1
                    taken = self._take(row)
                    self._last = taken if until_next else None
                    self.count_waiting()
                    return taken

    def _take(self, row: Any) -> TakenRow[Any]:
        self._taken_at = self._source.clock.monotonic()
        return TakenRow(row, self.queue.take(), self._taken_at)

    def count_waiting(self) -> None:
        """Bring `FeedStats.rows_behind` up to date; to be called when a page has come."""
        waiting = self.queue.waiting
        self._stats.rows_behind += waiting - self._counted
        self._counted = waiting

    async def settle(self) -> None:
        """Wait until all of the page has been handled, or something of it is to be delivered again."""
        while self.queue.idle and not self.queue.all_handled:
            self.settled.clear()
            if not await happens_within(self.settled, SLOW_ACK, self._source.clock):
                _log.warning(_IN_HAND, self._source.name, SLOW_ACK)
                await self.settled.wait()

    def finish(self) -> None:
        """Count what was raised last, or taken last `until_next`, as handled."""
        if self._last is not None:
            self.ack(self._last)
            self._last = None

    def ack(self, taken: TakenRow[Any]) -> None:
        """Count what was taken as handled, in any order; again, or after it was put back, this does nothing."""
        if taken.in_hand:
            taken.in_hand = False
            self.queue.handled(taken.item)
            self._count_handled(taken.at)

    def ack_all(self, rows: Iterable[TakenRow[Any]]) -> None:
        """Count what was taken as handled, as `ack` does."""
        in_hand = _taken_back(rows)
        if in_hand:
            self.queue.handled_all([taken.item for taken in in_hand])
            self._count_handled(min(taken.at for taken in in_hand))

    def _count_handled(self, taken_at: float) -> None:
        self.count_waiting()
        self._unsaved_since = taken_at if self._unsaved_since is None else min(self._unsaved_since, taken_at)
        if self.queue.all_handled:
            self.settled.set()

    def put_back(self, rows: Iterable[TakenRow[Any]]) -> None:
        """Deliver again, and first, those of the rows that are in hand still."""
        self.queue.put_back([taken.item for taken in _taken_back(rows)])
        self.settled.set()

    async def save(self) -> None:
        """Save the cursor, if it has changed and nothing undelivered blocks it.

        If another task is saving, wait for that: the caller may close the store next.

        Raises:
            Exception: What the store raises. The next saving tries again.
        """
        if self._options.store is None:
            return
        async with self._saving:
            if self.queue.changed and self.queue.may_be_saved:
                await self._save_in(self._options.store)

    async def save_or_keep_on(self) -> None:
        """Save the cursor, as `save` does. If the feed keeps on, an error is left in `save_error`.

        Nothing is lost by that: until a later saving succeeds, a new run would get the rows again.
        """
        try:
            await self.save()
        except Exception as error:
            if not self._keeps_on:
                raise
            self.save_error, self._unsaved_since = error, None  # with the page, not with each row
        else:
            self.save_error = None

    async def _save_in(self, store: CursorStore) -> None:
        self.queue.changed, unsaved_since, self._unsaved_since = False, self._unsaved_since, None
        try:
            await store.save(self._options.key_of(self._source), await self._cursor_text())
        except BaseException:
            self.queue.changed, self._unsaved_since = True, unsaved_since
            raise

    async def _cursor_text(self) -> str:
        return with_home(await dumped_cursor(self.queue.cursor), self._source.home)

    @property
    def is_due(self) -> bool:
        """Whether the cursor was not saved for a second of handling, or the last row took long."""
        if self._unsaved_since is None:
            return False
        now = self._source.clock.monotonic()
        return now - self._unsaved_since >= SAVE_EVERY or now - self._taken_at >= SLOW_ROW

    async def _report_gap(self, gap: Gap) -> None:
        log = _log.info if gap.kind == "history" else _log.warning
        log("%s: gap of kind %s from %s to %s", self._source.name, gap.kind, gap.after, gap.before)
        on_gap = self._options.on_gap
        if not isinstance(on_gap, str):
            await _await(on_gap(gap))
        self._stats.gaps += 1
        if on_gap == "raise" and gap.kind != "history":
            await asyncio.sleep(0)  # before it counts as delivered: a cancellation here loses nothing
            self._last = self._take(gap)
            raise FeedGapError(gap)
        self.queue.handled()

    async def _report_bad_row(self, bad: BadRow) -> None:
        _log.warning("%s: a row cannot be read: %s", self._source.name, bad.reason)
        on_bad_row = self._options.on_bad_row
        if not isinstance(on_bad_row, str):
            await _await(on_bad_row(bad))
        self._stats.bad_rows += 1
        if on_bad_row == "raise":
            await asyncio.sleep(0)
            self._last = self._take(bad)
            raise _unreadable(self._source, bad)
        self.queue.handled()


def _taken_back(rows: Iterable[TakenRow[R]]) -> list[TakenRow[R]]:
    """Return those of the rows that are in hand still, each once. They are not any more."""
    in_hand = []
    for taken in rows:
        if taken.in_hand:
            taken.in_hand = False
            in_hand.append(taken)
    return in_hand


def _unreadable(source: Source[Any], bad: BadRow) -> DecodeError:
    return DecodeError(
        f"feed {source.name!r}: a row cannot be read, and the feed continues after it: {bad.reason}",
        method="GET",
        path=source.path,
        json_path=f"$[{bad.index}]" if bad.index >= 0 else "$",
        snippet=repr(bad.row)[:80],
    )


async def _await(value: Any) -> None:
    if isawaitable(value):
        await value
