"""Rows of loads that were cut off: the table has them, and the cursor, which is loaded last, may not know them.

If such a row has left its list since, or is again what it was before, no poll tells. So their lists are listed
again, as a whole.
"""

# ruff: noqa: S608 - the names are ours, quoted as the database has them

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Final

import dlt
from dlt.destinations.job_client_impl import SqlJobClientBase

from impactive_async.sync_source.tables import REMOVED_AT, SEQUENCE_ID, VALID_TO, Table

LOAD_ID: Final = "_dlt_load_id"

_NONE: Final[Mapping[str, Collection[str]]] = {}


def rows_of_unfinished_loads(table: Table, columns: Collection[str]) -> Mapping[str, Collection[str]]:
    """Return the ids of rows that loads have brought which were cut off, by the id of the sequence or `""`.

    dlt writes down a load when all of it is there. Of loads before the oldest state that `tidy` keeps there is no
    record any more, and they were whole.

    Args:
        table: A table.
        columns: Those that it has in the destination; none: it is not there yet.
    """
    if not table.removals or LOAD_ID not in columns:
        return _NONE
    pipeline = dlt.current.pipeline()
    with pipeline.destination_client() as client:
        if not isinstance(client, SqlJobClientBase):
            return _NONE
        found = client.sql_client.execute_sql(_query(client, table, columns), pipeline.pipeline_name)
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for row_id, sequence_id in found or ():
        ids[sequence_id or ""].add(row_id)
    return ids


def _query(client: SqlJobClientBase, table: Table, columns: Collection[str]) -> str:
    sql, naming = client.sql_client, client.schema.naming

    def name(column: str) -> str:
        return str(sql.escape_column_name(naming.normalize_identifier(column)))

    loads = sql.make_qualified_table_name(client.schema.loads_table_name)
    states = sql.make_qualified_table_name(client.schema.state_table_name)
    done = f"SELECT {name('load_id')} FROM {loads} WHERE {name('status')} = 0"
    oldest = (
        f"SELECT COALESCE(MIN({name(LOAD_ID)}), '') FROM {states} "
        f"WHERE {name('pipeline_name')} = %s AND {name(LOAD_ID)} IN ({done})"
    )
    present = f" AND {name(VALID_TO)} IS NULL" if VALID_TO in columns else ""
    return (
        f"SELECT {name('id')}, {name(SEQUENCE_ID) if table.of_sequence else 'NULL'} "
        f"FROM {sql.make_qualified_table_name(table.kind)} WHERE {name(REMOVED_AT)} IS NULL{present} "
        f"AND {name(LOAD_ID)} > ({oldest}) AND {name(LOAD_ID)} NOT IN ({done})"
    )
