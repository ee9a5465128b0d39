"""Who is on a list, so that it can be told who has left it.

Only a page that shows the whole list proves that a row is gone. Two such pages in a row must lack it, because a
replica may lag behind. A page that lacks most of the rows known may be a fault of the server's, so then it takes
`MANY_LOOKS`. A list that stays as long as it was although rows leave it may be cut off at that length: for each
that comes another leaves. Until its length is another one, it proves nothing.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final, Self

from impactive_async._codec.lists import USUAL_CAPS
from impactive_async.feeds.cursor import saved_text as state
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.evidence.reach import LEAST_CAP
from impactive_async.feeds.cursor.evidence.witnesses import CERTAIN
from impactive_async.feeds.cursor.page import Page
from impactive_async.feeds.cursor.seen_versions import RowId, is_id
from impactive_async.models.gap import Removed

LOOKS: Final = 2
"""Pages in a row that lack a row which is gone."""
MANY_LOOKS: Final = 10
"""Pages in a row that lack a row which is gone, if they lack most rows."""
EVERY: Final = 10 * timestamps.MINUTE
"""How often a list that is asked for with `since` is looked at as a whole."""
_DOUBTED: Final = frozenset({*USUAL_CAPS, 40, 500, 1000})
"""A page of such a length may not be the whole list."""
_MOST: Final = 4
"""Rows remembered, as a multiple of what a page shows."""
_LEAST: Final = 1000


def is_short(rows: int, cap: int | None) -> bool:
    """Whether a page of so many rows was not cut off, by its length alone."""
    return rows not in _DOUBTED and (cap is None or rows < cap)


class SeenRows:
    """The rows that a list has shown, each with the server's time at the last page that did."""

    __slots__ = ("_cut_at", "_in_hand", "_length", "_missed", "_seen", "_whole", "looked")

    def __init__(self) -> None:
        self._seen: dict[RowId, int] = {}
        self._missed: dict[RowId, int] = {}  # whole pages in a row without the row
        self._in_hand: set[RowId] = set()  # those reported and not handled
        self._whole = False  # whether the last page showed the whole list
        self._length = 0  # of the last page that seemed to show it
        self._cut_at = 0  # the length at which it may be cut off; 0: there is none
        self.looked: int | None = None
        """The server's time at the last page that showed the whole list, in microseconds."""

    def wants_look(self, clock: int | None) -> bool:
        """Whether the next page should be the whole list, at this time of the server."""
        if self._missed.keys() - self._in_hand:
            return True
        return self.looked is not None and clock is not None and clock - self.looked >= EVERY

    def show_page(self, page: Page, cap: int | None, at: int | None, *, look: bool) -> list[tuple[RowId, Removed]]:
        """Take a page of a list with `since`; see `show`. With `look`, it was asked for without `since`."""
        ids = [row_id for row_id in page.ids if row_id is not None]
        whole = look and len(ids) == len(page) and not page.more and is_short(len(page), cap)
        return self.show(ids, at or 0, whole=whole)

    def show(self, ids: Collection[RowId], at: int, *, whole: bool) -> list[tuple[RowId, Removed]]:
        """Take a page; return the rows that are gone and were not reported before.

        Args:
            ids: The rows that it shows.
            at: The server's time, in microseconds; 0: it was never told.
            whole: Whether these are certainly all rows of the list.
        """
        shown = {*ids}
        absent = self._seen.keys() - shown
        whole = whole and not self._may_be_cut(len(shown), absent)
        alive = len(absent) < CERTAIN or len(absent) * 2 <= len(self._seen)
        self._seen.update(dict.fromkeys(shown, at))
        for row_id in shown & self._missed.keys():
            del self._missed[row_id]
        gone = self._miss(sorted(absent, key=str), alive=alive) if whole else []
        self._whole, self.looked = whole, at if whole else self.looked
        self._forget(max(_LEAST, _MOST * len(shown)))
        return gone

    def _may_be_cut(self, length: int, absent: Collection[RowId]) -> bool:
        """Whether a page that seems whole has a length at which rows leave the list when others come."""
        rotates = length == self._length >= LEAST_CAP and not self._missed.keys() >= {*absent}
        self._length = length
        self._cut_at = length if rotates or length == self._cut_at else 0
        return self._cut_at > 0

    def show_again(self, at: int) -> list[tuple[RowId, Removed]]:
        """Take the page before once more."""
        return self.show([row_id for row_id in self._seen if row_id not in self._missed], at, whole=self._whole)

    def _miss(self, absent: Iterable[RowId], *, alive: bool) -> list[tuple[RowId, Removed]]:
        gone = []
        for row_id in absent:
            self._missed[row_id] = looks = self._missed.get(row_id, 0) + 1
            if looks >= (LOOKS if alive else MANY_LOOKS) and row_id not in self._in_hand:
                self._in_hand.add(row_id)
                at = self._seen[row_id]
                gone.append((row_id, Removed(str(row_id), timestamps.moment(at) if at else None)))
        return gone

    def handled(self, row_id: RowId) -> None:
        """Forget a row whose removal was handled."""
        self._in_hand.discard(row_id)
        if self._missed.pop(row_id, None) is not None:
            self._seen.pop(row_id, None)

    def _forget(self, most: int) -> None:
        """Forget the rows that were shown least recently, of a list that is too long to be seen as a whole."""
        if len(self._seen) > most:
            oldest = sorted(self._seen, key=self._seen.__getitem__)[: len(self._seen) - most]
            for row_id in oldest:
                del self._seen[row_id]
                self._missed.pop(row_id, None)

    def dump(self) -> list[Any]:
        """Return it as JSON. What is in hand is reported again."""
        rows = [[row_id, at, self._missed.get(row_id, 0)] for row_id, at in self._seen.items()]
        return [self.looked, rows, self._whole, self._length, self._cut_at]

    @classmethod
    def load(cls, value: Any) -> Self:
        """Return what `dump` has made JSON of.

        Raises:
            CursorError: It makes no sense.
        """
        seen_rows = cls()
        try:
            seen_rows.looked, rows, *more = value  # 0.1 saved no more
            seen_rows._whole = more[:1] == [True]
            seen_rows._length, seen_rows._cut_at = more[1:] or (0, 0)
            seen_rows._seen = {row_id: at for row_id, at, _ in rows}
            seen_rows._missed = {row_id: missed for row_id, _, missed in rows if missed}
        except (TypeError, ValueError):
            raise state.damaged("seen_rows") from None
        lengths = (seen_rows._length, seen_rows._cut_at)
        numbers = (*seen_rows._seen.values(), *seen_rows._missed.values(), *lengths)
        if not all(map(is_id, seen_rows._seen)) or not all(type(number) is int for number in numbers):
            raise state.damaged("seen_rows")
        if type(seen_rows.looked) not in (int, type(None)):
            raise state.damaged("seen_rows")
        return seen_rows
