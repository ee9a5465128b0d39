"""A page of which nobody can tell yet whether it was whole.

The first rows of a list that was empty have no witness; and a longer page than all before may lack a row known
because it was deleted, or because the page was cut off. If it was cut off, its length was the cap. A longer page
proves that it was not. A look that shows just as many rows, although another row has come since, proves that it
was.
"""

from attrs import define

from impactive_async.feeds.cursor.evidence.past import digest, digests_in
from impactive_async.feeds.cursor.evidence.reach import LEAST_CAP
from impactive_async.feeds.cursor.gaps import Span
from impactive_async.feeds.cursor.page import Page


@define
class Doubt:
    """A page in doubt.

    Attributes:
        rows: Its length; 0: no page is in doubt.
        low, high: The span that it may hide rows of, in microseconds.
        ids: Digests of its ids.
        grown: Whether another row has come since.
    """

    rows: int = 0
    low: int = 0
    high: int = 0
    ids: str = ""
    grown: bool = False

    @property
    def asks_for_look(self) -> bool:
        """Whether a look would now settle it."""
        return self.rows > 0 and self.grown

    def about(self, page: Page, spans: list[Span], proven: int) -> None:
        """Doubt a page that may hide these spans, and whatever lies before `proven`.

        Spans end at the server's time. If that is guessed, it may be before the rows that the page hides.
        """
        if len(page) >= LEAST_CAP and spans:
            self._take(page, spans[0].low, max(spans[-1].high, proven))

    def _take(self, page: Page, low: int, high: int) -> None:
        self.rows, self.grown, self.low, self.high = len(page), False, low, high
        self.ids = "".join(digest(row_id, "") for row_id in page.ids if row_id is not None)

    def settle(self, page: Page, proven: int, *, look: bool) -> list[Span]:
        """Compare a page after the one in doubt; return the span if it shows that the page in doubt was cut off.

        A longer page that shows what that page hid may have been cut off itself, by a cap that has grown.

        Args:
            page: The page.
            proven: It shows all rows from this moment on.
            look: Whether it was requested without `since`.
        """
        if len(page) > self.rows:
            if page.arrivals and self.low <= page.arrivals[0][0] < min(self.high, proven):
                self._take(page, self.low, proven)
            else:
                self.clear()
            return []
        ids = digests_in(self.ids)
        self.grown = self.grown or any(digest(row_id, "") not in ids for *_, ((row_id, _), _) in page.arrivals)
        if not look or not self.grown:
            return []
        cut = [Span(self.low, self.high, "overflow")] if len(page) == self.rows else []
        self.clear()
        return cut

    def clear(self) -> None:
        """Doubt no page."""
        self.rows, self.ids, self.grown = 0, "", False
