"""Where one page is handed to a consumer, row by row: what is wrong is reported, what is handled is saved."""

from __future__ import annotations

import asyncio
import logging
from inspect import isawaitable
from typing import Any, Generic, TypeVar

from impactive_async.errors import DecodeError, FeedGapError
from impactive_async.feeds.intake import Intake
from impactive_async.feeds.quarantine import BadRow
from impactive_async.feeds.source import FeedOptions, Source
from impactive_async.feeds.stats import FeedStats
from impactive_async.models.gap import Gap
from impactive_async.stores import CursorStore

R = TypeVar("R")

SAVE_EVERY = 1.0
"""Seconds: at most this much handling is repeated after a crash."""
SLOW_ROW = 0.05
"""Seconds: a row that took longer is saved at once; beside it the saving does not count."""

_log = logging.getLogger("impactive_async.feed")


class Desk(Generic[R]):
    """Hands out one feed's rows. What was handed out counts as handled when `finish` is called."""

    __slots__ = ("_handed_at", "_in_hand", "_options", "_saving", "_source", "_stats", "_unsaved_since", "intake")

    def __init__(self, source: Source[R], options: FeedOptions, intake: Intake[R], stats: FeedStats) -> None:
        self._source = source
        self._options = options
        self._stats = stats
        self.intake = intake
        self._saving = asyncio.Lock()
        self._in_hand = False
        self._handed_at = 0.0
        self._unsaved_since: float | None = None  # when the first row handled since the last saving was handed out

    async def next(self) -> R | None:
        """Return the next row of the page; `None` when all of it is handled, and saved.

        Raises:
            FeedGapError: A gap is due to be reported, and the options say to raise it.
            DecodeError: A row cannot be read, and the options say to raise it.
        """
        await self._save_if_due()
        while True:
            match self.intake.head():
                case None:
                    await self.save()
                    return None
                case Gap() as gap:
                    await self._report_gap(gap)
                case BadRow() as bad:
                    await self._report_bad_row(bad)
                case row:
                    self._stats.rows += 1
                    self._hand_out()
                    return row

    def finish(self) -> None:
        """Count what is in the consumer's hands as handled."""
        if self._in_hand:
            self._in_hand = False
            self.intake.handled()
            if self._unsaved_since is None:
                self._unsaved_since = self._handed_at

    async def save(self) -> None:
        """Keep what was handled, if that is anything new and speaks only of what was delivered.

        A saving that another task has under way is waited for: who closes the feed may close the store next.
        """
        if self._options.store is None:
            return
        async with self._saving:
            if self.intake.changed and self.intake.may_be_saved:
                await self._save_in(self._options.store)

    async def _save_in(self, store: CursorStore) -> None:
        self.intake.changed, unsaved_since, self._unsaved_since = False, self._unsaved_since, None
        try:
            await store.save(self._options.key_of(self._source), self.intake.cursor.dumps())
        except BaseException:
            self.intake.changed, self._unsaved_since = True, unsaved_since
            raise

    async def _save_if_due(self) -> None:
        if self._unsaved_since is None:
            return
        now = self._source.clock.monotonic()
        if now - self._unsaved_since >= SAVE_EVERY or now - self._handed_at >= SLOW_ROW:
            await self.save()

    def _hand_out(self) -> None:
        self._in_hand = True
        self._handed_at = self._source.clock.monotonic()

    async def _report_gap(self, gap: Gap) -> None:
        log = _log.info if gap.kind == "history" else _log.warning
        log("%s: gap of kind %s from %s to %s", self._source.name, gap.kind, gap.after, gap.before)
        on_gap = self._options.on_gap
        if not isinstance(on_gap, str):
            await _await(on_gap(gap))
        self._stats.gaps += 1
        if on_gap == "raise" and gap.kind != "history":
            self._hand_out()
            raise FeedGapError(gap)
        self.intake.handled()

    async def _report_bad_row(self, bad: BadRow) -> None:
        _log.warning("%s: a row cannot be read: %s", self._source.name, bad.reason)
        on_bad_row = self._options.on_bad_row
        if not isinstance(on_bad_row, str):
            await _await(on_bad_row(bad))
        self._stats.bad_rows += 1
        if on_bad_row == "raise":
            self._hand_out()
            raise _unreadable(self._source, bad)
        self.intake.handled()


def _unreadable(source: Source[Any], bad: BadRow) -> DecodeError:
    return DecodeError(
        f"feed {source.name!r}: a row cannot be read, and the feed goes on behind it: {bad.reason}",
        path=f"$[{bad.index}]" if bad.index >= 0 else "$",
        snippet=repr(bad.row)[:80],
    )


async def _await(value: Any) -> None:
    if isawaitable(value):
        await value
