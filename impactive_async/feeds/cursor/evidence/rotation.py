"""Whether a list without `since` is whole, although a page of it showed nothing that was known before.

The rows that came since the page before may all be shown, or only the newest of them. If the list is cut, it stays
as long as it was while rows come, and for each that comes another leaves. A longer page shows that it is not.
"""

from __future__ import annotations

from typing import Any, Self

from attrs import define

from impactive_async.feeds.cursor import saved_text as state
from impactive_async.feeds.cursor.evidence.reach import LEAST_CAP
from impactive_async.feeds.cursor.gaps import Span


@define
class Rotation:
    """A page in doubt.

    Attributes:
        rows: Its length; 0: no page is in doubt.
        low, high: The span that it may hide rows of, in microseconds.
    """

    rows: int = 0
    low: int = 0
    high: int = 0

    def doubt(self, rows: int, low: int, high: int) -> None:
        """Doubt a page."""
        if rows >= LEAST_CAP:
            self.rows, self.low, self.high = rows, low, high

    def settle(self, rows: int, *, came: bool, left: bool) -> list[Span]:
        """Compare the length of a later page; return the span if it shows that the one in doubt was cut off.

        Args:
            rows: Its length.
            came: Whether it shows rows that are new.
            left: Whether it lacks rows that the page before showed.
        """
        if rows == self.rows and not (came and left):
            return []
        cut = [Span(self.low, self.high, "overflow")] if rows == self.rows else []
        if cut or rows > self.rows:
            self.rows = 0
        return cut

    def dump(self) -> list[int] | None:
        """Return it as JSON; `None`: no page is in doubt."""
        return [self.rows, self.low, self.high] if self.rows else None

    @classmethod
    def load(cls, value: Any) -> Self:
        """Return what `dump` has made JSON of.

        Raises:
            CursorError: It makes no sense.
        """
        if value is None:
            return cls()
        if len(value) != 3 or not all(type(number) is int for number in value):
            raise state.damaged("doubt")
        return cls(*value)
