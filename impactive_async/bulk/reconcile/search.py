"""Looking for the contacts of batches whose answer was lost, before anything is sent again.

A contact that is found is proof at once. A contact that is not found proves something only later: a request whose
client gave up, or was killed, may still be on its way through proxies and queues, and be carried out after the
lists were read. So absence is believed only of lists that were requested at least `settle` seconds after the last
moment at which the request can have left this machine. If a server acts on a request even later, the contact is
created twice: the API has no idempotency keys, and no client can rule this out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Mapping, Sequence, Set
from datetime import datetime
from typing import Final

import attrs

from impactive_async._clock import Clock
from impactive_async._http.caller import Answer
from impactive_async.bulk.reconcile.evidence import NEWEST, Baseline, Evidence, evidence_of, is_full_length
from impactive_async.bulk.reconcile.pairing import ListedContact, LostRow, Pairing, pair
from impactive_async.bulk.refusals import fails_all
from impactive_async.errors import APIError

FIRST_PAUSE: Final = 1.0
"""Seconds between the first two looks at the lists; the pause doubles from look to look."""

_PATIENCE: Final = (1.0, 2.0, 4.0)
"""Seconds to wait before the lists are requested again, after a request failed."""


@attrs.frozen(kw_only=True)
class ContactLists:
    """The two lists that show contacts."""

    newest: Callable[[int], Awaitable[Answer[Sequence[ListedContact]]]]
    """Contract #1: the newest contacts, as many as this."""
    changed: Callable[[datetime], Awaitable[Answer[Sequence[ListedContact]]]]
    """Contract #24: the contacts updated since this moment."""


@attrs.frozen(kw_only=True)
class LostBatch:
    """A batch that was sent, and whose outcome is unknown."""

    first: int
    """Its place in the input, by which it is told from others."""
    rows: Sequence[LostRow]
    """The rows whose contacts are unknown."""
    baseline: Baseline
    last_sent: float
    """The moment, by the clock's `monotonic`, after which no request of it can have left."""

    def without(self, found: Container[int]) -> LostBatch:
        """Return the batch without the rows that were found."""
        return attrs.evolve(self, rows=[row for row in self.rows if row.index not in found])


@attrs.frozen(kw_only=True)
class ListsRead:
    """Both lists as they were at one moment, and what they say about each lost batch."""

    contacts: Sequence[ListedContact]
    """The contacts of both, each once."""
    evidence: Mapping[int, Evidence]
    """By the place of the batch in the input."""
    reaches: bool
    """Whether the first list reaches down to each batch, and is as long as the contract says."""


@attrs.define
class Search:
    """Looks for lost batches on the lists."""

    lists: ContactLists
    clock: Clock
    match_on: str
    settle: float
    trust_absence: bool = True
    """Whether a contact that is not on the lists is believed to be missing. False once the server was seen to
    change the values by which contacts are recognised."""

    async def look(self, lost: Sequence[LostBatch], claimed: frozenset[str]) -> Pairing:
        """Search the lists until all rows are found, or absence can be believed.

        Args:
            lost: All lost batches. They are looked for together, because they may hold equal rows.
            claimed: Contacts that are known to be of other rows, as far back as the lists reach.

        Returns:
            What was found about the rows of all batches. Where nothing is certain, a row is `unclear`.

        Raises:
            APIError: The lists cannot be read, although they were requested several times.
        """
        believed_from = max(batch.last_sent for batch in lost) + self.settle
        found: dict[int, str] = {}
        pause = FIRST_PAUSE
        while True:
            settled = self.clock.monotonic() >= believed_from  # at the request: its answer may take long
            left = [batch.without(found) for batch in lost]
            lists = await self.read(left, claimed.union(found.values()))
            pairing = self.pair(left, lists, claimed.union(found.values()))
            found.update(pairing.found)
            if settled or not (pairing.missing or pairing.unclear):
                return attrs.evolve(pairing, found=found)
            await self.clock.sleep(min(pause, max(0.0, believed_from - self.clock.monotonic())))
            pause *= 2

    async def read(self, lost: Sequence[LostBatch], claimed: frozenset[str]) -> ListsRead:
        """Request the lists; again if that fails, because giving up here stops the whole import.

        Raises:
            APIError: The lists cannot be read, although they were requested several times.
        """
        for pause in _PATIENCE:
            try:
                return await self._read_once(lost, claimed)
            except APIError as error:
                if fails_all(error):
                    raise
            await self.clock.sleep(pause)
        return await self._read_once(lost, claimed)

    async def _read_once(self, lost: Sequence[LostBatch], claimed: frozenset[str]) -> ListsRead:
        newest = (await self.lists.newest(NEWEST)).value
        changed = await self._changed(lost, newest, claimed)
        evidence = {batch.first: evidence_of(batch.baseline, newest, changed, claimed) for batch in lost}
        return ListsRead(
            contacts=list({contact.id: contact for contact in (*newest, *(changed or ()))}.values()),
            evidence=evidence,
            reaches=is_full_length(newest, claimed) and all(one.by_order for one in evidence.values()),
        )

    def pair(self, lost: Sequence[LostBatch], lists: ListsRead, claimed: Set[str]) -> Pairing:
        """Return what the lists say about the rows of lost batches.

        Args:
            lost: The batches that the lists were read for.
            lists: What was read.
            claimed: Contacts that are known by now to be of other rows.
        """
        rows = [row for batch in lost for row in batch.rows]
        pairing = pair(
            rows,
            [contact for contact in lists.contacts if contact.id not in claimed],
            self.match_on,
            lambda row, contact: contact.id in lists.evidence[row.batch].candidates,
        )
        return self._doubt(pairing, rows, lists.evidence)

    async def _changed(
        self, lost: Sequence[LostBatch], newest: Sequence[ListedContact], claimed: frozenset[str]
    ) -> Sequence[ListedContact] | None:
        moments = [batch.baseline.since for batch in lost]
        since = min((moment for moment in moments if moment is not None), default=None)
        if (
            since is None
            or None in moments
            or all(evidence_of(batch.baseline, newest, None, claimed).complete for batch in lost)
        ):
            return None
        return (await self.lists.changed(since)).value

    def _doubt(self, pairing: Pairing, rows: Sequence[LostRow], evidence: Mapping[int, Evidence]) -> Pairing:
        doubtful = {
            row.index
            for row in rows
            if row.index in pairing.missing and not (self.trust_absence and evidence[row.batch].complete)
        }
        return attrs.evolve(pairing, missing=pairing.missing - doubtful, unclear=pairing.unclear | doubtful)


def explain(error: Exception) -> str:
    """Return the reason of a row whose outcome stays unknown because the search failed."""
    return f"may have been created, and could not be looked for: {error}"
