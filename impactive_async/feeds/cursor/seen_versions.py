"""The handled versions of rows, in the order of their timestamps."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from itertools import compress, count, repeat
from operator import itemgetter, ne
from typing import Final, TypeAlias, TypeGuard

from impactive_async.feeds.cursor import timestamps

RowId: TypeAlias = str | int

Version: TypeAlias = tuple[RowId, str]
"""A row's id, and the text that tells its versions apart: empty for a row that never changes."""


def is_id(value: object) -> TypeGuard[RowId]:
    """Whether a value can be the id of a row: a text that is not empty, or an integer."""
    return (type(value) is str and value != "") or type(value) is int


Entry: TypeAlias = tuple[int, RowId, str]
"""Microseconds, row id, timestamp as the server prints it."""

_at: Final[Callable[[Entry], int]] = itemgetter(0)
_NEVER: Final = object()
"""Stands for the version of a row that was never handled. It equals no version."""


class SeenVersions:
    """The handled versions.

    Adding one is O(1). A method that needs their order sorts them first if that is needed. This costs little,
    because rows are handled nearly in order.

    Attributes:
        latest: The newest handled version of each row, as printed. A poll compares its page with these.
    """

    __slots__ = ("_entries", "_newest", "_sorted", "_superseded", "latest")

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        """Start with versions handled before."""
        self._entries = sorted(entries, key=_at)
        self.latest: dict[RowId, str] = {row_id: raw for _, row_id, raw in self._entries}
        # The other versions of those rows. A replica that lags behind may show them again.
        self._superseded: set[tuple[RowId, str]] = set()
        self._sorted = True
        self._newest = self._entries[-1][0] if self._entries else timestamps.BEGINNING
        if len(self.latest) < len(self._entries):
            self._superseded = {(row_id, raw) for _, row_id, raw in self._entries if self.latest[row_id] != raw}

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, at: int, row_id: RowId, raw: str) -> None:
        """Remember a version that was handled."""
        previous = self.latest.setdefault(row_id, raw)
        if previous != raw:
            older, newer = (raw, previous) if timestamps.parse(previous) > at else (previous, raw)
            self._superseded.add((row_id, older))
            self.latest[row_id] = newer
        if at < self._newest:
            self._sorted = False
        else:
            self._newest = at
        self._entries.append((at, row_id, raw))

    def add_all(self, entries: Sequence[Entry]) -> None:
        """Remember versions that were handled, as `add` does; if all are of other rows, in half the time."""
        rows = {row_id: raw for _, row_id, raw in entries}
        if not rows or len(rows) < len(entries) or not self.latest.keys().isdisjoint(rows.keys()):
            for entry in entries:
                self.add(*entry)
            return
        self.latest |= rows
        oldest_first = sorted(entries, key=_at)
        self._sorted = self._sorted and self._newest <= oldest_first[0][0]
        self._newest = max(self._newest, oldest_first[-1][0])
        self._entries += oldest_first

    def remembers(self, row_id: RowId, at: int, raw: str) -> bool:
        """Whether this version was handled, also if the server now prints the same moment otherwise."""
        latest = self.latest.get(row_id)
        if latest is None:
            return False
        return latest == raw or (row_id, raw) in self._superseded or timestamps.parse(latest) == at

    def places_of_others(self, ids: Sequence[RowId | None], stamps: Sequence[str | None] | None) -> Sequence[int]:
        """Return the places of the rows in a page that are no handled versions, bad rows included.

        Texts are compared and no timestamp is parsed, because a poll that brings nothing new does little else.

        Args:
            ids: The ids of the page.
            stamps: The timestamps of the page as printed; `None` if the id alone tells rows apart.
        """
        latest = self.latest
        if not latest:
            return range(len(ids))
        if stamps is None:
            return [place for place, row_id in enumerate(ids) if row_id not in latest]
        known = map(latest.get, ids, repeat(_NEVER))  # type: ignore[arg-type]  # `None` has no version
        return [*compress(count(), map(ne, known, stamps))]

    def entries(self) -> list[Entry]:
        """Return all of them, oldest first."""
        if not self._sorted:
            self._entries.sort(key=_at)
            self._sorted = True
        return self._entries

    @property
    def newest(self) -> int:
        """The timestamp of the newest version."""
        return self._newest

    def newest_before(self, moment: int, rank: int = 1) -> int | None:
        """Return the timestamp of the `rank`-th newest version before `moment`; `None` if there is none."""
        entries = self.entries()
        index = bisect_left(entries, moment, key=_at) - rank
        return entries[index][0] if index >= 0 else None

    def newest_latest_before(self, moment: int, rank: int) -> int | None:
        """Return the same as `newest_before`, of the newest versions of rows alone."""
        if not self._superseded:
            return self.newest_before(moment, rank)
        entries, latest = self.entries(), self.latest
        for at, row_id, raw in reversed(entries[: bisect_left(entries, moment, key=_at)]):
            rank -= latest.get(row_id) == raw
            if not rank:
                return at
        return None

    def latest_from(self, moment: int) -> list[tuple[int, RowId]]:
        """Return timestamp and id of the newest version of each row from `moment` on, oldest first."""
        entries, latest = self.entries(), self.latest
        later = entries[bisect_left(entries, moment, key=_at) :]
        if not self._superseded:
            return [(at, row_id) for at, row_id, _ in later]
        return [(at, row_id) for at, row_id, raw in later if latest.get(row_id) == raw]

    def count_from(self, moment: int) -> int:
        """Return how many versions there are from `moment` on."""
        return len(self._entries) - bisect_left(self.entries(), moment, key=_at)

    def forget(self, row_ids: Collection[RowId]) -> list[Entry]:
        """Forget all versions of some rows, and return them, oldest first."""
        if not row_ids:
            return []
        entries = self.entries()
        forgotten = [entry for entry in entries if entry[1] in row_ids]
        self._entries = [entry for entry in entries if entry[1] not in row_ids]
        self._superseded -= {(row_id, raw) for _, row_id, raw in forgotten}
        for row_id in row_ids:
            self.latest.pop(row_id, None)
        return forgotten

    def forget_before(self, moment: int) -> list[Entry]:
        """Forget the versions older than `moment`, and return them, oldest first."""
        entries = self.entries()
        index = bisect_left(entries, moment, key=_at)
        forgotten = entries[:index]
        for _, row_id, raw in forgotten:
            if self.latest.get(row_id) == raw:
                del self.latest[row_id]
            else:
                self._superseded.discard((row_id, raw))
        del entries[:index]
        return forgotten

    def forget_superseded(self) -> list[Entry]:
        """Forget all but the newest version of each row, and return them, oldest first."""
        self._superseded.clear()
        entries, latest = self.entries(), self.latest
        self._entries = [entry for entry in entries if latest.get(entry[1]) == entry[2]]
        return [entry for entry in entries if latest.get(entry[1]) != entry[2]]
