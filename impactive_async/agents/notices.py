"""Notices that a resource has changed. They only wake a client up: what is new, it asks the tools."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import attrs
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated

from impactive_async import ImpactiveError
from impactive_async.agents.changes.log import LoggedChange
from impactive_async.agents.changes.reading import Changes

SCHEME: Final = "impactive://"
CHANGES_URI: Final = f"{SCHEME}changes"
SEQUENCES_URI: Final = f"{SCHEME}sequences"
MOST_SESSIONS: Final = 256
"""Sessions that are told; the oldest make room for others."""
_AT_ONCE: Final = 500

_log = logging.getLogger("impactive_async.agents")


class NoticedSession(Protocol):
    """A session of the protocol's older era, which is told by itself."""

    async def send_resource_updated(self, uri: str) -> None:
        """Send a notice."""
        ...


def uris_of(change: LoggedChange) -> set[str]:
    """Return the resources that a change concerns."""
    event = change.event
    kind, _, row_id = event.subject.partition("/")
    people = {row_id} if kind == "contacts" else {event.data.get("contact_id")}
    uris = {f"{SCHEME}people/{one}" for one in people if isinstance(one, str)}
    uris |= {f"{SEQUENCES_URI}/{one}" for one in event.sequence_ids}
    return uris | {CHANGES_URI} | ({SEQUENCES_URI} if event.sequence_ids else set())


@attrs.define
class Notices:
    """Who is told of what.

    Attributes:
        changes: What is looked at.
        interval: Seconds between two looks, while anybody wants to be told.
        bus: Tells the clients of the protocol's newer era.
    """

    changes: Changes
    interval: float
    bus: InMemorySubscriptionBus = attrs.field(factory=InMemorySubscriptionBus)
    _listened: Counter[str] = attrs.field(init=False, factory=Counter)
    _sessions: dict[tuple[str, int], NoticedSession] = attrs.field(init=False, factory=dict)
    _looking: asyncio.Task[None] | None = attrs.field(init=False, default=None)

    @contextmanager
    def listening(self, uris: list[str]) -> Iterator[None]:
        """Look for changes while somebody listens."""
        self._listened.update(uris)
        self._begin()
        try:
            yield
        finally:
            self._listened.subtract(uris)

    def subscribe(self, uri: str, session: NoticedSession) -> None:
        """Tell a session of changes of a resource from now on."""
        self._sessions[uri, id(session)] = session
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))
        self._begin()

    def unsubscribe(self, uri: str) -> None:
        """Tell nobody of it any more who subscribed in the older way."""
        for key in [key for key in self._sessions if key[0] == uri]:
            del self._sessions[key]

    async def aclose(self) -> None:
        """Stop looking."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    @property
    def _wanted(self) -> bool:
        return bool(self._sessions) or any(count > 0 for count in self._listened.values())

    def _begin(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """Fetch what is new at intervals, and tell of it. A failure is no news: the next look makes up for it."""
        at: int | None = None
        while self._wanted:
            try:
                state, _ = await self.changes.fetch()
                fresh = [] if at is None else await self.changes.log.after(at, _AT_ONCE)
                at = fresh[-1].number if fresh else state.end if at is None else at
            except ImpactiveError as error:
                _log.warning("looking for changes failed: %s", type(error).__name__)
                fresh = []
            for uri in sorted(set().union(*map(uris_of, fresh)) if fresh else ()):
                await self._tell(uri)
            await asyncio.sleep(self.interval)

    async def _tell(self, uri: str) -> None:
        await self.bus.publish(ResourceUpdated(uri=uri))
        for (wanted, _), session in list(self._sessions.items()):
            if wanted == uri:
                await session.send_resource_updated(uri)
