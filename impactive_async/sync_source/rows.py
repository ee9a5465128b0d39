"""What dlt is given for a poll: rows of the table, and rows beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal
from enum import Enum
from typing import Any, Final

import attrs
import dlt

from impactive_async import BadRow, Gap, Poll
from impactive_async.sync_source.listed import gap_id
from impactive_async.sync_source.tables import (
    DECIMALS,
    DIGITS,
    EMAILS,
    GAPS,
    REMOVED_AT,
    SEQUENCE_ID,
    UNREADABLE,
    Table,
    columns_of,
)

_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
_LARGEST_INT: Final = 2**63 - 1
_LARGEST_DECIMAL: Final = Decimal(10) ** (DIGITS - DECIMALS)
_LAST_PLACE: Final = Decimal(1).scaleb(-DECIMALS)
_EXACT: Final = Context(prec=DIGITS + 1)
"""The usual context of decimals refuses to look at more than 28 digits."""
_GAP_TYPES: Final = {
    "id": "text",
    "feed": "text",
    "kind": "text",
    "after": "timestamp",
    "before": "timestamp",
}
_UNREADABLE_TYPES: Final = {"id": "text", "feed": "text", "reason": "text", "row": "json"}
_EMAIL_TYPES: Final = {"sequence_id": "text", "email_id": "text", "kind": "text", "enrollment_id": "text"}


@attrs.frozen(kw_only=True)
class Loadable:
    """The rows of a poll as they are loaded.

    Attributes:
        rows: One for each id, the newest version.
        bad: What could not be read or not be stored: rows of `_unreadable`.
    """

    rows: Sequence[dict[str, Any]]
    bad: Sequence[dict[str, Any]]


def loadable(
    table: Table, feed: str, sequence_id: str | None, poll: Poll[Any], reached: Iterable[Any] = ()
) -> Loadable:
    """Return the rows of a poll as dictionaries of what a database can hold.

    Args:
        table: Where they go.
        feed: The name of the list.
        sequence_id: The sequence whose list it is.
        poll: What was polled.
        reached: Rows that were fetched beside the poll, and may be among its rows.
    """
    bad = [_unreadable(feed, _digest(one), one.reason, one.row) for one in poll.bad]
    rows: dict[str, dict[str, Any]] = {}
    for row in _oldest_first(reached, poll.rows):  # so that of two versions of a row the newer one stays
        values, wrong = _storable({name: getattr(row, name) for name in table.fields})
        own = {SEQUENCE_ID: sequence_id} if table.of_sequence else {}
        rows[row.id] = {**values, **own, **({REMOVED_AT: None} if table.removals else {})}
        bad += [_unreadable(feed, f"{row.id}/{reason}", reason, values) for reason in wrong]
    return Loadable(rows=list(rows.values()), bad=bad)


def _oldest_first(reached: Iterable[Any], polled: Iterable[Any]) -> Iterable[Any]:
    """Return all rows in the order of their changes. Of equal moments, the rows that were polled come last."""
    beside = list(reached)
    return sorted([*beside, *polled], key=lambda row: row.updated_at or _BEGINNING) if beside else polled


def beside(loaded: Loadable, gaps: Sequence[Gap]) -> Iterator[Any]:
    """Yield the rows of `_gaps` and `_unreadable`, and with none of them the empty tables."""
    spans = [{"id": gap_id(gap), **attrs.asdict(gap)} for gap in gaps]
    yield in_table(GAPS, spans, _GAP_TYPES)
    yield in_table(UNREADABLE, loaded.bad, _UNREADABLE_TYPES)


def empty(table: Table, *, history: bool) -> Iterator[Any]:
    """Yield a table without rows, and those beside it: they are there before any row came."""
    nothing = Loadable(rows=(), bad=())
    yield in_table(table.kind, (), table.types(), history=history)
    yield from beside(nothing, ())
    if table.shows_emails:
        yield lists_of_emails(table, nothing)


def lists_of_emails(table: Table, loaded: Loadable) -> Any:
    """Return which sequence's list shows which email: those of several have one row each."""
    emails = [
        {
            "sequence_id": row[SEQUENCE_ID],
            "email_id": row["id"],
            "kind": table.kind,
            "enrollment_id": row.get("enrollment_id", row.get("sequence_enrollment_id")),
        }
        for row in loaded.rows
    ]
    return in_table(EMAILS, emails, _EMAIL_TYPES, key=("kind", "sequence_id", "email_id"))


def in_table(
    table: str,
    rows: Sequence[dict[str, Any]],
    types: Mapping[str, str],
    *,
    key: Sequence[str] = ("id",),
    history: bool = False,
) -> Any:
    """Return rows for a table, which is made even if there are none.

    Args:
        table: Its name.
        rows: The rows.
        types: dlt's type of each column.
        key: The columns on which they are merged.
        history: Keep the versions of a row.
    """
    hints = dlt.mark.make_hints(
        table_name=table, columns=columns_of(types, required=key), **_merged(key, history=history)
    )
    items = list(rows) or dlt.mark.materialize_table_schema()
    return dlt.mark.with_hints(items, hints, create_table_variant=True)


def _merged(key: Sequence[str], *, history: bool) -> dict[str, Any]:
    if history:
        # With the merge key, only rows of ids that came are compared: dlt takes no other row for deleted.
        return {"write_disposition": {"disposition": "merge", "strategy": "scd2"}, "merge_key": list(key)}
    return {"write_disposition": "merge", "primary_key": list(key)}


def _digest(bad: BadRow) -> str:
    """Return what tells a row that cannot be read from others: it may have no id."""
    return hashlib.sha256(f"{bad.reason}\n{bad.row!r}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _unreadable(feed: str, about: str, reason: str, row: Any) -> dict[str, Any]:
    return {"id": f"{feed}/{about}", "feed": feed, "reason": reason, "row": _plain(row)[0]}


def _storable(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the values that a database can hold, and what is wrong with the others."""
    found = {name: _plain(value) for name, value in values.items()}
    wrong = [f"{name}: {reason}" for name, (_, reason) in found.items() if reason]
    return {name: value for name, (value, _) in found.items()}, wrong


def _plain(value: Any) -> tuple[Any, str | None]:
    """Return a value without classes of ours, and what had to be changed so that every database takes it."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, int) and abs(value) > _LARGEST_INT:
        return None, f"{str(value)[:40]} is too large for a whole number of 64 bits"
    if attrs.has(type(value)):
        return _plain(attrs.asdict(value, recurse=False))
    if isinstance(value, Mapping):
        parts = {str(name): _plain(one) for name, one in value.items()}
        return {_text(name)[0]: one for name, (one, _) in parts.items()}, _first(parts.values())
    if isinstance(value, list | tuple):
        items = [_plain(one) for one in value]
        return [one for one, _ in items], _first(items)
    return value, None


def _first(parts: Any) -> str | None:
    return next((reason for _, reason in parts if reason), None)


def _text(value: str) -> tuple[str, str | None]:
    plain = str(value.value) if isinstance(value, Enum) else value
    mended = plain.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return mended, None if mended == plain else "a character that databases do not store was replaced"


def _decimal(value: Decimal) -> tuple[Decimal | None, str | None]:
    fits = value.is_finite() and value.copy_abs() < _LARGEST_DECIMAL
    if not fits or value != value.quantize(_LAST_PLACE, context=_EXACT):
        return None, f"{str(value)[:40]} does not fit a decimal of {DIGITS} digits, {DECIMALS} of them decimals"
    return value, None
