"""The rows in flight: shown to the consumer, and not handled yet."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Final, NamedTuple

from impactive_async._codec.page import value_of
from impactive_async.feeds.cursor.page import Arrival, NewRow
from impactive_async.feeds.cursor.quarantine import BadRow, digest
from impactive_async.feeds.cursor.seen_versions import RowId, Version
from impactive_async.feeds.cursor.watermarks import Watermarks

_at: Final[Callable[[Arrival], int]] = itemgetter(0)
_printed: Final[Callable[[Arrival], str]] = itemgetter(3)
_new_row: Final[Callable[[Arrival], NewRow]] = itemgetter(4)
_version: Final[Callable[[NewRow], Version]] = itemgetter(0)
_row_id: Final[Callable[[Version], RowId]] = itemgetter(0)


class Taken(NamedTuple):
    """The result of `InFlight.take`.

    Attributes:
        fresh: The rows that are in flight from now on.
        twins: The rows that contradict another row of the same page.
        unasked: How many rows are older than what was asked for.
    """

    fresh: list[NewRow]
    twins: list[BadRow]
    unasked: int


class InFlight:
    """The rows in flight, by their versions."""

    __slots__ = ("_rows", "ends", "left_behind")

    def __init__(self) -> None:
        self._rows: dict[Version, Arrival] = {}
        self.left_behind: int | None = None
        """The timestamp of the oldest row that was in flight when the state was saved. The row comes again."""
        self.ends: dict[Version, int] = {}
        """The last moment at which a row may lie whose timestamp is less exact than the tick."""

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, version: Version) -> bool:
        return version in self._rows

    def ids(self) -> set[RowId]:
        """Return the ids of the rows."""
        return {row_id for row_id, _ in self._rows}

    def oldest(self) -> int | None:
        """Return the timestamp of the oldest row, those of the saved state included; `None` without a row."""
        held = min(map(_at, self._rows.values()), default=self.left_behind)
        return held if held is None or self.left_behind is None else min(held, self.left_behind)

    def add(self, arrivals: Iterable[Arrival]) -> None:
        """Put rows in flight."""
        self._rows.update((version, arrival) for arrival in arrivals for version, _ in [arrival[-1]])

    def take(self, arrivals: Sequence[Arrival], watermarks: Watermarks, *, immutable: bool, asked: int) -> Taken:
        """Put those of one page's arrivals in flight that are neither handled nor in flight.

        Those from before `asked` are left out.

        Nothing here may raise after the first row: a row in flight that nobody was given would never be handled.
        """
        if arrivals and arrivals[0][0] >= asked and (whole := self._take_whole(arrivals, watermarks.known.latest)):
            return Taken(whole, [], 0)
        fresh: list[NewRow] = []
        twins: list[BadRow] = []
        line, unasked, ends = watermarks.line_tick, 0, self.ends
        known, latest, rows = watermarks.known, watermarks.known.latest, self._rows
        for arrival in arrivals:
            at, _, _, stamp, new = arrival
            version = new[0]
            if at < asked and ends.get(version, at) < asked:
                unasked += at < line  # between line and origin rows were asked for, but do not belong to the feed
            elif version[0] not in latest or not (immutable or known.remembers(version[0], at, stamp)):
                held = rows.setdefault(version, arrival)
                if held is arrival:
                    fresh.append(new)
                elif _is_of(fresh, held) and _contradict(held, arrival):
                    twins.append(twin_of(arrival, "another row of this page has the same id and version"))
        return Taken(fresh, twins, unasked)

    def _take_whole(self, arrivals: Sequence[Arrival], latest: Mapping[RowId, str]) -> list[NewRow]:
        """Put all of a page in flight and return it, in a third of the time that a look at each row takes.

        Nothing is done, and nothing returned, unless all are of rows that were never handled, no version is there
        twice, and no row is in flight.
        """
        if self._rows:
            return []
        fresh = [*map(_new_row, arrivals)]
        rows = dict(zip(map(_version, fresh), arrivals, strict=True))
        if len(rows) < len(fresh) or (latest and not latest.keys().isdisjoint(map(_row_id, rows))):
            return []
        self._rows = rows
        return fresh

    def done(self, version: Version) -> Arrival | None:
        """Take a handled row out, and return it; `None` if it was not in flight."""
        return self._rows.pop(version, None)

    def all_done(self, versions: Sequence[Version]) -> list[Arrival]:
        """Take handled rows out, and return those of them that were in flight."""
        if versions == [*self._rows]:  # a whole page, as it was given
            whole, self._rows = self._rows, {}
            return [*whole.values()]
        return list(filter(None, map(self._rows.pop, versions, repeat(None))))

    def end_of(self, arrival: Arrival) -> int:
        """Return the last moment at which a handled row may lie."""
        return self.ends.pop(arrival[-1][0], arrival[0]) if self.ends else arrival[0]


def _is_of(page: Sequence[NewRow], held: Arrival) -> bool:
    """Whether a row came with this page. If it came with an earlier page, another content is no contradiction."""
    return any(held[-1] is new for new in page)


def _contradict(one: Arrival, other: Arrival) -> bool:
    (_, row), (_, other_row) = one[-1], other[-1]
    return digest(value_of(row)) != digest(value_of(other_row))


def twin_of(arrival: Arrival, reason: str) -> BadRow:
    """Return the report of a row that contradicts another row of its page."""
    _, _, place, _, (_, row) = arrival
    return BadRow(place, reason, value_of(row))
