"""One feed's pages on their way to its consumer: fetched, told apart, queued, handed out, handled."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import attrs

from impactive_async._http.codec import decode_row
from impactive_async.errors import CursorError, DecodeError
from impactive_async.feeds import gaps, timestamps
from impactive_async.feeds.cursor import Cursor
from impactive_async.feeds.delivery import Delivery, Doubt, Filled, Fresh, blocks_saving
from impactive_async.feeds.known import Version
from impactive_async.feeds.page import Accepted
from impactive_async.feeds.quarantine import BadRow
from impactive_async.feeds.recovering import look_for
from impactive_async.feeds.rules import Rules
from impactive_async.feeds.server_clock import fallen_back, time_at_server
from impactive_async.feeds.snapshot import Snapshot
from impactive_async.feeds.source import FeedOptions, Source
from impactive_async.models.gap import Gap

R = TypeVar("R")

_log = logging.getLogger("impactive_async.feed")


class Intake(Generic[R]):
    """A cursor, and what of its last page is still to be handled: its head is what the consumer has in hand."""

    __slots__ = ("_began", "_queue", "_source", "_undelivered", "came", "changed", "cursor", "fresh", "tried")

    def __init__(
        self,
        source: Source[R],
        cursor: Cursor | Snapshot,
        *,
        began: datetime | None = None,
        came: float | None = None,
        tried: float | None = None,
    ) -> None:
        """Start with nothing to deliver.

        Args:
            source: The list.
            cursor: How far it has been followed.
            began: For a new cursor from `NOW`: the moment that was meant, if its first poll comes later. `None`:
                the first poll itself.
            came: What `came` was after the page before, if that was another intake's of this process.
            tried: What `tried` was then.
        """
        self._source = source
        self._began = began
        self.cursor = cursor
        self._queue: deque[Delivery] = deque()
        self._undelivered = 0
        self.changed = False
        """Whether saving the cursor would keep something that the last saved one does not."""
        self.fresh = 0
        """How many rows of the last page were new."""
        self.came = came
        """When the last page came that told the server's time, by our steady clock."""
        self.tried = tried
        """When a page was first asked for, by our steady clock."""

    @property
    def may_be_saved(self) -> bool:
        """Whether the cursor speaks only of what was delivered.

        A gap or a bad row is part of the cursor from the moment it is found: saved before it was delivered, a
        crash would turn it into silence.
        """
        return not self._undelivered

    @property
    def idle(self) -> bool:
        """Whether there is nothing to deliver."""
        return not self._queue

    @property
    def key(self) -> str:
        """What names this version of the row at the head for good: feed, id and version."""
        head = self._queue[0]
        assert isinstance(head, Fresh)  # noqa: S101 - only rows are handed out as events
        return f"{self._source.name}/{_version(self._source.rules, head.version)}"

    async def fetch(self) -> None:
        """Poll once and queue what is new: first what is wrong, then the rows, oldest first.

        Raises:
            APIError: The request failed; nothing has changed.
        """
        since, clock = self.cursor.since(), self.cursor.server_clock
        asked = self._source.own.steady()
        self.tried = asked if self.tried is None else self.tried
        answer = await self._source.page(since)
        came = self._source.own.steady()
        fell_back = self._compare_clocks(answer.server_time, asked, came)
        self._began = self._began or self._first_tried_at(answer.server_time, asked, came)
        accepted = self._accept(answer.value, answer.server_time, fell_back)
        self.came = None if answer.server_time is None else came  # not before: the page may be unreadable
        self.fresh = len(accepted.fresh)
        if accepted.unasked:
            _log.warning("%s: the server ignores `since` (%d older rows)", self._source.name, accepted.unasked)
        self._put(accepted.bad)
        self._put([Doubt(gap, self._can_recover(gap, clock, fell_back)) for gap in accepted.gaps])
        self._put([Fresh(raw, self.cursor.version(raw)) for raw in accepted.fresh])
        self.changed |= clock is None or not self.idle or self._has_moved(since)

    def _compare_clocks(self, told: datetime | None, asked: float, came: float) -> int:
        """By how much the server's clock has gone back since the page before, measured by our steady one."""
        before = self.cursor.server_clock
        if told is None or before is None or self.came is None:
            return 0
        return fallen_back(before, timestamps.micros(told), at_least=asked - self.came, at_most=came - self.came)

    def _first_tried_at(self, told: datetime | None, asked: float, came: float) -> datetime | None:
        """Which moment of the server's clock `NOW` was, for a first page that was asked for in vain before."""
        waits = isinstance(self.cursor, Cursor) and self.cursor.awaits_now
        if not waits or told is None or self.tried is None or self.tried == asked:
            return None
        return told - timedelta(seconds=came - self.tried)

    def _accept(self, rows: Sequence[Any], told: datetime | None, fell_back: int) -> Accepted:
        if told is None and self.cursor.server_clock is None:
            _log.info("%s: the server tells no time (`Date`): this machine's is used", self._source.name)
        now = time_at_server(told, self.cursor.server_clock, self._source.own.wall())
        if self._began is None or self._source.rules is None:
            return self.cursor.accept(rows, now, fell_back=fell_back)
        began, field = timestamps.micros(self._began), self._source.rules.timestamp
        earlier = [row for row in rows if _is_dated_before(row, field, began)]
        self._began = None
        primed = self.cursor.accept(earlier, now)
        accepted = self.cursor.accept(rows, now)
        earliest = began - self._source.rules.overlap
        hidden = [part for gap in (*primed.gaps, *accepted.gaps) for part in _from(earliest, gap)]
        return attrs.evolve(accepted, gaps=hidden, bad=[*primed.bad, *accepted.bad])

    def _can_recover(self, gap: Gap, clock: int | None, fell_back: int) -> bool:
        """Whether a sibling list could fill a gap, if the server's clock stood at `clock` at the page before.

        It cannot fill what preceded the feed, nor what is yet to come because the clock fell back. With no clock
        before, as on the first page, or one that has gone back since, only an overflow surely has nothing to do
        with that.
        """
        now = self.cursor.server_clock
        if self._source.recover is None or gap.kind == "history" or now is None:
            return False
        if clock is None or fell_back:
            return gap.kind == "overflow" and (clock is None or now >= clock)
        return now >= clock

    def _has_moved(self, since: str | None) -> bool:
        """Whether an idle poll told anything worth keeping: of a list without `since`, that rows are gone."""
        return isinstance(self.cursor, Snapshot) or self.cursor.since() != since

    def head(self) -> R | BadRow | Gap | None:
        """Return what is to be delivered next, the same until `handled` is called; `None` when all is handled."""
        while self._queue:
            match self._queue[0]:
                case Fresh(raw=raw):
                    return self.decode(raw)
                case Doubt(gap):
                    return gap
                case Filled(gap):
                    self._close(gap)
                    self._pop()
                case BadRow() as bad:
                    return bad
        return None

    def handled(self) -> None:
        """Count the head as handled."""
        head = self._queue[0]
        if isinstance(head, Fresh) and not self.cursor.ack_version(head.version):
            raise RuntimeError(f"{self._source.name}: a row was handed out that the cursor does not have in hand")
        self._pop()

    def drain(self) -> list[Delivery]:
        """Count everything as handled and return it: for `poll`, whose caller keeps the cursor afterwards."""
        drained = list(self._queue)
        while self._queue:
            self.handled()
        return drained

    def _put(self, deliveries: Sequence[Delivery]) -> None:
        self._queue.extend(deliveries)
        self._undelivered += sum(map(blocks_saving, deliveries))

    def _pop(self) -> Delivery:
        head = self._queue.popleft()
        self._undelivered -= blocks_saving(head)
        self.changed = True
        return head

    def decode(self, raw: Any) -> R | BadRow:
        """Return the row, or what is wrong with it."""
        try:
            return decode_row(self._source.row, raw)
        except DecodeError as error:
            return BadRow(-1, str(error), raw)

    @property
    def recoverable(self) -> bool:
        """Whether the last page left gaps that a sibling list could fill."""
        return any(isinstance(one, Doubt) and one.recoverable for one in self._queue)

    async def recover(self) -> None:
        """Look in a sibling list for the rows of the last page's gaps, before anything of that page is delivered.

        What is found takes its gap's place; a gap is still reported unless that is surely all. A recovery that is
        cancelled leaves the gaps that are left as they are.
        """
        for delivery in tuple(self._queue):
            if isinstance(delivery, Doubt) and delivery.recoverable and isinstance(self.cursor, Cursor):
                self._put_instead(delivery, await look_for(self._source, self.cursor, delivery.gap))

    def _put_instead(self, doubt: Doubt, found: Sequence[Delivery]) -> None:
        """Let what was found take its gap's place, at once: the cursor has these rows in hand from now on."""
        queue: list[Delivery] = []
        for delivery in self._queue:
            queue += found if delivery is doubt else [delivery]
        self._queue = deque(queue)
        self._undelivered = sum(map(blocks_saving, queue))

    def _close(self, gap: Gap) -> None:
        if isinstance(self.cursor, Cursor):
            self.cursor.close(gap)


