"""Hubs of an older version: refused with a way out, upgraded whole, safe from programs that are left behind."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest
from redis.exceptions import RedisError

from impactive_async.errors import ConfigurationError
from impactive_async.hub import Hub
from impactive_async.hub.contract.versions import STEPS, VERSION
from tests.hub.engines import ENGINES, Corner, claimed, corner_of, event, events, logged, run_sql
from tests.hub.versions.programs import OldProgram, make_newer, old_program

REFUSALS = (sqlite3.OperationalError, RedisError, asyncpg.PostgresError)


@pytest.fixture(params=ENGINES)
async def corner(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Corner]:
    async with corner_of(request.param, tmp_path) as corner:
        yield corner


@pytest.fixture
async def old(corner: Corner) -> OldProgram:
    """A program of version 1 that has made a hub and worked on it."""
    program = old_program(corner)
    await program.make()
    await program.add("a", "0")
    claim = await program.claim(60)
    assert claim
    assert await program.commit(claim[0], claim[2], "1", event(1))
    return program


@pytest.fixture
async def hub(corner: Corner, old: OldProgram) -> AsyncIterator[Hub]:
    async with corner.hub() as hub:
        yield hub


async def test_an_older_hub_is_refused_with_a_way_out(hub: Hub, old: OldProgram) -> None:
    """Whatever is asked of it, it stays as it is, and the error says what an upgrade is and does."""
    for attempt in (hub.check(), hub.init()):
        with pytest.raises(ConfigurationError, match="impactive hub init --upgrade"):
            await attempt
    with pytest.raises(ConfigurationError, match="impactive hub init"):
        await hub.claim(60)
    claim = await old.claim(60)
    assert claim
    assert claim[1] == "1"


async def test_what_an_upgrade_changes_is_said_before(hub: Hub) -> None:
    """Each step is a sentence; afterwards there is none left."""
    assert await hub.upgrades() == [STEPS[number] for number in range(2, VERSION + 1)]
    await hub.init(upgrade=True)
    assert await hub.upgrades() == []


async def test_an_upgrade_keeps_what_there_is(hub: Hub) -> None:
    """Feeds go on from their cursors, and the log has all its events."""
    await hub.init(upgrade=True)
    await hub.check()
    claim = await claimed(hub)
    assert (claim.feed, claim.cursor) == ("a", "1")
    await hub.commit(claim, "2", events(1, 2), 3600)
    assert await logged(hub) == [1, 2]


async def test_what_was_trimmed_before_an_upgrade_is_not_lost(hub: Hub, corner: Corner) -> None:
    """A log that is empty because an older program trimmed it makes no feed begin anew."""
    if corner.url.startswith("sqlite"):
        with closing(sqlite3.connect(corner.url.removeprefix("sqlite:///"))) as connection, connection:
            connection.execute("DELETE FROM outbox")
    elif corner.url.startswith("postgres"):
        await run_sql(f"DELETE FROM {corner.namespace}.outbox")
    await hub.init(upgrade=True)
    assert await hub.heal() == []
    assert (await claimed(hub)).cursor == "1"


async def test_two_may_upgrade_at_once(hub: Hub, corner: Corner) -> None:
    """One of them does it, and both are content; so is whoever comes later."""
    async with corner.hub() as other:
        await asyncio.gather(hub.init(upgrade=True), other.init(upgrade=True))
    await hub.init(upgrade=True)
    assert (await claimed(hub)).cursor == "1"


async def test_an_upgrade_makes_a_hub_where_there_is_none(corner: Corner) -> None:
    """`upgrade=True` does no harm where there is nothing to upgrade."""
    async with corner.hub() as hub:
        assert await hub.upgrades() == []
        await hub.init(upgrade=True)
        await hub.check()


async def test_a_program_that_is_left_behind_can_do_no_harm(hub: Hub, old: OldProgram) -> None:
    """A deployment of two versions: what the old one holds is polled again by the new one, and it gets no more."""
    held = await old.claim(0)
    assert held
    await hub.init(upgrade=True)
    with pytest.raises(REFUSALS):
        await old.commit(held[0], held[2], "lost", event(2))
    with pytest.raises(REFUSALS):
        await old.claim(60)
    claim = await claimed(hub)
    assert claim.cursor == "1"
    assert claim.token > held[2]
    await hub.commit(claim, "3", events(2, 3), 3600)
    assert await logged(hub) == [1, 2, 3]


async def test_a_running_program_notices_that_its_hub_was_upgraded(hub: Hub, corner: Corner) -> None:
    """It takes nothing more, and says that it is to be upgraded."""
    await hub.init(upgrade=True)
    claim = await claimed(hub)
    await make_newer(corner)
    for attempt in (hub.claim(60), hub.receive("billing")):
        with pytest.raises(ConfigurationError, match=r"version 99.*upgrade impactive-async"):
            await attempt
    assert claim.cursor == "1"
