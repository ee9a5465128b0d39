"""Feeds that are due together are claimed together, and one at a time where permits have to be waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from impactive_async.errors import ConfigurationError, HubError
from impactive_async.hub.worker.claiming import IDLE, Claiming, Permitted
from impactive_async.hub.worker.kinds import Kinds
from impactive_async.hub.worker.options import WorkerOptions
from impactive_async.hub.worker.reports import WorkerStats, WorkerTrouble
from impactive_async.hub.worker.stopping import Stopping
from impactive_async.hub.worker.throttle import Throttle
from impactive_async.hub.worker.troubles import Troubles
from tests.hub.memory import MemoryHub, broken
from tests.hub.worker.test_worker import TestersClock
from tests.support import JumpingLoop

FEEDS = [f"sequences/{number}/replies" for number in range(8)]


class Desk:
    """A worker's claims on a hub in memory."""

    def __init__(self) -> None:
        self.clock = TestersClock()
        self.hub = MemoryHub(self.clock)
        self.options = WorkerOptions(lease=8.0, concurrency=8)
        self.stopping = Stopping(self.clock)
        self.told: list[object] = []
        self.begun: list[str] = []
        self.claiming = Claiming(
            hub=self.hub,
            options=self.options,
            kinds=Kinds(),
            throttle=Throttle(self.hub, self.options, self.stopping, self.clock),
            stopping=self.stopping,
            troubles=Troubles(WorkerStats(), self.told.append, self.clock),
            report=self.told.append,
            clock=self.clock,
        )

    async def add(self, *feeds: str) -> None:
        for feed in feeds:
            await self.hub.add(feed)

    async def next(self, places: int = 8) -> list[str]:
        """Return the feeds whose polls begin."""
        self.hub.calls.clear()
        self.clock.waits.clear()
        begun: list[Permitted] = []
        taken = await self.claiming.next(places, begun.append)
        assert taken == sum(not one.apart for one in begun)
        return [one.claim.feed for one in begun]


def at_a_desk(test: Callable[[Desk], Coroutine[None, None, None]]) -> Callable[[], None]:
    async def prepared() -> None:
        await test(Desk())

    def run() -> None:
        with asyncio.Runner(loop_factory=JumpingLoop) as runner:
            runner.run(prepared())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@at_a_desk
async def test_twice_as_many_as_were_found_are_claimed(desk: Desk) -> None:
    """So a hub with little to do is not asked for much, and one with much to do is asked seldom."""
    await desk.add(*FEEDS)
    assert [len(await desk.next()) for _ in range(3)] == [1, 2, 4]
    assert len(await desk.next()) == 1
    assert desk.hub.calls.count("claim") == 8
    assert await desk.next() == []
    assert (desk.hub.calls, desk.clock.waits) == (["claim"] * 2, [IDLE])
    assert await desk.next() == []
    assert desk.hub.calls == ["claim"]


@at_a_desk
async def test_no_more_are_claimed_than_there_are_places(desk: Desk) -> None:
    """What is claimed and not polled would be kept from other workers."""
    await desk.add(*FEEDS)
    assert [await desk.next(places=2) for _ in range(3)] == [FEEDS[:1], FEEDS[1:3], FEEDS[3:5]]


@at_a_desk
async def test_claims_without_a_permit_are_given_back(desk: Desk) -> None:
    """Where some have begun, the others are; then one waits alone."""
    await desk.add(*FEEDS)
    await desk.next()
    await desk.next()
    desk.hub.permits = [0.0, 0.0, 0.5]
    assert await desk.next() == FEEDS[3:5]
    assert (desk.hub.calls.count("release"), desk.clock.waits) == (2, [])
    desk.hub.permits = [0.5]
    assert len(await desk.next()) == 1
    assert (desk.hub.calls, desk.clock.waits) == (["claim", "permit", "permit"], [0.5])


@at_a_desk
async def test_one_claim_waits_for_its_permit_alone(desk: Desk) -> None:
    """The others are given back before it waits, and it is too if that takes more than a quarter of its lease."""
    await desk.add(*FEEDS)
    await desk.next()
    desk.hub.permits = [0.5]
    assert await desk.next() == FEEDS[1:2]
    assert desk.hub.calls == ["claim", "claim", "permit", "release", "permit"]
    desk.hub.permits = [5.0]
    assert await desk.next() == []
    assert (desk.hub.calls, desk.clock.waits) == (["claim", "permit", "release"], [5.0])


@at_a_desk
async def test_what_was_claimed_beside_a_failure_is_polled(desk: Desk) -> None:
    """The next claim says whether the engine is still in trouble."""
    await desk.add(*FEEDS)
    await desk.next()
    desk.hub.trouble["claim"] = broken()
    assert len(await desk.next()) == 1
    assert desk.told == []


@at_a_desk
async def test_a_permit_that_fails_gives_back_all_that_has_not_begun(desk: Desk) -> None:
    """Their leases would last for a minute otherwise."""
    await desk.add(*FEEDS)
    await desk.next()
    await desk.next()
    desk.hub.permits = []
    permit = desk.hub.permit

    async def failing() -> float:
        if desk.hub.calls.count("permit") == 1:
            raise HubError
        return await permit()

    desk.hub.permit = failing  # type: ignore[method-assign]
    assert await desk.next() == FEEDS[3:4]
    assert desk.hub.calls.count("release") == 3
    assert [type(report) for report in desk.told] == [WorkerTrouble]


@at_a_desk
async def test_what_no_waiting_mends_is_raised(desk: Desk) -> None:
    """Whatever was claimed beside it."""
    await desk.add(*FEEDS)
    await desk.next()
    desk.hub.trouble["claim"] = [ConfigurationError("gone")]
    with pytest.raises(ConfigurationError, match="gone"):
        await desk.next()


@at_a_desk
async def test_a_worker_that_stops_begins_no_poll(desk: Desk) -> None:
    """What it claimed when it was told to is given back."""
    await desk.add(*FEEDS)
    await desk.next()
    desk.stopping.set()
    assert await desk.next() == []
    assert desk.hub.calls.count("release") == 2
