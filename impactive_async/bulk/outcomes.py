"""What became of the rows of a bulk call so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import attrs

from impactive_async.bulk.report import Outcome, RowFailure, Stretch


@attrs.define
class RowOutcomes:
    """Counts rows by outcome, and keeps those that failed; with `keep_results`, each row with its contact.

    Rows that succeeded are only counted otherwise, so that memory stays bounded.
    """

    keep_results: bool
    counts: Counter[str] = attrs.field(factory=Counter)
    failed: list[RowFailure] = attrs.field(factory=list)
    stretches: list[Stretch] = attrs.field(factory=list)

    @property
    def rows(self) -> int:
        """How many rows have an outcome."""
        return self.counts.total()

    def add(self, first: int, ids: Sequence[str | None], outcomes: Sequence[str]) -> None:
        """Count consecutive rows, and keep them with the contact of each where there is one."""
        self.counts.update(outcomes)
        self.keep(first, ids, outcomes)

    def keep(self, first: int, ids: Sequence[str | None], outcomes: Sequence[str]) -> None:
        """Keep the results of consecutive rows, with `keep_results`; they are counted elsewhere."""
        if self.keep_results:
            self.stretches.append(Stretch(first=first, ids=ids, outcomes=outcomes))

    def fail(self, failure: RowFailure, contact_id: str | None = None) -> None:
        """Add a row that failed."""
        self.failed.append(failure)
        self.add(failure.index, (contact_id,), (Outcome.FAILED,))

    def kept(self) -> tuple[Stretch, ...] | None:
        """Return the results of all rows in input order; `None` unless they are kept."""
        return tuple(sorted(self.stretches, key=lambda stretch: stretch.first)) if self.keep_results else None


def in_order(failures: Iterable[RowFailure]) -> tuple[RowFailure, ...]:
    """Return failures in input order."""
    return tuple(sorted(failures, key=lambda failure: failure.index))
