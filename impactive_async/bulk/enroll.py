"""`sequences.enroll_many`: put any number of contacts on a sequence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence

import attrs

from impactive_async._checks import check_count
from impactive_async._clock import Clock
from impactive_async._codec.tolerant.results import at_most_enrolled
from impactive_async._http.wire import check_id
from impactive_async.bulk.input_rows import InputRows
from impactive_async.bulk.outcomes import RowOutcomes, in_order
from impactive_async.bulk.progress import OnProgress, ProgressReporter
from impactive_async.bulk.refusals import CircuitBreaker, send_halving
from impactive_async.bulk.report import NOT_SENT, EnrollReport, Outcome, RowFailure, results_of, stopped
from impactive_async.bulk.worker_pool import WorkerPool
from impactive_async.errors import APIError, ImpactiveError
from impactive_async.models import EnrollResult, SkippedContact, SkipReason

SendIds = Callable[[list[str]], Awaitable[EnrollResult]]

Places = dict[str, int]
"""The ids of a batch with their places in the input, in its order."""


@attrs.define
class EnrollOutcomes(RowOutcomes):
    """The report of a call, as far as it has come."""

    skipped: list[SkippedContact] = attrs.field(factory=list)

    def add_answer(self, part: Sequence[str], places: Mapping[str, int], result: EnrollResult) -> None:
        """Add what the server said of this part of a batch."""
        skipped = {contact.contact_id: contact for contact in result.skipped}
        others = [contact_id for contact_id in part if contact_id not in skipped]
        for contact_id in part if skipped else ():
            if contact_id in skipped:
                self._skip(places[contact_id], skipped[contact_id], again=result.attempts > 1)
        count = at_most_enrolled(result) if result.enrolled_count is None else result.enrolled_count
        # Without a count the others are enrolled: the server has reported success, and named whom it skipped.
        enrolled = len(others) if count is None else max(0, min(len(others), count))
        self.counts[Outcome.ENROLLED] += enrolled
        self.counts[Outcome.UNACCOUNTED] += len(others) - enrolled
        # The server gives a count and no ids. If the count is too low, nobody can say which of them are enrolled.
        outcome = Outcome.ENROLLED if enrolled == len(others) else Outcome.UNACCOUNTED
        for contact_id in others if self.keep_results else ():
            self.keep(places[contact_id], (contact_id,), (outcome,))

    def _skip(self, index: int, contact: SkippedContact, *, again: bool) -> None:
        if contact.reason == SkipReason.ALREADY_ENROLLED:
            outcome = Outcome.PERHAPS_ENROLLED_NOW if again else Outcome.ALREADY_ENROLLED
            self.add(index, (contact.contact_id,), (outcome,))
        else:
            self.skipped.append(contact)
            self.counts["skipped"] += 1  # not by the reason, which may be one of our own words
            self.keep(index, (contact.contact_id,), (contact.reason,))

    def report(self) -> EnrollReport:
        """Return the report."""
        stretches = self.kept()
        return EnrollReport(
            rows=self.rows,
            enrolled=self.counts[Outcome.ENROLLED],
            already_enrolled=self.counts[Outcome.ALREADY_ENROLLED],
            perhaps_enrolled_now=self.counts[Outcome.PERHAPS_ENROLLED_NOW],
            duplicates=self.counts[Outcome.DUPLICATE],
            unaccounted=self.counts[Outcome.UNACCOUNTED],
            skipped=tuple(self.skipped),
            failed=in_order(self.failed),
            results=None if stretches is None else results_of(stretches),
        )

    def acted(self) -> bool:
        """Whether the server has done anything, or may have."""
        return self.rows > len(self.failed) + self.counts[Outcome.DUPLICATE] or any(
            isinstance(failure.error, APIError) and failure.error.outcome_unknown for failure in self.failed
        )

    def progress(self) -> tuple[int, int, int]:
        """Return how many rows have an outcome, how many of them failed, and how many an earlier run did: none."""
        failed = len(self.failed) + len(self.skipped) + self.counts[Outcome.UNACCOUNTED]
        return self.rows, failed, 0


class EnrollCall:
    """One call of `enroll_many`."""

    def __init__(
        self,
        contact_ids: Iterable[str] | AsyncIterable[str],
        send: SendIds,
        clock: Clock,
        *,
        batch_size: int,
        concurrency: int,
        on_progress: OnProgress | None,
        keep_results: bool,
    ) -> None:
        self._batch_size = check_count(batch_size, "batch_size")
        self._input = InputRows(contact_ids, "contact_ids")
        self._send = send
        self._outcomes = EnrollOutcomes(keep_results)
        self._progress = ProgressReporter(on_progress, self._input.total, clock)
        self._breaker = CircuitBreaker()
        self._pool = WorkerPool(self._fetch, self._handle, check_count(concurrency, "concurrency"))

    async def run(self) -> EnrollReport:
        """Enroll all contacts and return the report. See `Sequences.enroll_many`.

        Raises:
            BulkError: The call was stopped before the end of its input, after the server had done something.
            Exception: It was stopped before that: by what the input raised, or by an error of a request.
        """
        await self._pool.run()
        report = self._outcomes.report()
        if self._pool.cause is not None:
            raise stopped(self._pool.cause, report, acted=self._outcomes.acted())
        return report

    async def _fetch(self) -> Places | None:
        first, chunk = self._input.position, list[str]()
        try:
            await self._input.read(self._batch_size, chunk)
        except BaseException:
            self._fail([(given, index) for index, given in enumerate(chunk, first)], NOT_SENT)
            raise
        return self._checked(first, chunk) if chunk else None

    def _checked(self, first: int, chunk: list[str]) -> Places:
        batch: Places = {}
        for index, given in enumerate(chunk, first):
            try:
                check_id(given)
            except ValueError as error:
                self._fail([(given, index)], str(error))
                continue
            if given in batch:
                self._outcomes.add(index, (given,), (Outcome.DUPLICATE,))
            else:
                batch[given] = index
        return batch

    async def _handle(self, batch: Places) -> None:
        done = 0

        async def send(part: Sequence[str]) -> None:
            nonlocal done
            result = await self._send(list(part))
            self._breaker.passed()
            self._outcomes.add_answer(part, batch, result)
            done += len(part)

        def refuse(contact_id: str, error: ImpactiveError) -> None:
            nonlocal done
            self._fail([(contact_id, batch[contact_id])], str(error), error)
            done += 1

        try:
            await send_halving(list(batch), send, refuse)
        except Exception as error:
            self._fail(list(batch.items())[done:], str(error), error)
            if not isinstance(error, APIError) or self._breaker.failed(error):
                self._pool.stop(error)
        if not batch:
            await asyncio.sleep(0)  # nothing was sent: let other tasks run
        await self._progress.report(self._outcomes.progress)

    def _fail(self, rows: Iterable[tuple[object, int]], reason: str, error: Exception | None = None) -> None:
        for given, index in rows:
            failure = RowFailure(index=index, row=given, reason=reason, error=error)
            self._outcomes.fail(failure, given if isinstance(given, str) else None)
