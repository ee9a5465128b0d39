"""What became of the rows of a bulk call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from typing import Any

import attrs

from impactive_async.errors import BulkError, ImpactiveError
from impactive_async.models import SkippedContact

_SHOWN = 3
NOT_SENT = "not sent: the call was stopped before"


class Outcome(StrEnum):
    """What became of one row. Of an enrollment it may also be a reason the server gave for skipping somebody."""

    CREATED = "created"
    ALREADY_CREATED = "already_created"
    """By an earlier run with the same journal."""
    ENROLLED = "enrolled"
    ALREADY_ENROLLED = "already_enrolled"
    PERHAPS_ENROLLED_NOW = "perhaps_enrolled_now"
    """On the sequence; by this very call, or from before: the request had to be repeated."""
    DUPLICATE = "duplicate"
    """The same id came before it in the same batch."""
    UNACCOUNTED = "unaccounted"
    """The server neither counted it as enrolled nor named it as skipped."""
    FAILED = "failed"
    """Not done: to be put right and sent again."""
    UNKNOWN = "unknown"
    """Perhaps done: to be looked for before it is sent again."""


@attrs.frozen(kw_only=True)
class RowFailure:
    """One row that was not done, or nobody knows."""

    index: int
    """Its place in the input, from 0."""
    row: Any = attrs.field(repr=False)
    """The row as it was given."""
    reason: str
    error: Exception | None = attrs.field(default=None, repr=False)
    """What its request failed with; `None` if it was never fit to be sent."""


@attrs.frozen(kw_only=True)
class RowResult:
    """What became of one row."""

    index: int
    """Its place in the input, from 0."""
    contact_id: str | None
    """The contact's id, where it is known."""
    outcome: Outcome | str


@attrs.frozen(kw_only=True)
class Stretch:
    """The results of consecutive rows: kept in this form, a row takes little more than its id."""

    first: int
    ids: Sequence[str | None]
    outcomes: Sequence[Outcome | str]

    def results(self) -> Iterator[RowResult]:
        """One by one."""
        for index, (contact_id, outcome) in enumerate(zip(self.ids, self.outcomes, strict=True), self.first):
            yield RowResult(index=index, contact_id=contact_id, outcome=outcome)


@attrs.frozen(kw_only=True)
class CreateReport:
    """What `create_many` did: `rows == created + already_created + len(failed) + len(unknown)`."""

    rows: int
    """Rows read from the input."""
    created: int
    """Contacts this call created."""
    already_created: int
    """Rows an earlier run with the same journal had done, or this one had found to be done when it began."""
    found: int
    """Contacts whose answer was lost and which were then found in the lists; counted above as well."""
    failed: tuple[RowFailure, ...]
    """Rows that certainly were not created."""
    unknown: tuple[RowFailure, ...]
    """Rows that may have been created: the lists could not tell. They were not sent again."""
    stretches: tuple[Stretch, ...] | None = attrs.field(default=None, repr=False)
    """What `results` and `contact_ids` are made of."""

    @property
    def ok(self) -> bool:
        """Whether every row is in the workspace now."""
        return not self.failed and not self.unknown

    @property
    def results(self) -> tuple[RowResult, ...] | None:
        """Every row in input order, with `keep_results=True`. Made when it is asked for: ask once."""
        return None if self.stretches is None else tuple(chain.from_iterable(s.results() for s in self.stretches))

    @property
    def contact_ids(self) -> tuple[str, ...] | None:
        """The contacts of all rows that have one, in input order, with `keep_results=True`: for `enroll_many`."""
        return (
            None
            if self.stretches is None
            else tuple(chain.from_iterable(filter(None, s.ids) for s in self.stretches))
        )

    def raise_for_failures(self) -> None:
        """Raise unless `ok`.

        Raises:
            BulkError: Some rows failed or are unknown; `.report` is this report.
        """
        if not self.ok:
            raise BulkError(f"{self} {_first(self.failed + self.unknown)}".rstrip(), report=self)

    def __str__(self) -> str:
        return (
            f"{self.rows} rows: {self.created} created, {self.already_created} already created, "
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
    """Contacts this call put on the sequence."""
    already_enrolled: int
    """Contacts that were on it before."""
    perhaps_enrolled_now: int
    """Contacts on it of whom the server said `already_enrolled` when a request was repeated after its answer had
    been lost: by this very call, or from before."""
    duplicates: int
    """Ids that came twice within a batch. Across batches the server tells: `already_enrolled`."""
    unaccounted: int
    """Contacts the server neither counted as enrolled nor named as skipped."""
    skipped: tuple[SkippedContact, ...]
    """Contacts the server would not enroll, with its reason, such as `not_found`; not the `already_enrolled`."""
    failed: tuple[RowFailure, ...]
    """Ids whose request failed or that are none. Enrolling them again is safe, whatever became of the request."""
    results: tuple[RowResult, ...] | None = attrs.field(default=None, repr=False)
    """Every id in input order, with `keep_results=True`."""

    @property
    def ok(self) -> bool:
        """Whether every contact of the input is on the sequence now."""
        return not (self.failed or self.skipped or self.unaccounted)

    @property
    def skipped_by_reason(self) -> Mapping[str, int]:
        """How many were skipped for which reason, `already_enrolled` included where that is certain."""
        counts = {"already_enrolled": self.already_enrolled} if self.already_enrolled else {}
        for contact in self.skipped:
            counts[str(contact.reason)] = counts.get(str(contact.reason), 0) + 1
        return counts

    def raise_for_failures(self) -> None:
        """Raise unless `ok`.

        Raises:
            BulkError: Some contacts are not on the sequence; `.report` is this report.
        """
        if not self.ok:
            raise BulkError(f"{self} {_first(self.failed)}".rstrip(), report=self)

    def __str__(self) -> str:
        on_it = self.already_enrolled + self.perhaps_enrolled_now
        return (
            f"{self.rows} contacts: {self.enrolled} enrolled, {on_it} already on the sequence, "
            f"{self.duplicates} duplicates, {len(self.skipped)} skipped, {self.unaccounted} unaccounted for, "
            f"{len(self.failed)} failed."
        )


def stopped(cause: Exception, report: CreateReport | EnrollReport, *, acted: bool) -> Exception:
    """The exception of a call that ended before its input did.

    The cause itself if nothing had been done: then there is nothing to report.
    """
    if not acted:
        return cause
    what = f"{type(cause).__name__}: {cause}" if not isinstance(cause, ImpactiveError) else str(cause)
    error = BulkError(f"Stopped early by {what} Until then, of {report} The rest was not read.", report=report)
    error.__cause__ = cause
    return error


def _first(failures: tuple[RowFailure, ...]) -> str:
    return " ".join(f"Row {failure.index}: {failure.reason}" for failure in failures[:_SHOWN])
