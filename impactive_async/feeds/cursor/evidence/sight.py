"""How late a row could be and still be shown, and since when rows may have been later than that.

A look shows what became visible since the look before, down to the oldest row of its page. A row that is later is
shown by nothing. If none so late was ever seen, pages are taken to reach far enough. If rows turn out to be later
than pages have reached lately, some may be missing. And if they are seen nearly as late as pages reach, there may
be later ones: that is told at once, and once an hour as long as it goes on.
"""

from typing import Final

from attrs import define

from impactive_async.feeds.cursor import gaps, timestamps
from impactive_async.feeds.cursor.gaps import Span

EVERY: Final = timestamps.HOUR
"""How far looks have reached is remembered for an hour, or for two."""
SHORT: Final = 3
"""Looks: a burst of rows makes one or two reach less far."""
LATEST: Final = timestamps.HOUR
"""How late rows may be that are later than any that was shown."""


@define
class Sight:
    """How far looks have reached, in microseconds.

    Attributes:
        looked: The server's time at the last look.
        low: It showed all rows from this moment on.
        last: It showed the rows that were at most so late.
        since, reached: Each look since that moment has shown the rows that were at most so late.
        earlier, reached_earlier: The same of the hour before.
        lateness: How late a row was at the most, at the last look.
        short: How many looks since `since` have reached less far than that, or hardly farther.
        told: How late a row was at the most when it was told last that there may be later ones; 0: it never was.
    """

    looked: int = timestamps.BEGINNING
    low: int = timestamps.BEGINNING
    last: int = timestamps.END
    since: int = timestamps.BEGINNING
    reached: int = timestamps.END
    earlier: int = timestamps.BEGINNING
    reached_earlier: int = timestamps.END
    lateness: int = 0
    short: int = 0
    told: int = 0

    @property
    def is_limit(self) -> bool:
        """Whether rows are as late as looks reach, so that nobody knows how late they are; or were once."""
        return self.short >= SHORT or self.told > 0

    def look(self, clock: int | None, low: int) -> None:
        """Count a look.

        Args:
            clock: The server's time; `None`: not known.
            low: The page shows all rows from this moment on.
        """
        if clock is None or (low == timestamps.BEGINNING and self.reached == self.reached_earlier):
            return  # nothing is worth remembering of a list that was always shown as a whole
        if self.looked > timestamps.BEGINNING:
            self.last = self.looked - low
            self.reached = min(self.reached, self.last)
        else:
            self.since = clock
        self.looked, self.low = max(clock, self.looked), low

    def blind(self) -> list[Span]:
        """Return the span in which rows may be missing that were later than pages reached; empty: none may."""
        nearly = _nearly(self.lateness)
        if min(self.reached, self.reached_earlier) >= nearly:
            return []
        since = self.earlier if self.reached_earlier < nearly else self.since
        return gaps.spans((since - LATEST, self.low, "lookback"))

    def to_tell(self, lateness: int, overlap: int) -> list[Span]:
        """Return the same if it is to be told now.

        Args:
            lateness: How late a row was at the most, until now.
            overlap: Rows that are no later than this are asked for by each poll, and told if a page has no room.
        """
        learnt, self.lateness = lateness > max(self.lateness, overlap), lateness
        self.short += self.last < _nearly(lateness)
        over = self.looked - self.since >= EVERY
        told = self.blind() if learnt or (self.is_limit and (over or lateness > self.told)) else []
        self.told = lateness if told else self.told
        if told or over:
            self.earlier, self.reached_earlier = self.since, timestamps.END if told else self.reached
            self.since, self.reached, self.short = self.looked, timestamps.END, 0
        return told


def _nearly(lateness: int) -> int:
    return lateness + lateness // 8
