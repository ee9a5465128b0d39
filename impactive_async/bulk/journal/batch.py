"""A batch of `create_many` while it is under way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from impactive_async.bulk.drafts import Body, LeftOut
from impactive_async.bulk.journal.fingerprints import SIZE
from impactive_async.bulk.reconcile.evidence import Baseline
from impactive_async.bulk.reconcile.pairing import LostRow
from impactive_async.bulk.report import Outcome, RowFailure

Remark = tuple[int, str, str, str | None]
"""Of a row that was not created: its place in the input, its outcome, the reason, and another contact if any."""


@attrs.define(eq=False)
class ContactBatch:
    """Consecutive rows of the input, and what is known about them. A row goes by its place in the input."""

    first: int
    given: Sequence[Any] = attrs.field(repr=False)
    """The rows as the input had them."""
    bodies: Sequence[Body | None] = attrs.field(repr=False)
    """The same as they are sent; `None` for a bad one."""
    document: bytes = attrs.field(repr=False)
    """All bodies as a JSON array, with `null` for a bad row; empty without a journal."""
    digest: bytes = attrs.field(repr=False)
    """The digest of the whole input up to the end of this batch, where the journal has batches of version 0.1."""
    ids: list[str | None] = attrs.field(repr=False)
    """The contact of each row, bad ones included; `None` where there is none."""
    fingerprints: bytes = attrs.field(default=b"", repr=False)
    """The fingerprints of all rows, one behind the other."""
    rows: list[int] = attrs.field(factory=list, repr=False)
    """The rows that this call is to create."""
    baseline: Baseline | None = None
    started: int = 0
    """The journal's count of what happened before."""
    last_sent: float = 0.0
    created: int = 0
    already_created: int = 0
    found: int = 0
    left_out: Sequence[tuple[int, LeftOut]] = attrs.field(default=(), repr=False)
    recorded: bool = False
    """Whether the journal has all of this."""
    failed: list[RowFailure] = attrs.field(factory=list, repr=False)
    unknown: list[RowFailure] = attrs.field(factory=list, repr=False)

    @property
    def count(self) -> int:
        """How many rows it has, bad ones included."""
        return len(self.given)

    def places(self) -> range:
        """Return the places of all rows in the input."""
        return range(self.first, self.first + self.count)

    def bodies_of(self, rows: Sequence[int]) -> list[Body]:
        """Return what is sent for these rows, in their order."""
        whole = len(rows) == self.count
        bodies = self.bodies if whole else [self.bodies[row - self.first] for row in rows]
        return [body for body in bodies if body is not None]

    def fingerprint(self, row: int) -> bytes:
        """Return the fingerprint of one row."""
        place = (row - self.first) * SIZE
        return self.fingerprints[place : place + SIZE]

    def lost_rows(self) -> list[LostRow]:
        """Return the open rows, to be looked for."""
        rows = self.open_rows()
        return [LostRow(row, body, self.first) for row, body in zip(rows, self.bodies_of(rows), strict=True)]

    def create(self, rows: Sequence[int], ids: Sequence[str]) -> None:
        """Record the contacts that these rows have."""
        for row, contact_id in zip(rows, ids, strict=True):
            self.ids[row - self.first] = contact_id
        self.created += len(rows)

    def fail(self, row: int, reason: str, error: Exception | None) -> None:
        """Record that the row certainly has no contact."""
        self.failed.append(self._failure(row, reason, error))

    def doubt(self, row: int, reason: str, error: Exception | None) -> None:
        """Record that the row may have a contact."""
        self.unknown.append(self._failure(row, reason, error))

    def _failure(self, row: int, reason: str, error: Exception | None) -> RowFailure:
        return RowFailure(index=row, row=self.given[row - self.first], reason=reason, error=error)

    def remarks(self) -> list[Remark]:
        """Return what the journal remembers of the rows without a contact."""
        return [
            *((row, given.outcome, given.reason, given.contact_id) for row, given in self.left_out),
            *((failure.index, Outcome.FAILED.value, failure.reason, None) for failure in self.failed),
            *((failure.index, Outcome.UNKNOWN.value, failure.reason, None) for failure in self.unknown),
        ]

    def open_rows(self) -> list[int]:
        """Return the rows without an outcome."""
        if self.created == len(self.rows):
            return []  # rows that are bad were never among them
        if not (self.created or self.failed or self.unknown):
            return self.rows
        settled = {failure.index for failure in (*self.failed, *self.unknown)}
        return [row for row in self.rows if self.ids[row - self.first] is None and row not in settled]
