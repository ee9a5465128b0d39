"""How far a feed has come: frontier, floor, and the `since` of the next poll.

They go back only when the server's clock does: then what was believed of the present was wrong.
"""

from collections.abc import Collection
from typing import Final

from attrs import define, evolve, field

from impactive_async.feeds.cursor import gaps, timestamps
from impactive_async.feeds.cursor.evidence.past import Past
from impactive_async.feeds.cursor.evidence.reach import Reach, below_floor, witnesses
from impactive_async.feeds.cursor.gaps import Span
from impactive_async.feeds.cursor.page import Page
from impactive_async.feeds.cursor.seen_versions import RowId, SeenVersions
from impactive_async.feeds.cursor.server_clock import DATE_RESOLUTION

FAR_FUTURE: Final = timestamps.parse("2100-01-01T00:00:00Z")
"""Microseconds. Rows dated later are from the future, even if the server's time was never told."""


@define
class Watermarks:
    """The moments of one feed, in microseconds.

    The argument `held` of the methods is the timestamp of the oldest row in flight; `None`: there is none.

    Attributes:
        tick: The precision of the list's timestamps. Timestamps are cut down to it.
        declared_overlap: How late a row may become visible, behind its own timestamp, if none was seen later.
        declared_cap: The most rows that a page can have, by the contract; `None`: unknown.
        immutable: Whether a row never changes.
        origin: The feed starts here: older rows do not belong to it.
        floor: Rows from here on are asked for again. The server shows all of them that its cap allows.
        line: The `since` of the next poll, at least a tick below the floor; `None` asks for everything. Between
            line and floor are rows that serve as witnesses, and late ones that cost nothing.
        frontier: The newest tick up to which every row shown has been handled.
        clock: The server's time, as it was told last.
        known: The handled versions from `line` on.
        past: The handled versions before that.
        reach: How late rows are, and how many a page can show.
        went_back: Whether the server's clock has gone back since the last page that was asked for without `since`.
    """

    tick: int
    declared_overlap: int
    declared_cap: int | None = None
    immutable: bool = False
    origin: int = timestamps.BEGINNING
    floor: int = timestamps.BEGINNING
    line: int | None = None
    frontier: int | None = None
    clock: int | None = None
    known: SeenVersions = field(factory=SeenVersions)
    past: Past = field(factory=Past)
    reach: Reach = field(factory=Reach)
    went_back: bool = False

    @property
    def overlap(self) -> int:
        """How late, in microseconds, a row may become visible and still be found, if its page has room."""
        return self.reach.overlap(self.declared_overlap)

    @property
    def room(self) -> int:
        """How many rows a page can have."""
        return self.reach.room(self.declared_cap)

    def recognised(self, page: Page, *, look: bool) -> Page:
        """Return the page without the versions that were handled before those known.

        Args:
            page: The page.
            look: Whether it may show rows that are not asked for.
        """
        past, arrivals = self.past, page.arrivals
        if not arrivals or not (look or self.asked_from < past.end or arrivals[0][0] <= past.newest):
            return page
        others, again = past.without(arrivals, immutable=self.immutable)
        if not again:
            return page
        for at, _, _, stamp, ((row_id, _), _) in again if self.went_back else ():
            self.known.add(at, row_id, stamp)
        return evolve(page, arrivals=others, none_known=False)

    def settle(self, held: int | None) -> None:
        """Raise frontier and floor to the rows that have been handled."""
        newest = self.known.newest_before(self.horizon if held is None else min(self.horizon, self.cut(held)))
        if newest is None or self.went_back:
            return
        self.frontier = self.cut(newest) if self.frontier is None else max(self.frontier, self.cut(newest))
        self.raise_floor(self.cut(min(self.latest_from, self.latest_from if held is None else held)))

    def raise_floor(self, floor: int) -> None:
        """Ask for all rows from `floor` on, unless that would go back, and for witnesses below."""
        self.floor = floor = max(self.floor, floor)
        oldest = self._oldest_witness(floor)
        if oldest is not None:
            self.raise_line(self.since_for(self.cut(min(floor, oldest))))

    def _oldest_witness(self, floor: int) -> int | None:
        """Return the timestamp of the oldest known row to be asked for; `None` if there are too few."""
        known, room, frontier = self.known, self.room, self.frontier
        if frontier is None:
            return None
        newest_ones = known.newest_latest_before(frontier, witnesses(room))
        lower_ones = known.newest_latest_before(floor, below_floor(room))
        if newest_ones is None or lower_ones is None:
            return None
        spare = max(frontier - self.reach.spare(self.declared_overlap), self._ranked(room // 4))
        return min(newest_ones, lower_ones, max(spare, timestamps.BEGINNING))

    def _ranked(self, rank: int) -> int:
        """Return the timestamp of the known row of this rank below the frontier; the oldest, if there are less."""
        assert self.frontier is not None  # noqa: S101 - asked for where there is one
        moment = self.known.newest_before(self.frontier, rank) if rank else self.frontier
        return timestamps.BEGINNING if moment is None else moment

    def raise_line(self, line: int) -> None:
        """Ask from `line` on, unless that would go back, and put the versions away that are asked for no more."""
        if self.line is None or line > self.line:
            self.line, end = line, self.cut(line)
            self.forget_before(end)

    def step_over(self, newest: int) -> list[Span]:
        """Ask from the newest row of a page on, which shows the oldest first and has room for known rows alone.

        Return the span in which late rows are now out of reach; or, if that is as far as requests can tell rows
        apart, the tick whose other rows no request can show.
        """
        line, self.line = self.line, None
        tick = self.cut(newest)
        if line is None or line < self.since_for(tick):
            self.raise_line(self.since_for(tick))
            self.reach.shrunk = True
            return [Span(self.floor, tick, "lookback")] if self.floor < tick else []
        self.raise_line(line + self.tick)
        return [Span(tick, tick + self.tick, "overflow")]

    def forget_before(self, end: int) -> None:
        """Put the known versions away that are older than `end`."""
        self.past.remember(self.known.forget_before(end), end, immutable=self.immutable, most=self.room)

    def give_up(self, row_ids: Collection[RowId]) -> None:
        """Expect some known rows no more: they were deleted, or the list does not show them."""
        gone = self.known.forget(row_ids)
        self.past.remember(gone, self.past.end, immutable=self.immutable, most=self.room)

    def since_for(self, floor: int) -> int:
        """Return the `since` that shows every row from the floor on.

        It is one tick early. So it does not matter whether the server compares with `>` or `>=`, nor whether it
        cuts timestamps off or rounds them.
        """
        return floor - self.tick

    def start_at(self, moment: int) -> None:
        """Leave out all rows before a moment. Rows of the moment's own tick belong to the feed."""
        self.origin = self.floor = self.cut(moment)
        self.line = self.since_for(self.floor)

    def leave_out(self, moment: int) -> None:
        """Leave out all rows before a moment from now on."""
        self.origin = max(self.origin, moment)
        self.floor = max(self.floor, min(moment, self.horizon))

    def cut(self, at: int) -> int:
        """Return the start of the tick that a timestamp lies in."""
        return at - at % self.tick

    @property
    def horizon(self) -> int:
        """Rows at or after this moment are from the future.

        They are delivered, but they do not prove that the server's time has got there. Without a server's time the
        horizon is `FAR_FUTURE`.
        """
        return FAR_FUTURE if self.clock is None else self.clock + DATE_RESOLUTION

    @property
    def latest_from(self) -> int:
        """The oldest timestamp of a row that is not visible yet, if rows are late by at most the overlap.

        The `Date` header may be up to its resolution behind the frontier, so the older of the two counts.
        """
        moments = [moment for moment in (self.frontier, self.clock) if moment is not None]
        return min(moments, default=timestamps.BEGINNING) - self.overlap

    @property
    def needed_from(self) -> int:
        """The oldest tick of which rows may be missing that are no later than any that was seen."""
        return self.cut(self.latest_from + self.overlap - self.reach.needed(self.declared_overlap))

    @property
    def asked_from(self) -> int:
        """Rows before this moment are not asked for, and not delivered if they are shown all the same."""
        return self.cut(self.origin if self.line is None else max(self.origin, self.line))

    @property
    def line_tick(self) -> int:
        """Only a server that ignores `since` shows rows before this moment."""
        return timestamps.BEGINNING if self.line is None else self.cut(self.line)

    def tell(self, clock: int | None, fell_back: int) -> int | None:
        """Learn the server's time; return the lowest time that its clock has shown, if it fell back too far.

        Args:
            clock: The server's time now, in microseconds; `None`: nothing new is known of it.
            fell_back: By how many microseconds the clock has gone back since it was last told.
        """
        lowest = self.lowest_of(clock, fell_back)
        self.clock = self.clock if clock is None else clock
        return lowest

    def lowest_of(self, clock: int | None, fell_back: int) -> int | None:
        """Return what `tell` would return, and learn nothing.

        A row that the clock stamps below the floor is not asked for. A clock that fell back by less than the
        overlap does no harm: the clocks of several servers differ by seconds, and the overlap covers that too.
        """
        before = self.clock
        if before is None:
            return None
        lowest = min(before if clock is None else clock, before - fell_back)
        near = before - lowest <= self.declared_overlap + DATE_RESOLUTION
        return None if near and self.floor <= lowest + DATE_RESOLUTION else lowest

    def go_back(self, lowest: int, wanted: int) -> list[Span]:
        """Ask again from before the moment `lowest`, which the server's clock has shown after a later one.

        Rows stamped by the slower clock lie below the floor, and so may all rows since an answer that was ahead of
        its time. The next poll is without `since`, and those known are recognised by `past`; so are those that the
        faster clock has stamped, which are not expected under these stamps. Return the span that lies too far
        back for that.

        Args:
            lowest: Microseconds.
            wanted: Rows stamped before this moment do not belong to the feed.
        """
        handled = [self.known.newest_before(lowest + DATE_RESOLUTION), self.past.newest]
        within = (at for at in handled if at is not None and at <= lowest + DATE_RESOLUTION)
        newest = max((at for at in within if at > timestamps.BEGINNING), default=lowest)
        self.frontier = None if self.frontier is None else min(self.frontier, self.cut(newest))
        low = max(self.cut(min(lowest, newest) - self.overlap), wanted)
        self.give_up({row_id for _, row_id in self.known.latest_from(lowest + DATE_RESOLUTION)})
        self.past.go_back(low, lowest)
        before, self.floor = self.floor, min(self.floor, max(low, self.origin, self.past.start))
        self.went_back = True
        self.reach.lateness = 0  # it may have been measured by a clock that was wrong
        if self.line is not None:
            self.line = min(self.line, self.since_for(self.floor))
        return gaps.spans((max(low, self.cut(lowest - self.overlap)), min(self.floor, before), "lookback"))

    def shed(self, bound: int, held: int | None) -> list[Span]:
        """Leave room for new rows on a page; return the span in which late ones are now out of reach.

        The floor is raised where that is needed. All versions of the frontier's own tick are kept, however many
        they are, because nothing else tells them apart.

        Args:
            bound: How many versions are kept at the most, those included that were replaced by newer ones.
            held: See the class.
        """
        if len(self.known) > bound:
            gone = self.known.forget_superseded()
            self.past.remember(gone, self.past.end, immutable=self.immutable, most=self.room)
        room = self.reach.known_rows(self.declared_cap)
        if self.frontier is None or self.went_back or self.known.count_from(self.floor) <= room:
            self.reach.shrunk = self.reach.shrunk and self.known.count_from(self.floor) > room // 2
            return []
        overlapping = self.known.latest_from(self.floor)[-room:]
        self.reach.shrunk = True
        before = max(self.floor, self.needed_from if held is None else min(self.needed_from, self.cut(held)))
        highest = self.frontier if held is None else min(self.frontier, self.cut(held))
        self.raise_floor(min(self.cut(overlapping[0][0]), highest))
        return [Span(before, self.floor, "lookback")] if before < self.floor else []
