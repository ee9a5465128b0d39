"""The state of one feed: which moment to ask from, which rows of a page are new, where rows may be missing.

It makes no request and reads no clock.

        origin ....... since . floor ........................ frontier ........ server's clock ... future rows
                         |<tick>|<--------- overlap --------->|
        not asked for    | late rows are still found here     | new rows arrive here

A row becomes known when it is handled (`ack`), and not when it is shown. So a row that a crash leaves unhandled
comes again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar, Self

from impactive_async._codec.json_bytes import StoredJson
from impactive_async._codec.page import Rows
from impactive_async.feeds.cursor import gaps, timestamps
from impactive_async.feeds.cursor.cursor_state import CursorState, copy
from impactive_async.feeds.cursor.evidence.judge import Judge
from impactive_async.feeds.cursor.evidence.lateness import learn_from_look, learn_lateness, unlikely
from impactive_async.feeds.cursor.evidence.seen_rows import SeenRows
from impactive_async.feeds.cursor.evidence.sight import Sight
from impactive_async.feeds.cursor.evidence.ticks import ends_of
from impactive_async.feeds.cursor.gap_finder import GapFinder
from impactive_async.feeds.cursor.gaps import Span
from impactive_async.feeds.cursor.in_flight import InFlight
from impactive_async.feeds.cursor.page import Accepted, Page, moments, read
from impactive_async.feeds.cursor.quarantine import Quarantine
from impactive_async.feeds.cursor.rules import NOW, Now, Rules
from impactive_async.feeds.cursor.seen_versions import RowId, Version
from impactive_async.feeds.cursor.watermarks import Watermarks
from impactive_async.models.gap import Gap


class Cursor:
    """The progress of one feed.

    Call `since` before each request, `accept` with its page, `ack` for each row handled, and `dumps` to save.
    """

    __slots__ = (
        "_asked_for_all",
        "_from_now",
        "_gap_finder",
        "_gaps",
        "_in_flight",
        "_judge",
        "_primed",
        "_quarantine",
        "_settled",
        "_watermarks",
        "feed",
        "rules",
        "seen_rows",
    )

    watermarks_type: ClassVar[Callable[..., Watermarks]] = Watermarks
    gap_finder_type: ClassVar[Callable[..., GapFinder]] = GapFinder
    in_flight_type: ClassVar[Callable[..., InFlight]] = InFlight
    judge_type: ClassVar[Callable[..., Judge]] = Judge

    def __init__(self, rules: Rules, *, feed: str, start: datetime | Now | None = None) -> None:
        self.rules = rules
        self.feed = feed
        self._watermarks = self.watermarks_type(rules.tick, rules.overlap, rules.cap, rules.immutable)
        self._primed = False  # whether a page was accepted
        self._from_now = start is NOW
        self._gap_finder = self.gap_finder_type(rules, self._watermarks)
        self._in_flight = self.in_flight_type()
        self._asked_for_all: bool | None = None  # whether the last request was without `since`
        self._judge = self.judge_type(rules, self._watermarks, self._gap_finder)
        self._gaps: list[Span] = []
        self._settled = False  # whether nothing was accepted or handled since the watermarks were settled
        self._quarantine = Quarantine()
        self.seen_rows: SeenRows | None = None
        """Who is on the list, if removals are followed."""
        if isinstance(start, datetime):
            self._watermarks.start_at(timestamps.aware(start))

    def since(self) -> str | None:
        """Return the query parameter of the next request; `None` asks for everything.

        It does not decrease, unless the server's clock goes back. In between some requests ask for everything.
        """
        self._settle()
        self._asked_for_all, line = self._asks_for_all, self._watermarks.line
        return None if self._asked_for_all or line is None else timestamps.render(line)

    def _settle(self) -> None:
        if not self._settled:
            self._watermarks.settle(self._in_flight.oldest())
            self._settled = True

    @property
    def _asks_for_all(self) -> bool:
        """Whether the next request is without `since`."""
        line = self._watermarks.line
        wanted = self.seen_rows is not None and self.seen_rows.wants_look(self._watermarks.clock)
        look = self._primed and (wanted or self._judge.asks_for_look)
        return line is None or line < timestamps.BEGINNING or look

    @property
    def asked_from(self) -> int | None:
        """The moment from which on rows are asked for, in microseconds; `None`: all are."""
        return self._watermarks.line

    @property
    def cap(self) -> int | None:
        """The most rows that a page can have, as far as is known."""
        return self._watermarks.reach.cap(self.rules.cap)

    @property
    def pending(self) -> int:
        """The number of rows in flight."""
        return len(self._in_flight)

    @property
    def server_clock(self) -> int | None:
        """The server's time at the last page that told it, in microseconds; `None` if none has."""
        return self._watermarks.clock

    @property
    def awaits_now(self) -> bool:
        """Whether the feed starts from `NOW`, and its first page has not come yet."""
        return self._from_now and not self._primed

    @property
    def known_gaps(self) -> list[Gap]:
        """All gaps reported and not closed, oldest first, with neighbours joined; at most `gaps.MAX_SPANS`."""
        return [gaps.public(self.feed, span) for span in self._gaps]

    def accept(self, rows: Rows, server_now: int | None, *, fell_back: int = 0) -> Accepted:
        """Take the page that was requested with the last `since()`.

        Args:
            rows: The page, in the server's order.
            server_now: The server's time in microseconds, as `server_clock.time_at_server` has it. `None`: nothing
                new is known of it.
            fell_back: By how many microseconds the server's clock has gone back since the page before.
        """
        watermarks, self._settled = self._watermarks, False
        look = self._asks_for_all if self._asked_for_all is None else self._asked_for_all
        shown = read(rows, self.rules, watermarks.known)
        page = watermarks.recognised(shown, look=look)
        self._judge.check_workspace(page, look=look)
        before, was_back = watermarks.clock, watermarks.went_back
        lowest = watermarks.tell(server_now, fell_back)
        self._judge.learn(page)
        seen, order = self.seen_rows, {"look": look, "newest_first": self._judge.order == "newest"}
        removed = [] if seen is None else seen.show_page(page, self.cap, watermarks.clock, **order)
        self._in_flight.ends |= ends_of(page, watermarks.tick)
        first, self._primed = not self._primed, True
        if first and self._from_now:
            return self._prime(page)
        asked = max(watermarks.origin, watermarks.past.start) if look else watermarks.asked_from
        if look and not was_back:
            learn_from_look(page, watermarks, self._in_flight, self._judge.looks, self._gaps)
        spans = self._judge.lost(page, first=first, look=look)
        # Otherwise a row may have been there for long, and not asked for or not shown.
        dated = (not look or watermarks.line is None) and self._judge.order != "oldest" and not first
        late, looks = watermarks.reach.lateness, self._judge.looks
        late = learn_lateness(page, watermarks, self._in_flight, before, asked, looks) if dated else late
        taken = self._in_flight.take(page.arrivals, watermarks, immutable=self.rules.immutable, asked=asked)
        self._in_flight.left_behind = None
        if not was_back:
            spans = self._worth_telling(spans, before, late)
            spans += self._judge.unseen() if look else []
        reported = self._report([*spans, *self._move_on(page, lowest)])
        bad = self._quarantine.unreported(page.bad + taken.twins)
        unasked = 0 if look else taken.unasked + len(shown.arrivals) - len(page.arrivals)
        return Accepted(taken.fresh, reported, bad, unasked, removed, misread=self._judge.looks.distrusts_since)

    def removal_handled(self, row_id: RowId) -> None:
        """Forget a row that is gone: if it comes back, it is new."""
        if self.seen_rows is not None:
            self.seen_rows.handled(row_id)
        self._watermarks.known.forget({row_id})
        self._settled = False

    def _worth_telling(self, spans: Sequence[Span], before: int | None, lateness: int) -> list[Span]:
        """Return the spans that are told; keep the others."""
        kept = unlikely(spans, self._watermarks, before, lateness)
        self._record(kept)
        return [span for span in spans if span not in kept]

    def _move_on(self, page: Page, lowest: int | None) -> list[Span]:
        """Move the watermarks past the page; return the spans that they leave behind."""
        watermarks = self._watermarks
        watermarks.went_back = False  # this page was asked for from before that
        held = self._in_flight.oldest()
        watermarks.settle(held)  # only now: the page was asked for with the floor as it was
        shrunk = watermarks.reach.shrunk
        left = watermarks.shed(2 * max(self._gap_finder.most_rows, len(page)), held)
        if self._judge.is_stuck(page):
            newest = (at for at in moments(page.stamps) if at is not None)
            left = [*left, *watermarks.step_over(max(newest, default=watermarks.floor))]
        left = self._worth_telling(left, watermarks.clock, watermarks.reach.lateness)
        if shrunk:  # that late rows are out of reach was told when it began
            self._record([span for span in left if span.kind == "lookback"])
            left = [span for span in left if span.kind != "lookback"]
        return [*left, *self._go_back(lowest)]

    def _go_back(self, lowest: int | None) -> list[Span]:
        """Ask again from before a moment that the server's clock has shown after a later one, if there is one."""
        if lowest is None:
            return []
        self._judge.sight, self._settled = Sight(), False
        # What was told of the time behind the present is told again if it happens.
        self._gaps = gaps.without(self._gaps, self._watermarks.horizon, timestamps.END + 1)
        wanted = timestamps.BEGINNING if self._from_now else self._watermarks.origin
        return self._watermarks.go_back(lowest, wanted)

    def stays_quiet(self, server_now: int | None, fell_back: int) -> bool:
        """Whether `accept_unchanged` would report neither gaps nor removals."""
        return self.seen_rows is None and self._watermarks.lowest_of(server_now, fell_back) is None

    def accept_unchanged(self, server_now: int | None, *, fell_back: int = 0) -> Accepted:
        """Take the page before once more, whose rows were all handled: only the server's time is learnt."""
        watermarks, looks = self._watermarks, self._judge.looks
        lowest = watermarks.tell(server_now, fell_back)
        looks.polled(watermarks.clock, look=bool(self._asked_for_all), witnessed=not looks.silent)
        if self._asked_for_all:
            self._judge.sight.look(watermarks.clock, self._judge.sight.low)
        watermarks.went_back = self._settled = False
        self._settle()
        again = self.seen_rows.show_again(watermarks.clock or 0) if self.seen_rows and self._asked_for_all else []
        return Accepted([], self._report(self._go_back(lowest)), removed=again)

    def ack(self, version: Version) -> bool:
        """Count the row of this version as handled, in any order; return whether it was in flight. O(1)."""
        in_flight, self._settled = self._in_flight, False
        arrival = in_flight.done(version)
        if arrival is None:
            return False
        at = in_flight.end_of(arrival) if in_flight.ends else arrival[0]
        self._watermarks.known.add(at, version[0], arrival[3])
        return True

    def ack_all(self, versions: Sequence[Version]) -> bool:
        """Count the rows of these versions as handled, as `ack` does; return whether all were in flight."""
        if self._in_flight.ends:
            return sum(map(self.ack, versions)) == len(versions)
        arrivals, self._settled = self._in_flight.all_done(versions), False
        self._watermarks.known.add_all([(at, version[0], raw) for at, _, _, raw, (version, _) in arrivals])
        return len(arrivals) == len(versions)

    def recover(self, gap: Gap, rows: Rows) -> Accepted:
        """Take the rows of a sibling list that lie in `gap`; its other rows are witnesses.

        Call it right after the `accept` that reported the gap, and `close(gap)` once the rows are handled.
        """
        span, watermarks, immutable = gaps.span_of(gap), self._watermarks, self.rules.immutable
        self._settled = False
        page = watermarks.recognised(read(rows, self.rules, watermarks.known), look=True)
        within = [arrival for arrival in page.arrivals if span.low <= arrival[0] < span.high]
        witnessed = page.reaches(span.low) and self._in_flight.ids() <= {*page.ids}
        taken = self._in_flight.take(within, watermarks, immutable=immutable, asked=watermarks.asked_from)
        bad = self._quarantine.unreported(page.bad + taken.twins)
        return Accepted(taken.fresh, [], bad, len(page.arrivals) - len(within), witnessed=witnessed)

    def may_recover(self) -> bool:
        """Whether the gaps of the last page may be looked for elsewhere; count it, if so."""
        return self._watermarks.reach.may_recover(self._watermarks.clock)

    def close(self, gap: Gap) -> None:
        """Forget a gap whose rows were all recovered and handled."""
        span = gaps.span_of(gap)
        self._gaps = gaps.without(self._gaps, span.low, span.high)

    def _prime(self, page: Page) -> Accepted:
        """Count the rows of the first page as handled."""
        for arrival in page.arrivals:
            self._watermarks.known.add(self._in_flight.end_of(arrival), arrival[-1][0][0], arrival[3])
        self._quarantine.unreported(page.bad)
        return Accepted([], self._report(self._judge.begin_after(page)))

    def _report(self, spans: Sequence[Span]) -> list[Gap]:
        return [gaps.public(self.feed, part) for span in spans for part in self._record([span])]

    def _record(self, spans: Sequence[Span]) -> list[Span]:
        """Keep the parts of the spans that were not reported before, and return them."""
        self._gaps, recorded = gaps.recorded(self._gaps, spans, self._watermarks.floor)
        return recorded

    def dumps(self) -> str:
        """Return the state as compact JSON, without the rows in flight, which come again. Its size is O(cap)."""
        return self.state().dumps(self.feed, self.rules.identity)

    def dumps_later(self) -> Callable[[], str]:
        """Return a function that returns what `dumps` would return now. Until it is called it costs little."""
        now = self.state()
        return lambda: now.dumps(self.feed, self.rules.identity)

    @classmethod
    def loads(cls, text: StoredJson, rules: Rules, feed: str) -> Self:
        """Return the cursor that `dumps` saved.

        Raises:
            CursorError: The text is damaged, belongs to another feed, or was written by a newer version.
        """
        return cls._resumed(CursorState.loads(text, feed, rules.identity), rules, feed)

    def fold(self) -> bytes:
        """Return the state as fewer bytes than `dumps`, for `unfold` in this process."""
        return self.state().fold()

    @classmethod
    def unfold(cls, folded: bytes, rules: Rules, feed: str) -> Self:
        """Return the cursor that `fold` made bytes of."""
        return cls._resumed(CursorState.unfold(folded), rules, feed)

    def state(self) -> CursorState:
        """Return what would be saved now."""
        self._settle()
        held, line, looks = self._in_flight.oldest(), self._watermarks.line, copy(self._judge.looks)
        if held is not None and held < (line or held):  # a row that only a look shows comes again with the next
            looks.last = None
        return CursorState.of(
            self._watermarks,
            held=held,
            now=self._from_now,
            primed=self._primed,
            gaps=[*self._gaps],
            bad=[*self._quarantine.digests],
            order=self._judge.order,
            looks=looks,
            doubt=copy(self._judge.doubt),
            sight=copy(self._judge.sight),
            seen_rows=None if self.seen_rows is None else self.seen_rows.dump(),
        )

    @classmethod
    def _resumed(cls, known: CursorState, rules: Rules, feed: str) -> Self:
        cursor = cls(rules, feed=feed)
        known.resume(cursor._watermarks)
        cursor._from_now, cursor._primed, cursor._in_flight.left_behind = known.now, known.primed, known.held
        cursor._gaps, cursor._quarantine = known.gaps, Quarantine(known.bad)
        judge = cursor._judge
        judge.order, judge.looks, judge.doubt, judge.sight = known.order, known.looks, known.doubt, known.sight
        cursor.seen_rows = None if known.seen_rows is None else SeenRows.load(known.seen_rows)
        return cursor
