"""What a hub is: the schedule, leases, cursors and event log that many workers share.

The engine (SQLite, Redis, PostgreSQL) supplies the clock, atomicity, durability and fan-out; the worker supplies
the loop. The rules that every adapter keeps:

- A feed is leased to one worker at a time. Each claim carries a **fencing token**, greater than any given before.
- A commit takes effect as a whole or not at all, and only under the newest token of its feed and before the lease
  ends by the engine's clock. No client's clock is ever asked.
- The same commit sent again (its answer was lost) is recognised by its token: done, not fenced and not doubled.
- An event's id is in the log at most once, whoever commits it.
- A worker that dies or freezes loses its lease by time; nothing is held by a connection or a session.
"""

from __future__ import annotations

import math
import re
from abc import abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from attrs import frozen

from impactive_async import AsyncClient
from impactive_async._clock import Clock, SystemClock
from impactive_async.errors import ConfigurationError, FencedError
from impactive_async.hub.events import Event
from impactive_async.hub.reader import Delivery, EventReader
from impactive_async.hub.status import HubStatus
from impactive_async.hub.terms import identity

_ERROR_LENGTH = 500

OUTCOME_UNKNOWN = "Whether the call took effect is unknown; calling again is safe."


@frozen(kw_only=True)
class Claim:
    """The right to poll one feed, for `lease` seconds by the engine's clock.

    Attributes:
        feed: The feed's name.
        cursor: What was last committed; "" at first.
        token: The fencing token.
        failures: How many claims in a row have failed before this one.
        lease: Seconds the claim was given for.
    """

    feed: str
    cursor: str
    token: int
    failures: int
    lease: float


