"""A replica takes over that had not got the last writes: nothing is lost that the API still shows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pytest

from impactive_async.errors import ConfigurationError, FencedError
from impactive_async.hub import Hub, connect
from tests.hub.engines import claimed, events, logged
from tests.hub.support.failover import Pair, pair
from tests.hub.support.proxy import lossy
from tests.support import PATIENCE


@pytest.mark.parametrize("engine", ["redis", "postgres"])
async def test_what_the_primary_took_with_it_is_polled_again(engine: str) -> None:
    """A claim of the old primary neither commits on the new one nor shares its token with another."""
    async with pair(engine) as servers, connect(servers.primary.url) as old, connect(servers.replica.url) as new:
        await old.init()
        await old.add("a")
        await old.commit(await claimed(old), "1", events(1), 0)
        await servers.part()
        await old.commit(await claimed(old), "2", events(2), 0)
        lost = await claimed(old)
        await servers.primary.crash()
        found = await claimed(new)
        assert (found.cursor, lost.cursor) == ("1", "2")
        assert found.token > lost.token
        with pytest.raises(FencedError):
            await new.commit(lost, "3", events(3), 0)
        await new.commit(found, "3", events(2, 3), 0)
        assert await logged(new) == [1, 2, 3]


@pytest.mark.parametrize("engine", ["redis", "postgres"])
async def test_a_connection_that_leads_to_a_standby_is_dropped(engine: str) -> None:
    """An address leads to the new primary, and a living connection to the old one: a call is made anew."""
    async with (
        pair(engine) as servers,
        lossy(servers.primary.url) as (proxy, url),
        connect(url, namespace="away") as hub,
    ):
        await hub.init()
        await hub.add("a")
        await servers.part()
        await servers.demote()
        proxy.lead_to(servers.replica.url)
        claim = await claimed(hub)
        await hub.commit(claim, "1", events(1), 0)
        async with connect(servers.replica.url, namespace="away") as there:
            assert await logged(there) == [1]


async def _ack(hub: Hub, there: Hub) -> None:
    (delivery,) = await there.receive("billing", count=1)
    await hub.ack("billing", [delivery.position])
    await hub.ack("billing", [delivery.position])


async def _reject(hub: Hub, there: Hub) -> None:
    (delivery,) = await there.receive("billing", count=1)
    await hub.reject("billing", delivery.position, "no")


async def _postpone(hub: Hub, there: Hub) -> None:
    (delivery,) = await there.receive("billing", count=1)
    await hub.postpone("billing", delivery.position, 30, deliveries=1, visibility=60)


async def _fail(hub: Hub, there: Hub) -> None:
    await hub.fail(await claimed(there), "503", 0)


async def _release(hub: Hub, there: Hub) -> None:
    await hub.release(await claimed(there))


async def _commit(hub: Hub, there: Hub) -> None:
    claim = await claimed(there)
    await hub.commit(claim, claim.cursor, [], 0)


DEEDS: dict[str, Callable[[Hub, Hub], Awaitable[object]]] = {
    "ack": _ack,
    "reject": _reject,
    "postpone": _postpone,
    "fail": _fail,
    "release": _release,
    "commit": _commit,
    "claim": lambda hub, _: hub.claim(0),
    "receive": lambda hub, _: hub.receive("billing", count=1),
    "receive as a new group": lambda hub, _: hub.receive("new"),
    "hold": lambda hub, _: hub.hold("billing", "me", 5),
    "replay": lambda hub, _: hub.replay("billing"),
    "drop_group": lambda hub, _: hub.drop_group("new"),
    "trim": lambda hub, _: hub.trim(),
    "heal": lambda hub, _: hub.heal(),
    "bind": lambda hub, _: hub.bind("ws_1 at https://crm.example.com"),
    "limit": lambda hub, _: hub.limit(5),
    "permit": lambda hub, _: hub.permit(),
    "add": lambda hub, _: hub.add("b"),
    "remove": lambda hub, _: hub.remove("b"),
    "pause": lambda hub, _: hub.pause("a"),
    "resume": lambda hub, _: hub.resume("a"),
}
"""What writes, each on a connection that has led to a replica."""


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["redis", "postgres"])
async def test_whatever_meets_a_replica_is_carried_out_by_the_primary(engine: str) -> None:
    """A living connection leads to a replica that takes no writes, and a new one to the primary."""
    async with pair(engine) as servers, connect(servers.primary.url) as there:
        await there.init()
        await there.add("a")
        await there.receive("billing")
        await there.commit(await claimed(there), "1", events(*range(6)), 0)
        for deed in DEEDS.values():
            await _follows(servers, there)
            async with lossy(servers.replica.url) as (proxy, url), connect(url) as hub:
                assert (await hub.status()).groups
                proxy.lead_to(servers.primary.url)
                await deed(hub, there)


async def _follows(servers: Pair, there: Hub) -> None:
    """Wait until the replica has the hub."""
    async with connect(servers.replica.url) as replica, asyncio.timeout(PATIENCE):
        while not await _has(replica, await there.feeds()):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.02)


async def _has(replica: Hub, feeds: Mapping[str, object]) -> bool:
    try:
        return bool(await replica.groups()) and await replica.feeds() == feeds
    except ConfigurationError:  # not even the schema, yet
        return False
