"""What a hub is: the schedule, leases, cursors and event log that many workers share.

The engine (SQLite, Redis, PostgreSQL) supplies the clock, atomicity, durability and fan-out. The worker supplies
the loop. Every adapter keeps these rules:

- A feed is leased to one worker at a time. Each claim carries a **fencing token**, greater than any given before.
- A commit takes effect as a whole or not at all. It needs the newest token of its feed, a lease that has not ended
  by
  the engine's clock, and the stored cursor that its claim began from. Clients' clocks play no part.
- An engine may lose its last writes: a replica takes over that had not received them, or a file is restored. No
  token
  and no position is given twice all the same, as both follow the engine's clock, which the hub never lets go back.
- A commit that is sent again because its answer was lost is recognised by its token: it succeeds, and nothing is
  doubled.
- An event's id is in the log at most once, whoever commits it.
- A worker that dies or freezes loses its lease when its time is over. No connection or session holds anything.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Final, Protocol, Self

from impactive_async import AsyncClient, Coverage
from impactive_async._clock import Clock, SystemClock
from impactive_async.errors import ConfigurationError
from impactive_async.hub.contract.dead_letters import DeadLetter
from impactive_async.hub.contract.holding import ExclusiveReading
from impactive_async.hub.contract.leasing import Leasing
from impactive_async.hub.contract.reader import MAX_DELIVERIES, Delivery, EventReader
from impactive_async.hub.contract.settings import identity
from impactive_async.hub.contract.status import GroupStatus, HubStatus, committed_coverage
from impactive_async.hub.steering.moving import Moving
from impactive_async.hub.steering.steering import Steering

_CURSORS_AT_ONCE: Final = 200
"""A cursor has a few kilobytes, at the most some dozens."""


class Hub(Leasing, ExclusiveReading, Steering, Moving, Protocol):
    """Polling needs `Leasing`, `add` and `permit`; the other methods are for operation and for consumers."""

    @abstractmethod
    async def add(self, feed: str, cursor: str = "") -> None:
        """Schedule `feed` at once. A feed that the hub has already, dead or alive, stays as it is."""

    @abstractmethod
    async def permit(self) -> float:
        """Ask for one request to the API under the rate limit that all workers share.

        Returns:
            0: make the request; else the seconds after which to ask again.
        """

    @abstractmethod
    async def bind(self, workspace: str) -> None:
        """Record the workspace and the rate limit where none is recorded, and compare where one is.

        Workers do so at their start, and again from time to time, as an engine may have lost its data.

        Args:
            workspace: Its id and where it is served, as in `ws_1 at https://app.impactiveai.com`.

        Raises:
            ConfigurationError: The hub is another workspace's, or its limit is not the one this object was given.
        """

    @abstractmethod
    async def rebind(self, workspace: str) -> None:
        """Record that the hub is this workspace's, whatever was recorded before. See `move_to`."""

    async def move_to(self, crm: AsyncClient) -> str:
        """Record the client's base URL as the workspace's new address.

        Returns:
            What is recorded now: the workspace's id and where it is served.

        Raises:
            ConfigurationError: The client opens another workspace. Nothing was changed.
            APIError: The API did not say which workspace the client opens. Nothing was changed.
        """
        workspace = (await crm.zapier.auth_test()).id
        recorded = (await self.status()).workspace
        if recorded is not None and not recorded.startswith(identity(workspace, "")):
            raise ConfigurationError(
                f"This hub holds the feeds of workspace {recorded}, and the key is of {workspace}. A hub can "
                "follow its workspace to another address, but not become another workspace's. Nothing was "
                "changed; use another namespace or file."
            )
        served = identity(workspace, crm.base_url)
        await self.rebind(served)
        return served

    @abstractmethod
    async def limit(self, rate_limit: float | None) -> None:
        """Set the rate limit for all workers, also those at work; None: no limit."""

    @abstractmethod
    async def feeds(self) -> dict[str, str | None]:
        """Return all feeds by name: None for a live feed, the reason for a dead one."""

    @abstractmethod
    async def cursors(self, feeds: Sequence[str]) -> dict[str, str]:
        """Return what was last committed of those of the feeds that the hub has; "": nothing yet."""

    async def coverage(self, feeds: Collection[str] | None = None) -> dict[str, Coverage]:
        """Return up to when each feed is complete, as of its last commit, and which of its gaps are open.

        It is read from the cursors, so it costs what reading all of them costs.

        Args:
            feeds: Their names; None: all. Those that the hub does not have are left out.
        """
        names = sorted(await self.feeds() if feeds is None else feeds)
        found: dict[str, Coverage] = {}
        for start in range(0, len(names), _CURSORS_AT_ONCE):
            cursors = await self.cursors(names[start : start + _CURSORS_AT_ONCE])
            found |= {feed: committed_coverage(feed, cursor) for feed, cursor in sorted(cursors.items())}
        return found

    @abstractmethod
    async def heal(self) -> list[str]:
        """Find what the engine has lost of what belongs together, and mend what can be mended.

        Workers do so from time to time, before they compare the hub with the workspace.

        Returns:
            A sentence for each loss.
        """

    @abstractmethod
    async def remove(self, feed: str) -> bool:
        """Forget the feed and its cursor. Its holder is fenced; its events stay in the log.

        A worker that finds the list in the workspace adds the feed again, from its beginning.

        Returns:
            False if the hub does not have the feed.
        """

    @abstractmethod
    async def revive(self, feed: str) -> bool:
        """Schedule a dead feed at once and set its failures to 0; return False if it is not dead."""

    @abstractmethod
    async def receive(
        self,
        group: str,
        *,
        count: int = 20,
        visibility: float = 60.0,
        max_deliveries: int | None = MAX_DELIVERIES,
    ) -> list[Delivery]:
        """Take events for a consumer group, without waiting.

        A new group begins with the oldest event in the log. Each event goes to one consumer of the group. Events
        of one feed come in the order of their commits.

        An event that was not acknowledged within `visibility` seconds is delivered again. It comes alone, and only
        when no new event waits, so that an event which stops its consumers holds up no other. The event that was
        delivered least often comes first. One that was delivered `max_deliveries` times becomes a dead letter. So
        does, at once, an entry of the log that cannot be read.

        Args:
            group: The consumer group.
            count: How many new events are taken at once.
            visibility: Seconds after which what is not acknowledged is delivered again.
            max_deliveries: How often an event is delivered at the most; None: without end.
        """

    @abstractmethod
    async def ack(self, group: str, positions: Sequence[str]) -> None:
        """Record that the group has handled these; see `Delivery.ack`."""

    @abstractmethod
    async def reject(self, group: str, position: str, reason: str) -> None:
        """Make an event a dead letter of the group at once; see `Delivery.reject`."""

    @abstractmethod
    async def dead_letters(self, group: str, *, count: int = 100) -> list[DeadLetter]:
        """Return the dead letters of a group, at most `count`, the oldest in the log first.

        The log keeps them, however old they are.
        """

    @abstractmethod
    async def replay(self, group: str, positions: Sequence[str] | None = None) -> int:
        """Deliver dead letters to their group again, as if they had not been delivered yet.

        Args:
            group: The consumer group.
            positions: Which ones; None: all of the group.

        Returns:
            How many there were.
        """

    @abstractmethod
    async def drop(self, group: str, positions: Sequence[str] | None = None) -> int:
        """Forget dead letters: the group will never get these events. For the arguments, see `replay`."""

    async def workspace(self) -> str | None:
        """Return whose feeds these are; None until a worker has begun."""
        return (await self.status()).workspace

    async def groups(self) -> tuple[GroupStatus, ...]:
        """Return the consumer groups, by name."""
        return (await self.status()).groups

    @abstractmethod
    async def drop_group(self, group: str) -> None:
        """Forget a consumer group. The log keeps no events for it any more."""

    @abstractmethod
    async def trim(self) -> int:
        """Delete events older than the hub's `retention` that every group has acknowledged; returns how many.

        A group that lags keeps its events in the log, however old: see it in `status`, catch up or drop it.
        """

    @abstractmethod
    async def status(self) -> HubStatus:
        """Return what the hub is doing now, by the engine's clock."""

    @abstractmethod
    async def init(self, *, upgrade: bool = False) -> None:
        """Create what the engine needs; change nothing where it is there.

        Args:
            upgrade: Whether a hub of an older version is upgraded; `upgrades` tells what that changes. Programs of
                the older version that still run then stop with an error.

        Raises:
            ConfigurationError: The hub is newer than this program, or it is older and `upgrade` is False.
        """

    @abstractmethod
    async def upgrades(self) -> list[str]:
        """Return what `init(upgrade=True)` would change, a sentence for each step; empty if nothing.

        Raises:
            ConfigurationError: The hub is newer than this program.
        """

    @abstractmethod
    async def check(self) -> None:
        """Refuse an engine that may lose what was committed.

        Raises:
            ConfigurationError: What is wrong and what to do.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Close the connections. Claims still held end with their leases."""

    def events(
        self,
        group: str,
        *,
        batch: int = 20,
        visibility: float = 60.0,
        idle: float = 0.5,
        max_deliveries: int | None = MAX_DELIVERIES,
        clock: Clock | None = None,
    ) -> EventReader:
        """Iterate over a group's events for ever, as they come: `async for delivery in hub.events("billing")`.

        Args:
            group: The consumer group; each group gets every event.
            batch: How many are taken at once. Those taken and not acknowledged come again after `visibility`.
            visibility: Seconds a consumer has for one batch.
            idle: Seconds between two looks at an empty log.
            max_deliveries: How often an event is delivered before it is a dead letter; None: without end.
            clock: What `idle` is waited for with.
        """
        return EventReader(
            self,
            group,
            batch=batch,
            visibility=visibility,
            idle=idle,
            max_deliveries=max_deliveries,
            clock=clock or SystemClock(),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
