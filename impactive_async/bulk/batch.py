"""A batch of `create_many` while it is under way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from impactive_async.bulk.drafts import Body
from impactive_async.bulk.evidence import Trace
from impactive_async.bulk.pairing import Wanted
from impactive_async.bulk.report import RowFailure


@attrs.define(eq=False)
class Batch:
    """A stretch of the input and what is known about its rows, which go by their places in the input."""

    first: int
    given: Sequence[Any] = attrs.field(repr=False)
    """The rows as the input had them."""
    bodies: Sequence[Body | None] = attrs.field(repr=False)
    """The same as they are sent; `None` for a bad one."""
    document: bytes = attrs.field(repr=False)
    """All bodies as a JSON array, with `null` for a bad row."""
    digest: bytes = attrs.field(repr=False)
    """Of the whole input up to the end of this batch."""
    ids: list[str | None] = attrs.field(repr=False)
    """The contact of each row, bad ones included, where there is one."""
    rows: list[int] = attrs.field(factory=list, repr=False)
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

    @property
    def count(self) -> int:
        """How many rows it has, bad ones included."""
        return len(self.given)

    def bodies_of(self, rows: Sequence[int]) -> list[Body]:
        """What is sent for these rows, in their order."""
        whole = len(rows) == self.count
        bodies = self.bodies if whole else [self.bodies[row - self.first] for row in rows]
        return [body for body in bodies if body is not None]

    def wanted(self) -> list[Wanted]:
        """What to look for: the open rows."""
        rows = self.open_rows()
        return [Wanted(row, body, self.first) for row, body in zip(rows, self.bodies_of(rows), strict=True)]

    def create(self, rows: Sequence[int], ids: Sequence[str]) -> None:
        """These rows have their contacts."""
        for row, contact_id in zip(rows, ids, strict=True):
            self.ids[row - self.first] = contact_id
        self.created += len(rows)

    def fail(self, row: int, reason: str, error: Exception | None) -> None:
        """The row certainly has none."""
        self.failed.append(self._failure(row, reason, error))

    def doubt(self, row: int, reason: str, error: Exception | None) -> None:
        """The row may have one."""
        self.unknown.append(self._failure(row, reason, error))

    def _failure(self, row: int, reason: str, error: Exception | None) -> RowFailure:
        return RowFailure(index=row, row=self.given[row - self.first], reason=reason, error=error)

    def open_rows(self) -> list[int]:
        """Rows of which nothing is known yet."""
        if self.created == len(self.rows):
            return []  # rows that are bad were never among them
        if not (self.created or self.failed or self.unknown):
            return self.rows
        settled = {failure.index for failure in (*self.failed, *self.unknown)}
        return [row for row in self.rows if self.ids[row - self.first] is None and row not in settled]
