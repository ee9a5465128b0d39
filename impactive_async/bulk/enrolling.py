"""`sequences.enroll_many`: put any number of contacts on a sequence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence

import attrs

from impactive_async._clock import Clock
from impactive_async._http.wire import check_id
from impactive_async.bulk.crew import Crew
from impactive_async.bulk.options import check_count
from impactive_async.bulk.progress import Meter, OnProgress
from impactive_async.bulk.refusals import Breaker, send_halving
from impactive_async.bulk.report import NOT_SENT, EnrollReport, Outcome, RowFailure, RowResult, stopped
from impactive_async.bulk.source import Source
from impactive_async.errors import APIError, ImpactiveError
from impactive_async.models import EnrollResult, SkippedContact, SkipReason

SendIds = Callable[[list[str]], Awaitable[EnrollResult]]

Batch = dict[str, int]
"""Ids and their places in the input, in its order."""


@attrs.define
class Tally:
    """Counts what became of whom; what succeeded is counted only, what did not is kept."""

    keep_results: bool
    rows: int = 0
    enrolled: int = 0
    already_enrolled: int = 0
    perhaps_enrolled_now: int = 0
    duplicates: int = 0
    unaccounted: int = 0
    skipped: list[SkippedContact] = attrs.field(factory=list)
    failed: list[RowFailure] = attrs.field(factory=list)
    results: list[RowResult] = attrs.field(factory=list)

    def fail(self, index: int, given: object, reason: str, error: Exception | None = None) -> None:
        """The id is none, or its request failed."""
        self.failed.append(RowFailure(index=index, row=given, reason=reason, error=error))
        self._settle(index, given if isinstance(given, str) else None, Outcome.FAILED)

    def repeat(self, index: int, contact_id: str) -> None:
        """The id came before in its batch."""
        self.duplicates += 1
        self._settle(index, contact_id, Outcome.DUPLICATE)

    def enroll(self, part: Sequence[str], places: Mapping[str, int], result: EnrollResult) -> None:
        """The server has answered for this part of a batch."""
        skipped = {contact.contact_id: contact for contact in result.skipped}
        for contact_id in part if skipped else ():
            if contact_id in skipped:
                self._skip(places[contact_id], skipped[contact_id], again=result.attempts > 1)
        others = [contact_id for contact_id in part if contact_id not in skipped]
        enrolled = min(len(others), result.enrolled_count)
        self.enrolled += enrolled
        self.unaccounted += len(others) - enrolled
        # The server gives a count, not ids: if it does not add up, nobody can say who is not accounted for.
        outcome = Outcome.ENROLLED if enrolled == len(others) else Outcome.UNACCOUNTED
        self.rows += len(others)
        if self.keep_results:
            self.results += [RowResult(index=places[one], contact_id=one, outcome=outcome) for one in others]

    def _skip(self, index: int, contact: SkippedContact, *, again: bool) -> None:
        if contact.reason != SkipReason.ALREADY_ENROLLED:
            self.skipped.append(contact)
            self._settle(index, contact.contact_id, contact.reason)
        elif again:
            self.perhaps_enrolled_now += 1
            self._settle(index, contact.contact_id, Outcome.PERHAPS_ENROLLED_NOW)
        else:
            self.already_enrolled += 1
            self._settle(index, contact.contact_id, Outcome.ALREADY_ENROLLED)

    def _settle(self, index: int, contact_id: str | None, outcome: Outcome | str) -> None:
        self.rows += 1
        if self.keep_results:
            self.results.append(RowResult(index=index, contact_id=contact_id, outcome=outcome))

    def report(self) -> EnrollReport:
        """All of it, in input order."""
        fields = attrs.asdict(self, recurse=False, filter=lambda field, _: field.name != "keep_results")
        fields["skipped"] = tuple(self.skipped)
        fields["failed"] = tuple(sorted(self.failed, key=lambda failure: failure.index))
        ordered = sorted(self.results, key=lambda result: result.index)
        fields["results"] = tuple(ordered) if self.keep_results else None
        return EnrollReport(**fields)

    def acted(self) -> bool:
        """Whether the server has taken in anything."""
        return self.rows > len(self.failed) + self.duplicates or any(
            isinstance(failure.error, APIError) and failure.error.outcome_unknown for failure in self.failed
        )

    def progress(self) -> tuple[int, int, int]:
        """Rows done, failed, and skipped for an earlier run: there is none."""
        return self.rows, len(self.failed) + len(self.skipped) + self.unaccounted, 0


class Enrolling:
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
        self._source = Source(contact_ids, "contact_ids")
        self._send = send
        self._tally = Tally(keep_results)
        self._meter = Meter(on_progress, self._source.total, clock)
        self._breaker = Breaker()
        self._crew = Crew(self._fetch, self._handle, check_count(concurrency, "concurrency"))

    async def run(self) -> EnrollReport:
        """Do it all. See `Sequences.enroll_many`."""
        await self._crew.run()
        report = self._tally.report()
        if self._crew.cause is not None:
            raise stopped(self._crew.cause, report, acted=self._tally.acted())
        return report

    async def _fetch(self) -> Batch | None:
        first, chunk = self._source.position, list[str]()
        try:
            await self._source.read(self._batch_size, chunk)
        except BaseException:
            for index, given in enumerate(chunk, first):
                self._tally.fail(index, given, NOT_SENT)
            raise
        return self._checked(first, chunk) if chunk else None

    def _checked(self, first: int, chunk: list[str]) -> Batch:
        batch: Batch = {}
        for index, given in enumerate(chunk, first):
            try:
                check_id(given)
            except ValueError as error:
                self._tally.fail(index, given, str(error))
                continue
            if given in batch:
                self._tally.repeat(index, given)
            else:
                batch[given] = index
        return batch

    async def _handle(self, batch: Batch) -> None:
        done = 0

        async def send(part: Sequence[str]) -> None:
            nonlocal done
            result = await self._send(list(part))
            self._breaker.passed()
            self._tally.enroll(part, batch, result)
            done += len(part)

        def refuse(contact_id: str, error: ImpactiveError) -> None:
            nonlocal done
            self._tally.fail(batch[contact_id], contact_id, str(error), error)
            done += 1

        try:
            await send_halving(list(batch), send, refuse)
        except Exception as error:
            self._give_up(list(batch.items())[done:], error)
        if not batch:
            await asyncio.sleep(0)  # nothing was sent, and others want their turn
        await self._meter.report(self._tally.progress)

    def _give_up(self, rest: Iterable[tuple[str, int]], error: Exception) -> None:
        for contact_id, index in rest:
            self._tally.fail(index, contact_id, str(error), error)
        if not isinstance(error, APIError) or self._breaker.failed(error):
            self._crew.stop(error)
