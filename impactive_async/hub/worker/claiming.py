"""What a worker polls next: feeds that it has claimed and has a permit for.

The worker claims a feed first and asks for the permit after it, because a permit that is not used is a request
lost. One claim of a worker waits for its permit at a time, for a quarter of its lease at the most.

Feeds that are due together are claimed together, in one round trip or one transaction: at first one, then up to
twice as many as were found last, for as many polls as may begin. Where a permit has to be waited for it is one
again, and what else was claimed is given back at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from math import inf
from typing import Final

from attrs import define, field, frozen

from impactive_async._clock import Clock
from impactive_async.errors import FencedError, HubError
from impactive_async.hub.contract.claim import Claim
from impactive_async.hub.contract.hub import Hub
from impactive_async.hub.worker.bounds import within
from impactive_async.hub.worker.kinds import Kinds
from impactive_async.hub.worker.options import WorkerOptions
from impactive_async.hub.worker.polling import PERMIT_SHARE
from impactive_async.hub.worker.reports import Fenced, Listener
from impactive_async.hub.worker.stopping import Stopping
from impactive_async.hub.worker.throttle import Throttle
from impactive_async.hub.worker.troubles import Troubles

IDLE: Final = 0.25
"""Seconds between two looks at a hub that has nothing due."""
MOST: Final = 16
"""How many feeds are claimed together."""


@frozen
class Permitted:
    """A claim with the permit for its poll.

    Attributes:
        claim: The claim.
        ends: When its lease ends by our clock, which is no earlier than by the engine's.
        apart: Whether the feed is polled apart.
    """

    claim: Claim
    ends: float
    apart: bool


Begin = Callable[[Permitted], object]
"""Begins a poll."""


@define(eq=False, kw_only=True)
class Claiming:
    """Claims feeds for one worker."""

    hub: Hub
    options: WorkerOptions
    kinds: Kinds
    throttle: Throttle
    stopping: Stopping
    troubles: Troubles
    report: Listener
    clock: Clock
    _wanted: int = field(default=1, init=False)
    """How many to claim next."""

    async def next(self, places: int, begin: Begin) -> int:
        """Claim feeds for so many polls at the most, and begin each poll that gets a permit.

        If no feed is due, or no permit is to be had, this pauses.

        Returns:
            How many places were taken: feeds that are polled apart take none.
        """
        await self.throttle.wait_after_429()
        taken = 0

        def count(permitted: Permitted) -> None:
            nonlocal taken
            taken += not permitted.apart
            begin(permitted)

        try:
            claims = await self._claim(min(places, self._wanted))
            wait = await self._begin_permitted(claims, self.clock.monotonic() + self.options.lease, count)
        except HubError as error:
            self._wanted = 1
            wait = self.troubles.failed("claim", error)
        else:
            self.troubles.passed("claim")
        await self.stopping.pause(wait)
        return taken

    async def _claim(self, count: int) -> list[Claim]:
        lease = self.options.lease
        claims = await within(lease, lambda: self.hub.claim_many(lease, count))
        self._wanted = min(2 * len(claims), MOST) or 1
        return claims

    async def _begin_permitted(self, claims: list[Claim], ends: float, begin: Begin) -> float:
        """Begin the polls that get a permit, and give back the claims that get none.

        Returns:
            Seconds to pause: a feed that was given back is due, and would be claimed at once.
        """
        left = deque(claims)
        wait, alone = 0.0 if claims else IDLE, True
        try:
            while left and not wait and not self.stopping.is_set():
                alone = len(left) == len(claims)
                wait = await self._begin_first(left, ends, begin, alone=alone)
        except HubError:
            await self._give_back(left, ends)
            raise
        await self._give_back(left, ends)
        return wait if alone else 0.0

    async def _begin_first(self, left: deque[Claim], ends: float, begin: Begin, *, alone: bool) -> float:
        claim, apart = left[0], self.kinds.is_apart(left[0])
        if apart and not self.kinds.begin(claim):
            await self._put_off(left.popleft(), ends)
            return 0.0
        wait = inf
        try:
            wait = await self._permit(left, ends, alone=alone)
        finally:
            if apart and wait:
                self.kinds.end(claim)
        if not wait:
            begin(Permitted(left.popleft(), ends, apart))
        return wait

    async def _permit(self, left: deque[Claim], ends: float, *, alone: bool) -> float:
        """Return 0 with a permit for the first claim, else the seconds still to wait.

        It is waited for only if no other claim has come before it, and after the others were given back.
        """
        if left[0].permitted:
            return 0.0
        until = self.clock.monotonic() + self.options.lease * PERMIT_SHARE
        wait = await self.throttle.ask()
        if not wait:
            return 0.0
        self._wanted = 1
        if not alone:
            return wait
        await self._give_back([left.pop() for _ in range(len(left) - 1)], ends)
        return await self.throttle.permit(until - self.clock.monotonic(), wait)

    async def _put_off(self, claim: Claim, ends: float) -> None:
        """Let a feed wait for another one of its kind that is being retried."""
        wait = self.options.interval

        async def put_off() -> None:
            if claim.failures:
                await self.hub.fail(claim, "waits for another list of its kind, which fails too", wait)
            else:
                await self.hub.commit(claim, claim.cursor, [], wait)

        await self._end(claim, ends, put_off)

    async def _give_back(self, claims: Collection[Claim], ends: float) -> None:
        await asyncio.gather(*(self._end(claim, ends, partial(self.hub.release, claim)) for claim in claims))

    async def _end(self, claim: Claim, ends: float, end: Callable[[], Awaitable[None]]) -> None:
        try:
            await within(ends - self.clock.monotonic(), end)
        except FencedError:
            self.report(Fenced(feed=claim.feed))
