"""`contacts.create_many`: create any number of contacts, each of them once.

The life of a batch: read and checked (`cutting`), intent recorded, sent, result recorded. If its answer is lost,
the line stops: once nothing is under way any more the lists are searched, and what is certainly missing is sent
again. A `Window` keeps batches whose fate is open from slipping off the lists meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

import attrs

from impactive_async._clock import Clock
from impactive_async._http.caller import Answer
from impactive_async.bulk.batch import Batch
from impactive_async.bulk.crew import Crew
from impactive_async.bulk.cutting import Cutter
from impactive_async.bulk.drafts import Body
from impactive_async.bulk.evidence import REMEMBERED, Trace
from impactive_async.bulk.gate import Gate, Window
from impactive_async.bulk.journal import BatchLog
from impactive_async.bulk.pairing import Pairing, Sighting, match_answer
from impactive_async.bulk.progress import Meter
from impactive_async.bulk.refusals import Breaker, send_halving
from impactive_async.bulk.report import NOT_SENT
from impactive_async.bulk.search import Lost, Search, explain
from impactive_async.bulk.tally import Tally
from impactive_async.errors import APIError, APIStatusError, ConfigurationError, DecodeError, JournalError

CreateContacts = Callable[[list[Body]], Awaitable[Answer[list[Body]]]]

PREPARED: Final = 2
"""Batches that are read, and whose intent is recorded, while as many as may be are under way: so no request has to
wait for the journal's flushes. More would leave the window no room for answers that overtake each other, and the
requests would come in bursts: with four, creating took half as long again."""


class Known:
    """What is known about the workspace at this moment, from the answers so far."""

    def __init__(self, contacts: Sequence[Sighting], server_time: datetime | None, concurrency: int) -> None:
        # Two of each batch, of as many batches as may overtake each other: the newest contact is among their
        # neighbours then, even if one of the two is deleted.
        self._newest = deque(
            (contact.id for contact in reversed(contacts)), maxlen=max(2 * concurrency, len(contacts), 8)
        )
        self._claimed: deque[str] = deque(maxlen=REMEMBERED)
        self._server_time = server_time

    def add(self, ids: Sequence[str], server_time: datetime | None = None) -> None:
        """These contacts exist, and are ours."""
        self._newest.extend((ids[0], ids[-1]))
        self._claimed.extend(ids)
        self._server_time = server_time or self._server_time

    def trace(self) -> Trace:
        """What will tell a batch that is about to be sent."""
        return Trace(frozenset(self._newest), self._server_time)

    def claimed(self) -> frozenset[str]:
        """Contacts that are not those of a lost batch."""
        return frozenset(self._claimed)


class NotSentError(Exception):
    """It was this batch's turn when there was no more point in sending it."""