def open_cursor(source: Source[Any], options: FeedOptions, saved: str | None) -> Cursor | Snapshot:
    """Return the saved cursor, or (`None`) a new one that starts where the options say.

    Raises:
        CursorError: The saved one is damaged, of a newer version, or of another feed.
    """
    if source.rules is None:
        if saved is None:
            return Snapshot(source.name, start=options.since, cap=source.cap)
        return Snapshot.loads(saved, source.name, cap=source.cap)
    if saved is None:
        return Cursor(source.rules, feed=source.name, start=options.since)
    return Cursor.loads(saved, source.rules, source.name)


async def stored_cursor(source: Source[Any], options: FeedOptions) -> str | None:
    """Return what the store has for a feed; `None` for nothing, or without a store.

    Raises:
        CursorError: It cannot be used; the message says where it is and what to do.
    """
    if options.store is None:
        return None
    key = options.key_of(source)
    saved = await options.store.load(key)
    try:
        open_cursor(source, options, saved)
    except CursorError as error:
        raise CursorError(f"{options.store!r}, key {key!r}: {error}") from None
    return saved


def _version(rules: Rules | None, version: Version) -> str:
    row_id, content = version
    if rules is None:
        return f"{row_id}#{content}"
    return str(row_id) if rules.immutable else f"{row_id}@{content}"


def _is_dated_before(row: Any, field: str, moment: int) -> bool:
    """Whether it is, for certain: a row that cannot be read is not."""
    try:
        return timestamps.parse(row[field]) < moment
    except (LookupError, TypeError, ValueError, OverflowError):
        return False


def _from(moment: int, gap: Gap) -> list[Gap]:
    """What of a gap lies at or after a moment, if anything."""
    span = gaps.span_of(gap)
    return [gaps.public(gap.feed, part) for part in gaps.spans((max(span.low, moment), span.high, span.kind))]
