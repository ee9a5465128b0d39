"""Lost batches of one call, looked for together while other batches go on.

A contact on a list is that of a lost row only if it cannot be that of another row. The contacts of rows that were
answered are known. A row of a batch that is under way may equal a lost row: as long as there is one, nothing is
concluded about the lost row. So a search makes nobody wait, and a batch that is found is done at once.

A row that is not found is missing only when its batch is settled (`search`), and so is every other lost batch that
has such a row. Until then the gate is closed: the lists show only the newest contacts, and in the end they must
still reach down to the batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence, Set
from typing import Final

import attrs

from impactive_async._clock import Clock, happens_within
from impactive_async.bulk.create.gate import SendingGate
from impactive_async.bulk.create.known import KnownContacts
from impactive_async.bulk.drafts import Body
from impactive_async.bulk.journal.batch import ContactBatch
from impactive_async.bulk.reconcile.evidence import Baseline
from impactive_async.bulk.reconcile.pairing import Key, LostRow, Pairing, key_of
from impactive_async.bulk.reconcile.search import FIRST_PAUSE, LostBatch, Search

_UNCLEAR: Final = "may have been created: the answer was lost, and the lists cannot tell"


@attrs.define(eq=False)
class _Sought:
    """A batch that is looked for."""

    batch: ContactBatch
    settled_from: float
    next_look: float
    resolved: asyncio.Future[None] = attrs.field(factory=lambda: asyncio.get_running_loop().create_future())
    looked_for: bool = False
    _pause: float = FIRST_PAUSE

    def postpone(self, now: float) -> None:
        """Have the next look later than the one that has just ended; the last one when the batch is settled."""
        self.looked_for = True
        self.next_look = now + min(self._pause, max(0.0, self.settled_from - now))
        self._pause *= 2

    def lost(self) -> LostBatch:
        """Return what the search has to know of it."""
        baseline = self.batch.baseline or Baseline(frozenset(), None)
        rows = self.batch.lost_rows()
        return LostBatch(first=self.batch.first, rows=rows, baseline=baseline, last_sent=self.batch.last_sent)


@attrs.define(eq=False)
class Searcher:
    """Looks for lost batches, each as soon as it is lost, and all that are lost at each look."""

    search: Search
    known: KnownContacts
    gate: SendingGate
    clock: Clock
    _under_way: dict[ContactBatch, Sequence[int]] = attrs.field(init=False, factory=dict)
    """The rows of each batch that may have contacts which nobody knows of. Lost batches are among them."""
    _sought: list[_Sought] = attrs.field(init=False, factory=list)
    _news: asyncio.Event = attrs.field(init=False, factory=asyncio.Event)
    _reaches: bool = attrs.field(init=False, default=False)
    """Whether the last look has shown that the first list reaches as far as the contract says."""

    def sent(self, batch: ContactBatch, rows: Sequence[int]) -> None:
        """Take note that these rows of a batch are about to be sent."""
        self._under_way[batch] = rows

    def ended(self, batch: ContactBatch) -> None:
        """Take note that no row of a batch is under way any more: each has a contact, or certainly none."""
        self._under_way.pop(batch, None)

    async def find(self, batch: ContactBatch) -> None:
        """Look for a lost batch. Afterwards only those of its rows are open that are certainly missing.

        Raises:
            APIError: The lists cannot be read.
        """
        batch.last_sent = now = self.clock.monotonic()
        sought = _Sought(batch, now + self.search.settle, now)
        self._sought.append(sought)
        self._steer()
        self._news.set()
        try:
            await sought.resolved
        finally:
            self.ended(batch)
            self._sought = [one for one in self._sought if one is not sought]
            self._steer()

    async def run(self) -> None:
        """Look for what is lost, until cancelled."""
        while True:
            try:
                await self._until_due()
                await self._look(list(self._sought))
            except Exception as obstacle:
                for sought in list(self._sought):
                    self._resolve(sought, obstacle)

    async def _until_due(self) -> None:
        while True:
            self._news.clear()
            if not self._sought:
                await self._news.wait()
            elif (wait := min(one.next_look for one in self._sought) - self.clock.monotonic()) > 0:
                await happens_within(self._news, wait, self.clock)
            else:
                return

    async def _look(self, looked_for: Sequence[_Sought]) -> None:
        asked = self.clock.monotonic()  # at the request: its answer may take long
        lost = [sought.lost() for sought in looked_for]
        lists = await self.search.read(lost, self.known.claimed())
        # Nothing is awaited from here on: what is under way and what is known are of one moment.
        pairing = self.search.pair(lost, lists, self.known.claimed())
        others = self._under_way.keys() - {sought.batch for sought in looked_for}
        elsewhere = self._keys(body for batch in others for body in batch.bodies_of(self._under_way[batch]))
        early = self._keys(
            row.body
            for sought, batch in zip(looked_for, lost, strict=True)
            if asked < sought.settled_from
            for row in batch.rows
        )
        self._reaches = lists.reaches
        for sought, batch in zip(looked_for, lost, strict=True):
            sought.postpone(self.clock.monotonic())
            if self._apply(pairing, sought.batch, batch.rows, elsewhere, early):
                self._resolve(sought)
        self._steer()

    def _keys(self, bodies: Iterable[Body]) -> Set[Key]:
        return {key_of(body, self.search.match_on) for body in bodies}

    def _apply(
        self,
        pairing: Pairing,
        batch: ContactBatch,
        rows: Sequence[LostRow],
        elsewhere: Set[Key],
        early: Set[Key],
    ) -> bool:
        """Record what was found of a batch; return whether the outcome of all its rows is known."""
        keys = {row.index: key_of(row.body, self.search.match_on) for row in rows}
        found = {row: pairing.found[row] for row in keys if row in pairing.found and keys[row] not in elsewhere}
        if found:
            batch.create(list(found), list(found.values()))
            batch.found += len(found)
            self.known.add(list(found.values()))
        if any(row not in found and (key in elsewhere or key in early) for row, key in keys.items()):
            return False
        for row in keys.keys() & pairing.unclear:
            batch.doubt(row, _UNCLEAR, None)
        return True

    def _resolve(self, sought: _Sought, obstacle: Exception | None = None) -> None:
        self._sought.remove(sought)
        self.ended(sought.batch)
        if sought.resolved.done():
            return
        if obstacle is None:
            sought.resolved.set_result(None)
        else:
            sought.resolved.set_exception(obstacle)

    def _steer(self) -> None:
        """Close the gate if what is created now could push a lost batch off the lists."""
        if any(sought.looked_for or not self._reaches for sought in self._sought):
            self.gate.close()
        else:
            self.gate.open()
