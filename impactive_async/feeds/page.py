"""What one page shows, and what it proves."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any, TypeAlias

from attrs import frozen

from impactive_async._http.unread import column
from impactive_async.feeds import timestamps
from impactive_async.feeds.known import RowId, is_id
from impactive_async.feeds.quarantine import BadRow
from impactive_async.models.gap import Gap

Row: TypeAlias = Mapping[str, Any]

Arrival: TypeAlias = tuple[int, str, int, RowId, str, Row]
"""A readable row: microseconds, id as text (so that ties have one order), index, id, timestamp as printed, row."""


@frozen
class Accepted:
    """What one page brought.

    Attributes:
        fresh: Rows to handle and `ack`, in `(timestamp, id)` order.
        gaps: Stretches newly in doubt.
        bad: Rows that cannot be delivered, each reported once.
        unasked: Rows older than what was asked for: above 0, the server ignores `since`.
    """

    fresh: Sequence[Row]
    gaps: Sequence[Gap] = ()
    bad: Sequence[BadRow] = ()
    unasked: int = 0


def read(
    places: Sequence[int], rows: Sequence[Any], id_field: str, timestamp_field: str
) -> tuple[list[Arrival], list[BadRow]]:
    """The readable ones among rows from these places, in `(timestamp, id)` order, and the others."""
    try:
        return _read_plain(places, rows, id_field, timestamp_field), []
    except (LookupError, TypeError, ValueError, OverflowError):
        return _read_each(places, rows, id_field, timestamp_field)


def _read_plain(places: Sequence[int], rows: Sequence[Any], id_field: str, timestamp_field: str) -> list[Arrival]:
    """The rows if all are readable and all ids are text: column by column, which is faster."""
    ids, raws = list(map(itemgetter(id_field), rows)), list(map(itemgetter(timestamp_field), rows))
    if not {*map(type, ids)} <= {str} or "" in ids:
        raise TypeError("not all ids are text")
    return sorted(zip(timestamps.parse_all(raws), ids, places, ids, raws, rows, strict=True))


def _read_each(
    places: Sequence[int], rows: Sequence[Any], id_field: str, timestamp_field: str
) -> tuple[list[Arrival], list[BadRow]]:
    arrivals: list[Arrival] = []
    bad: list[BadRow] = []
    parse = timestamps.parse
    for index, row in zip(places, rows, strict=True):
        try:
            row_id, raw = row[id_field], row[timestamp_field]
            at = parse(raw)
        except (LookupError, TypeError, ValueError, OverflowError):
            bad.append(BadRow(index, _fault(row, id_field, timestamp_field), row))
            continue
        if type(row_id) is str and row_id:
            arrivals.append((at, row_id, index, row_id, raw, row))
        elif type(row_id) is int:
            arrivals.append((at, str(row_id), index, row_id, raw, row))
        else:
            bad.append(BadRow(index, _fault(row, id_field, timestamp_field), row))
    arrivals.sort()
    return arrivals, bad


def _fault(row: Any, id_field: str, timestamp_field: str) -> str:
    if not isinstance(row, Mapping):
        return "not an object"
    for field in (id_field, timestamp_field):
        if row.get(field) is None:
            return f"no {field!r}"
    if not is_id(row[id_field]):
        return f"{id_field!r} is not an id"
    return f"{timestamp_field!r} is not an ISO 8601 timestamp"


def proven_from(rows: Sequence[Any], timestamp_field: str, tick: int) -> int | None:
    """From which moment on, up to now, a *full* page certainly shows every row the server has.

    Newest first, that is one tick after its oldest row: others of that row's own tick may have been cut off.
    In any other order rows may have been cut off anywhere, so the page proves nothing.

    Returns:
        Microseconds, or `None` when nothing is proven.
    """
    oldest = _oldest_of_newest_first(rows, timestamp_field)
    if oldest is not None:
        return oldest - oldest % tick + tick
    ticks = [at - at % tick for at in _readable(rows, timestamp_field)]
    newest_first = all(newer >= older for newer, older in pairwise(ticks))
    return ticks[-1] + tick if ticks and newest_first else None


def _oldest_of_newest_first(rows: Sequence[Any], timestamp_field: str) -> int | None:
    """The oldest row's timestamp if text order alone shows that the newest comes first.

    It does when all timestamps are UTC, of one length and in order.
    """
    try:
        raws = column(rows, timestamp_field)
        plain = _uniform(raws) and raws == sorted(raws, reverse=True)
        return timestamps.parse(raws[-1]) if plain else None
    except (LookupError, TypeError, ValueError):
        return None


def _uniform(raws: Sequence[str]) -> bool:
    """Whether all are `2026-01-02T...Z` of one length; columns of the joined lines show it without a loop."""
    lines, size, count = "\n".join(raws) + "\n", len(raws[0]) + 1, len(raws)
    return (
        lines.count("\n") == count  # so that the column of line ends shows that all are of one length
        and lines[size - 1 :: size] == "\n" * count
        and lines[10::size] == "T" * count
        and lines[size - 2 :: size] == "Z" * count
    )


def _readable(rows: Sequence[Any], timestamp_field: str) -> list[int]:
    """The timestamps that can be read: a bad row proves nothing, and `read` reports it."""
    try:
        raws = column(rows, timestamp_field)
    except (LookupError, TypeError):
        raws = [row[timestamp_field] for row in rows if isinstance(row, Mapping) and timestamp_field in row]
    found = []
    for raw in raws:
        try:
            found.append(timestamps.parse(raw))
        except (TypeError, ValueError, OverflowError):
            continue
    return found