@attrs.define(eq=False, kw_only=True)
class Creating:
    """Creates the batches of one call of `create_many`."""

    create: CreateContacts
    cutter: Cutter
    log: BatchLog
    search: Search
    known: Known
    window: Window
    tally: Tally
    meter: Meter
    clock: Clock
    concurrency: int
    resends: int
    _breaker: Breaker = attrs.field(init=False, factory=Breaker)
    _lost: dict[Batch, None] = attrs.field(init=False, factory=dict)
    _pointless: bool = attrs.field(init=False, default=False)
    _gate: Gate = attrs.field(init=False)
    _crew: Crew[Batch] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._gate = Gate(self.concurrency)
        self._crew = Crew(lambda: self.cutter.next(self.log), self._handle, self.concurrency + PREPARED)

    async def run(self) -> Exception | None:
        """Work through the input; returns what stopped it before its end, if anything did."""
        await self._crew.run()
        self.tally.interrupted(self.cutter.interrupted)
        try:
            await self.log.flush()
        except JournalError as error:
            self._crew.stop(error)
        return self._crew.cause

    async def _handle(self, batch: Batch) -> None:
        if batch.rows:
            try:
                await self._deliver(batch)
            finally:
                self.window.leave(batch)
        else:
            await asyncio.sleep(0)  # nothing is sent, and others want their turn
        self.tally.absorb(batch)
        await self.meter.report(self.tally.progress)

    async def _deliver(self, batch: Batch) -> None:
        batch.trace = self.known.trace()
        try:
            await self.log.begin(batch)
        except JournalError as error:
            self._fail(batch, f"not sent: {error}", error)
            self._crew.stop(error)
            return
        if await self._create_all(batch):
            self.log.finish(batch)

    async def _create_all(self, batch: Batch) -> bool:
        """Send the batch until the fate of each row is known; returns whether it is."""
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
                return self._abandon(batch, f"may have been created: {error!r}", error)
            if not (isinstance(error, APIError) and error.outcome_unknown):
                self._give_up(batch, str(error), error)
                return True
            batch.last_sent = self.clock.monotonic()
            try:
                await self._look_for(batch)
            except Exception as obstacle:
                return self._abandon(batch, explain(obstacle), obstacle)
            if tries > self.resends or self._crew.cause is not None:
                reason = f"looked for after each of {tries} attempts, and not there: {error.message}"
                self._give_up(batch, reason, error)
        return True

    async def _send(self, batch: Batch) -> Exception | None:
        """Send what is open; returns what it failed with, if it did."""

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

    async def _send_part(self, batch: Batch, part: Sequence[int]) -> None:
        bodies = batch.bodies_of(part)
        async with self._gate.together():
            if self._pointless:
                raise NotSentError
            answer = await self.create(bodies)
        ids, faithful = match_answer(bodies, answer.value, self.search.match_on)
        if ids is None:
            raise DecodeError(
                f"the answer holds {len(answer.value)} contacts for {len(part)} rows",
                attempts=answer.attempts,
                outcome_unknown=True,
            )
        batch.create(part, ids)
        self.known.add(ids, answer.server_time)
        self._breaker.passed()
        if not faithful and self.search.trust_absence:
            self.search.trust_absence = False
            await self.log.distrust()

    async def _look_for(self, batch: Batch) -> None:
        """Look for all lost batches at once; afterwards only what is certainly missing from this one is open."""
        self._lost[batch] = None
        try:
            async with self._gate.alone():
                if batch in self._lost:  # else somebody has looked for it meanwhile
                    await self._look_for_all(list(self._lost))
                    self._lost.clear()
        finally:
            self._lost.pop(batch, None)

    async def _look_for_all(self, batches: Sequence[Batch]) -> None:
        pairing = await self.search.look([_lost(batch) for batch in batches], self.known.claimed())
        for batch in batches:
            found = self._apply(pairing, batch)
            if found:
                self.known.add(found)
                self._breaker.passed()

    def _apply(self, pairing: Pairing, batch: Batch) -> list[str]:
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

    def _give_up(self, batch: Batch, reason: str, error: Exception) -> None:
        """The rows certainly have no contacts."""
        self._fail(batch, reason, error)
        if not isinstance(error, APIError) or self._breaker.failed(error):
            self._halt(error)

    def _halt(self, cause: Exception) -> None:
        """Read no more, and do not send what has been read: it would fail alike, or bury what is lost."""
        self._pointless = True
        self._crew.stop(cause)

    def _fail(self, batch: Batch, reason: str, error: Exception | None) -> None:
        for row in batch.open_rows():
            batch.fail(row, reason, error)

    def _abandon(self, batch: Batch, reason: str, error: Exception) -> bool:
        """Nobody can tell now; the journal keeps the intent, so that the next run looks for the rows."""
        for row in batch.open_rows():
            batch.doubt(row, reason, error)
        self._halt(error)
        return False


def _lost(batch: Batch) -> Lost:
    trace = batch.trace or Trace(frozenset(), None)
    return Lost(first=batch.first, rows=batch.wanted(), trace=trace, last_sent=batch.last_sent)
