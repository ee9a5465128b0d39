"""How far back a poll asks: the overlap in effect, and the rows that it may fill a page with.

- A row that was seen late makes the overlap twice as long as it was late.
- An overlap whose known rows leave too little room on a page for new ones is cut down.
- However short the overlap, `WITNESSES` known rows are asked for.
"""

from typing import Final

from attrs import define

from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.server_clock import DATE_RESOLUTION

WITNESSES: Final = 16
"""How many known rows below the frontier each poll asks for again, as proof that nothing is missing since."""
BELOW_FLOOR: Final = 3
"""How many of them lie below the floor. If they are all missing, the page was cut off above the floor."""
UNKNOWN_CAP: Final = 500
"""Rows: taken for the cap where neither the contract nor a page that was cut off tells one."""
LONGEST_LEARNT: Final = timestamps.HOUR
RECOVERIES: Final = 6
"""Pages in an hour whose gaps are looked for in sibling lists."""
SPARE: Final = 6
"""How many overlaps a poll reaches back where that costs less than a quarter of a page."""
LEAST_CAP: Final = 10
"""Rows: no list shows so few, so a shorter page is not taken for one that was cut off, unless rows prove it."""
SHORTEST_SPARE: Final = timestamps.MINUTE


@define
class Reach:
    """What pages have told of how late rows are and how many of them a page can show.

    Attributes:
        lateness: How late a row became visible, at the most, in microseconds.
        cut_at: The length of the last page that was certainly cut off; `None`: there was none.
        longest: The length of the longest page.
        shrunk: Whether the overlap in effect is shorter than it should be, because it would fill the page.
        busy: How many rows of a page were new lately, at the most.
        hour: The hour of the server's time in which the last recovery was.
        recoveries: How many there were in it.
    """

    lateness: int = 0
    cut_at: int | None = None
    longest: int = 0
    shrunk: bool = False
    busy: int = 0
    hour: int = 0
    recoveries: int = 0

    def overlap(self, declared: int) -> int:
        """Return the overlap that the lateness seen asks for, in microseconds."""
        return max(declared, min(2 * self.lateness, LONGEST_LEARNT))

    def needed(self, declared: int) -> int:
        """Return the overlap that finds rows as late as any that was seen, in microseconds."""
        return max(declared, min(self.lateness, LONGEST_LEARNT))

    def spare(self, declared: int) -> int:
        """Return how far behind the frontier rows are asked for if there are few, in microseconds."""
        return min(max(SPARE * declared, SHORTEST_SPARE), max(declared, LONGEST_LEARNT))

    def cap(self, declared: int | None) -> int | None:
        """Return the most rows that a page can have, as far as is known; `None`: it is not.

        What the contract declares is a hint, which a longer page disproves.
        """
        hint = None if declared is None or self.longest > declared else declared
        return self.cut_at if hint is None else min(hint, self.cut_at or hint)

    def room(self, declared: int | None) -> int:
        """Return the most rows that a page can have; of an unknown number, what is likely."""
        return self.cap(declared) or max(UNKNOWN_CAP, self.longest)

    def known_rows(self, declared: int | None) -> int:
        """Return how many known rows from the floor on a page may have, so that new ones have room."""
        room = self.room(declared)
        return max(1, room // 2, min(room * 3 // 4, room - room // 8 - self.busy))

    def saw(self, rows: int, *, new: int, cut: bool) -> None:
        """Learn from a page's length, and from how many of its rows are new."""
        self.busy = max(new, self.busy * 3 // 4)
        self.longest = max(self.longest, rows)
        if cut and rows >= LEAST_CAP:
            self.cut_at = rows
        elif self.cut_at is not None and rows > self.cut_at:
            self.cut_at = None

    def may_recover(self, clock: int | None) -> bool:
        """Whether a recovery is within its budget at this time of the server; count it, if so."""
        hour = 0 if clock is None else clock // timestamps.HOUR
        self.recoveries = self.recoveries + 1 if hour == self.hour else 1
        self.hour = hour
        return self.recoveries <= RECOVERIES

    def clear_lateness(self, tick: int) -> int:
        """Return how late a row was at the most; 0 if that is within what timestamps and `Date` are cut off by."""
        return self.lateness if self.lateness > tick + DATE_RESOLUTION else 0

    def saw_late(self, lateness: int) -> None:
        """Learn that a row became visible so many microseconds, or more, behind its timestamp."""
        self.lateness = max(self.lateness, lateness)


def witnesses(room: int) -> int:
    """Return how many known rows a poll of a list asks for that shows so many rows."""
    return min(WITNESSES, max(2, room // 4))


def below_floor(room: int) -> int:
    """Return how many known rows below the floor it asks for."""
    return min(BELOW_FLOOR, max(1, room // 8))
