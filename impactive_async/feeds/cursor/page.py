"""One page as a cursor reads it, and what it proves."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, TypeAlias

from attrs import frozen

from impactive_async._codec.page import RawPage, RawRow, Rows, is_broken, page_of, value_of
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.quarantine import BadRow
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.cursor.seen_versions import RowId, SeenVersions, Version, is_id
from impactive_async.models.gap import Gap, Removed

NewRow: TypeAlias = tuple[Version, RawRow]
"""A row to be handled. Its version stays the same, whatever a consumer does to the row."""

Arrival: TypeAlias = tuple[int, str, int, str, NewRow]
"""A new row, behind what orders it: its timestamp in microseconds, its id as text, its place in the page; and its
timestamp as printed.

Arrivals are the plain tuples that `zip` makes. Objects of a class would make `Cursor.accept` a tenth slower.
"""


@frozen
class Page:
    """A page as the cursor has read it, once.

    Attributes:
        ids: The id of each row; `None` for a row without one.
        stamps: The timestamp of each row as printed; `None` for a row without one.
        arrivals: The readable rows that are no handled versions, oldest first.
        bad: The rows that cannot be ordered or told from others.
        none_known: Whether no row of the page is a handled version.
        more: Whether the answer says that there are rows which it does not show.
        oldest_if_in_order: The oldest timestamp in microseconds, if the texts alone show that the newest row comes
            first.
    """

    ids: Sequence[RowId | None]
    stamps: Sequence[str | None]
    arrivals: list[Arrival]
    bad: list[BadRow]
    none_known: bool
    more: bool = False
    oldest_if_in_order: int | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def reaches(self, moment: int) -> bool:
        """Whether it shows a row that was handled, or one from before a moment."""
        return not self.none_known or any(arrival[0] < moment for arrival in self.arrivals[:1])


@frozen
class Accepted:
    """What one page brought.

    Attributes:
        fresh: The rows to handle and `ack`, oldest first.
        gaps: The spans of time in which rows may be missing and that were not reported before.
        bad: The rows that cannot be delivered and were not reported before.
        unasked: How many rows are older than what was asked for. Above 0, the server ignores `since`.
        misread: Whether the server has withheld rows that `since` asked for, and is asked without it.
        removed: The rows that are gone and were not reported before, with their ids.
        witnessed: Of a sibling list: whether it shows each row in flight, and one that was handled or is from
            before the gap. Otherwise it may have been cut off, whatever its length.
    """

    fresh: Sequence[NewRow]
    gaps: Sequence[Gap] = ()
    bad: Sequence[BadRow] = ()
    unasked: int = 0
    removed: Sequence[tuple[RowId, Removed]] = ()
    witnessed: bool = False
    misread: bool = False


@frozen
class SnapshotRows:
    """The rows of one page, read and not compared yet.

    Attributes:
        arrivals: Those with an id, each once, oldest first.
        bad: The others.
        shown: How many rows the page has.
        more: Whether the answer says that there are rows which it does not show.
    """

    arrivals: list[Arrival]
    bad: list[BadRow]
    shown: int
    more: bool = False

    def __len__(self) -> int:
        return self.shown


def read(rows: Rows, rules: Rules, known: SeenVersions) -> Page:
    """Read a page against the versions that were handled."""
    raw = rows if isinstance(rows, RawPage) else page_of(rows, rules.id, rules.timestamp)
    places = known.places_of_others(raw.ids, None if rules.immutable else raw.stamps)
    none_known, oldest = len(places) == len(raw), oldest_if_in_order(raw.stamps)
    new = raw if none_known else raw.part(places)
    arrivals, bad = _arrivals(new, moments(new.stamps, newest_first=oldest is not None), places, rules)
    return Page(raw.ids, raw.stamps, arrivals, bad, none_known, raw.more, oldest)


def _arrivals(
    new: RawPage, ats: Sequence[int | None], places: Sequence[int], rules: Rules
) -> tuple[list[Arrival], list[BadRow]]:
    """Return the readable rows among those of `new`, oldest first, and the others."""
    ids, stamps = new.ids, new.stamps
    versions = zip(ids, repeat("") if rules.immutable else stamps, strict=False)
    # Column by column, which takes half the time of a loop over the rows.
    new_rows = zip(versions, new.pick(range(len(new))), strict=False)
    texts = ids if {*map(type, ids)} == {str} else map(str, ids)
    arrivals: Iterable[Any] = zip(ats, texts, places, stamps, new_rows, strict=False)
    bad: list[BadRow] = []
    if None in ats or not all(ids):
        arrivals, bad = _sort_out(arrivals, rules)
    return sorted(arrivals), bad


def moments(stamps: Sequence[str | None], *, newest_first: bool = False) -> list[int | None]:
    """Return the microseconds of timestamps; `None` for one that cannot be read."""
    try:
        return [*timestamps.parse_all(stamps, newest_first=newest_first)]  # type: ignore[arg-type]  # `None`: TypeError
    except (TypeError, ValueError, OverflowError):
        return list(map(_moment, stamps))


def _moment(stamp: str | None) -> int | None:
    try:
        return None if stamp is None else timestamps.parse(stamp)
    except (ValueError, OverflowError):
        return None


def _sort_out(arrivals: Iterable[Any], rules: Rules) -> tuple[list[Arrival], list[BadRow]]:
    readable, bad = [], []
    for arrival in arrivals:
        at, _, place, _, ((row_id, _), row) = arrival
        if at is None or not is_id(row_id):
            bad.append(_bad_row(place, row, rules))
        else:
            readable.append(arrival)
    return readable, bad


def _bad_row(place: int, row: RawRow, rules: Rules) -> BadRow:
    value = value_of(row)
    return BadRow(place, "not JSON" if is_broken(row) else _fault(value, rules), value)


def _fault(row: Any, rules: Rules) -> str:
    if not isinstance(row, Mapping):
        return "not an object"
    for field in (rules.id, rules.timestamp):
        if row.get(field) is None:
            return f"no {field!r}"
    if not is_id(row[rules.id]):
        return f"{rules.id!r} is not an id"
    return f"{rules.timestamp!r} is not an ISO 8601 timestamp"


def oldest_if_in_order(stamps: Sequence[Any]) -> int | None:
    """Return the oldest timestamp in microseconds, if the texts alone show that the newest row comes first.

    They show it if all are UTC, of one length, and in order. So no other timestamp has to be parsed.
    """
    try:
        plain = _uniform(stamps) and stamps == sorted(stamps, reverse=True)
        return timestamps.parse(stamps[-1]) if plain else None
    except (LookupError, TypeError, ValueError):
        return None


def _uniform(stamps: Sequence[str]) -> bool:
    """Whether all timestamps are `2026-01-02T...Z` and of one length.

    They are joined to lines, so that slices of the text show its columns without a loop.

    Raises:
        LookupError: There are none.
        TypeError: One is not text.
    """
    lines, size, count = "\n".join(stamps) + "\n", len(stamps[0]) + 1, len(stamps)
    return (
        lines.count("\n") == count  # or the next line could find the ends of other lines
        and lines[size - 1 :: size] == "\n" * count
        and lines[10::size] == "T" * count
        and lines[size - 2 :: size] == "Z" * count
    )
