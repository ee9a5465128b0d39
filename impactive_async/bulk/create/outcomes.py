"""What became of the rows of one call of `create_many` so far."""

from __future__ import annotations

import attrs

from impactive_async.bulk.journal.batch import ContactBatch
from impactive_async.bulk.outcomes import RowOutcomes, in_order
from impactive_async.bulk.report import CreateReport, Outcome, RowFailure


@attrs.define
class CreateOutcomes(RowOutcomes):
    """The report of a call, as far as it has come."""

    found: int = 0
    unknown: list[RowFailure] = attrs.field(factory=list)

    def add_batch(self, batch: ContactBatch) -> None:
        """Add all rows of a batch that is finished."""
        self.found += batch.found
        self.failed += batch.failed
        self.unknown += batch.unknown
        self.add(batch.first, tuple(batch.ids), _outcomes(batch))

    def report(self) -> CreateReport:
        """Return the report."""
        return CreateReport(
            rows=self.rows,
            created=self.counts[Outcome.CREATED],
            already_created=self.counts[Outcome.ALREADY_CREATED],
            found=self.found,
            left_out=self.counts[Outcome.LEFT_OUT],
            failed=in_order(self.failed),
            unknown=in_order(self.unknown),
            stretches=self.kept(),
        )

    def acted(self) -> bool:
        """Whether this call may have created anybody."""
        return bool(self.counts[Outcome.CREATED] or self.unknown)

    def progress(self) -> tuple[int, int, int]:
        """Return the numbers of rows with an outcome, failed or unknown, and done by an earlier run."""
        return self.rows, len(self.failed) + len(self.unknown), self.counts[Outcome.ALREADY_CREATED]


def _outcomes(batch: ContactBatch) -> tuple[Outcome, ...]:
    if batch.created == batch.count:
        return (Outcome.CREATED,) * batch.count
    outcomes: dict[int, Outcome] = dict.fromkeys(batch.rows, Outcome.CREATED)
    outcomes.update((failure.index, Outcome.FAILED) for failure in batch.failed)
    outcomes.update((failure.index, Outcome.UNKNOWN) for failure in batch.unknown)
    outcomes.update((index, Outcome.LEFT_OUT) for index, _ in batch.left_out)
    return tuple(outcomes.get(index, Outcome.ALREADY_CREATED) for index in batch.places())
