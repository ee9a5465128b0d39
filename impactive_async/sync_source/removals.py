"""Rows that are gone: their last values are read from the destination, and loaded again with the moment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import dlt

from impactive_async import Poll
from impactive_async.sync_source.tables import REMOVED_AT, VALID_TO, Table

_AT_ONCE: Final = 500
"""Ids in one query."""


def rows(table: Table, ids: Sequence[str], poll: Poll[Any], *, history: bool) -> list[dict[str, Any]]:
    """Return the rows of a destination's table that are gone, marked as such.

    A row that the destination does not have stays away: its id alone would say nothing.

    Args:
        table: A table that follows removals.
        ids: Their ids.
        poll: What was polled when it was known.
        history: Whether the table has all versions of a row, of which the present one is meant.
    """
    when = (poll.coverage and poll.coverage.last_page) or datetime.now(UTC)
    return [{**row, REMOVED_AT: when} for row in _present(table, ids, history=history)]


def _present(table: Table, ids: Sequence[str], *, history: bool) -> Iterator[dict[str, Any]]:
    types = table.types()
    with dlt.current.pipeline().sql_client() as client:
        names = ", ".join(client.escape_column_name(name) for name in types)
        where = f" AND {client.escape_column_name(VALID_TO)} IS NULL" if history else ""
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            found = client.execute_sql(
                f"SELECT {names} FROM {client.make_qualified_table_name(table.kind)} "  # noqa: S608 - names of ours
                f"WHERE {client.escape_column_name('id')} IN ({', '.join(['%s'] * len(some))}){where}",
                *some,
            )
            for values in found or ():
                yield {name: _value(types[name], value) for name, value in zip(types, values, strict=True)}


def _value(kind: str, value: Any) -> Any:
    """Return a value as it was loaded: some databases give JSON as text."""
    return json.loads(value) if kind == "json" and isinstance(value, str) else value
