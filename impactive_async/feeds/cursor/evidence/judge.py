"""What the pages of one feed prove, and what they may have left out."""

from collections.abc import Callable
from typing import ClassVar

from impactive_async.errors import CursorError
from impactive_async.feeds.cursor import gaps, timestamps
from impactive_async.feeds.cursor.evidence.doubt import Doubt
from impactive_async.feeds.cursor.evidence.looks import Looks
from impactive_async.feeds.cursor.evidence.order import Order, tick_and_order_of
from impactive_async.feeds.cursor.evidence.reach import LEAST_CAP
from impactive_async.feeds.cursor.evidence.sight import Sight
from impactive_async.feeds.cursor.evidence.witnesses import CERTAIN, Witnesses, witnesses_of
from impactive_async.feeds.cursor.gap_finder import GapFinder
from impactive_async.feeds.cursor.gaps import Span
from impactive_async.feeds.cursor.page import Page
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.cursor.server_clock import LEEWAY
from impactive_async.feeds.cursor.watermarks import Watermarks


class Judge:
    """Compares pages with what is known, and learns from them how the list behaves.

    Attributes:
        looks: When to ask without `since`.
        sight: How late a row may be and still be shown.
        doubt: A page of which it is open whether it was cut off.
        order: The order of the list's rows; `None`: not known yet.
        unproven: Whether the known rows may be of another workspace, because another key has found them.
    """

    __slots__ = ("_finder", "_tick", "_watermarks", "doubt", "looks", "order", "sight", "unproven")

    looks_type: ClassVar[Callable[..., Looks]] = Looks
    doubt_type: ClassVar[Callable[..., Doubt]] = Doubt

    def __init__(self, rules: Rules, watermarks: Watermarks, finder: GapFinder) -> None:
        self._tick = rules.tick
        self._watermarks = watermarks
        self._finder = finder
        self.looks = self.looks_type()
        self.sight = Sight()
        self.doubt = self.doubt_type()
        self.order: Order | None = None
        self.unproven = rules.unproven

    @property
    def asks_for_look(self) -> bool:
        """Whether the next request is without `since`, although it is known from where on rows are needed."""
        if self.order == "oldest":  # it would show the oldest rows of all
            return False
        watermarks = self._watermarks
        return watermarks.went_back or self.doubt.asks_for_look or self.looks.is_due(watermarks.clock)

    def check_workspace(self, page: Page, *, look: bool) -> None:
        """Compare the first page that another key has asked for with the rows known.

        Raises:
            CursorError: The page shows none of them.
        """
        if not self.unproven:
            return
        seen = witnesses_of(page, self._watermarks, look=look)
        if seen.alive or len(seen.missing) < CERTAIN:
            self.unproven = not seen.alive
            return
        raise CursorError(
            "The cursor was saved with another API key, and the list shows none of the rows that it knows: the "
            "keys are of two workspaces. Give each workspace a store, or each feed a key=, of its own. If they "
            'are of one, whose rows are all new or gone, remove the field "keymark" from the cursor.'
        )

    def learn(self, page: Page) -> None:
        """Learn tick and order from a page that brings something."""
        if page.arrivals:
            self._watermarks.tick, order = tick_and_order_of(page, self._tick)
            self.order = order or self.order

    def lost(self, page: Page, *, first: bool, look: bool) -> list[Span]:
        """Return the spans of which the page may hide rows, or of which an earlier one has.

        Args:
            page: The page.
            first: Whether it is the feed's first one.
            look: Whether it was requested without `since`.
        """
        watermarks, looks = self._watermarks, self.looks
        if not page.none_known and not self.doubt.rows and self._finder.reaches_floor(page, self.order):
            looks.polled(watermarks.clock, look=look, witnessed=True)
            self._count(page, look=look)
            watermarks.reach.saw(len(page), new=len(page.arrivals), cut=False)
            return []
        seen = witnesses_of(page, watermarks, look=look)
        settled = self.doubt.settle(page, self._finder.proven_from(page), look=look) if self.doubt.rows else []
        missed = looks.polled(watermarks.clock, look=look or first, witnessed=seen.alive or not seen.missing)
        self._count(page, look=look or first, first=first)
        hidden = self._hidden(page, seen, first=first)
        if missed and len(seen.missing) >= CERTAIN:
            hidden = self._finder.everything()
        if missed or seen.alive or page.arrivals:
            watermarks.give_up({row_id for _, row_id in seen.missing})
        return [*settled, *hidden]

    def begin_after(self, page: Page) -> list[Span]:
        """Start with what comes after a page, which was requested without `since`, and whose rows are known.

        If it is full, return what it may hide of the overlap.
        """
        watermarks = self._watermarks
        self.looks.polled(watermarks.clock, look=True, witnessed=True)
        self._count(page, look=True, first=True)
        watermarks.reach.saw(len(page), new=0, cut=False)
        watermarks.settle(held=None)
        oldest = min((arrival[0] for arrival in page.arrivals), default=timestamps.BEGINNING)
        watermarks.past.start = min(oldest, watermarks.cut(watermarks.latest_from))
        watermarks.leave_out(watermarks.past.start)
        if not self._finder.is_full(page, first=True):
            return []
        oldest_first = self.order == "oldest"
        proven = watermarks.horizon if oldest_first else self._finder.proven_from(page)
        proven = watermarks.past.start = min(proven, watermarks.horizon + (0 if oldest_first else LEEWAY))
        if oldest_first:  # the page hides newer rows, which the next one would show
            watermarks.raise_line(watermarks.since_for(watermarks.cut(proven)))
        watermarks.leave_out(proven)  # an older row that a later page shows may be history that this page hid
        return gaps.spans((watermarks.cut(watermarks.latest_from), proven, "lookback"))

    def _count(self, page: Page, *, look: bool, first: bool = False) -> None:
        """Count the rows that bring the next look nearer. Those of the first page say nothing of the pace."""
        looks, room = self.looks, self._watermarks.room
        if room >= LEAST_CAP and not first:
            looks.new = max(looks.new, len(page.arrivals))
            looks.left -= len(page.arrivals)
        if look:
            proven = self._finder.proven_from(page)
            looks.left, looks.shown_from = max(1, room // 2, room * 3 // 4 - len(page)), proven
            full = self._finder.is_full(page, first=first)
            self.sight.look(self._watermarks.clock, proven if full else timestamps.BEGINNING)

    def unseen(self) -> list[Span]:
        """Return the span in which rows may be missing that were too late for looks, if it is to be told now."""
        watermarks = self._watermarks
        lateness = watermarks.reach.clear_lateness(watermarks.tick)
        spans = self.sight.to_tell(lateness, watermarks.declared_overlap)
        return [one for low, high, kind in spans for one in gaps.spans((max(low, watermarks.origin), high, kind))]

    def is_stuck(self, page: Page) -> bool:
        """Whether a list that shows its oldest rows first shows known ones alone, and has others."""
        full = page.more or len(page) == self._watermarks.room
        return self.order == "oldest" and full and not page.arrivals

    def _hidden(self, page: Page, seen: Witnesses, *, first: bool) -> list[Span]:
        """Return the spans that the page hides rows of, if it may have been cut off."""
        reach, longest = self._watermarks.reach, self._watermarks.reach.longest
        hidden = self._finder.lost(page, seen, first=first, order=self.order)
        cut = len(page) > 0 and self._finder.was_cut(page, seen)
        full = self._finder.is_full(page, first=first)
        reach.saw(len(page), new=len(page.arrivals), cut=cut)
        if cut or full:
            if first and self.order == "newest":  # what lies before the page is not known
                self._watermarks.past.start = max((span.high for span in hidden), default=timestamps.BEGINNING)
            return hidden
        proven = self._finder.proven_from(page)
        open_ended = not seen.any_known or seen.lacks_before(proven)
        if open_ended and page.arrivals and len(page) >= longest and not _is_history(hidden):
            self.doubt.about(page, hidden, proven)
        return []


def _is_history(spans: list[Span]) -> bool:
    return any(span.kind == "history" for span in spans)
