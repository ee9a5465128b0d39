"""One feed's pages on their way to its consumer: fetched, compared with the cursor, queued, delivered, handled."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Generic, TypeVar

import attrs

from impactive_async._codec.codec import decode_row, read_row
from impactive_async._codec.page import RawPage, RawRow, Rows, page_of, value_of
from impactive_async._codec.tolerant.notes import noting
from impactive_async._http.caller import Answer
from impactive_async.errors import DecodeError
from impactive_async.feeds.cursor import gaps, timestamps
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.gap_finder import LEAST_PLAUSIBLE_CAP
from impactive_async.feeds.cursor.page import Accepted, SnapshotRows, moments
from impactive_async.feeds.cursor.quarantine import BadRow
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.cursor.seen_versions import Version
from impactive_async.feeds.cursor.server_clock import fallen_back, time_at_server
from impactive_async.feeds.cursor.snapshot import MANY, Snapshot
from impactive_async.feeds.delivery.items import (
    Delivery,
    FilledGap,
    PendingGap,
    RecoveredRow,
    RemovedRow,
    blocks_saving,
    version_of,
)
from impactive_async.feeds.delivery.last_page import UNCHANGED, LastPage, Unchanged
from impactive_async.feeds.delivery.recovery import look_for
from impactive_async.feeds.delivery.source import Source
from impactive_async.models.gap import Gap, Removed

R = TypeVar("R")

_log = logging.getLogger("impactive_async.feed")


class PageQueue(Generic[R]):
    """A cursor, and what of its last page is still to be handled. The consumer is given the head of the queue."""

    __slots__ = (
        "_in_hand",
        "_queue",
        "_source",
        "_start",
        "_unhandled",
        "before_change",
        "changed",
        "cursor",
        "first_asked_at",
        "last",
        "last_page_at",
        "new_rows",
    )

    def __init__(
        self,
        source: Source[R],
        cursor: Cursor | Snapshot,
        *,
        start: datetime | None = None,
        last_page_at: float | None = None,
        first_asked_at: float | None = None,
        last: LastPage | None = None,
    ) -> None:
        """Make an empty queue.

        Args:
            source: The list.
            cursor: How far it has been followed.
            start: For a new cursor from `NOW`: which moment that is, if the first poll comes later than `NOW`.
                `None`: the moment of the first poll.
            last_page_at: When the last page came, if another queue of this process fetched it; see the attribute.
            first_asked_at: When the first page was asked for, if another queue of this process asked.
            last: What another queue of this process remembers of the last page.
        """
        self._source = source
        self._start = start
        self.cursor = cursor
        self._queue: deque[Delivery] = deque()
        self._in_hand = 0  # items that were taken and are neither handled nor put back
        self._unhandled = 0  # items that block saving, those in hand included
        self.before_change: Callable[[], None] | None = None
        """Called before the cursor takes a page, unless that page is the one before and can bring nothing."""
        self.changed = False
        """Whether the cursor differs from the one saved last."""
        self.new_rows = 0
        """How many rows of the last page were new."""
        self.last_page_at = last_page_at
        """When the last page came that told the server's time, by this machine's steady clock."""
        self.first_asked_at = first_asked_at
        """When a page was first asked for, by this machine's steady clock."""
        self.last = last
        """What is remembered of the last page; `None`: nothing that a later one could be recognised by."""

    @property
    def may_be_saved(self) -> bool:
        """Whether everything was delivered that `blocks_saving`."""
        return not self._unhandled

    @property
    def idle(self) -> bool:
        """Whether the queue is empty. Items may be in hand all the same."""
        return not self._queue

    @property
    def all_handled(self) -> bool:
        """Whether the queue is empty, and nothing is in hand."""
        return not self._queue and not self._in_hand

    @property
    def waiting(self) -> int:
        """How many items are in the queue or in hand."""
        return len(self._queue) + self._in_hand

    def key_of(self, row: Delivery) -> str:
        """Return the name of a row: feed, id and version. It is the same in every run."""
        version = version_of(row)
        assert version is not None  # noqa: S101 - only rows become events
        return f"{self._source.name}/{_printed(self._source.rules, version)}"

    async def fetch(self) -> None:
        """Poll once and queue what is new: unreadable rows, then gaps, then the rows, the oldest first.

        Raises:
            APIError: The request failed. The cursor is as before.
        """
        since, clock = self.cursor.since(), self.cursor.server_clock
        asked = self._source.own.steady()
        self.first_asked_at = asked if self.first_asked_at is None else self.first_asked_at
        answer = await self._source.ask(since, self.last)
        came, told = self._source.own.steady(), answer.server_time
        fell_back = self._compare_clocks(told, asked, came)
        self._start = self._start or self._start_of_late_page(told, asked, came)
        rows = await self._rows_of(answer)
        accepted = self._accept(rows, told, fell_back)
        if not isinstance(rows, Unchanged):
            self.last = LastPage.of(since, answer, rows, accepted, cap=self._cap)
        self.last_page_at = None if told is None else came  # only now: the page may be unreadable
        self.new_rows = len(accepted.fresh)
        self._source.warn_of_since(accepted)
        overflow = any(gap.kind == "overflow" for gap in accepted.gaps) and self._may_recover()
        found = [PendingGap(gap, overflow and self._can_recover(gap, clock, fell_back)) for gap in accepted.gaps]
        removed = [RemovedRow(*one) for one in accepted.removed]
        self._put([*accepted.bad, *found, *accepted.fresh, *removed])
        self.changed |= clock is None or not self.idle or (rows is not UNCHANGED and self._has_moved(since))

    @property
    def _cap(self) -> int | None:
        """The fewest rows of a page that may have been cut off; `None`: none is."""
        rules = self._source.rules
        return self._source.cap if rules is None else rules.cap or LEAST_PLAUSIBLE_CAP

    async def _rows_of(self, answer: Answer[Rows | Unchanged]) -> Rows | SnapshotRows | Unchanged:
        """Return the rows of an answer, those of a long list compared by content already, in a thread."""
        rows, last, self.last = answer.value, self.last, None
        if isinstance(rows, Unchanged):
            self.last = last
            return [] if last is None or last.is_empty else rows
        if isinstance(self.cursor, Snapshot) and len(rows) > MANY:
            return await asyncio.to_thread(self.cursor.read, rows)
        return rows

    def _compare_clocks(self, told: datetime | None, asked: float, came: float) -> int:
        """Return by how many microseconds the server's clock has gone back since the page before."""
        before, last = self.cursor.server_clock, self.last_page_at
        if told is None or before is None or last is None:
            return 0
        return fallen_back(before, timestamps.micros(told), at_least=asked - last, at_most=came - last)

    def _start_of_late_page(self, told: datetime | None, asked: float, came: float) -> datetime | None:
        """Return the moment of `NOW`, if earlier requests for the first page failed; else `None`."""
        awaits_now = isinstance(self.cursor, Cursor) and self.cursor.awaits_now
        if not awaits_now or told is None or self.first_asked_at is None or self.first_asked_at == asked:
            return None
        return told - timedelta(seconds=came - self.first_asked_at)

    def _accept(self, rows: Rows | SnapshotRows | Unchanged, told: datetime | None, fell_back: int) -> Accepted:
        if told is None and self.cursor.server_clock is None:
            _log.info("%s: the server tells no time (`Date`): this machine's is used", self._source.name)
        now = time_at_server(told, self.cursor.server_clock, self._source.own.wall())
        if self.before_change and not (rows is UNCHANGED and self.cursor.stays_quiet(now, fell_back)):
            self.before_change()
        if isinstance(rows, Unchanged):
            return self.cursor.accept_unchanged(now, fell_back=fell_back)
        if isinstance(self.cursor, Snapshot):
            return self.cursor.accept(rows, now, fell_back=fell_back)
        assert not isinstance(rows, SnapshotRows)  # noqa: S101 - only a snapshot reads its rows beforehand
        if self._start is None or self._source.rules is None:
            return self.cursor.accept(rows, now, fell_back=fell_back)
        # The feed starts before this page. What was there at its start is accepted first, as the page from which
        # `NOW` yields no rows. Then everything else on the page is new.
        start, rules = timestamps.micros(self._start), self._source.rules
        page = rows if isinstance(rows, RawPage) else page_of(rows, rules.id, rules.timestamp)
        dates = moments(page.stamps)
        earlier = page.part([place for place, at in enumerate(dates) if at is not None and at < start])
        self._start = None
        primed = self.cursor.accept(earlier, now)
        accepted = self.cursor.accept(page, now)
        earliest = start - rules.overlap
        hidden = [part for gap in (*primed.gaps, *accepted.gaps) for part in gaps.part_from(earliest, gap)]
        return attrs.evolve(accepted, gaps=hidden, bad=[*primed.bad, *accepted.bad])

    def _may_recover(self) -> bool:
        """Whether another recovery is within its budget. It costs a request for each contact."""
        return isinstance(self.cursor, Snapshot) or self._source.recover is None or self.cursor.may_recover()

    def _can_recover(self, gap: Gap, clock: int | None, fell_back: int) -> bool:
        """Whether a sibling list could fill a gap.

        It cannot fill a gap from before the feed, nor one whose rows are yet to come because the server's clock
        went back. An overflow is neither. Of other gaps that is certain only if the clock is known to have gone
        on.

        Args:
            gap: The gap.
            clock: The server's clock at the page before, in microseconds; `None`: not told.
            fell_back: By how many microseconds it has gone back since.
        """
        now = self.cursor.server_clock
        if self._source.recover is None or gap.kind == "history" or now is None:
            return False
        if clock is None or fell_back:
            return gap.kind == "overflow" and (clock is None or now >= clock)
        return now >= clock

    def _has_moved(self, since: str | None) -> bool:
        """Whether a poll without new rows changed the cursor. Of a list without `since`, rows may be gone."""
        return isinstance(self.cursor, Snapshot) or self.cursor.since() != since

    def head(self) -> R | Removed | BadRow | Gap | None:
        """Return what is to be delivered next, the same until `handled` is called; `None` for an empty queue."""
        while self._queue:
            match self._queue[0]:
                case (_, row) | RecoveredRow(_, row):
                    return self.read(row)
                case PendingGap(gap):
                    return gap
                case FilledGap(gap):
                    self._close(gap)
                    self._count_handled(self._queue.popleft())
                case RemovedRow(_, removed):
                    return removed
                case BadRow() as bad:
                    return bad
        return None

    def take(self) -> Delivery:
        """Take the head out of the queue. It is in hand until `handled` or `put_back` is called with it."""
        head = self._queue.popleft()
        self._in_hand += 1
        return head

    def put_back(self, items: Sequence[Delivery]) -> None:
        """Make items that are in hand the head of the queue again."""
        self._queue.extendleft(reversed(items))
        self._in_hand -= len(items)

    def handled(self, item: Delivery | None = None) -> None:
        """Count an item in hand as handled; `None`: the head of the queue."""
        item = self.take() if item is None else item
        version = version_of(item)
        self._check(version is None or self.cursor.ack(version))
        if isinstance(item, RemovedRow):
            self.cursor.removal_handled(item.row_id)
        self._in_hand -= 1
        self._count_handled(item)

    def handled_all(self, items: Iterable[Delivery]) -> None:
        """Count items in hand as handled, in their order: new rows that follow each other at once."""
        for others, some in groupby(items, blocks_saving):
            if others:
                for item in some:
                    self.handled(item)
            else:
                versions = [item[0] for item in some if isinstance(item, tuple)]
                self._check(self.cursor.ack_all(versions))
                self._in_hand -= len(versions)
                self.changed = True

    def _check(self, in_flight: bool) -> None:
        if not in_flight:
            raise RuntimeError(f"{self._source.name}: a row was delivered that the cursor does not have in flight")

    def drain(self) -> list[Delivery]:
        """Return the whole queue, counted as handled: for `Feed.poll`, whose caller saves the cursor."""
        drained = [self.take() for _ in range(len(self._queue))]
        self.handled_all(drained)
        return drained

    def _put(self, deliveries: Sequence[Delivery]) -> None:
        self._queue.extend(deliveries)
        self._unhandled += sum(map(blocks_saving, deliveries))

    def _count_handled(self, item: Delivery) -> None:
        self._unhandled -= blocks_saving(item)
        self.changed = True

    def read(self, raw: RawRow) -> R | BadRow:
        """Return a row as a value; an unreadable one as a `BadRow` with the reason."""
        cls = self._source.row
        try:
            with noting(self._source.notes):
                return read_row(cls, raw) if type(raw) is bytes else decode_row(cls, raw)
        except DecodeError as error:
            return BadRow(-1, str(error), value_of(raw))

    @property
    def recoverable(self) -> bool:
        """Whether the last page left gaps that a sibling list could fill."""
        return any(isinstance(one, PendingGap) and one.recoverable for one in self._queue)

    async def recover(self) -> None:
        """Look in a sibling list for the rows of the last page's gaps, before anything of that page is delivered.

        The rows found take the gap's place. The gap is still reported unless they are certainly all. If this is
        cancelled, the gaps are reported.
        """
        pending = [one.gap for one in self._queue if isinstance(one, PendingGap) and one.recoverable]
        if pending and isinstance(self.cursor, Cursor):
            self._replace(await look_for(self._source, self.cursor, pending))

    def _replace(self, found: Mapping[Gap, Sequence[Delivery]]) -> None:
        # Without an `await` in between: the cursor has the rows found in flight from now on.
        queue: list[Delivery] = []
        for delivery in self._queue:
            queue += found.get(delivery.gap, [delivery]) if isinstance(delivery, PendingGap) else [delivery]
        self._queue = deque(queue)
        self._unhandled = sum(map(blocks_saving, queue))

    def _close(self, gap: Gap) -> None:
        if isinstance(self.cursor, Cursor):
            self.cursor.close(gap)


def _printed(rules: Rules | None, version: Version) -> str:
    row_id, content = version
    if rules is None:
        return f"{row_id}#{content}"
    return str(row_id) if rules.immutable else f"{row_id}@{content}"
