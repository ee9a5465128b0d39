"""The rows of a page of a list without `since`, which are told apart by their content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from impactive_async._codec.page import RawPage, RawRow, Rows, is_broken, says_more, value_of
from impactive_async._codec.tolerant.names import HOLDERS, renamed
from impactive_async._codec.tolerant.notes import unheard
from impactive_async._codec.tolerant.values import moment
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.in_flight import twin_of
from impactive_async.feeds.cursor.page import Arrival, SnapshotRows
from impactive_async.feeds.cursor.quarantine import BadRow, digest
from impactive_async.feeds.cursor.seen_versions import RowId, is_id


def read_contents(page: Rows, id_field: str, stamps: Sequence[str], ignored: Set[str]) -> SnapshotRows:
    """Return the rows of a page with each id once, oldest first, and the bad ones.

    The version of a row is its id and the digest of its content. Of two rows with one id and different contents,
    one is bad. The order of their digests decides which, as the order of a page may change from poll to poll.

    Args:
        page: The page.
        id_field: Wire name of the id.
        stamps: Wire names of the fields that may have a row's timestamp; the first readable one counts.
        ignored: Wire names of fields that do not count as content.
    """
    rows: Sequence[RawRow] = page.pick(range(len(page))) if isinstance(page, RawPage) else page
    arrivals: dict[RowId, Arrival] = {}
    bad = []
    for place, raw in enumerate(rows):
        row = value_of(raw)
        named = _named(row, (id_field, *stamps)) if isinstance(row, Mapping) else {}
        row_id = named.get(id_field)
        if not is_id(row_id):
            bad.append(BadRow(place, "not JSON" if is_broken(raw) else f"no {id_field!r}", row))
            continue
        content = _content_of(row, ignored) if ignored else row
        one = (_moment(named, stamps), str(row_id), place, "", ((row_id, digest(content)), row))
        first = arrivals.setdefault(row_id, one)
        if _digest_of(first) != _digest_of(one):
            arrivals[row_id], loser = sorted((first, one), key=_digest_of)
            bad.append(twin_of(loser, "another row of this page has the same id"))
    oldest_first = sorted(arrivals.values(), key=lambda one: one[:2])
    return SnapshotRows(oldest_first, bad, len(rows), more=says_more(page))


def _content_of(row: Mapping[str, Any], ignored: Set[str]) -> Mapping[str, Any]:
    """Return a row without the ignored fields, also where an object in it holds its fields."""
    inner = ignored - row.keys()
    return {
        name: _without(value, inner) if name in HOLDERS and isinstance(value, Mapping) else value
        for name, value in row.items()
        if name not in ignored
    }


def _without(fields: Mapping[str, Any], ignored: Set[str]) -> Mapping[str, Any]:
    return {name: value for name, value in fields.items() if name not in ignored}


def _named(row: Mapping[str, Any], fields: Sequence[str]) -> Mapping[str, Any]:
    """Return a row with its id and timestamps under the contract's names, as the row itself will be read."""
    id_field, *stamps = fields
    if id_field in row and not row.keys().isdisjoint(stamps):
        return row
    return renamed(row, fields, unheard)  # the reader of the row tells of it


def _moment(row: Mapping[str, Any], stamps: Sequence[str]) -> int:
    """Return the row's timestamp in microseconds; `BEGINNING` if it has none that can be read."""
    for name in stamps:
        try:
            at = row[name]
            return timestamps.parse(at if type(at) is str else moment(at, unheard))
        except (LookupError, TypeError, ValueError, OverflowError):
            continue
    return timestamps.BEGINNING


def _digest_of(arrival: Arrival) -> str:
    (_, content), _ = arrival[-1]
    return content