class Hub(Protocol):
    """The first four methods are all that polling needs; the others are for operation and for consumers."""

    @abstractmethod
    async def add(self, feed: str, cursor: str = "") -> None:
        """Schedule `feed` at once. A feed that is there already, dead or alive, stays as it is."""

    @abstractmethod
    async def claim(self, lease: float) -> Claim | None:
        """Lease the most overdue feed that nobody holds, for `lease` seconds; None if no feed is due."""

    @abstractmethod
    async def commit(
        self, claim: Claim, cursor: str, events: Sequence[Event], again_in: float, *, gaps: int = 0
    ) -> None:
        """Keep the cursor and append the events in one atomic step, end the lease, count failures from 0 again.

        Args:
            claim: What `claim` gave.
            cursor: The feed's cursor once `events` are in the log.
            events: In order. One whose id is in the log already is left out.
            again_in: Seconds after which the feed is due again.
            gaps: How many gaps this poll has reported; for `status`.

        Raises:
            FencedError: The lease has ended or another worker has the feed. Nothing was committed.
            HubError: The engine failed; the outcome is unknown, and calling again is safe.
        """

    @abstractmethod
    async def permit(self) -> float:
        """Ask for one request to the API under the rate limit that all workers share.

        Returns:
            0 to go ahead, else the seconds after which to ask again.
        """

    @abstractmethod
    async def bind(self, workspace: str) -> None:
        """Record whose feeds these are, and the rate limit, unless others have; then agree with what is recorded.

        Workers do so at their start, and again from time to time: an engine may have lost its data.

        Args:
            workspace: Its id and where it is served, as in `ws_1 at https://app.impactiveai.com`.

        Raises:
            ConfigurationError: The hub is another workspace's, or its limit is not the one this object was told.
        """

    @abstractmethod
    async def rebind(self, workspace: str) -> None:
        """Record that these are the feeds of this workspace from now on, whatever was recorded. See `move_to`."""

    async def move_to(self, crm: AsyncClient) -> str:
        """Go on with the workspace where this client finds it, after it has got another base URL.

        Returns:
            What is recorded now: its id and where it is served.

        Raises:
            ConfigurationError: The client opens another workspace; nothing has changed.
            APIError: The workspace cannot be asked for its id.
        """
        workspace = (await crm.zapier.auth_test()).id
        recorded = (await self.status()).workspace
        if recorded is not None and not recorded.startswith(identity(workspace, "")):
            raise ConfigurationError(
                f"This hub holds the feeds of workspace {recorded}, and the key is of {workspace}. A hub can "
                "follow its workspace to another address, but not become another workspace's: use another "
                "namespace or file."
            )
        served = identity(workspace, crm.base_url)
        await self.rebind(served)
        return served

    @abstractmethod
    async def limit(self, rate_limit: float | None) -> None:
        """Set the rate limit for all workers, those at work included; None: no limit."""

    @abstractmethod
    async def feeds(self) -> dict[str, str | None]:
        """All feeds by name: None for the living, for the dead why."""

    @abstractmethod
    async def fail(self, claim: Claim, error: str, again_in: float | None) -> None:
        """End the lease, count a failure and keep its reason; the cursor stays.

        Args:
            claim: What `claim` gave.
            error: The reason, for people; cut to 500 characters.
            again_in: Seconds after which the feed is due again; None: the feed is dead until `revive`.

        Raises:
            FencedError: Another worker has the feed, or the lease has ended. Nothing was changed.
        """

    @abstractmethod
    async def release(self, claim: Claim) -> None:
        """End the lease as if the claim had never been made: the feed is due at once.

        Raises:
            FencedError: Another worker has the feed, or the lease has ended. Nothing was changed.
        """

    @abstractmethod
    async def remove(self, feed: str) -> bool:
        """Forget the feed and its cursor; whoever holds it is fenced. Its events stay in the log.

        A worker that finds its list in the workspace adds it again, from its beginning. False if it is not there.
        """

    @abstractmethod
    async def revive(self, feed: str) -> bool:
        """Schedule a dead feed at once, its failures forgotten. False if it is not dead."""

    @abstractmethod
    async def receive(self, group: str, *, count: int = 20, visibility: float = 60.0) -> list[Delivery]:
        """Take up to `count` events for a consumer group, without waiting.

        A new group begins with the oldest event in the log. Each event goes to one consumer of the group, and
        again to one (`redelivered`) when it was not acknowledged within `visibility` seconds. Events of one feed
        come in the order of their commits, but for those that are redelivered.
        """

    @abstractmethod
    async def ack(self, group: str, positions: Sequence[str]) -> None:
        """Never deliver these to the group again; see `Delivery.ack`."""

    @abstractmethod
    async def drop_group(self, group: str) -> None:
        """Forget a consumer group; the log no longer keeps events for it."""

    @abstractmethod
    async def trim(self) -> int:
        """Delete events older than the hub's `retention` that every group has acknowledged; returns how many.

        A group that lags keeps its events in the log, however old: see it in `status`, catch up or drop it.
        """

    @abstractmethod
    async def status(self) -> HubStatus:
        """What the hub is doing now, by the engine's clock."""

    @abstractmethod
    async def init(self) -> None:
        """Create what the engine needs; does nothing where it is there."""

    @abstractmethod
    async def check(self) -> None:
        """Refuse an engine that could lose what was committed.

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
        clock: Clock | None = None,
    ) -> EventReader:
        """Iterate over a group's events for ever, as they come: `async for delivery in hub.events("billing")`.

        Args:
            group: The consumer group; each group gets every event.
            batch: How many are taken at once. Those taken and not acknowledged come again after `visibility`.
            visibility: Seconds a consumer has for one batch.
            idle: Seconds between two looks at an empty log.
            clock: What `idle` is waited for with.
        """
        return EventReader(
            self, group, batch=batch, visibility=visibility, idle=idle, clock=clock or SystemClock()
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def fenced(claim: Claim) -> FencedError:
    """The error for a claim whose token no longer counts."""
    return FencedError(
        f"feed {claim.feed!r} is no longer held under token {claim.token}: its lease of {claim.lease:g} s has "
        "ended, or another worker has it. Nothing was committed; drop the rows, the present holder delivers them."
    )


def seconds(name: str, value: float) -> float:
    """Check a duration.

    Raises:
        ValueError: It is negative or not finite.
    """
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be a finite number of seconds, not negative: {value!r}")
    return float(value)


def reason(error: str) -> str:
    """An error's text as any engine can keep it: bounded, and without NUL and lone surrogates."""
    return error.replace("\0", "").encode("utf-8", "backslashreplace").decode()[:_ERROR_LENGTH]


def namespace_of(name: str) -> str:
    """Check the name that keeps hubs apart in one engine; fit for a key, a schema and a hash tag.

    Raises:
        ConfigurationError: It is not a lower-case identifier.
    """
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,47}", name):
        raise ConfigurationError(
            f"namespace must be a lower-case identifier of at most 48 characters, not {name!r}"
        )
    return name
