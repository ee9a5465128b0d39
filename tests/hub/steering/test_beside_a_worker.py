"""Steering a hub while a worker is at work: what was said is kept, and nothing else changes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import Factory, define

from impactive_async.hub import Hub, Report, run_worker
from impactive_async.hub.worker.reports import Healed, Polled
from impactive_async.resources.watching.kinds import Kind
from impactive_async.sandbox import Sandbox
from tests.hub.engines import corner_of
from tests.support import client_of, until

DEALS, CONTACTS = "zapier/deals", "zapier/contacts"


@define
class Working:
    """A worker at work on both feeds, and another connection to its hub."""

    hub: Hub
    polls: Counter[str] = Factory(Counter)
    healed: list[Healed] = Factory(list)

    def record(self, report: Report) -> None:
        if isinstance(report, Polled):
            self.polls[report.feed] += 1
        if isinstance(report, Healed):
            self.healed.append(report)

    async def goes_on(self, feed: str, times: int = 5) -> None:
        """Wait until the feed was polled so many times more."""
        goal = self.polls[feed] + times
        await until(lambda: self.polls[feed] >= goal)


@pytest.fixture(params=["sqlite", "redis", "postgres"])
async def working(
    request: pytest.FixtureRequest, tmp_path: Path, impactive_sandbox: Sandbox
) -> AsyncIterator[Working]:
    stop = asyncio.Event()
    async with (
        corner_of(request.param, tmp_path) as corner,
        corner.hub() as hub,
        corner.hub() as other,
        client_of(impactive_sandbox) as crm,
    ):
        await hub.init()
        worker = Working(other)
        kinds: list[Kind] = ["deals", "contacts"]
        work = asyncio.create_task(
            run_worker(crm, hub, kinds=kinds, interval=0.05, stop=stop, on_report=worker.record)
        )
        try:
            await worker.goes_on(DEALS, 1)
            await worker.goes_on(CONTACTS, 1)
            yield worker
        finally:
            stop.set()
            await work


async def test_a_paused_feed_rests_until_it_is_resumed(working: Working) -> None:
    """The other feed is polled as before; a poll under way ends."""
    assert await working.hub.pause(CONTACTS)
    await working.goes_on(DEALS)
    before = working.polls[CONTACTS]
    await working.goes_on(DEALS)
    assert working.polls[CONTACTS] == before
    status = await working.hub.feed(CONTACTS)
    assert status is not None
    assert status.state == "paused"
    assert await working.hub.resume(CONTACTS)
    await working.goes_on(CONTACTS)


async def test_a_rewound_feed_loses_nothing(working: Working, impactive_sandbox: Sandbox) -> None:
    """Its rows are polled again, the log keeps one event of each, and the worker sees nothing to mend."""
    logged = (await working.hub.status()).events
    await working.hub.rewind(DEALS, impactive_sandbox.clock.now() - timedelta(days=2))
    await working.goes_on(DEALS)
    await working.goes_on(CONTACTS)
    assert working.healed == []
    assert (await working.hub.status()).events == logged
    assert await working.hub.heal() == []
