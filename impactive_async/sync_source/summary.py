"""What a run did to each table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs

from impactive_async.sync_source.listed import ListPolled


@attrs.frozen(kw_only=True)
class TableSummary:
    """What a run did to one table.

    Attributes:
        table: Its name.
        new: Rows of ids that the table did not have.
        changed: Rows of ids that it had: new versions, or the same again after a run that was killed.
        removed: Rows that are gone from a list that is shown whole.
        unreadable: Rows that could not be read or not be stored; they stand in `_unreadable`.
        gaps: Spans of time in which rows may be missing, those of earlier runs included; see `_gaps`.
        complete_until: The moment before which no row is missing, but in gaps; `None`: not known yet.
        failed: Lists that could not be polled; `_coverage` says why.
    """

    table: str
    new: int
    changed: int
    removed: int
    unreadable: int
    gaps: int
    complete_until: datetime | None
    failed: int


class Tally:
    """Counts what a run polls and loads: pass `note` to `source` as `on_list`.

    Args:
        kinds: The tables.
    """

    def __init__(self, kinds: Iterable[str]) -> None:
        self._lists: dict[str, list[ListPolled]] = defaultdict(list)
        self._kinds = tuple(kinds)
        self._before: Mapping[str, int] = {}

    def note(self, polled: ListPolled) -> None:
        """Count a list that was polled."""
        self._lists[polled.kind].append(polled)

    def begin(self, pipeline: Any) -> None:
        """Count the rows that are there before a run, and forget earlier runs."""
        self._lists.clear()
        self._before = ids_in(pipeline, self._kinds)

    def end(self, pipeline: Any) -> list[TableSummary]:
        """Count the rows that are there after a run; return what it did to each table."""
        after = ids_in(pipeline, self._kinds)
        return [self._of(kind, after.get(kind, 0) - self._before.get(kind, 0)) for kind in self._kinds]

    def _of(self, kind: str, new: int) -> TableSummary:
        lists = self._lists[kind]
        known = [one.complete_until for one in lists if one.complete_until is not None]
        return TableSummary(
            table=kind,
            new=new,
            changed=max(0, sum(one.rows for one in lists) - new),
            removed=sum(one.removed for one in lists),
            unreadable=sum(one.unreadable for one in lists),
            gaps=sum(one.gaps for one in lists),
            complete_until=min(known) if known and len(known) == len(lists) else None,
            failed=sum(one.error is not None for one in lists),
        )


def ids_in(pipeline: Any, tables: Iterable[str]) -> dict[str, int]:
    """Return how many ids each table has; those that are not there have none."""
    from dlt.destinations.exceptions import DatabaseUndefinedRelation

    found = {}
    with pipeline.sql_client() as client:
        for table in tables:
            name, column = client.make_qualified_table_name(table), client.escape_column_name("id")
            try:
                [(found[table],)] = client.execute_sql(f"SELECT count(DISTINCT {column}) FROM {name}")  # noqa: S608
            except DatabaseUndefinedRelation:
                found[table] = 0
    return found
