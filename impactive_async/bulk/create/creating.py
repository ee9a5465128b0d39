"""The batches of `contacts.create_many`: sent, found again if their answer is lost, and recorded.

A batch is read and checked (`batching`). Then its intent is recorded, it is sent, and its result is recorded. If
its answer is lost, it is looked for on the lists (`searching`), and the rows that are certainly missing are sent
again. A `Window` keeps lost batches within reach of the lists.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeGuard

import attrs

from impactive_async._clock import Clock
from impactive_async._http.caller import Answer
from impactive_async.bulk.create.batching import Batcher
from impactive_async.bulk.create.gate import SendingGate
from impactive_async.bulk.create.known import KnownContacts
from impactive_async.bulk.create.outcomes import CreateOutcomes
from impactive_async.bulk.create.searching import Searcher
from impactive_async.bulk.create.window import Window
from impactive_async.bulk.drafts import Body
from impactive_async.bulk.journal.batch import ContactBatch
from impactive_async.bulk.journal.log import BatchLog
from impactive_async.bulk.progress import ProgressReporter
from impactive_async.bulk.reconcile.pairing import match_answer
from impactive_async.bulk.reconcile.search import Search, explain
from impactive_async.bulk.refusals import CircuitBreaker, send_halving
from impactive_async.bulk.report import NOT_SENT
from impactive_async.bulk.worker_pool import WorkerPool
from impactive_async.errors import APIError, APIStatusError, ConfigurationError, DecodeError, JournalError

CreateContacts = Callable[[list[Body]], Awaitable[Answer[list[Body]]]]

PREPARED: Final = 2
"""Batches that are read and recorded ahead of those under way, so that no request waits for a flush of the
journal. More would fill the window, and requests would come in bursts: with four, creating took half as long
again."""


class NotSentError(Exception):
    """A batch was not sent because the call has stopped."""


@attrs.define(eq=False, kw_only=True)
class BatchCreator:
    """Creates the batches of one call of `create_many`."""

    create: CreateContacts
    create_path: str
    batcher: Batcher
    log: BatchLog
    search: Search
    known: KnownContacts
    window: Window
    outcomes: CreateOutcomes
    progress: ProgressReporter
    clock: Clock
    concurrency: int
    resends: int
    _breaker: CircuitBreaker = attrs.field(init=False, factory=CircuitBreaker)
    _stopped: bool = attrs.field(init=False, default=False)
    _gate: SendingGate = attrs.field(init=False)
    _searcher: Searcher = attrs.field(init=False)
    _pool: WorkerPool[ContactBatch] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._gate = SendingGate(self.concurrency)
        self._searcher = Searcher(self.search, self.known, self._gate, self.clock)
        self._pool = WorkerPool(lambda: self.batcher.next(self.log), self._handle, self.concurrency + PREPARED)

    async def run(self) -> Exception | None:
        """Create all batches; return what stopped the call before the end of its input, if anything did."""
        searching = asyncio.create_task(self._searcher.run(), name="impactive-bulk-search")
        try:
            await self._pool.run()
        finally:
            searching.cancel()
            await asyncio.wait([searching])
        for batch in self.batcher.held:
            self._fail(batch, NOT_SENT, None)
            self.outcomes.add_batch(batch)
        for failure in self.batcher.interrupted:
            self.outcomes.fail(failure)
        try:
            await self.log.flush()
        except JournalError as error:
            self._pool.stop(error)
        return self._pool.cause

    async def _handle(self, batch: ContactBatch) -> None:
        if batch.rows:
            try:
                await self._record_and_send(batch)
            finally:
                self.window.leave(batch)
        else:
            if not batch.recorded:
                self.log.finish(batch)
            await asyncio.sleep(0)  # nothing is sent: let other tasks run
        self.outcomes.add_batch(batch)
        await self.progress.report(self.outcomes.progress)

    async def _record_and_send(self, batch: ContactBatch) -> None:
        batch.baseline = self.known.baseline()
        try:
            await self.log.begin(batch)
        except JournalError as error:
            self._fail(batch, f"not sent: {error}", error)
            self._pool.stop(error)
            return
        if await self._create_all(batch):
            self.log.finish(batch)

    async def _create_all(self, batch: ContactBatch) -> bool:
        """Send the batch until the outcome of each row is known; return whether that is so in the end."""
        tries = 0
        while batch.open_rows():
            tries += 1
            error = await self._send(batch)
            if error is None:
                return True
            if isinstance(error, NotSentError):
                self._fail(batch, NOT_SENT, None)
                return True
            if not isinstance(error, APIError | ConfigurationError):
                return self._leave_open(batch, f"may have been created: {error!r}", error)
            if not _is_unknown(error):
                self._give_up(batch, str(error), error)
                return True
            try:
                await self._look_for(batch)
            except Exception as obstacle:
                return self._leave_open(batch, explain(obstacle), obstacle)
            if tries > self.resends or self._pool.cause is not None:
                reason = f"looked for after each of {tries} attempts, and not there: {error.message}"
                self._give_up(batch, reason, error)
        return True

    async def _send(self, batch: ContactBatch) -> Exception | None:
        """Send the open rows; return the error, if there was one."""

        def refuse(row: int, error: APIStatusError) -> None:
            self._breaker.passed()
            batch.fail(row, str(error), error)

        async def send(part: Sequence[int]) -> None:
            await self._send_part(batch, part)

        try:
            await send_halving(batch.open_rows(), send, refuse)
        except Exception as error:
            return error
        return None

    async def _send_part(self, batch: ContactBatch, part: Sequence[int]) -> None:
        bodies = batch.bodies_of(part)
        async with self._gate.through():
            if self._stopped:
                raise NotSentError
            self._searcher.sent(batch, part)
            try:
                answer = await self.create(bodies)
            except (APIError, ConfigurationError) as error:
                if not _is_unknown(error):
                    self._searcher.ended(batch)
                raise
        ids, recognised = match_answer(bodies, answer.value, self.search.match_on)
        if ids is None:
            raise DecodeError(
                f"the answer holds {len(answer.value)} contacts for {len(part)} rows",
                method="POST",
                path=self.create_path,
                attempts=answer.attempts,
                outcome_unknown=True,
            )
        batch.create(part, ids)
        self.known.add(ids, answer.server_time)
        self._searcher.ended(batch)
        self._breaker.passed()
        if not recognised and self.search.trust_absence:
            self.search.trust_absence = False
            await self.log.distrust()

    async def _look_for(self, batch: ContactBatch) -> None:
        """Look for a lost batch. Afterwards only the rows that are certainly missing are open."""
        before = batch.found
        await self._searcher.find(batch)
        if batch.found > before:
            self._breaker.passed()

    def _give_up(self, batch: ContactBatch, reason: str, error: Exception) -> None:
        """Fail the open rows, which certainly have no contacts."""
        self._fail(batch, reason, error)
        if not isinstance(error, APIError) or self._breaker.failed(error):
            self._stop(error)

    def _stop(self, cause: Exception) -> None:
        """Read and send nothing more: it would fail as well, or push lost batches off the lists."""
        self._stopped = True
        self._pool.stop(cause)

    def _fail(self, batch: ContactBatch, reason: str, error: Exception | None) -> None:
        for row in batch.open_rows():
            batch.fail(row, reason, error)

    def _leave_open(self, batch: ContactBatch, reason: str, error: Exception) -> bool:
        """Report the open rows as unknown. The journal keeps their intent, so that the next run looks for them."""
        self._searcher.ended(batch)
        for row in batch.open_rows():
            batch.doubt(row, reason, error)
        self._stop(error)
        return False


def _is_unknown(error: Exception) -> TypeGuard[APIError]:
    """Whether the server may have done what was asked."""
    return isinstance(error, APIError) and error.outcome_unknown
