"""A Redis whose memory is full, and that evicts nothing: what would free it goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from impactive_async.hub import Hub, HubError, connect
from tests.hub.engines import claimed, events, logged
from tests.hub.support.servers import own_server


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    async with own_server("redis") as server, Redis.from_url(server.url) as redis:
        yield redis


@pytest.fixture
async def hub(redis: Redis) -> AsyncIterator[Hub]:
    """A hub with six events in its log, which a group has not read yet."""
    port = redis.connection_pool.connection_kwargs["port"]
    async with connect(f"redis://127.0.0.1:{port}", retention=0) as hub:
        await hub.init()
        for feed in ("a", "b", "c"):
            await hub.add(feed)
        await hub.commit(await claimed(hub), "1", events(*range(6)), 3600)
        yield hub


async def test_consumers_go_on_and_free_it(hub: Hub, redis: Redis) -> None:
    """A group that is new or not reads, acknowledges, rejects, replays, drops, is moved; the log is trimmed."""
    await redis.config_set("maxmemory", 1)
    taken = await hub.receive("billing", visibility=0)
    assert [delivery.event.data["n"] for delivery in taken] == [*range(6)]
    await taken[0].ack()
    await taken[1].reject("no")
    await taken[2].reject("no")
    assert await hub.replay("billing", [taken[1].position]) == 1
    assert await hub.drop("billing") == 1
    (again,) = await hub.receive("billing", visibility=0)
    assert (again.event.data["n"], again.redelivered) == (1, True)
    assert await hub.receive("billing", visibility=0, max_deliveries=1) == []
    assert await hub.drop("billing") == 4
    assert (await hub.status()).groups[0].behind == 0
    assert (await hub.seek("billing", event=events(5)[0].id)).events == 1
    (last,) = await hub.receive("billing")
    await last.ack()
    assert last.event.data["n"] == 5
    assert await hub.trim() > 0
    await hub.drop_group("billing")
    assert await hub.trim() == (await hub.status()).events == 0


async def test_producers_are_refused_as_a_whole_and_go_on_later(hub: Hub, redis: Redis) -> None:
    """What adds to it is a `HubError` that says what to do, changes nothing, and succeeds when there is room."""
    claim = await claimed(hub)
    await redis.config_set("maxmemory", 1)
    for refused in (hub.commit(claim, "2", events(7), 0), hub.add("d"), hub.claim(60), hub.fail(claim, "503", 1)):
        with pytest.raises(HubError, match=r"Redis is full.*maxmemory"):
            await refused
    await redis.config_set("maxmemory", 0)
    await hub.commit(claim, "2", events(7), 0)
    assert await logged(hub) == [*range(6), 7]
