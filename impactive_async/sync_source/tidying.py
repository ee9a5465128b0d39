"""Deleting what a database keeps of earlier runs and nobody reads, so that no table grows for ever."""

# ruff: noqa: S608 - the names are ours, quoted as the database has them

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import Any, Final

from dlt.common.exceptions import DltException
from dlt.destinations.job_client_impl import SqlJobClientBase

from impactive_async.sync_source.tables import GAPS, NAME

KEPT: Final = 10
"""States of a pipeline that are kept. dlt reads the newest one whose load is complete."""

_log = logging.getLogger("impactive_async.sync")


def tidy(pipeline: Any, *, closed: Collection[str]) -> None:
    """Delete dlt's states and records of loads older than the last `KEPT`, and gaps that were closed since.

    dlt adds a state and two loads with each run and deletes none. A folder of files is left to dlt, which does
    delete there. What fails is logged, and done by the next run: all rows are there.

    Args:
        pipeline: The pipeline, after a run.
        closed: Ids of gaps whose rows have all come.
    """
    try:
        with pipeline.destination_client() as client:
            if isinstance(client, SqlJobClientBase):
                _Tidying(client).do(pipeline.pipeline_name, list(closed))
    except DltException as error:
        _log.warning("records of earlier syncs could not be deleted: %s", str(error).partition("\n")[0])


class _Tidying:
    """The statements, with names as the database has them."""

    def __init__(self, client: SqlJobClientBase) -> None:
        self._sql = client.sql_client
        self._naming = client.schema.naming
        self._states = self._sql.make_qualified_table_name(client.schema.state_table_name)
        self._loads = self._sql.make_qualified_table_name(client.schema.loads_table_name)
        self._gaps = self._sql.make_qualified_table_name(self._naming.normalize_table_identifier(GAPS))

    def do(self, pipeline: str, closed: list[str]) -> None:
        """Delete, in one transaction."""
        oldest = self._oldest_kept(pipeline)
        with self._sql.begin_transaction():
            if oldest is not None:
                self._delete_before(oldest, pipeline)
            if closed:
                these = ", ".join(["%s"] * len(closed))
                self._run(f"DELETE FROM {self._gaps} WHERE {self._name('id')} IN ({these})", *closed)

    def _oldest_kept(self, pipeline: str) -> str | None:
        """Return the load of the oldest state that is kept; `None`: there are not that many."""
        load, state_load = self._name("load_id"), self._name("_dlt_load_id")
        found = self._run(
            f"SELECT {load} FROM {self._states} AS s JOIN {self._loads} AS l ON l.{load} = s.{state_load} "
            f"WHERE {self._name('pipeline_name')} = %s AND {self._name('status')} = 0 ORDER BY {load} DESC",
            pipeline,
        )
        return str(found[KEPT - 1][0]) if len(found) >= KEPT else None

    def _delete_before(self, oldest: str, pipeline: str) -> None:
        load, state_load = self._name("load_id"), self._name("_dlt_load_id")
        self._run(
            f"DELETE FROM {self._states} WHERE {self._name('pipeline_name')} = %s AND {state_load} < %s",
            pipeline,
            oldest,
        )
        self._run(  # a state counts only if its load is there: those of other pipelines keep theirs
            f"DELETE FROM {self._loads} WHERE {self._name('schema_name')} = %s AND {load} < %s "
            f"AND {load} NOT IN (SELECT {state_load} FROM {self._states})",
            NAME,
            oldest,
        )

    def _run(self, statement: str, *values: str) -> Sequence[Sequence[Any]]:
        return self._sql.execute_sql(statement, *values) or ()

    def _name(self, column: str) -> str:
        return str(self._sql.escape_column_name(self._naming.normalize_identifier(column)))
