"""Looking for the contacts of batches whose answer was lost, before anything is sent again.

To find a contact is proof at once. Not to find it proves something only later: a request whose client has given
up, or was killed, may still be on its way through proxies and queues, and be carried out after the lists were
read. So absence is only believed of a list that was asked for `settle` seconds after the last moment at which the
request can have left this machine. A server that acts on a request even later than that makes a contact twice: the
API has no idempotency keys, and no client can rule it out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import attrs

from impactive_async._clock import Clock
from impactive_async._http.caller import Answer
from impactive_async.bulk.evidence import NEWEST, Trace, Verdict, judge
from impactive_async.bulk.pairing import Pairing, Sighting, Wanted, pair
from impactive_async.bulk.refusals import fails_all
from impactive_async.errors import APIError

_FIRST_PAUSE: Final = 1.0
_PATIENCE: Final = (1.0, 2.0, 4.0)


@attrs.frozen(kw_only=True)
class Lists:
    """The two lists that show contacts."""

    newest: Callable[[int], Awaitable[Answer[list[Sighting]]]]
    """Contract #1, with this limit."""
    changed: Callable[[datetime], Awaitable[Answer[list[Sighting]]]]
    """Contract #24, since this moment."""


@attrs.frozen(kw_only=True)
class Lost:
    """A batch that was sent, and nobody knows what came of it."""

    first: int
    """Its place in the input, which is its name."""
    rows: Sequence[Wanted]
    """Those of its rows whose contacts are not known."""
    trace: Trace
    last_sent: float
    """By the clock's `monotonic`: no request of it can have left after this."""


@attrs.define
class Search:
    """Looks for lost batches while nothing else is being created."""

    lists: Lists
    clock: Clock
    match_on: str
    settle: float
    trust_absence: bool = True
    """False once the server was seen to alter what rows are known by: then not to find one proves nothing."""

    async def look(self, lost: Sequence[Lost], claimed: frozenset[str]) -> Pairing:
        """Look until all is found, or absence can be believed.

        Args:
            lost: All batches of unknown outcome, for they may hold equal rows.
            claimed: Contacts known to be of other rows, as far back as the lists reach.

        Returns:
            The rows of all of them. A row that nothing is certain about is `unclear`.

        Raises:
            APIError: The lists cannot be had, however often they are asked for. Nothing is known more than before.
        """
        believed_from = max(batch.last_sent for batch in lost) + self.settle
        found: dict[int, str] = {}
        pause = _FIRST_PAUSE
        while True:
            settled = self.clock.monotonic() >= believed_from  # before asking: the answer may be long on its way
            pairing = await self._look_patiently(lost, claimed.union(found.values()), found)
            found.update(pairing.found)
            if settled or not (pairing.missing or pairing.unclear):
                return attrs.evolve(pairing, found=found)
            await self.clock.sleep(min(pause, max(0.0, believed_from - self.clock.monotonic())))
            pause *= 2

    async def _look_patiently(
        self, lost: Sequence[Lost], claimed: frozenset[str], found: Mapping[int, str]
    ) -> Pairing:
        """Ask again where asking failed: to give up here is to stop the whole import."""
        for pause in _PATIENCE:
            try:
                return await self._look_once(lost, claimed, found)
            except APIError as error:
                if fails_all(error):
                    raise
            await self.clock.sleep(pause)
        return await self._look_once(lost, claimed, found)

    async def _look_once(self, lost: Sequence[Lost], claimed: frozenset[str], found: Mapping[int, str]) -> Pairing:
        newest = (await self.lists.newest(NEWEST)).value
        changed = await self._changed(lost, newest)
        verdicts = {batch.first: judge(batch.trace, newest, changed) for batch in lost}
        contacts = {contact.id: contact for contact in (*newest, *(changed or ())) if contact.id not in claimed}
        rows = [row for batch in lost for row in batch.rows if row.index not in found]
        pairing = pair(
            rows,
            list(contacts.values()),
            self.match_on,
            lambda row, contact: contact.id in verdicts[row.batch].candidates,
        )
        return self._doubt(pairing, rows, verdicts)

    async def _changed(self, lost: Sequence[Lost], newest: Sequence[Sighting]) -> list[Sighting] | None:
        moments = [batch.trace.since for batch in lost]
        since = min((moment for moment in moments if moment is not None), default=None)
        if since is None or None in moments or all(judge(batch.trace, newest, None).complete for batch in lost):
            return None
        return (await self.lists.changed(since)).value

    def _doubt(self, pairing: Pairing, rows: Sequence[Wanted], verdicts: Mapping[int, Verdict]) -> Pairing:
        doubtful = {
            row.index
            for row in rows
            if row.index in pairing.missing and not (self.trust_absence and verdicts[row.batch].complete)
        }
        return attrs.evolve(pairing, missing=pairing.missing - doubtful, unclear=pairing.unclear | doubtful)


def explain(error: Exception) -> str:
    """Why a row is of unknown outcome although the lists were to be asked."""
    return f"may have been created, and could not be looked for: {error}"
