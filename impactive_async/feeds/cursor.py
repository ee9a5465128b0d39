"""The state machine of one feed: what to ask, what of a page is new, what may be missing. No I/O, no clock.

All times are integer microseconds; a *tick* is a timestamp cut down (never rounded up) to the feed's precision.

    since  = floor - tick: `>` and `>=`, truncating and rounding servers then all show every row from the floor on
    floor  = frontier - overlap, but never past a row in hand, nor past the second newest known row below the
             frontier; it never goes back
    frontier = the newest tick at or below which every row shown has been handled

        origin ....... since . floor ........................ frontier ........ server's clock ... future rows
                         |<tick>|<--------- overlap --------->|
        not asked for    | late rows are still found here     | new rows arrive here

A row becomes known when it is handled (`ack`), never when it is shown: what a crash leaves unhandled comes again.
"""

import enum
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Self

from attrs import field, frozen, validators

from impactive_async.feeds import gaps, page, state, timestamps
from impactive_async.feeds.gaps import Span
from impactive_async.feeds.known import Known, RowId
from impactive_async.feeds.page import Arrival, BadRow, Row
from impactive_async.models.gap import Gap


class Now(enum.Enum):
    """The type of `NOW`."""

    NOW = "NOW"


NOW: Final = Now.NOW
"""Start a feed with what comes after this moment: the first page only tells what is already there."""

POSSIBLE_CAPS: Final = (100, 500)  # contract A7: page sizes at which a list of unknown cap may have been cut
LEAST_PLAUSIBLE_CAP: Final = 50
WITNESSES: Final = 2  # known rows kept within the ask below the frontier, as proof of contiguity
FAR_FUTURE: Final = timestamps.parse("2100-01-01T00:00:00Z")
DATE_RESOLUTION: Final = timestamps.SECOND  # of the `Date` header
MIN_REMEMBERED: Final = 256
_ABSENT: Final = object()


@frozen(kw_only=True)
class Rules:
    """How one list behaves.

    Attributes:
        timestamp: Wire name of the field that `since` is compared with.
        overlap: How late, in microseconds, a row may become visible behind its own timestamp.
        cap: The most rows a page can have; `None` when unknown (contract A7).
        id: Wire name of the id.
        immutable: A row never changes: one id is delivered once. Otherwise each `(id, timestamp)` is.
        tick: Declared precision in microseconds; a coarser one is learnt from the rows.
    """

    timestamp: str
    overlap: int = field(validator=validators.ge(0))
    cap: int | None = field(default=None, validator=validators.optional(validators.ge(1)))
    id: str = "id"
    immutable: bool = False
    tick: int = field(default=timestamps.MILLISECOND, validator=validators.ge(1))

    @property
    def identity(self) -> str:
        """What a saved cursor must agree with; the overlap, the cap and the tick may be changed under it."""
        return f"{self.id},{self.timestamp},{'immutable' if self.immutable else 'mutable'}"


@frozen
class Accepted:
    """What one page brought.

    Attributes:
        fresh: Rows to handle and `ack`, in `(timestamp, id)` order.
        gaps: Stretches newly in doubt.
        bad: Rows that cannot be delivered, each reported once.
        unasked: Rows older than what was asked for: above 0, the server ignores `since`.
    """

    fresh: Sequence[Row]
    gaps: Sequence[Gap] = ()
    bad: Sequence[BadRow] = ()
    unasked: int = 0


