"""What became of the rows of a bulk call: the reports, and the error that carries one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from typing import Any

import attrs

from impactive_async.errors import ImpactiveError
from impactive_async.models import SkippedContact

_SHOWN = 3
"""Failures that an error's message names."""

NOT_SENT = "not sent: the call was stopped before"


class BulkError(ImpactiveError):
    """A bulk call did not do all that it was asked to: rows failed, or it stopped before the end of its input.

    If it stopped, the `__cause__` is what stopped it.

    Attributes:
        report: What was done, what was not, and what is unknown.
    """

    def __init__(self, message: str, *, report: CreateReport | EnrollReport) -> None:
        super().__init__(message)
        self.report = report


class Outcome(StrEnum):
    """What became of one row.

    Of an enrollment it may also be the reason that the server gave for skipping a contact.
    """

    CREATED = "created"
    ALREADY_CREATED = "already_created"
    """An earlier run with the same journal created it."""
    ENROLLED = "enrolled"
    ALREADY_ENROLLED = "already_enrolled"
    PERHAPS_ENROLLED_NOW = "perhaps_enrolled_now"
    """The contact is on the sequence, because of this call or from before: the request had to be repeated."""
    DUPLICATE = "duplicate"
    """The same id stands before it in the same batch."""
    UNACCOUNTED = "unaccounted"
    """The server neither counted the contact as enrolled nor named it as skipped."""
    LEFT_OUT = "left_out"
    """The input itself says that the row is not to be created."""
    FAILED = "failed"
    """Certainly not done. Correct the row and send it again."""
    UNKNOWN = "unknown"
    """Perhaps done. Look for the contact before you send the row again."""


@attrs.frozen(kw_only=True)
class RowFailure:
    """A row that was not done, or of which that is unknown."""

    index: int
    """Its place in the input, from 0."""
    row: Any = attrs.field(repr=False)
    """The row as it was given."""
    reason: str
    error: Exception | None = attrs.field(default=None, repr=False)
    """The error of its request; `None` if the row was not sent."""


@attrs.frozen(kw_only=True)
class RowResult:
    """What became of one row."""

    index: int
    """Its place in the input, from 0."""
    contact_id: str | None
    """The contact's id; `None` where it is unknown."""
    outcome: Outcome | str


@attrs.frozen(kw_only=True)
class Stretch:
    """The results of consecutive rows. In this form a row takes little more memory than its id."""

    first: int
    ids: Sequence[str | None]
    outcomes: Sequence[Outcome | str]

    def results(self) -> Iterator[RowResult]:
        """Yield them one by one."""
        for index, (contact_id, outcome) in enumerate(zip(self.ids, self.outcomes, strict=True), self.first):
            yield RowResult(index=index, contact_id=contact_id, outcome=outcome)


@attrs.frozen(kw_only=True)
class CreateReport:
    """What `create_many` did.

    `rows` is the sum of `created`, `already_created`, `left_out`, `len(failed)` and `len(unknown)`.
    """

    rows: int
    """Rows read from the input."""
    created: int
    """Contacts that this call created."""
    already_created: int
    """Rows that an earlier run with the same journal created, by its record or by the lists at the start."""
    found: int
    """Contacts whose answer was lost and that were found in the lists. They are counted above as well."""
    failed: tuple[RowFailure, ...]
    """Rows that certainly were not created."""
    unknown: tuple[RowFailure, ...]
    """Rows that may have been created: the lists could not tell. They were not sent again."""
    left_out: int = 0
    """Rows of which the input itself says that they are not to be created."""
    stretches: tuple[Stretch, ...] | None = attrs.field(default=None, repr=False)
    """What `results` and `contact_ids` are made of."""

    @property
    def ok(self) -> bool:
        """Whether every row is in the workspace now."""
        return not self.failed and not self.unknown

    @property
    def results(self) -> tuple[RowResult, ...] | None:
        """Every row in input order, with `keep_results=True`. They are made each time this is read."""
        return None if self.stretches is None else results_of(self.stretches)

    @property
    def contact_ids(self) -> tuple[str, ...] | None:
        """The contacts of all rows that have one, in input order, with `keep_results=True`: for `enroll_many`."""
        if self.stretches is None:
            return None
        return tuple(chain.from_iterable(filter(None, stretch.ids) for stretch in self.stretches))

    def raise_for_failures(self) -> None:
        """Raise an error unless `ok`.

        Raises:
            BulkError: Some rows failed or are unknown. `.report` is this report.
        """
        if not self.ok:
            raise _failed(self, self.failed + self.unknown)

    def __str__(self) -> str:
        left_out = f"{self.left_out} left out, " if self.left_out else ""
        return (
            f"{self.rows} rows: {self.created} created, {self.already_created} already created, {left_out}"
            f"{len(self.failed)} failed, {len(self.unknown)} unknown."
        )


