"""The state machine of one feed: what to ask, what of a page is new, what may be missing. No I/O, no clock.

        origin ....... since . floor ........................ frontier ........ server's clock ... future rows
                         |<tick>|<--------- overlap --------->|
        not asked for    | late rows are still found here     | new rows arrive here

A row becomes known when it is handled (`ack`), never when it is shown: what a crash leaves unhandled comes again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, Self, TypeAlias

from attrs import frozen

from impactive_async.feeds import gaps, page, state, timestamps
from impactive_async.feeds.gaps import Span
from impactive_async.feeds.known import Known, RowId
from impactive_async.feeds.page import Arrival, Row
from impactive_async.feeds.progress import Progress
from impactive_async.feeds.quarantine import BadRow, Quarantine
from impactive_async.feeds.rules import NOW, Now, Rules
from impactive_async.models.gap import Gap

POSSIBLE_CAPS: Final = (100, 500)  # contract A7: page sizes at which a list of unknown cap may have been cut
LEAST_PLAUSIBLE_CAP: Final = 50
_ABSENT: Final = object()

Version: TypeAlias = tuple[RowId, str]
"""A row's id, and what tells one version of it from another: empty for a row that has but one."""


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

    __slots__ = (
        "_from_now",
        "_gaps",
        "_left_behind",
        "_pending",
        "_primed",
        "_progress",
        "_quarantine",
        "feed",
        "rules",
    )

    progress_type: ClassVar[Callable[..., Progress]] = Progress

    def __init__(self, rules: Rules, *, feed: str, start: datetime | Now | None = None) -> None:
        self.rules = rules
        self.feed = feed
        self._progress = self.progress_type(rules.tick, rules.overlap)
        self._primed = False  # a page was accepted
        self._from_now = start is NOW
        self._pending: dict[Version, Arrival] = {}
        self._left_behind: int | None = None  # the oldest row in hand when the state was saved: comes again
        self._gaps: list[Span] = []
        self._quarantine = Quarantine()
        if isinstance(start, datetime):
            self._start_at(start)

    def _start_at(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("start must be an aware datetime: a naive one means another moment on each machine")
        self._progress.start_at(timestamps.micros(start))

    def since(self) -> str | None:
        """The query parameter of the next request; `None` asks for all the API shows. It never decreases."""
        self._progress.settle(self._held())
        line = self._progress.line
        return None if line is None or line < timestamps.BEGINNING else timestamps.render(line)

    @property
    def pending(self) -> int:
        """Rows handed out and not yet handled."""
        return len(self._pending)

    @property
    def server_clock(self) -> int | None:
        """The server's time at the last page that told it, in microseconds."""
        return self._progress.clock

    @property
    def known_gaps(self) -> list[Gap]:
        """All stretches reported so far and not closed, oldest first, neighbours joined; bounded."""
        return [gaps.public(self.feed, span) for span in self._gaps]

    def accept(self, rows: Sequence[Any], server_now: int | None) -> Accepted:
        """Take one page, asked for with `since()`, by whose answer it is judged.

        Args:
            rows: The decoded JSON rows as they came, in their order.
            server_now: The response's `Date` in microseconds, or `None` without one; never the local clock.
        """
        progress = self._progress
        progress.clock = progress.clock if server_now is None else server_now
        unknown = self._unknown(rows)
        arrivals, bad = page.read(unknown, self.rules.id, self.rules.timestamp)
        self._learn_tick(arrivals)
        first, self._primed = not self._primed, True
        if first and self._from_now:
            return self._prime(rows, arrivals, bad)
        spans = self._lost(rows, first=first, none_known=len(unknown) == len(rows))
        fresh, twins, unasked = self._take(arrivals, rows)
        self._left_behind = None
        progress.settle(self._held())  # not before: the page is judged by the floor it was asked for with
        shed = progress.shed(2 * max(self.rules.cap or max(POSSIBLE_CAPS), len(rows)), self._held())
        reported = self._report([*spans, *progress.out_of_reach(), *shed])
        return Accepted(fresh, reported, self._quarantine.unreported(bad + twins), unasked)

    def version(self, row: Row) -> Version:
        """What names a fresh row's version for good, whatever the consumer does to the row."""
        return row[self.rules.id], "" if self.rules.immutable else row[self.rules.timestamp]

    def ack(self, row: Row) -> bool:
        """Count a fresh row, unchanged, as handled, in any order; O(1).

        Returns:
            `False` when it was not in hand, as on a second call: nothing changes then.
        """
        return self.ack_version(self.version(row))

    def ack_version(self, version: Version) -> bool:
        """Count the fresh row that `version` named as handled; see `ack`."""
        arrival = self._pending.pop(version, None)
        if arrival is None:
            return False
        self._progress.known.add((arrival[0], arrival[3], arrival[4]))
        return True

    def recover(self, gap: Gap, rows: Sequence[Any]) -> Accepted:
        """Take rows of another list of the same rows that reaches into `gap`; those outside it are ignored.

        Call it right after the `accept` that reported the gap, and `close(gap)` once they are handled.
        """
        span = gaps.span_of(gap)
        arrivals, bad = page.read(self._unknown(rows), self.rules.id, self.rules.timestamp)
        within = [arrival for arrival in arrivals if span.low <= arrival[0] < span.high]
        fresh, twins, _ = self._take(within, rows)
        return Accepted(fresh, [], self._quarantine.unreported(bad + twins), len(arrivals) - len(within))

    def close(self, gap: Gap) -> None:
        """Strike out a gap whose rows were all recovered and handled."""
        span = gaps.span_of(gap)
        self._gaps = gaps.without(self._gaps, span.low, span.high)

    def _held(self) -> int | None:
        """The oldest row that was shown and is not handled."""
        held = [arrival[0] for arrival in self._pending.values()]
        return min(held if self._left_behind is None else [*held, self._left_behind], default=None)

    def _unknown(self, rows: Sequence[Any]) -> list[tuple[int, Any]]:
        """Rows that are not handled versions. The hot path of an idle poll: no timestamp is parsed here."""
        row_id, timestamp, latest = self.rules.id, self.rules.timestamp, self._progress.known.latest
        if not latest:
            return list(enumerate(rows))
        try:
            if not {type(row[row_id]) for row in rows} <= {str, int}:  # `true` is no id, though it equals 1
                return list(enumerate(rows))
            if self.rules.immutable:
                return [(i, row) for i, row in enumerate(rows) if row[row_id] not in latest]
            get = latest.get
            return [(i, row) for i, row in enumerate(rows) if get(row[row_id], _ABSENT) != row[timestamp]]
        except (LookupError, TypeError):  # a bad row; `page.read` finds out which
            return list(enumerate(rows))

    def _learn_tick(self, arrivals: Sequence[Arrival]) -> None:
        by_length = {len(arrival[4]): arrival[4] for arrival in arrivals}  # of one length: printed alike
        self._progress.tick = max(self._progress.tick, *map(timestamps.precision, by_length.values()), 1)

    def _take(self, arrivals: Sequence[Arrival], rows: Sequence[Any]) -> tuple[list[Row], list[BadRow], int]:
        """Put what is neither handled nor in hand into the consumer's hands."""
        fresh: list[Row] = []
        twins: list[BadRow] = []
        asked, line, unasked = self._progress.asked_from, self._progress.line_tick, 0
        pending, known, immutable = self._pending, self._progress.known, self.rules.immutable
        for arrival in arrivals:
            at, _, index, row_id, raw, row = arrival
            key = (row_id, "" if immutable else raw)
            if at < asked:
                unasked += at < line  # from the line to the origin rows were asked for, and are none of the feed's
            elif key in pending:
                if page.contradicts(pending[key], row, rows):
                    twins.append(BadRow(index, "another row of this page has the same id and version", row))
            elif row_id not in known.latest or not (immutable or known.remembers(row_id, at, raw)):
                pending[key] = arrival
                fresh.append(row)
        return fresh, twins, unasked

    def _prime(self, rows: Sequence[Any], arrivals: Sequence[Arrival], bad: Sequence[BadRow]) -> Accepted:
        """Count what the first page shows as known; what it cannot show of the overlap is in doubt."""
        progress = self._progress
        for at, _, _, row_id, raw, _ in arrivals:
            progress.known.add((at, row_id, raw))
        self._quarantine.unreported(bad)
        progress.settle(held=None)
        if not self._is_full(rows, none_known=False):
            return Accepted([])
        proven = min(self._proven_from(rows), progress.horizon_tick)
        progress.leave_out(proven)  # older rows that turn up may be hidden history
        return Accepted([], self._report(gaps.spans((progress.cut(progress.latest_from), proven, "lookback"))))

    def _lost(self, rows: Sequence[Any], *, first: bool, none_known: bool) -> list[Span]:
        """What a full page does not prove to be complete.

        Nothing past the server's clock is counted: rows of the future that hide others hide them again
        next time, and it is then that those are reported.
        """
        if not self._is_full(rows, none_known=none_known):
            return []
        progress = self._progress
        low, high = progress.floor, min(self._proven_from(rows), progress.horizon_tick)
        if first:  # from a moment on, every row was asked for: what is missing is lost, not history
            asked_for = progress.origin > timestamps.BEGINNING
            return gaps.spans((low, high, "overflow" if asked_for else "history"))
        frontier = low if progress.frontier is None else progress.frontier
        return gaps.spans((low, min(high, frontier), "lookback"), (max(low, frontier), high, "overflow"))

    def _is_full(self, rows: Sequence[Any], *, none_known: bool) -> bool:
        """Whether the server may have cut the page off.

        With the cap unknown a page of a usual cap's size may be full, and so may a long one that shows no known
        row though some should have come back.
        """
        if self.rules.cap is not None:
            return len(rows) >= self.rules.cap
        suspicious = none_known and len(rows) >= LEAST_PLAUSIBLE_CAP
        return len(rows) in POSSIBLE_CAPS or (suspicious and self._misses_known(rows))

    def _misses_known(self, rows: Sequence[Any]) -> bool:
        shown = {row.get(self.rules.id) for row in rows if isinstance(row, dict)}
        floor, horizon = self._progress.floor, self._progress.horizon
        return any(
            floor <= at < horizon and row_id not in shown for at, row_id, _ in self._progress.known.entries()
        )

    def _proven_from(self, rows: Sequence[Any]) -> int:
        proven = page.proven_from(rows, self.rules.timestamp, self._progress.tick)
        return self._progress.horizon_tick if proven is None else proven

    def _report(self, spans: Sequence[Span]) -> list[Gap]:
        reported: list[Span] = []
        for span in spans:
            parts = gaps.uncovered(self._gaps, span)
            self._gaps = gaps.record(self._gaps, parts, self._progress.floor)
            reported += parts
        return [gaps.public(self.feed, part) for part in reported]

    def dumps(self) -> str:
        """Everything but the rows in hand, which come again: compact JSON, O(cap), opaque to users."""
        progress = self._progress
        progress.settle(self._held())
        body = {
            "tick": progress.tick,
            "origin": progress.origin,
            "floor": progress.floor,
            "line": progress.line,
            "frontier": progress.frontier,
            "clock": progress.clock,
            "held": self._held(),
            "now": self._from_now,
            "primed": self._primed,
            "gaps": [list(span) for span in self._gaps],
            "bad": self._quarantine.digests,
            "known": progress.known.entries(),
        }
        return state.pack("cursor", self.feed, self.rules.identity, body)

    @classmethod
    def loads(cls, text: str, rules: Rules, feed: str) -> Self:
        """The cursor that `dumps` saved.

        Raises:
            CursorError: It is damaged, belongs to another feed, or was written by a newer version.
        """
        saved = state.unpack(text, "cursor", feed, rules.identity)
        cursor = cls(rules, feed=feed)
        cursor._restore(saved)
        return cursor

    def _restore(self, saved: state.Saved) -> None:
        progress = self._progress
        progress.tick = max(self.rules.tick, saved.tick("tick"))
        progress.origin = saved.moment("origin")
        progress.floor = saved.moment("floor")
        progress.line = saved.moment_or_none("line")
        progress.frontier = saved.moment_or_none("frontier")
        progress.clock = saved.moment_or_none("clock")
        progress.known = Known(saved.rows("known"))
        self._left_behind = saved.moment_or_none("held")
        self._from_now = saved.flag("now")
        self._primed = saved.flag("primed")
        self._gaps = saved.spans("gaps")
        self._quarantine = Quarantine(saved.texts("bad"))
