"""Compares what the sandbox did with what arrived. Every number is counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import attrs

from impactive_async.sandbox import State

KINDS: Final = ("enrollments", "sends", "replies")


@attrs.frozen(kw_only=True)
class Reconciliation:
    """The totals of one kind of row: how many there were to receive, and how many arrived."""

    kind: str
    emitted: int
    received: int
    missing: int
    duplicated: int

    @property
    def complete(self) -> bool:
        """Whether each row arrived, and none arrived twice."""
        return self.missing == 0 and self.duplicated == 0


@attrs.define
class Deliveries:
    """The rows that the consumer's processes handled.

    Attributes:
        repeated: Rows that a later process handled again: the killed one could not save that it had handled them.
            Delivery is at least once, and the same key shows that a row is the same.
        gaps: How many gaps the feeds reported.
    """

    repeated: int = 0
    gaps: int = 0
    _process_number: int = 1
    _handled: dict[str, dict[str, int]] = attrs.field(factory=lambda: {kind: {} for kind in KINDS})
    _duplicated: dict[str, int] = attrs.field(factory=lambda: dict.fromkeys(KINDS, 0))

    def begin_process(self) -> None:
        """Count the rows from here on as those of a new process."""
        self._process_number += 1

    def record(self, kind: str, key: str) -> bool:
        """Record a handled row. Return whether it is the first time."""
        before = self._handled[kind].get(key)
        self._handled[kind][key] = self._process_number
        if before == self._process_number:
            self._duplicated[kind] += 1
        elif before is not None:
            self.repeated += 1
        return before is None

    def has(self, kind: str, key: str) -> bool:
        """Whether a row has arrived."""
        return key in self._handled[kind]

    def compare(self, emitted: Mapping[str, Collection[str]]) -> list[Reconciliation]:
        """Compare with the keys of all rows that should have arrived."""
        return [self._total(kind, emitted[kind]) for kind in KINDS]

    def _total(self, kind: str, emitted: Collection[str]) -> Reconciliation:
        received = sum(key in self._handled[kind] for key in emitted)
        return Reconciliation(
            kind=kind,
            emitted=len(emitted),
            received=received,
            missing=len(emitted) - received,
            duplicated=self._duplicated[kind],
        )


def emitted(state: State, sequence_id: str) -> dict[str, Sequence[str]]:
    """Return the keys of all rows that the sandbox made.

    Of an enrollment only the latest version counts: a poller cannot see a version that is gone by its next poll.
    """
    return {
        "enrollments": [f"{row.id} {row.updated_at.isoformat()}" for row in state.enrollments(sequence_id)],
        "sends": [row.id for row in state.sends],
        "replies": [row.id for row in state.replies],
    }