@attrs.frozen(kw_only=True)
class EnrollReport:
    """What `enroll_many` did.

    `rows` is the sum of `enrolled`, `already_enrolled`, `perhaps_enrolled_now`, `duplicates`, `unaccounted`,
    `len(skipped)` and `len(failed)`.
    """

    rows: int
    """Ids read from the input."""
    enrolled: int
    """Contacts that this call put on the sequence."""
    already_enrolled: int
    """Contacts that were on it before."""
    perhaps_enrolled_now: int
    """Contacts that are on it, because of this call or from before. The server said `already_enrolled` when their
    request was repeated after its answer had been lost."""
    duplicates: int
    """Ids that stand twice in a batch. If they stand in two batches, the server says `already_enrolled`."""
    unaccounted: int
    """Contacts that the server neither counted as enrolled nor named as skipped."""
    skipped: tuple[SkippedContact, ...]
    """Contacts that the server would not enroll, with its reason, such as `not_found`. Those that were on the
    sequence before are not among them."""
    failed: tuple[RowFailure, ...]
    """Ids that are malformed or whose request failed. Enrolling them again is safe, whatever became of the
    request."""
    results: tuple[RowResult, ...] | None = attrs.field(default=None, repr=False)
    """Every id in input order, with `keep_results=True`."""

    @property
    def ok(self) -> bool:
        """Whether every contact of the input is on the sequence now."""
        return not (self.failed or self.skipped or self.unaccounted)

    @property
    def skipped_by_reason(self) -> Mapping[str, int]:
        """How many contacts were skipped for which reason; `already_enrolled` is one, where that is certain."""
        counts = Counter(str(contact.reason) for contact in self.skipped)
        before = {"already_enrolled": self.already_enrolled} if self.already_enrolled else {}
        return before | counts

    def raise_for_failures(self) -> None:
        """Raise an error unless `ok`.

        Raises:
            BulkError: Some contacts are not on the sequence. `.report` is this report.
        """
        if not self.ok:
            raise _failed(self, self.failed)

    def __str__(self) -> str:
        on_it = self.already_enrolled + self.perhaps_enrolled_now
        return (
            f"{self.rows} contacts: {self.enrolled} enrolled, {on_it} already on the sequence, "
            f"{self.duplicates} duplicates, {len(self.skipped)} skipped, {self.unaccounted} unaccounted for, "
            f"{len(self.failed)} failed."
        )


def results_of(stretches: Iterable[Stretch]) -> tuple[RowResult, ...]:
    """Return the results of all rows of these stretches, one by one."""
    return tuple(chain.from_iterable(stretch.results() for stretch in stretches))


def stopped(cause: Exception, report: CreateReport | EnrollReport, *, acted: bool) -> Exception:
    """Return what a call raises that stopped before the end of its input.

    If the server has done nothing (`acted`), that is the cause itself, because there is nothing to report.
    """
    if not acted:
        return cause
    what = f"{type(cause).__name__}: {cause}" if not isinstance(cause, ImpactiveError) else str(cause)
    error = BulkError(
        f"Stopped early by {what.rstrip('.')}. Until then, of {report} The rest was not read.", report=report
    )
    error.__cause__ = cause
    return error


def _failed(report: CreateReport | EnrollReport, failures: tuple[RowFailure, ...]) -> BulkError:
    shown = [f"Row {failure.index}: {failure.reason}" for failure in failures[:_SHOWN]]
    return BulkError(" ".join([str(report), *shown]), report=report)
