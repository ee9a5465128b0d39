"""Whether a page that seems to show a whole list was cut off, by the rows that it lacks.

A cut takes rows from an end of the list. So a row that is missing between others is gone, and several that are
missing at an end may be cut off. So may a row that leaves a list which stays as long as it was, because another
one may have pushed it off. A list that is taken for cut is believed again once its length is clearly another one,
while no row comes back and no other one is missing at an end.
"""

from collections.abc import Collection, Iterable, Sequence, Set
from itertools import takewhile
from typing import Final

from attrs import Factory, define, frozen

from impactive_async._codec.lists import USUAL_CAPS
from impactive_async.feeds.cursor.evidence.reach import LEAST_CAP
from impactive_async.feeds.cursor.evidence.witnesses import CERTAIN
from impactive_async.feeds.cursor.seen_versions import RowId

_DOUBTED: Final = frozenset({*USUAL_CAPS, 40, 500, 1000})
"""A page of such a length may not be the whole list."""


def is_short(rows: int, cap: int | None) -> bool:
    """Whether a page of so many rows was not cut off, by its length alone."""
    return rows not in _DOUBTED and (cap is None or rows < cap)


@frozen(kw_only=True)
class ShownRows:
    """What a page shows of a list.

    Attributes:
        ids: Its rows, each once, in the server's order.
        seems_whole: Whether nothing about the page itself says that it may be cut off.
        is_look: Whether all rows were asked for, and not only those since a moment.
        changed: Those of its rows that are new, or not as they were. They may have another place than before.
        newest_first: Whether rows that come or change are put first.
    """

    ids: Sequence[RowId]
    seems_whole: bool
    is_look: bool = True
    changed: Collection[RowId] = frozenset()
    newest_first: bool = False


@define
class Wholeness:
    """What the pages of a list have shown.

    Attributes:
        rows: The rows known, in the order of the list. Those that are absent keep their place.
        absent: Those that the last page lacked which seemed to show the whole list.
        length: The length of that page.
        cut_at: The length at which the list may be cut off; 0: there is none.
    """

    rows: list[RowId] = Factory(list)
    absent: set[RowId] = Factory(set)
    length: int = 0
    cut_at: int = 0

    def take(self, page: ShownRows) -> bool:
        """Take a page; return whether it shows the whole list. Then `absent` are the rows that are gone."""
        shown = {*page.ids}
        if not page.seems_whole:
            self.cut_at = len(shown) if page.is_look and self.cut_at else self.cut_at
            self.absent -= shown
            self.rows = self._with(page, shown)
            return False
        absent = {row_id for row_id in self.rows if row_id not in shown}
        cut = self._is_cut(page, absent)
        self.rows, self.absent, self.length = self._with(page, shown), absent, len(shown)
        return not cut

    def _is_cut(self, page: ShownRows, absent: Set[RowId]) -> bool:
        """Whether the page may be cut off; learn at which length."""
        length, back = len(page.ids), self.absent - absent
        left = absent if back else absent - self.absent  # a page that lacked others in error proves nothing
        at_end = self._at_end(page, left, absent) if left else left
        pushed_off = at_end if page.newest_first else left
        others_came = length == self.length or not {*self.rows}.issuperset(page.ids)
        doubt = length >= LEAST_CAP and (len(at_end) >= CERTAIN or (others_came and len(pushed_off) > 0))
        if doubt or (self.cut_at and back):
            self.cut_at = max(length, 1)
        elif not at_end and abs(length - self.cut_at) >= min(len(absent), CERTAIN):
            self.cut_at = 0
        self.cut_at = self.cut_at if absent else 0
        return self.cut_at > 0

    def _at_end(self, page: ShownRows, left: Set[RowId], absent: Set[RowId]) -> Set[RowId]:
        """Return those of the rows that left which a cut may have taken, if some were at an end.

        Where the newest row comes first, a cut takes none of the newest. In any other order, a row that has
        changed may be at the end now. Where rows that have not changed do not keep their order, any row may be.
        """
        known = {*self.rows}.difference(page.changed)
        before = [row_id for row_id in self.rows if row_id in known]
        kept = [row_id for row_id in page.ids if row_id in known]
        if kept != [row_id for row_id in before if row_id not in absent]:
            return left
        last = {*takewhile(absent.__contains__, reversed(before))}
        if page.newest_first:
            return left & last
        return left if left & last.union(takewhile(absent.__contains__, before)) else set()

    def _with(self, page: ShownRows, shown: Set[RowId]) -> list[RowId]:
        """Return the rows known with those of a page, in the order of the list."""
        if not page.is_look:
            others = [row_id for row_id in self.rows if row_id not in shown]
            return [*page.ids, *others] if page.newest_first else [*others, *page.ids]
        if page.ids == self.rows:
            return self.rows
        behind: dict[RowId | None, list[RowId]] = {}
        place = None
        for row_id in self.rows:
            if row_id in shown:
                place = row_id
            else:
                behind.setdefault(place, []).append(row_id)
        merged = ((row_id, *behind.get(row_id, ())) for row_id in page.ids)
        return [*behind.get(None, ()), *(row_id for some in merged for row_id in some)]

    def forget(self, row_ids: Iterable[RowId]) -> None:
        """Forget rows."""
        gone = {*row_ids}
        self.rows = [row_id for row_id in self.rows if row_id not in gone]
        self.absent -= gone
