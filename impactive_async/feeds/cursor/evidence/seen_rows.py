"""Who is on a list, so that it can be told who has left it.

Only a page that shows the whole list proves that a row is gone; see `Wholeness`. Two such pages in a row must
lack it, because a replica may lag behind. A page that lacks most of the rows known may be a fault of the server's,
so then it takes `MANY_LOOKS`.
"""

from collections.abc import Callable, Collection, Iterable
from operator import itemgetter
from typing import Any, Final, Self

from impactive_async.feeds.cursor import saved_text as state
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.evidence.wholeness import ShownRows, Wholeness, is_short
from impactive_async.feeds.cursor.evidence.witnesses import CERTAIN
from impactive_async.feeds.cursor.page import Arrival, Page, SnapshotRows
from impactive_async.feeds.cursor.seen_versions import RowId, is_id
from impactive_async.models.gap import Removed

LOOKS: Final = 2
"""Pages in a row that lack a row which is gone."""
MANY_LOOKS: Final = 10
"""Pages in a row that lack a row which is gone, if they lack most rows."""
EVERY: Final = 10 * timestamps.MINUTE
"""How often a list that is asked for with `since` is looked at as a whole."""
_ABSENT: Final = -1
"""Saved for a row that is missing from pages which may be cut off."""
_place: Final[Callable[[Arrival], int]] = itemgetter(2)
_MOST: Final = 4
"""Rows remembered, as a multiple of what a page shows."""
_LEAST: Final = 1000


class SeenRows:
    """The rows that a list has shown, each with the server's time at the last page that did."""

    __slots__ = ("_again_at", "_in_hand", "_missed", "_seen", "_whole", "_wholeness", "looked")

    def __init__(self) -> None:
        self._seen: dict[RowId, int] = {}
        self._again_at: int | None = None  # when all rows of `_seen` were shown again, if that is not there yet
        self._missed: dict[RowId, int] = {}  # whole pages in a row without the row
        self._in_hand: set[RowId] = set()  # those reported and not handled
        self._whole = False  # whether the last page showed the whole list
        self._wholeness = Wholeness()
        self.looked: int | None = None
        """The server's time at the last look, in microseconds; `None`: none has shown the whole list."""

    def wants_look(self, clock: int | None) -> bool:
        """Whether the next page should be the whole list, at this time of the server."""
        if self._whole and self._missed.keys() - self._in_hand:
            return True
        return self.looked is not None and clock is not None and clock - self.looked >= EVERY

    def show_page(
        self, page: Page, cap: int | None, at: int | None, *, look: bool, newest_first: bool
    ) -> list[tuple[RowId, Removed]]:
        """Take a page of a list with `since`, without `since` if it is a `look`; see `show`."""
        ids = dict.fromkeys(row_id for row_id in page.ids if row_id is not None)
        shown = ShownRows(
            ids=[*ids],
            seems_whole=look and None not in page.ids and not page.more and is_short(len(page), cap),
            is_look=look,
            changed={row_id for *_, ((row_id, _), _) in page.arrivals},
            newest_first=newest_first,
        )
        return self.show(shown, at or 0)

    def show_contents(
        self, page: SnapshotRows, cap: int | None, at: int | None, changed: Collection[RowId]
    ) -> list[tuple[RowId, Removed]]:
        """Take a page of a list without `since`, and the rows that have changed on it; see `show_page`."""
        rows = sorted(page.arrivals, key=_place)
        moments = [at for at, *_ in rows]
        shown = ShownRows(
            ids=[row_id for *_, ((row_id, _), _) in rows],
            seems_whole=not page.bad and not page.more and is_short(len(page), cap),
            changed=changed,
            newest_first=len({*moments}) > 1 and moments == sorted(moments, reverse=True),
        )
        return self.show(shown, at or 0)

    def show(self, page: ShownRows, at: int) -> list[tuple[RowId, Removed]]:
        """Take a page; return the rows that are gone and were not reported before.

        Args:
            page: What it shows.
            at: The server's time, in microseconds; 0: it was never told.
        """
        self._note_shown_again()
        known = len(self._seen)
        whole = self._wholeness.take(page)
        self._seen.update(dict.fromkeys(page.ids, at))
        for row_id in self._missed.keys() & {*page.ids}:
            del self._missed[row_id]
        gone = self._miss(self._wholeness.absent, known) if whole else []
        if page.seems_whole and not whole:  # what was missing before may have been cut off, too
            self._missed = {row_id: self._missed[row_id] for row_id in self._in_hand & self._missed.keys()}
        self._whole = whole if page.is_look else self._whole
        self.looked = at if whole or (page.is_look and self.looked is not None) else self.looked
        self._forget(max(_LEAST, _MOST * len(page.ids)))
        return gone

    def show_again(self, at: int) -> list[tuple[RowId, Removed]]:
        """Take the page before once more. If it was whole and lacked none, no row of it is looked at."""
        rows, absent = self._wholeness.rows, self._missed.keys() | self._wholeness.absent
        if absent or not self._whole:
            ids = [row_id for row_id in rows if row_id not in absent]
            return self.show(ShownRows(ids=ids, seems_whole=self._whole), at)
        self._again_at = self.looked = at
        return []

    def _note_shown_again(self) -> None:
        if self._again_at is not None:
            self._seen, self._again_at = dict.fromkeys(self._seen, self._again_at), None

    def _miss(self, absent: Iterable[RowId], known: int) -> list[tuple[RowId, Removed]]:
        gone, absent = [], sorted(absent, key=str)
        alive = len(absent) < CERTAIN or len(absent) * 2 <= known
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
            self._wholeness.forget((row_id,))

    def _forget(self, most: int) -> None:
        """Forget the rows that were shown least recently, of a list that is too long to be seen as a whole."""
        if len(self._seen) > most:
            oldest = sorted(self._seen, key=self._seen.__getitem__)[: len(self._seen) - most]
            for row_id in oldest:
                del self._seen[row_id]
                self._missed.pop(row_id, None)
            self._wholeness.forget(oldest)

    def dump(self) -> list[Any]:
        """Return it as JSON. What is in hand is reported again."""
        return self.dump_later()()

    def dump_later(self) -> Callable[[], list[Any]]:
        """Return a function that returns what `dump` would return now. Until it is called it costs little."""
        self._note_shown_again()
        wholeness, rows, seen = self._wholeness, self._wholeness.rows, self._seen.copy()
        absent = dict.fromkeys(wholeness.absent, _ABSENT) | self._missed
        looked, rest = self.looked, (self._whole, wholeness.length, wholeness.cut_at)
        return lambda: [looked, [[row_id, seen[row_id], absent.get(row_id, 0)] for row_id in rows], *rest]

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
            length, cut_at = more[1:] or (0, 0)
            seen_rows._seen = {row_id: at for row_id, at, _ in rows}
            absent = {row_id: missed for row_id, _, missed in rows if missed}
        except (TypeError, ValueError):
            raise state.damaged("seen_rows") from None
        numbers = (*seen_rows._seen.values(), *absent.values(), length, cut_at)
        if not all(map(is_id, seen_rows._seen)) or not all(type(number) is int for number in numbers):
            raise state.damaged("seen_rows")
        if type(seen_rows.looked) not in (int, type(None)):
            raise state.damaged("seen_rows")
        seen_rows._missed = {row_id: looks for row_id, looks in absent.items() if looks > 0}
        seen_rows._wholeness = Wholeness([*seen_rows._seen], {*absent}, length=length, cut_at=cut_at)
        return seen_rows
