"""Notices that a resource has changed, or that a job is over. They wake a client up: it then asks the tools."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

import attrs
from mcp.server.subscriptions import InMemorySubscriptionBus, ResourceUpdated

from impactive_async import ImpactiveError
from impactive_async.agents.changes.log import LoggedChange
from impactive_async.agents.changes.reading import Changes
from impactive_async.agents.job_files import JOBS_URI, AgentJob

SCHEME: Final = "impactive://"
CHANGES_URI: Final = f"{SCHEME}changes"
SEQUENCES_URI: Final = f"{SCHEME}sequences"
MOST_SESSIONS: Final = 256
"""Sessions that are told; the oldest make room for others."""
_AT_ONCE: Final = 500

_log = logging.getLogger("impactive_async.agents")


class NoticedSession(Protocol):
    """A session of the protocol's older era, which is told by itself.

    The SDK makes one for each request; what a client said of itself stands for its connection.
    """

    @property
    def client_params(self) -> Any:
        """What the client said of itself at the beginning: one object in all requests of a connection."""
        ...

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
        changes: What is looked at; `None`: only jobs are told of.
        interval: Seconds between two looks, while anybody wants to be told.
        bus: Tells the clients of the protocol's newer era.
    """

    changes: Changes | None
    interval: float
    bus: InMemorySubscriptionBus = attrs.field(factory=InMemorySubscriptionBus)
    _listened: Counter[str] = attrs.field(init=False, factory=Counter)
    _sessions: dict[tuple[str, int], tuple[NoticedSession, Any]] = attrs.field(init=False, factory=dict)
    """By the resource and the client, whom the second value keeps, so that no other client gets its number."""
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
        self._sessions[uri, id(session.client_params)] = session, session.client_params
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))
        self._begin()

    def unsubscribe(self, uri: str, session: NoticedSession) -> None:
        """Tell a session no more of a resource. Others go on to be told."""
        self._sessions.pop((uri, id(session.client_params)), None)

    async def job_ended(self, job: AgentJob) -> None:
        """Tell whoever listens that a job is over."""
        await self._tell(f"{JOBS_URI}/{job.id}")

    async def aclose(self) -> None:
        """Stop looking."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    @property
    def _wanted(self) -> bool:
        return bool(self._sessions) or any(count > 0 for count in self._listened.values())

    def _begin(self) -> None:
        if self.changes is not None and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look(self.changes))

    async def _look(self, changes: Changes) -> None:
        """Fetch what is new at intervals, and tell of it. A failure is no news: the next look makes up for it."""
        at: int | None = None
        while self._wanted:
            try:
                state, _ = await changes.fetch()
                fresh = [] if at is None else await changes.log.after(at, _AT_ONCE)
                at = fresh[-1].number if fresh else state.end if at is None else at
            except ImpactiveError as error:
                _log.warning("looking for changes failed: %s", type(error).__name__)
                fresh = []
            for uri in sorted(set().union(*map(uris_of, fresh)) if fresh else ()):
                await self._tell(uri)
            await asyncio.sleep(self.interval)

    async def _tell(self, uri: str) -> None:
        await self.bus.publish(ResourceUpdated(uri=uri))
        for key, (session, _) in list(self._sessions.items()):
            if key[0] == uri:
                try:
                    await session.send_resource_updated(uri)
                except Exception:  # it has gone; whatever the SDK raises then, others are to be told
                    self._sessions.pop(key, None)
