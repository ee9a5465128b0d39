"""The spans of time of which a page may have been too full to show every row."""

from typing import Final

from impactive_async.feeds.cursor import gaps, timestamps
from impactive_async.feeds.cursor.evidence.order import Order, proven_from
from impactive_async.feeds.cursor.evidence.witnesses import CERTAIN, Witnesses
from impactive_async.feeds.cursor.gaps import Span
from impactive_async.feeds.cursor.page import Page, moments
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.cursor.watermarks import Watermarks

POSSIBLE_CAPS: Final = (100, 500)
"""Sizes at which a page of a list of unknown cap may have been cut off (A7)."""
LEAST_PLAUSIBLE_CAP: Final = 50
"""Rows: of a list of unknown cap, a shorter page that comes again to the byte hides nothing new."""


class GapFinder:
    """Finds the gaps of pages, by the rules of the list and the watermarks of the feed. It changes neither."""

    __slots__ = ("_rules", "_watermarks")

    def __init__(self, rules: Rules, watermarks: Watermarks) -> None:
        self._rules = rules
        self._watermarks = watermarks

    @property
    def most_rows(self) -> int:
        """The most rows that a page can have, as far as is known."""
        return self._rules.cap or max(POSSIBLE_CAPS)

    def reaches_floor(self, page: Page, order: Order | None) -> bool:
        """Whether a page shows all there is from the floor on, because its last row lies below it.

        That is how nearly all pages end, and to see it one timestamp is read. A row that is printed less exactly
        than the others, such as one with a date alone, may lie anywhere in its day, and shows nothing.
        """
        last, tick = page.stamps[-1] if page.stamps and order == "newest" else None, self._watermarks.tick
        try:
            exact = last is not None and timestamps.precision(last) <= tick
            return exact and timestamps.parse(str(last)) + tick <= self._watermarks.floor
        except (ValueError, OverflowError):
            return False

    def lost(self, page: Page, seen: Witnesses, *, first: bool, order: Order | None) -> list[Span]:
        """Return the spans of which a page that was cut off may hide rows.

        They end at the server's time. Rows of the future that hide others hide them at the next poll too, and are
        reported then. If the oldest row comes first, the page hides rows that the next one shows.

        Args:
            page: The page.
            seen: What it shows of the rows known.
            first: Whether it is the feed's first one.
            order: The order of the list's rows, if it is known.
        """
        if order == "oldest" and self._begins_at_line(page, seen):
            return []
        watermarks = self._watermarks
        low, high = watermarks.floor, min(self.proven_from(page), watermarks.horizon)
        if first:  # rows from the feed's start on that are missing are lost, and not history
            asked_for = watermarks.origin > timestamps.BEGINNING
            return gaps.spans((low, high, "overflow" if asked_for else "history"))
        if watermarks.frontier is not None:
            low = max(low, watermarks.needed_from)
        reached = (low, watermarks.frontier, seen.newest if order == "newest" else None)
        frontier = max(moment for moment in reached if moment is not None)
        return gaps.spans((low, min(high, frontier), "lookback"), (max(low, frontier), high, "overflow"))

    def _begins_at_line(self, page: Page, seen: Witnesses) -> bool:
        """Whether a page whose oldest row comes first begins with the known rows that were asked for.

        Otherwise it shows the newest rows all the same, and only prints the oldest first.
        """
        oldest = min((at for at in moments(page.stamps) if at is not None), default=timestamps.BEGINNING)
        return seen.alive and sum(at < oldest for at, _ in seen.missing) < CERTAIN

    def everything(self) -> list[Span]:
        """Return the span since the frontier, of which nothing is known if no known row is shown any more."""
        watermarks = self._watermarks
        low = watermarks.floor if watermarks.frontier is None else max(watermarks.floor, watermarks.frontier)
        return gaps.spans((low, watermarks.horizon, "overflow"))

    def is_full(self, page: Page, *, first: bool) -> bool:
        """Return whether the page is as long as a page can be, or says that there is more.

        A page that is longer disproves the cap. Then it is judged by its witnesses, of which the first has none.
        """
        cap = self._watermarks.reach.cap(self._rules.cap)
        if cap is None:
            return page.more or len(page) in POSSIBLE_CAPS
        return page.more or len(page) == cap or (first and len(page) > cap)

    def was_cut(self, page: Page, witnesses: Witnesses) -> bool:
        """Return whether rows are missing that the page should show, so that it must have been cut off."""
        return witnesses.prove_cut(len(page), self._watermarks.reach.longest, self.proven_from(page))

    def proven_from(self, page: Page) -> int:
        """Return the moment from which on a page that was cut off shows every row for certain."""
        proven = proven_from(page, self._watermarks.tick)
        return self._watermarks.horizon if proven is None else proven
