"""A batch of `create_many` while it is under way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from impactive_async.bulk.evidence import Trace
from impactive_async.bulk.pairing import Wanted
from impactive_async.bulk.report import RowFailure


@attrs.frozen
class Row(Wanted):
    """A row that is fit to be sent."""

    given: Any = attrs.field(repr=False)
    """As the input had it."""


@attrs.define(eq=False)
class Batch:
    """A stretch of the input and what is known about its rows."""

    first: int
    count: int
    digest: bytes = attrs.field(repr=False)
    """Of the whole input up to the end of this batch."""
    document: bytes = attrs.field(repr=False)
    """The bodies of all its rows as a JSON array, with `null` for a bad one."""
    ids: list[str | None] = attrs.field(repr=False)
    """The contact of each row, bad ones included, where there is one."""
    rows: list[Row] = attrs.field(factory=list, repr=False)
    """Those to be created now."""
    trace: Trace | None = None
    started: int = 0
    """The journal's count of what happened before."""
    last_sent: float = 0.0
    created: int = 0
    already_created: int = 0
    found: int = 0
    failed: list[RowFailure] = attrs.field(factory=list, repr=False)
    unknown: list[RowFailure] = attrs.field(factory=list, repr=False)

    def create(self, rows: Sequence[Row], ids: Sequence[str]) -> None:
        """These rows have their contacts."""
        for row, contact_id in zip(rows, ids, strict=True):
            self.ids[row.index - self.first] = contact_id
        self.created += len(rows)

    def fail(self, row: Row, reason: str, error: Exception | None) -> None:
        """The row certainly has none."""
        self.failed.append(RowFailure(index=row.index, row=row.given, reason=reason, error=error))

    def doubt(self, row: Row, reason: str, error: Exception | None) -> None:
        """The row may have one."""
        self.unknown.append(RowFailure(index=row.index, row=row.given, reason=reason, error=error))

    def open_rows(self) -> list[Row]:
        """Rows of which nothing is known yet."""
        if not (self.created or self.failed or self.unknown):
            return self.rows
        settled = {failure.index for failure in (*self.failed, *self.unknown)}
        return [row for row in self.rows if self.ids[row.index - self.first] is None and row.index not in settled]
