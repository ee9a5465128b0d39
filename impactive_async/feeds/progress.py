"""How far a feed has come: frontier, floor and the `since` to ask with. None of them ever goes back."""

from typing import Final

from attrs import define, field

from impactive_async.feeds import gaps, timestamps
from impactive_async.feeds.gaps import Span
from impactive_async.feeds.known import Known
from impactive_async.feeds.server_clock import DATE_RESOLUTION

WITNESSES: Final = 2  # known rows kept within the ask below the frontier, as proof of contiguity
FAR_FUTURE: Final = timestamps.parse("2100-01-01T00:00:00Z")


@define
class Progress:
    """The moments of one feed, in microseconds.

    `held`, wherever it is asked for, is the timestamp of the oldest row handed out and not yet handled.

    Attributes:
        tick: Precision: timestamps are cut down to it, never rounded up.
        overlap: How late a row may become visible.
        origin: Rows before it are none of the feed's.
        floor: From here on the server shows every row it has, but for its cap.
        line: The `since` to ask with, a tick below the floor; `None` asks for everything. When a coarser tick is
            learnt, both stay where they are until the frontier has moved on enough.
        frontier: The newest tick at or below which every row shown has been handled.
        clock: The server's, as last told.
        known: The handled versions from `line` on.
    """

    tick: int
    overlap: int
    origin: int = timestamps.BEGINNING
    floor: int = timestamps.BEGINNING
    line: int | None = None
    frontier: int | None = None
    clock: int | None = None
    known: Known = field(factory=Known)

    def settle(self, held: int | None) -> None:
        """Move frontier and floor up to what has been handled."""
        newest = self.known.newest_before(self.horizon if held is None else min(self.horizon, self.cut(held)))
        if newest is None:
            return
        self.frontier = self.cut(newest) if self.frontier is None else max(self.frontier, self.cut(newest))
        witness = self.known.newest_before(self.frontier, WITNESSES)
        if witness is not None:
            floor = min(self.latest_from, witness, witness if held is None else held)
            self.raise_floor(self.cut(floor))

    def since_for(self, floor: int) -> int:
        """One tick early, `>` and `>=`, truncating and rounding servers all show every row from the floor on."""
        return floor - self.tick

    def start_at(self, moment: int) -> None:
        """Leave out all rows before a moment; its own tick belongs to the feed."""
        self.origin = self.floor = self.cut(moment)
        self.line = self.since_for(self.floor)

    def leave_out(self, moment: int) -> None:
        """Have nothing to do with rows before a moment any more."""
        self.origin = max(self.origin, moment)
        self.floor = max(self.floor, moment)

    def raise_floor(self, floor: int) -> None:
        """Ask from `floor` on, unless that would go back, and forget what is no longer shown."""
        line = self.since_for(floor)
        if self.line is None or line > self.line:
            self.line, self.floor = line, max(self.floor, floor)
            self.known.forget_before(self.cut(line))

    def cut(self, at: int) -> int:
        """The tick a timestamp lies in."""
        return at - at % self.tick

    @property
    def horizon(self) -> int:
        """Rows at or after it are from the future: delivered, but no proof that time has got there.

        With no time told at all (feeds always tell one), a date that no clock shows yet at least moves nothing.
        """
        return FAR_FUTURE if self.clock is None else self.clock + DATE_RESOLUTION

    @property
    def horizon_tick(self) -> int:
        """The first tick that lies wholly in the future."""
        return self.cut(self.horizon) + self.tick

    @property
    def latest_from(self) -> int:
        """The oldest timestamp a row that is not visible yet can bear, if rows are late by at most the overlap.

        The `Date` header may lag behind the frontier by its resolution, so the older of the two counts.
        """
        moments = [moment for moment in (self.frontier, self.clock) if moment is not None]
        return min(moments, default=timestamps.BEGINNING) - self.overlap

    @property
    def asked_from(self) -> int:
        """Rows before it were not asked for: they are known and forgotten, or none of the feed's."""
        return self.cut(self.origin if self.line is None else max(self.origin, self.line))

    @property
    def line_tick(self) -> int:
        """Rows before it are shown only by a server that ignores `since`."""
        return timestamps.BEGINNING if self.line is None else self.cut(self.line)

    def tell(self, clock: int | None, fell_back: int, wanted: int) -> list[Span]:
        """Learn the server's time; return where rows may have been stamped unseen because its clock fell back.

        That is below the floor, down to the lowest it has shown, and by the overlap further, as rows may have been
        late besides. A clock that fell back by less than the overlap makes no gap: several servers seldom agree to
        the second, and the overlap is there for that too.

        Args:
            clock: What it shows now; `None` if nothing new is known.
            fell_back: By how much it has gone back since it was last told, whatever it shows now.
            wanted: Rows stamped before it were not asked for from the start.
        """
        before, self.clock = self.clock, self.clock if clock is None else clock
        if self.clock is None or before is None:
            return []
        lowest = min(self.clock, before - fell_back)
        if before - lowest <= self.overlap + DATE_RESOLUTION and self.floor <= lowest + DATE_RESOLUTION:
            return []
        return gaps.spans((max(self.cut(lowest - self.overlap), wanted), self.floor, "lookback"))

    def shed(self, bound: int, held: int | None) -> list[Span]:
        """Keep at most `bound` known versions, raising the floor if need be: late rows then have less time.

        Rows sharing the frontier's own tick are kept whatever their number: they are told apart only by this.
        """
        if len(self.known) > bound:
            self.known.forget_superseded()
        if len(self.known) <= bound or self.frontier is None:
            return []
        before = self.floor
        excess = self.known.entries()[-bound - 1][0]
        highest = self.frontier if held is None else min(self.frontier, self.cut(held))
        self.raise_floor(min(self.cut(excess) + 2 * self.tick, highest))
        return [Span(before, self.floor, "lookback")] if before < self.floor else []
