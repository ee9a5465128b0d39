"""The versions of rows a consumer has handled, in the order of their timestamps."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final, TypeAlias, TypeGuard

from impactive_async._http.unread import column, pick
from impactive_async.feeds import timestamps

RowId: TypeAlias = str | int


Version: TypeAlias = tuple[RowId, str]
"""A row's id, and what tells one version of it from another: empty for a row that has but one."""


def is_id(value: object) -> TypeGuard[RowId]:
    """Whether it can name a row: text that is not empty, or an integer."""
    return (type(value) is str and value != "") or type(value) is int


Entry: TypeAlias = tuple[int, RowId, str]
"""Microseconds, row id, timestamp as the server prints it."""

_at: Final[Callable[[Entry], int]] = itemgetter(0)


class Known:
    """Handled versions; `latest` is what the hot path of a poll compares a page with.

    Adding is O(1); everything that asks for order sorts first what was added since, nearly for free, as rows
    are handled nearly in order.
    """

    __slots__ = ("_entries", "_newest", "_sorted", "_superseded", "latest")

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        """Start with versions handled before, oldest first."""
        self._entries = sorted(entries, key=_at)  # next to nothing if they are, as they should be
        # row id -> its newest handled version, as printed: the last one to be forgotten
        self.latest: dict[RowId, str] = {row_id: raw for _, row_id, raw in self._entries}
        # other versions of those rows: a lagging replica may show them again
        self._superseded: set[tuple[RowId, str]] = set()
        self._sorted = True
        self._newest = self._entries[-1][0] if self._entries else timestamps.BEGINNING
        if len(self.latest) < len(self._entries):
            self._superseded = {(row_id, raw) for _, row_id, raw in self._entries if self.latest[row_id] != raw}

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, at: int, row_id: RowId, raw: str) -> None:
        """Remember one more handled version."""
        previous = self.latest.get(row_id)
        if previous is None:
            self.latest[row_id] = raw
        elif timestamps.parse(previous) > at:
            self._superseded.add((row_id, raw))
        elif previous != raw:
            self._superseded.add((row_id, previous))
            self.latest[row_id] = raw
        # Rows are handled nearly in order: mostly there is nothing to sort afterwards.
        if at < self._newest:
            self._sorted = False
        else:
            self._newest = at
        self._entries.append((at, row_id, raw))

    def remembers(self, row_id: RowId, at: int, raw: str) -> bool:
        """Whether this very version was handled, even if the server now prints the same instant otherwise."""
        latest = self.latest.get(row_id)
        if latest is None:
            return False
        return latest == raw or (row_id, raw) in self._superseded or timestamps.parse(latest) == at

    def others(
        self, rows: Sequence[Any], id_field: str, timestamp_field: str | None
    ) -> tuple[Sequence[int], list[Any]]:
        """The places of a page's rows that are not handled versions, and these rows.

        The hot path of an idle poll: no timestamp is parsed here. Bad rows are among them.

        Args:
            rows: The decoded JSON rows.
            id_field: Wire name of the id.
            timestamp_field: Wire name of the timestamp; `None` if the id alone tells rows apart.
        """
        latest = self.latest
        if not latest:
            return range(len(rows)), list(rows)
        try:
            ids = column(rows, id_field)
            if not {*map(type, ids)} <= {str, int}:  # `true` is no id, though it equals 1
                return range(len(rows)), list(rows)
            if timestamp_field is None:
                places = [place for place, row_id in enumerate(ids) if row_id not in latest]
            else:
                pairs = zip(map(latest.get, ids), column(rows, timestamp_field), strict=True)
                places = [place for place, (known, shown) in enumerate(pairs) if known != shown or known is None]
        except (LookupError, TypeError):  # a bad row; `page.read` finds out which
            return range(len(rows)), list(rows)
        return places, pick(rows, places)

    def entries(self) -> list[Entry]:
        """All of it, oldest first."""
        if not self._sorted:
            self._entries.sort(key=_at)
            self._sorted = True
        return self._entries

    def newest_before(self, moment: int, rank: int = 1) -> int | None:
        """The timestamp of the newest version before `moment`, or of the `rank`-th newest; `None` without one."""
        entries = self.entries()
        index = bisect_left(entries, moment, key=_at) - rank
        return entries[index][0] if index >= 0 else None

    def forget_before(self, moment: int) -> None:
        """Drop what is older than `moment`."""
        entries = self.entries()
        index = bisect_left(entries, moment, key=_at)
        for _, row_id, raw in entries[:index]:
            if self.latest.get(row_id) == raw:
                del self.latest[row_id]
            else:
                self._superseded.discard((row_id, raw))
        del entries[:index]

    def forget_superseded(self) -> None:
        """Keep one version of each row."""
        self._superseded.clear()
        self._entries = [entry for entry in self.entries() if self.latest[entry[1]] == entry[2]]