class Cursor:
    """One feed's progress. Single-threaded: `since`, one request, `accept`, `ack` row by row, `dumps` to save."""

    def __init__(self, rules: Rules, *, feed: str, start: datetime | Now | None = None) -> None:
        self.rules: Final = rules
        self.feed: Final = feed
        self._tick = rules.tick
        self._origin = timestamps.BEGINNING  # rows before it are none of the feed's
        self._line: int | None = None  # the `since` to ask with
        self._frontier: int | None = None
        self._clock: int | None = None  # the server's, as last told
        self._primed = False  # a page was accepted
        self._from_now = start is NOW
        self._known = Known()
        self._pending: dict[tuple[RowId, str], Arrival] = {}
        self._gaps: list[Span] = []
        self._bad: dict[str, None] = {}  # digests of reported rows, the least recently shown first
        if isinstance(start, datetime):
            self._start_at(start)

    def _start_at(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("start must be an aware datetime: a naive one means another moment on each machine")
        self._origin = self._cut(timestamps.micros(start))
        self._line = self._since_for(self._origin)

    # -- asking ------------------------------------------------------------------------------------------------

    def since(self) -> str | None:
        """The query parameter of the next request; `None` asks for all the API shows. It never decreases."""
        self._settle()
        if self._line is None or self._line < timestamps.BEGINNING:
            return None
        return timestamps.render(self._line)

    def _since_for(self, floor: int) -> int:
        return floor - self._tick

    @property
    def pending(self) -> int:
        """Rows handed out and not yet handled."""
        return len(self._pending)

    @property
    def known_gaps(self) -> list[Gap]:
        """All stretches reported so far, oldest first, neighbours joined; bounded."""
        return [gaps.public(self.feed, span) for span in self._gaps]

    # -- accepting a page --------------------------------------------------------------------------------------

    def accept(self, rows: Sequence[Any], server_now: int | None) -> Accepted:
        """Take one page, asked for with `since()`.

        Args:
            rows: The decoded JSON rows as they came, in their order.
            server_now: The response's `Date` in microseconds, or `None` without one; never the local clock.
        """
        if server_now is not None:
            self._clock = server_now
        unknown = self._unknown(rows)
        arrivals, bad = page.read(unknown, self.rules.id, self.rules.timestamp)
        self._learn_tick(arrivals)
        first, self._primed = not self._primed, True
        if first and self._from_now:
            return self._prime(rows, arrivals, bad)
        self._settle()
        spans = self._lost(rows, untouched=len(unknown) == len(rows), first=first) + self._clock_fell_back()
        fresh, twins, unasked = self._take(arrivals, rows)
        reported = self._report(spans) + self._report(self._shed(len(rows)))
        return Accepted(fresh, reported, self._unreported(bad + twins), unasked)

    def _unknown(self, rows: Sequence[Any]) -> list[tuple[int, Any]]:
        """Rows that are not handled versions. The hot path of an idle poll: no timestamp is parsed here."""
        row_id, timestamp, latest = self.rules.id, self.rules.timestamp, self._known.latest
        try:
            if self.rules.immutable:
                return [numbered for numbered in enumerate(rows) if numbered[1][row_id] not in latest]
            get = latest.get
            return [(i, row) for i, row in enumerate(rows) if get(row[row_id], _ABSENT) != row[timestamp]]
        except (LookupError, TypeError):  # a bad row; `page.read` finds out which
            return list(enumerate(rows))

    def _learn_tick(self, arrivals: Sequence[Arrival]) -> None:
        coarsest = max((timestamps.precision(raw) for *_, raw, _ in arrivals), default=0)
        self._tick = max(self._tick, coarsest)

    def _prime(self, rows: Sequence[Any], arrivals: Sequence[Arrival], bad: Sequence[BadRow]) -> Accepted:
        """Count what the first page shows as known; what it cannot show of the overlap is in doubt."""
        for at, _, _, row_id, raw, _ in arrivals:
            self._known.add((at, row_id, raw))
        self._unreported(bad)
        self._settle()
        if not self._is_full(rows, untouched=False):
            return Accepted([])
        proven = min(self._proven_from(rows), self._limit())
        self._origin = max(self._origin, proven)  # older rows that turn up cannot be told from hidden old ones
        doubtful = Span(self._cut(self._settled() - self.rules.overlap), proven, "lookback")
        return Accepted([], self._report([doubtful] if doubtful.low < proven else []))

    def _take(self, arrivals: Sequence[Arrival], rows: Sequence[Any]) -> tuple[list[Row], list[BadRow], int]:
        """Put what is neither handled nor in hand into the consumer's hands."""
        fresh: list[Row] = []
        twins: list[BadRow] = []
        asked, unasked = self._asked_from(), 0
        pending, known, immutable = self._pending, self._known, self.rules.immutable
        for arrival in arrivals:
            at, _, index, row_id, raw, row = arrival
            key = (row_id, "" if immutable else raw)
            if at < asked:
                unasked += 1
            elif key in pending:
                if self._contradicts(pending[key], arrival, rows):
                    twins.append(BadRow(index, "another row of this page has the same id and version", row))
            elif row_id not in known.latest or not (immutable or known.remembers(row_id, at, raw)):
                pending[key] = arrival
                fresh.append(row)
        return fresh, twins, unasked

    @staticmethod
    def _contradicts(first: Arrival, second: Arrival, rows: Sequence[Any]) -> bool:
        """Whether two rows of the same page claim to be one and differ; between pages that is no contradiction."""
        index, row = first[2], first[5]
        return index < len(rows) and rows[index] is row and row != second[5]

    def recover(self, gap: Gap, rows: Sequence[Any]) -> Accepted:
        """Take rows of another list of the same rows that reaches into `gap`; those outside it are ignored.

        Call it right after the `accept` that reported the gap, and `close(gap)` once they are handled.
        """
        span = gaps.span_of(gap)
        arrivals, bad = page.read(self._unknown(rows), self.rules.id, self.rules.timestamp)
        within = [arrival for arrival in arrivals if span.low <= arrival[0] < span.high]
        fresh, twins, _ = self._take(within, rows)
        return Accepted(fresh, [], self._unreported([*bad, *twins]), len(arrivals) - len(within))

    def close(self, gap: Gap) -> None:
        """Strike out a gap whose rows were all recovered and handled."""
        span = gaps.span_of(gap)
        self._gaps = gaps.without(self._gaps, span.low, span.high)

    # -- handling rows -----------------------------------------------------------------------------------------

    def ack(self, row: Row) -> bool:
        """Count a fresh row as handled, in any order; O(1).

        Returns:
            `False` when it was not in hand, as on a second call: nothing changes then.
        """
        row_id, raw = row[self.rules.id], row[self.rules.timestamp]
        arrival = self._pending.pop((row_id, "" if self.rules.immutable else raw), None)
        if arrival is None:
            return False
        self._known.add((arrival[0], row_id, arrival[4]))
        return True

    # -- the moments -------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Move frontier and floor up to what has been handled; neither ever goes back."""
        held = self._oldest_pending()
        newest = self._known.newest_before(self._horizon() if held is None else min(self._horizon(), held))
        if newest is None:
            return
        self._frontier = max(self._cut(newest), timestamps.BEGINNING if self._frontier is None else self._frontier)
        witness = self._known.newest_before(self._frontier, WITNESSES)
        if witness is None:
            return
        floor = min(self._settled() - self.rules.overlap, witness, witness if held is None else held)
        self._raise_line(self._since_for(self._cut(floor)))

    def _raise_line(self, line: int) -> None:
        if self._line is None or line > self._line:
            self._line = line
            self._known.forget_before(self._cut(line))

    def _cut(self, at: int) -> int:
        return at - at % self._tick

    def _oldest_pending(self) -> int | None:
        return self._cut(min(arrival[0] for arrival in self._pending.values())) if self._pending else None

    def _horizon(self) -> int:
        """Rows at or after it are from the future: delivered, but no proof that time has got there."""
        return FAR_FUTURE if self._clock is None else self._clock + DATE_RESOLUTION

    def _limit(self) -> int:
        return self._cut(self._horizon()) + self._tick

    def _settled(self) -> int:
        """The moment lateness counts from: the `Date` may lag behind the frontier by its resolution."""
        assert self._frontier is not None
        return self._frontier if self._clock is None else min(self._frontier, self._clock)

    def _asked_from(self) -> int:
        return self._cut(self._origin if self._line is None else max(self._origin, self._line))

    def _floor(self) -> int:
        """From here on every row the server has is shown, but for its cap."""
        return self._origin if self._line is None else max(self._origin, self._line + self._tick)

    # -- what may be missing -----------------------------------------------------------------------------------

    def _is_full(self, rows: Sequence[Any], *, untouched: bool) -> bool:
        """Whether the server may have cut the page off.

        With the cap unknown, a page of a usual cap's size may be full, and so may a long one (`untouched`) without
        a single known row though some should have come back.
        """
        if self.rules.cap is not None:
            return len(rows) >= self.rules.cap
        return len(rows) in POSSIBLE_CAPS or (
            untouched and len(rows) >= LEAST_PLAUSIBLE_CAP and self._misses_known(rows)
        )

    def _misses_known(self, rows: Sequence[Any]) -> bool:
        shown = {row.get(self.rules.id) for row in rows if isinstance(row, dict)}
        floor, horizon = self._floor(), self._horizon()
        return any(floor <= at < horizon and row_id not in shown for at, row_id, _ in self._known.entries())

    def _proven_from(self, rows: Sequence[Any]) -> int:
        proven = page.proven_from(rows, self.rules.timestamp, self._tick)
        return self._limit() if proven is None else proven

    def _lost(self, rows: Sequence[Any], *, untouched: bool, first: bool) -> list[Span]:
        """What a full page does not prove to be complete.

        Nothing past the server's clock is counted: rows of the future that hide others hide them again
        next time, and it is then that those are reported.
        """
        if not self._is_full(rows, untouched=untouched):
            return []
        low, high = self._floor(), min(self._proven_from(rows), self._limit())
        frontier = low if self._frontier is None else self._frontier
        if first:
            spans = [Span(low, high, "history")]
        else:
            spans = [Span(low, min(high, frontier), "lookback"), Span(max(low, frontier), high, "overflow")]
        return [span for span in spans if span.low < span.high]

    def _clock_fell_back(self) -> list[Span]:
        """Rows stamped by a clock that fell behind the floor are never asked for."""
        if self._clock is None or self._line is None or self._floor() <= max(self._horizon(), self._origin):
            return []
        return [Span(self._cut(self._clock), self._floor(), "lookback")]

    def _shed(self, shown: int) -> list[Span]:
        """Keep the known rows within twice a page, by raising the floor if need be."""
        bound = 2 * max(self.rules.cap or max(POSSIBLE_CAPS), shown)
        if len(self._known) > bound:
            self._known.forget_superseded()
        if len(self._known) <= bound or self._frontier is None:
            return []
        held = self._oldest_pending()
        highest = self._frontier if held is None else min(self._frontier, held)
        floor = self._floor()
        line = min(self._cut(self._known.entries()[-bound - 1][0]) + self._tick, self._since_for(highest))
        self._raise_line(line)
        return [Span(floor, self._floor(), "lookback")] if floor < self._floor() else []

    def _report(self, spans: Sequence[Span]) -> list[Gap]:
        reported = []
        for span in spans:
            parts = gaps.uncovered(self._gaps, span)
            self._gaps = gaps.record(self._gaps, parts, self._floor())
            reported += [gaps.public(self.feed, part) for part in parts]
        return reported

    def _unreported(self, bad: Sequence[BadRow]) -> list[BadRow]:
        """Those whose content was not reported by an earlier page that this cursor remembers."""
        digests = [state.digest(one.row) for one in bad]
        fresh = [one for one, digest in zip(bad, digests, strict=True) if digest not in self._bad]
        self._bad = {digest: None for digest in self._bad if digest not in set(digests)} | dict.fromkeys(digests)
        for digest in list(self._bad)[: -max(MIN_REMEMBERED, len(bad))]:
            del self._bad[digest]
        return fresh

    # -- saving ------------------------------------------------------------------------------------------------

    def dumps(self) -> str:
        """Everything but the rows in hand, which come again: compact JSON, O(cap), opaque to users."""
        self._settle()
        return state.pack(
            "cursor",
            self.feed,
            self.rules.identity,
            {
                "tick": self._tick,
                "origin": self._origin,
                "line": self._line,
                "frontier": self._frontier,
                "clock": self._clock,
                "now": self._from_now,
                "primed": self._primed,
                "gaps": self._gaps,
                "known": self._known.entries(),
                "bad": list(self._bad),
            },
        )

    @classmethod
    def loads(cls, text: str, rules: Rules, feed: str) -> Self:
        """The cursor that `dumps` saved.

        Raises:
            CursorStateError: It is damaged, belongs to another feed, or was written by a newer version.
        """
        document = state.unpack(text, "cursor", feed, rules.identity)
        cursor = cls(rules, feed=feed)
        cursor._tick = max(
            rules.tick, state.require(document, "tick", lambda tick: type(tick) is int and tick > 0)
        )
        cursor._origin = state.require(document, "origin", lambda at: type(at) is int)
        cursor._line = state.require(document, "line", state.is_moment)
        cursor._frontier = state.require(document, "frontier", state.is_moment)
        cursor._clock = state.require(document, "clock", state.is_moment)
        cursor._from_now = state.require(document, "now", state.is_flag)
        cursor._primed = state.require(document, "primed", state.is_flag)
        cursor._gaps = [Span(*span) for span in state.require(document, "gaps", state.is_list_of(int, int, str))]
        cursor._known = Known(map(tuple, state.require(document, "known", state.is_list_of(int, (str, int), str))))
        cursor._bad = dict.fromkeys(state.require(document, "bad", state.is_list_of(str)))
        return cursor
