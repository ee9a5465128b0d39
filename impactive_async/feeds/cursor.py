"""The state machine of one feed: what to ask, what of a page is new, what may be missing. No I/O, no clock.

        origin ....... since . floor ........................ frontier ........ server's clock ... future rows
                         |<tick>|<--------- overlap --------->|
        not asked for    | late rows are still found here     | new rows arrive here

A row becomes known when it is handled (`ack`), never when it is shown: what a crash leaves unhandled comes again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Self

import attrs

from impactive_async.feeds import gaps, page, timestamps
from impactive_async.feeds.cursor_state import CursorState
from impactive_async.feeds.gaps import Span
from impactive_async.feeds.hand import Hand
from impactive_async.feeds.judge import Judge
from impactive_async.feeds.known import Version
from impactive_async.feeds.page import Accepted, Arrival, Row
from impactive_async.feeds.progress import Progress
from impactive_async.feeds.quarantine import BadRow, Quarantine
from impactive_async.feeds.rules import NOW, Now, Rules
from impactive_async.models.gap import Gap


class Cursor:
    """One feed's progress. Single-threaded: `since`, one request, `accept`, `ack` row by row, `dumps` to save."""

    __slots__ = (
        "_from_now",
        "_gaps",
        "_hand",
        "_judge",
        "_primed",
        "_progress",
        "_quarantine",
        "feed",
        "rules",
    )

    progress_type: ClassVar[Callable[..., Progress]] = Progress
    judge_type: ClassVar[Callable[..., Judge]] = Judge
    hand_type: ClassVar[Callable[..., Hand]] = Hand

    def __init__(self, rules: Rules, *, feed: str, start: datetime | Now | None = None) -> None:
        self.rules = rules
        self.feed = feed
        self._progress = self.progress_type(rules.tick, rules.overlap)
        self._primed = False  # a page was accepted
        self._from_now = start is NOW
        self._judge = self.judge_type(rules, self._progress)
        self._hand = self.hand_type(immutable=rules.immutable)
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
        self._progress.settle(self._hand.oldest())
        line = self._progress.line
        return None if line is None or line < timestamps.BEGINNING else timestamps.render(line)

    @property
    def pending(self) -> int:
        """Rows handed out and not yet handled."""
        return len(self._hand)

    @property
    def server_clock(self) -> int | None:
        """The server's time at the last page that told it, in microseconds."""
        return self._progress.clock

    @property
    def awaits_now(self) -> bool:
        """Whether it starts with what comes after a first page that it has not been shown."""
        return self._from_now and not self._primed

    @property
    def known_gaps(self) -> list[Gap]:
        """All stretches reported so far and not closed, oldest first, neighbours joined; bounded."""
        return [gaps.public(self.feed, span) for span in self._gaps]

    def accept(self, rows: Sequence[Any], server_now: int | None, *, fell_back: int = 0) -> Accepted:
        """Take one page, asked for with `since()`, by whose answer it is judged.

        Args:
            rows: The decoded JSON rows as they came, in their order.
            server_now: The server's time in microseconds, as `server_clock.time_at_server` has it. `None`: nothing
                new is known of it.
            fell_back: By how many microseconds the server's clock has gone back since the page before.

        Raises:
            DecodeError: A page that was only glanced at turns out to be unreadable.
        """
        places, unknown = self._unknown(
            rows
        )  # first, as it may find the page unreadable: then nothing has changed
        progress = self._progress
        wanted = timestamps.BEGINNING if self._from_now else progress.origin  # since `NOW`: whatever their stamp
        unseen = progress.tell(server_now, fell_back, wanted)
        arrivals, bad = page.read(places, unknown, self.rules.id, self.rules.timestamp)
        self._learn_tick(arrivals)
        first, self._primed = not self._primed, True
        if first and self._from_now:
            return self._prime(rows, arrivals, bad)
        spans = self._judge.lost(rows, first=first, none_known=len(unknown) == len(rows))
        taken = self._hand.take(arrivals, progress)
        self._hand.left_behind = None
        held = self._hand.oldest()
        progress.settle(held)  # not before: the page is judged by the floor it was asked for with
        shed = progress.shed(2 * max(self._judge.most_rows, len(rows)), held)
        reported = self._report([*spans, *unseen, *shed])
        return Accepted(taken.fresh, reported, self._quarantine.unreported(bad + taken.twins), taken.unasked)

    def version(self, row: Row) -> Version:
        """What names a fresh row's version for good, whatever the consumer does to the row."""
        rules = self.rules
        return row[rules.id], "" if rules.immutable else row[rules.timestamp]

    def ack(self, row: Row) -> bool:
        """Count a fresh row, unchanged, as handled, in any order; O(1).

        Returns:
            `False` when it was not in hand, as on a second call: nothing changes then.
        """
        rules = self.rules
        return self.ack_version((row[rules.id], "" if rules.immutable else row[rules.timestamp]))

    def ack_version(self, version: Version) -> bool:
        """Count the fresh row that `version` named as handled; see `ack`."""
        arrival = self._hand.rows.pop(version, None)
        if arrival is None:
            return False
        at, _, _, row_id, raw, _ = arrival
        self._progress.known.add(at, row_id, raw)
        return True

    def recover(self, gap: Gap, rows: Sequence[Any]) -> Accepted:
        """Take rows of another list of the same rows that reaches into `gap`; those outside it are ignored.

        Call it right after the `accept` that reported the gap, and `close(gap)` once they are handled.
        """
        span = gaps.span_of(gap)
        arrivals, bad = page.read(*self._unknown(rows), self.rules.id, self.rules.timestamp)
        within = [arrival for arrival in arrivals if span.low <= arrival[0] < span.high]
        taken = self._hand.take(within, self._progress)
        bad = self._quarantine.unreported(bad + taken.twins)
        return Accepted(taken.fresh, [], bad, len(arrivals) - len(within))

    def close(self, gap: Gap) -> None:
        """Strike out a gap whose rows were all recovered and handled."""
        span = gaps.span_of(gap)
        self._gaps = gaps.without(self._gaps, span.low, span.high)

    def _unknown(self, rows: Sequence[Any]) -> tuple[Sequence[int], list[Any]]:
        timestamp = None if self.rules.immutable else self.rules.timestamp
        return self._progress.known.others(rows, self.rules.id, timestamp)

    def _learn_tick(self, arrivals: Sequence[Arrival]) -> None:
        by_length = {len(arrival[4]): arrival[4] for arrival in arrivals}  # of one length: printed alike
        self._progress.tick = max(self._progress.tick, *map(timestamps.precision, by_length.values()), 1)

    def _prime(self, rows: Sequence[Any], arrivals: Sequence[Arrival], bad: Sequence[BadRow]) -> Accepted:
        """Count what the first page shows as known; what it cannot show of the overlap is in doubt."""
        progress = self._progress
        for at, _, _, row_id, raw, _ in arrivals:
            progress.known.add(at, row_id, raw)
        self._quarantine.unreported(bad)
        progress.settle(held=None)
        if not self._judge.is_full(rows, none_known=False):
            return Accepted([])
        proven = min(self._judge.proven_from(rows), progress.horizon_tick)
        progress.leave_out(proven)  # older rows that turn up may be hidden history
        return Accepted([], self._report(gaps.spans((progress.cut(progress.latest_from), proven, "lookback"))))

    def _report(self, spans: Sequence[Span]) -> list[Gap]:
        reported: list[Span] = []
        for span in spans:
            parts = gaps.uncovered(self._gaps, span)
            self._gaps = gaps.record(self._gaps, parts, self._progress.floor)
            reported += parts
        return [gaps.public(self.feed, part) for part in reported]

    def dumps(self) -> str:
        """Everything but the rows in hand, which come again: compact JSON, O(cap), opaque to users."""
        return self._state().dumps(self.feed, self.rules.identity)

    def dumps_later(self) -> Callable[[], str]:
        """What `dumps` returns now, to be had whenever it is called; costs next to nothing until then."""
        now = self._state()
        kept = attrs.evolve(now, gaps=[*now.gaps], bad=[*now.bad], known=[*now.known])
        return lambda: kept.dumps(self.feed, self.rules.identity)

    @classmethod
    def loads(cls, text: str, rules: Rules, feed: str) -> Self:
        """The cursor that `dumps` saved.

        Raises:
            CursorError: It is damaged, belongs to another feed, or was written by a newer version.
        """
        return cls._resumed(CursorState.loads(text, feed, rules.identity), rules, feed)

    def fold(self) -> bytes:
        """The same as `dumps`, smaller: for `unfold` in this process."""
        return self._state().fold()

    @classmethod
    def unfold(cls, folded: bytes, rules: Rules, feed: str) -> Self:
        """The cursor that `fold` made so small."""
        return cls._resumed(CursorState.unfold(folded), rules, feed)

    def _state(self) -> CursorState:
        held = self._hand.oldest()
        self._progress.settle(held)
        return CursorState.of(
            self._progress,
            held=held,
            now=self._from_now,
            primed=self._primed,
            gaps=self._gaps,
            bad=self._quarantine.digests,
        )

    @classmethod
    def _resumed(cls, known: CursorState, rules: Rules, feed: str) -> Self:
        cursor = cls(rules, feed=feed)
        known.resume(cursor._progress)
        cursor._hand.left_behind = known.held
        cursor._from_now, cursor._primed = known.now, known.primed
        cursor._gaps = known.gaps
        cursor._quarantine = Quarantine(known.bad)
        return cursor
