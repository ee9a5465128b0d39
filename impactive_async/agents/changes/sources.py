"""Where changes come from: the feeds of the workspace, or the log of a hub."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import attrs

from impactive_async import NOW, APIError, AsyncClient, Feed, NotFoundError, Poll
from impactive_async.hub import Hub, HubEvent
from impactive_async.hub.worker.events.rows import events_of
from impactive_async.resources.watching.lists import LISTS, watch_method

FOLLOWED: Final = tuple(LISTS)
"""The lists that are followed."""
AT_ONCE: Final = 8
_HUB_AT_ONCE: Final = 200
_VISIBILITY: Final = 60.0


async def _nothing() -> None:
    """Have nothing to settle."""


@attrs.frozen(kw_only=True)
class Fetched:
    """What a source has brought.

    Attributes:
        events: The events, in the order in which they happened.
        cursors: By feed, to be kept with them.
        remarks: What could not be read, in words.
        settle: To be called once they are kept.
    """

    events: Sequence[HubEvent] = ()
    cursors: Mapping[str, str] = attrs.field(factory=dict)
    remarks: Sequence[str] = ()
    settle: Callable[[], Awaitable[None]] = _nothing


class ChangeSource(Protocol):
    """Brings what is new."""

    async def fetch(self, cursors: Mapping[str, str]) -> Fetched:
        """Return what is new since these cursors; with none, only where to begin.

        Raises:
            ImpactiveError: Nothing could be read.
        """
        ...


@attrs.frozen
class FeedSource:
    """The feeds of a workspace, each polled once."""

    crm: AsyncClient

    async def fetch(self, cursors: Mapping[str, str]) -> Fetched:
        """See `ChangeSource`. A sequence that is new is followed from its beginning."""
        workspace = await self.crm.zapier.auth_test()
        feeds = await self._feeds(begin=not cursors)
        turn = asyncio.Semaphore(AT_ONCE)
        names = list(feeds)
        polls = await asyncio.gather(*(_polled(feeds[name], cursors.get(name), turn) for name in names))
        failures = [poll for poll in polls if isinstance(poll, APIError)]
        if failures and len(failures) == len(polls):
            raise failures[0]
        now, found = datetime.now(UTC), [(n, p) for n, p in zip(names, polls, strict=True) if isinstance(p, Poll)]
        source = f"{self.crm.base_url}/workspaces/{workspace.id}"
        events = [event for name, poll in found for event in events_of(source, name, poll, now)]
        remarks = [f"{len(failures)} lists could not be read; what is new there comes later."] if failures else []
        return Fetched(
            events=sorted(events, key=lambda event: event.time),
            cursors={name: poll.cursor for name, poll in found},
            remarks=remarks,
        )

    async def _feeds(self, *, begin: bool) -> dict[str, Feed[Any]]:
        sequences = [row.id for row in await self.crm.sequences.list() if row.status != "archived"]
        feeds: list[Feed[Any]] = []
        for kind in FOLLOWED:
            watch, since = watch_method(self.crm, kind), NOW if begin else None
            of = [(one,) for one in sequences] if LISTS[kind].of_sequence else [()]
            feeds += [watch(*ids, since=since) for ids in of]
        return {feed.name: feed for feed in feeds}


async def _polled(feed: Feed[Any], cursor: str | None, turn: asyncio.Semaphore) -> Poll[Any] | APIError | None:
    """Poll a feed once. `None`: its sequence is gone."""
    async with turn:
        try:
            return await feed.poll(cursor)
        except NotFoundError:
            return None
        except APIError as error:
            return error


@attrs.frozen
class HubSource:
    """A consumer group of a hub, whose workers do the polling."""

    hub: Hub
    group: str = "agents"

    async def fetch(self, cursors: Mapping[str, str]) -> Fetched:
        """See `ChangeSource`. A new group begins with the oldest event in the hub's log."""
        taken = await self.hub.receive(self.group, count=_HUB_AT_ONCE, visibility=_VISIBILITY, max_deliveries=None)
        positions = [delivery.position for delivery in taken]

        async def settle() -> None:
            if positions:
                await self.hub.ack(self.group, positions)

        return Fetched(events=[delivery.event for delivery in taken], cursors={"hub": self.group}, settle=settle)
