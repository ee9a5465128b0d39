"""Leases: feeds are claimed, and each claim is ended by its holder, or by its time."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from impactive_async.errors import FencedError, HubError
from impactive_async.hub.contract.claim import Claim, IdlePoll
from impactive_async.hub.contract.events import HubEvent


class Leasing(Protocol):
    """What a worker asks of a hub for each poll. The rules are those of `Hub`."""

    @abstractmethod
    async def claim(self, lease: float) -> Claim | None:
        """Lease the most overdue feed that no worker holds, for `lease` seconds; None if no feed is due."""

    async def claim_many(self, lease: float, count: int) -> list[Claim]:
        """Lease the most overdue feeds that no worker holds, so many at the most.

        Raises:
            HubError: Nothing was claimed. Where something was, the next call tells of the engine's trouble.
        """
        found = await asyncio.gather(*(self.claim(lease) for _ in range(count)), return_exceptions=True)
        claims = [one for one in found if isinstance(one, Claim)]
        for error in found:
            if isinstance(error, BaseException) and not (claims and isinstance(error, HubError)):
                raise error
        return claims

    @abstractmethod
    async def commit(
        self, claim: Claim, cursor: str, events: Sequence[HubEvent], again_in: float, *, gaps: int = 0
    ) -> None:
        """Keep the cursor, append the events, end the lease and set the failures to 0, in one atomic step.

        Args:
            claim: What `claim` gave.
            cursor: The feed's cursor once `events` are in the log.
            events: In order. Events whose id is in the log already are left out.
            again_in: Seconds after which the feed is due again.
            gaps: How many gaps this poll has reported; `status` shows the sum.

        Raises:
            FencedError: The lease has ended, or another worker has the feed. Nothing was committed.
            HubError: The engine failed; the outcome is unknown, and calling again is safe.
        """

    async def commit_idle(self, polls: Sequence[IdlePoll]) -> list[FencedError | None]:
        """Commit polls that brought nothing, each by itself: `commit` without events, which may be cheaper.

        A power cut may take back the last of such commits. Their polls are made again then.

        Returns:
            For each poll the error if its lease has ended or another worker has the feed; nothing was committed
            of that one.

        Raises:
            HubError: The engine failed; the outcome is unknown, and calling again is safe.
        """
        found = await asyncio.gather(
            *(self.commit(poll.claim, poll.cursor, [], poll.again_in) for poll in polls), return_exceptions=True
        )
        for error in found:
            if isinstance(error, BaseException) and not isinstance(error, FencedError):
                raise error
        return [error if isinstance(error, FencedError) else None for error in found]

    @abstractmethod
    async def fail(self, claim: Claim, error: str, again_in: float | None) -> None:
        """End the lease, count a failure and keep its reason. The cursor stays.

        Args:
            claim: What `claim` gave.
            error: The reason, for people; cut to 500 characters.
            again_in: Seconds after which the feed is due again; None: the feed is dead until `revive`.

        Raises:
            FencedError: Another worker has the feed, or the lease has ended. Nothing was changed.
        """

    @abstractmethod
    async def release(self, claim: Claim) -> None:
        """End the lease; the feed is due at once, and nothing else changes.

        Raises:
            FencedError: Another worker has the feed, or the lease has ended. Nothing was changed.
        """
