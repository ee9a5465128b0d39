"""The batches of `contacts.create_many`: sent, found again if their answer is lost, and recorded.

A batch is read and checked (`batching`). Then its intent is recorded, it is sent, and its result is recorded. If
its answer is lost, sending stops until nothing is under way. Then the lists are searched, and the rows that are
certainly missing are sent again. A `Window` keeps lost batches within reach of the lists.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import attrs

from impactive_async._clock import Clock
from impactive_async._http.caller import Answer
from impactive_async.bulk.create.batching import Batcher
from impactive_async.bulk.create.known import KnownContacts
from impactive_async.bulk.create.lock import SharedLock
from impactive_async.bulk.create.outcomes import CreateOutcomes
from impactive_async.bulk.create.window import Window
from impactive_async.bulk.drafts import Body
from impactive_async.bulk.journal.batch import ContactBatch
from impactive_async.bulk.journal.log import BatchLog
from impactive_async.bulk.progress import ProgressReporter
from impactive_async.bulk.reconcile.evidence import Baseline
from impactive_async.bulk.reconcile.pairing import Pairing, match_answer
from impactive_async.bulk.reconcile.search import LostBatch, Search, explain
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
    _lost: dict[ContactBatch, None] = attrs.field(init=False, factory=dict)
    _stopped: bool = attrs.field(init=False, default=False)
    _lock: SharedLock = attrs.field(init=False)
    _pool: WorkerPool[ContactBatch] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._lock = SharedLock(self.concurrency)
        self._pool = WorkerPool(lambda: self.batcher.next(self.log), self._handle, self.concurrency + PREPARED)

    async def run(self) -> Exception | None:
        """Create all batches; return what stopped the call before the end of its input, if anything did."""
        await self._pool.run()
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
            if not (isinstance(error, APIError) and error.outcome_unknown):
                self._give_up(batch, str(error), error)
                return True
            batch.last_sent = self.clock.monotonic()
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
        async with self._lock.shared():
            if self._stopped:
                raise NotSentError
            answer = await self.create(bodies)
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
        self._breaker.passed()
        if not recognised and self.search.trust_absence:
            self.search.trust_absence = False
            await self.log.distrust()

    async def _look_for(self, batch: ContactBatch) -> None:
        """Look for all lost batches at once. Afterwards only the rows that are certainly missing are open."""
        self._lost[batch] = None
        try:
            async with self._lock.exclusive():
                if batch in self._lost:  # else another worker has looked for it meanwhile
                    await self._look_for_all(list(self._lost))
                    self._lost.clear()
        finally:
            self._lost.pop(batch, None)

    async def _look_for_all(self, batches: Sequence[ContactBatch]) -> None:
        pairing = await self.search.look([_lost(batch) for batch in batches], self.known.claimed())
        for batch in batches:
            found = self._apply(pairing, batch)
            if found:
                self.known.add(found)
                self._breaker.passed()

    def _apply(self, pairing: Pairing, batch: ContactBatch) -> list[str]:
        found = []
        for row in batch.open_rows():
            contact_id = pairing.found.get(row)
            if contact_id is not None:
                batch.create([row], [contact_id])
                found.append(contact_id)
            elif row in pairing.unclear:
                batch.doubt(row, "may have been created: the answer was lost, and the lists cannot tell", None)
        batch.found += len(found)
        return found

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
        for row in batch.open_rows():
            batch.doubt(row, reason, error)
        self._stop(error)
        return False


def _lost(batch: ContactBatch) -> LostBatch:
    baseline = batch.baseline or Baseline(frozenset(), None)
    return LostBatch(first=batch.first, rows=batch.lost_rows(), baseline=baseline, last_sent=batch.last_sent)
