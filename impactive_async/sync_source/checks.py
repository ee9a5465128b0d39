"""Is a table still what earlier syncs made of it? Asked before its list is polled."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

import dlt
from dlt.common.schema import Schema

from impactive_async.errors import ConfigurationError
from impactive_async.sync_source.tables import NAME, VALID_TO, Table

_ALIKE: Final = {"json": "text", "wei": "decimal"}
"""Types that some databases store as another one."""

_WAY_OUT: Final = "or sync into another dataset, which begins anew with what the API still shows"


def check_table(table: Table, *, history: bool) -> Collection[str]:
    """Compare a table in the destination with what dlt's stored schema says that it made; return its columns.

    A cursor would go on although rows are missing, and a load would fail half-way.

    Raises:
        ConfigurationError: The table is gone, is not a sync's, has other columns, or was made with or without
            history and now is to be the other.
    """
    pipeline = dlt.current.pipeline()
    made = _types(table, dlt.current.source_schema())
    with pipeline.destination_client() as client:
        [(_, found)] = client.get_storage_tables([table.kind])
        made = made or (_made_by_the_first(table, client) if found else {})
    if not found and not made:
        return ()
    _check_origin(table, made, found)
    _check_history(table, found, history=history)
    _check_columns(table, made, {name: column.get("data_type") for name, column in found.items()})
    return tuple(found)


def _types(table: Table, schema: Schema) -> Mapping[str, str]:
    """Return dlt's types of the columns that a schema has of a table."""
    known: Mapping[str, Any] = schema.tables.get(table.kind, {}).get("columns", {})
    return {name: column["data_type"] for name, column in known.items() if "data_type" in column}


def _made_by_the_first(table: Table, client: Any) -> Mapping[str, str]:
    """Return the columns that the first sync has made, if it was cut off: then dlt restores no schema."""
    stored = client.get_stored_schema(NAME)
    return {} if stored is None else _types(table, Schema.from_stored_schema(json.loads(stored.schema)))


def _check_origin(table: Table, made: Mapping[str, str], found: Mapping[str, Any]) -> None:
    if not made:
        raise ConfigurationError(
            f"The table {table.kind} is there already, and no sync has made it: name another dataset, or rename it"
        )
    if not found:
        raise ConfigurationError(
            f"The table {table.kind} is gone, and earlier syncs have filled it: what they brought would be "
            f"missing. Restore it, {_WAY_OUT}"
        )


def _check_history(table: Table, found: Mapping[str, Any], *, history: bool) -> None:
    if (VALID_TO in found) == history:
        return
    was, would = ("without", "with") if history else ("with", "without")
    raise ConfigurationError(
        f"The table {table.kind} was made {was} history, and now would be {would}: ask for the same again, "
        f"{_WAY_OUT}"
    )


def _check_columns(table: Table, made: Mapping[str, str], found: Mapping[str, str | None]) -> None:
    gone = sorted(made.keys() - found.keys())
    if gone:
        raise ConfigurationError(
            f"The table {table.kind} has lost {', '.join(gone)} since an earlier sync: add it again as it was, "
            f"{_WAY_OUT}"
        )
    changed = [
        f"{name} is {found[name]} and was {kind}"
        for name, kind in made.items()
        if _alike(found[name]) != _alike(kind)
    ]
    if changed:
        raise ConfigurationError(
            f"The table {table.kind} has changed since an earlier sync: {'; '.join(changed)}. Change it back, "
            f"{_WAY_OUT}"
        )


def _alike(kind: str | None) -> str | None:
    return _ALIKE.get(kind or "", kind)
