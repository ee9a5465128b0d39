"""Counts what became of the rows of `create_many`; what succeeded is counted only, what did not is kept."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from impactive_async.bulk.batch import Batch
from impactive_async.bulk.report import CreateReport, Outcome, RowFailure, Stretch


@attrs.define
class Tally:
    """The report, in the making."""

    keep_results: bool
    rows: int = 0
    created: int = 0
    already_created: int = 0
    found: int = 0
    failed: list[RowFailure] = attrs.field(factory=list)
    unknown: list[RowFailure] = attrs.field(factory=list)
    stretches: list[Stretch] = attrs.field(factory=list)

    def absorb(self, batch: Batch) -> None:
        """A batch is done with."""
        self.rows += batch.count
        self.created += batch.created
        self.already_created += batch.already_created
        self.found += batch.found
        self.failed += batch.failed
        self.unknown += batch.unknown
        if self.keep_results:
            self.stretches.append(Stretch(first=batch.first, ids=tuple(batch.ids), outcomes=_outcomes(batch)))

    def interrupted(self, failures: Iterable[RowFailure]) -> None:
        """Rows were read, and then there was no time to send them."""
        for failure in failures:
            self.rows += 1
            self.failed.append(failure)
            if self.keep_results:
                self.stretches.append(Stretch(first=failure.index, ids=(None,), outcomes=(Outcome.FAILED,)))

    def report(self) -> CreateReport:
        """All of it, in input order."""
        ordered = sorted(self.stretches, key=lambda stretch: stretch.first)
        return CreateReport(
            rows=self.rows,
            created=self.created,
            already_created=self.already_created,
            found=self.found,
            failed=tuple(sorted(self.failed, key=lambda failure: failure.index)),
            unknown=tuple(sorted(self.unknown, key=lambda failure: failure.index)),
            stretches=tuple(ordered) if self.keep_results else None,
        )

    def acted(self) -> bool:
        """Whether this call may have created anybody."""
        return bool(self.created or self.unknown)

    def progress(self) -> tuple[int, int, int]:
        """Rows done, failed or unknown, and skipped because an earlier run had done them."""
        return self.rows, len(self.failed) + len(self.unknown), self.already_created


def _outcomes(batch: Batch) -> tuple[Outcome, ...]:
    if batch.created == batch.count:
        return (Outcome.CREATED,) * batch.count
    outcomes: dict[int, Outcome] = dict.fromkeys(batch.rows, Outcome.CREATED)
    outcomes.update((failure.index, Outcome.FAILED) for failure in batch.failed)
    outcomes.update((failure.index, Outcome.UNKNOWN) for failure in batch.unknown)
    places = range(batch.first, batch.first + batch.count)
    return tuple(outcomes.get(place, Outcome.ALREADY_CREATED) for place in places)
