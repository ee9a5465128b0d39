"""Which known rows a page should show, and what it means that it does not.

A row already handled that a page shows below its newest new row is a witness: nothing is missing between the two.
A row that was deleted is not shown either. So one or two rows that are missing prove nothing while others are
there, nor on a page that is shorter than others were.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from attrs import frozen

from impactive_async.feeds.cursor.evidence.reach import LEAST_CAP
from impactive_async.feeds.cursor.page import Page
from impactive_async.feeds.cursor.seen_versions import RowId
from impactive_async.feeds.cursor.watermarks import Watermarks

CERTAIN: Final = 3
"""So many rows are not deleted at once."""


@frozen
class Witnesses:
    """What a page shows of the rows known.

    Attributes:
        missing: Timestamp and id of those that it should show and does not, oldest first.
        alive: Whether it shows one of those known.
        newest: The timestamp of the newest witness; `None`: there is none.
    """

    missing: Sequence[tuple[int, RowId]]
    alive: bool
    newest: int | None

    @property
    def any_known(self) -> bool:
        """Whether there are rows that the page should show."""
        return self.alive or bool(self.missing)

    def lacks_before(self, proven: int) -> int:
        """How many rows are missing that a page may have cut off, which shows all from a moment on."""
        return sum(at < proven for at, _ in self.missing)

    def prove_cut(self, length: int, longest: int, proven: int) -> bool:
        """Whether the page was cut off.

        Args:
            length: How many rows it has.
            longest: The length of the longest page.
            proven: It shows all rows from this moment on. Those missing from there on were deleted.
        """
        missing = self.lacks_before(proven)
        if missing >= CERTAIN or not missing:
            return missing >= CERTAIN
        return self.newest is None and length >= max(LEAST_CAP, longest)


def witnesses_of(page: Page, watermarks: Watermarks, *, look: bool) -> Witnesses:
    """Return what a page shows of the rows known.

    Args:
        page: The page.
        watermarks: As they were when it was requested.
        look: Whether it was requested without `since`.
    """
    low = watermarks.line_tick if look else watermarks.asked_from + watermarks.tick
    expected = watermarks.known.latest_from(low)
    if not expected:
        return Witnesses(missing=(), alive=False, newest=None)
    ids = {*page.ids}
    new = {arrival[-1][0][0] for arrival in page.arrivals}
    shown = [at for at, row_id in expected if row_id in ids and row_id not in new]
    older = bisect_right(shown, page.arrivals[-1][0]) if page.arrivals else len(shown)  # both are sorted
    return Witnesses(
        missing=[one for one in expected if one[1] not in ids],
        alive=bool(shown),
        newest=shown[older - 1] if older else None,
    )
