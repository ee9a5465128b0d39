"""One feed's pages on their way to its consumer: fetched, told apart, queued, handed out, handled."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import attrs

from impactive_async._http.codec import decode_row
from impactive_async.errors import APIError, CursorError, DecodeError
from impactive_async.feeds import timestamps
from impactive_async.feeds.cursor import Cursor
from impactive_async.feeds.known import Version
from impactive_async.feeds.page import Accepted
from impactive_async.feeds.quarantine import BadRow
from impactive_async.feeds.rules import Rules
from impactive_async.feeds.snapshot import Snapshot
from impactive_async.feeds.source import FeedOptions, Source
from impactive_async.models.gap import Gap

R = TypeVar("R")

_log = logging.getLogger("impactive_async.feed")


@attrs.frozen
class Fresh:
    """A raw row to be handled, and its version, taken before a consumer could change the row.

    A recovered one came through a sibling list.
    """

    raw: Any
    version: Version
    recovered: bool = False


@attrs.frozen
class Doubt:
    """A gap, to be reported unless a sibling list can fill it."""

    gap: Gap
    recoverable: bool


@attrs.frozen
class Filled:
    """All rows of a gap have been handled: it may be struck out."""

    gap: Gap


Delivery = Fresh | BadRow | Doubt | Filled


class Intake(Generic[R]):
    """A cursor, and what of its last page is still to be handled: its head is what the consumer has in hand."""

    __slots__ = ("_began", "_queue", "_source", "_undelivered", "changed", "cursor", "fresh")

    def __init__(self, source: Source[R], cursor: Cursor | Snapshot, *, began: datetime | None = None) -> None:
        """Start with nothing to deliver.

        Args:
            source: The list.
            cursor: How far it has been followed.
            began: For a new cursor from `NOW`: the moment that was meant, if its first poll comes later. `None`:
                the first poll itself.
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
        answer = await self._source.page(since)
        accepted = self._accept(answer.value, answer.server_time)
        self.fresh = len(accepted.fresh)
        if accepted.unasked:
            _log.warning("%s: the server ignores `since` (%d older rows)", self._source.name, accepted.unasked)
        self._put(accepted.bad)
        self._put([Doubt(gap, self._can_recover(gap, clock)) for gap in accepted.gaps])
        self._put([Fresh(raw, self.cursor.version(raw)) for raw in accepted.fresh])
        self.changed |= clock is None or not self.idle or self._has_moved(since)

    def _accept(self, rows: Sequence[Any], server_time: datetime | None) -> Accepted:
        now = None if server_time is None else timestamps.micros(server_time)
        if self._began is None or self._source.rules is None:
            return self.cursor.accept(rows, now)
        began, field = timestamps.micros(self._began), self._source.rules.timestamp
        self._began = None
        primed = self.cursor.accept([row for row in rows if _is_dated_before(row, field, began)], now)
        accepted = self.cursor.accept(rows, now)
        return attrs.evolve(accepted, gaps=[*primed.gaps, *accepted.gaps], bad=[*primed.bad, *accepted.bad])

    def _can_recover(self, gap: Gap, clock: int | None) -> bool:
        """Whether a sibling list could fill a gap, if the server's clock stood at `clock` at the page before.

        It cannot fill what preceded the feed, nor what is yet to come because the clock fell back. With no clock
        before, as on the first page, only an overflow surely has nothing to do with that.
        """
        now = self.cursor.server_clock
        if self._source.recover is None or gap.kind == "history" or now is None:
            return False
        return gap.kind == "overflow" if clock is None else now >= clock

    def _has_moved(self, since: str | None) -> bool:
        """Whether an idle poll told anything worth keeping: of a list without `since`, that rows are gone."""
        return isinstance(self.cursor, Snapshot) or self.cursor.since() != since

    async def head(self) -> R | BadRow | Gap | None:
        """Return what is to be delivered next, the same until `handled` is called; `None` when all is handled."""
        while self._queue:
            match self._queue[0]:
                case Fresh(raw=raw):
                    return self.decode(raw)
                case Doubt(gap, recoverable=True):
                    await self._recover(gap)
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
        self._undelivered += sum(map(_blocks_saving, deliveries))

    def _pop(self) -> Delivery:
        head = self._queue.popleft()
        self._undelivered -= _blocks_saving(head)
        self.changed = True
        return head

    def decode(self, raw: Any) -> R | BadRow:
        """Return the row, or what is wrong with it."""
        try:
            return decode_row(self._source.row, raw)
        except DecodeError as error:
            return BadRow(-1, str(error), raw)

    async def _recover(self, gap: Gap) -> None:
        """Put what a sibling list shows of a gap before everything else, and report the gap unless that is all."""
        complete, accepted = False, None
        try:
            accepted, complete = await self._sibling_rows(gap)
        except APIError as error:
            _log.warning("%s: recovering a gap failed: %s", self._source.name, error)
        self._pop()
        front: list[Delivery] = [] if complete else [Doubt(gap, recoverable=False)]
        if accepted is not None:
            front += [
                *accepted.bad,
                *(Fresh(raw, self.cursor.version(raw), recovered=True) for raw in accepted.fresh),
            ]
        front += [Filled(gap)] if complete else []
        self._queue.extendleft(reversed(front))
        self._undelivered += sum(map(_blocks_saving, front))

    async def _sibling_rows(self, gap: Gap) -> tuple[Accepted | None, bool]:
        if self._source.recover is None or isinstance(self.cursor, Snapshot):
            return None, False
        recovery = await self._source.recover(gap)
        accepted = self.cursor.recover(gap, recovery.rows)
        return accepted, recovery.complete and not accepted.bad and not self._is_left_behind(gap, recovery.rows)

    def _is_left_behind(self, gap: Gap, rows: Sequence[Any]) -> bool:
        """Whether some rows of a gap are so old by now that the cursor has let go of them."""
        since, rules = self.cursor.since(), self._source.rules
        if since is None or rules is None or gap.after is None:
            return False
        start, asked = timestamps.micros(gap.after), timestamps.parse(since)
        within = (row for row in rows if _is_dated_from(row, rules.timestamp, start))
        return not all(_is_dated_from(row, rules.timestamp, asked) for row in within)

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


def _is_dated_from(row: Any, field: str, moment: int) -> bool:
    try:
        return timestamps.parse(row[field]) >= moment
    except (LookupError, TypeError, ValueError, OverflowError):
        return False


def _is_dated_before(row: Any, field: str, moment: int) -> bool:
    """Not the contrary of `_is_dated_from`: a row that cannot be read is neither."""
    try:
        return timestamps.parse(row[field]) < moment
    except (LookupError, TypeError, ValueError, OverflowError):
        return False


def _blocks_saving(delivery: Delivery) -> bool:
    # Recovered rows too: their gap counts as reported, and nothing but `recover` reaches them.
    return not isinstance(delivery, Fresh) or delivery.recovered
