"""What is Redis's own: its keys, and the stream that others read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from redis.asyncio import Redis

from impactive_async.errors import ConfigurationError, FencedError
from impactive_async.hub import Hub, HubError, HubEvent, connect
from tests.hub.engines import REDIS_URL, Corner, corner_of, event, events
from tests.hub.support.servers import frozen, own_server


@pytest.fixture
async def corner(tmp_path: Path) -> AsyncIterator[Corner]:
    async with corner_of("redis", tmp_path) as corner:
        yield corner


@pytest.fixture
async def hub(corner: Corner) -> AsyncIterator[Hub]:
    async with corner.hub(rate_limit=0.5, retention=0) as hub:
        await hub.init()
        yield hub


@pytest.fixture
async def redis(corner: Corner, hub: Hub) -> AsyncIterator[Redis]:
    async with Redis.from_url(REDIS_URL, decode_responses=True) as redis:
        yield redis


async def committed(hub: Hub) -> None:
    await hub.add("a")
    claim = await hub.claim(60)
    assert claim
    await hub.commit(claim, "1", events(1, 2), 0, gaps=3)


async def test_all_keys_share_one_hash_slot(hub: Hub, redis: Redis, corner: Corner) -> None:
    """Every key carries the namespace as its hash tag, so that a cluster can run the scripts."""
    await committed(hub)
    await hub.permit()
    await hub.receive("billing")
    keys = [key async for key in redis.scan_iter(f"*{corner.namespace}*")]
    assert sorted(key.removeprefix(f"{{{corner.namespace}}}:") for key in keys) == [
        "cursors",
        "events",
        "ids",
        "meta",
        "schedule",
        "states",
    ]


async def test_a_server_that_lost_its_data_fences_the_claims_it_forgot(
    hub: Hub, redis: Redis, corner: Corner
) -> None:
    """No token is given twice, not even by a server that was emptied: an old claim would write over a new one."""
    await hub.add("a")
    old = await hub.claim(60)
    await redis.delete(*[key async for key in redis.scan_iter(f"*{corner.namespace}*")])
    await hub.init()
    await hub.add("a")
    new = await hub.claim(60)
    assert old
    assert new
    with pytest.raises(FencedError):
        await hub.commit(old, "far ahead", [], 0)
    await hub.commit(new, "1", events(1), 0)


async def test_others_read_the_stream_with_their_own_means(hub: Hub, redis: Redis, corner: Corner) -> None:
    """The log is a plain stream: any client's consumer group reads CloudEvents from its field `event`."""
    await committed(hub)
    stream = f"{{{corner.namespace}}}:events"
    await redis.xgroup_create(stream, "theirs", id="0")
    answer: Any = await redis.xreadgroup("theirs", "me", {stream: ">"})
    entries = answer[stream][0] if isinstance(answer, dict) else answer[0][1]
    assert [HubEvent.from_json(fields["event"]) for _, fields in entries] == events(1, 2)
    (group,) = (await hub.status()).groups
    assert (group.name, group.behind, group.in_flight) == ("theirs", 2, 2)
    assert await hub.trim() == 0
    await redis.xack(stream, "theirs", *(position for position, _ in entries))
    assert await hub.trim() == 2


async def test_a_removed_feed_leaves_nothing_behind(hub: Hub, redis: Redis, corner: Corner) -> None:
    """Removing a feed, whether leased, dead or neither, frees all that was stored for it."""
    await committed(hub)
    claim = await hub.claim(60)
    assert claim
    await hub.remove("a")
    await committed(hub)
    claim = await hub.claim(60)
    assert claim
    await hub.fail(claim, "401", None)
    await hub.remove("a")
    await hub.remove("a")
    keys = [key async for key in redis.scan_iter(f"*{corner.namespace}*")]
    assert sorted(key.rpartition(":")[2] for key in keys) == ["events", "ids", "meta"]
    assert (await hub.status()).gaps == 0


async def test_a_trimmed_log_forgets_its_ids(hub: Hub, redis: Redis, corner: Corner) -> None:
    """The ids kept against doubles are bounded by the log: they go with their events."""
    await committed(hub)
    assert await redis.zcard(f"{{{corner.namespace}}}:ids") == 2
    assert await hub.trim() == 2
    assert await redis.exists(f"{{{corner.namespace}}}:ids") == 0


async def test_an_id_has_the_time_of_its_entry(hub: Hub, redis: Redis, corner: Corner) -> None:
    """If it were earlier, trimming up to the entry would forget the id, and the event could be logged again."""
    await hub.add("a")
    claim = await hub.claim(60)
    assert claim
    await hub.commit(claim, "1", events(*range(200)), 0)
    entries: Any = await redis.xrange(f"{{{corner.namespace}}}:events")
    logged = {HubEvent.from_json(fields["event"]).id: int(entry.partition("-")[0]) for entry, fields in entries}
    noted: Any = await redis.zrange(f"{{{corner.namespace}}}:ids", 0, -1, withscores=True)
    assert {event_id: round(time * 1000) for event_id, time in noted} == logged
    assert len(logged) == 200


async def test_what_several_feeds_need_of_one_key_is_one_command() -> None:
    """Feeds that are claimed and committed together cost Redis little more than one, but for their events."""
    async with own_server("redis") as server, connect(server.url) as hub, Redis.from_url(server.url) as redis:
        await hub.init()
        for name in "abcdefgh":
            await hub.add(name)
        await redis.config_resetstat()
        claims = await asyncio.gather(*[hub.claim(60) for _ in range(8)])
        commits = [
            hub.commit(claim, "1", events(3 * number, 3 * number + 1), 0)
            for number, claim in enumerate(filter(None, claims))
        ]
        await asyncio.gather(*commits)
        calls = {name: one["calls"] for name, one in (await redis.info("commandstats")).items()}
    assert (calls["cmdstat_evalsha"] + calls.get("cmdstat_eval", 0), calls["cmdstat_xadd"]) == (4, 16)
    assert {name: calls[f"cmdstat_{name}"] for name in ("zadd", "zrem", "hmget")} == {
        "zadd": 4,  # the schedule twice, what is leased, and the ids
        "zrem": 1,
        "hmget": 6,  # of each script: what it begins with, the cursors and the states
    }


async def test_a_poll_of_any_size_is_logged_with_all_its_ids(hub: Hub, redis: Redis, corner: Corner) -> None:
    """More events than one command takes, with ids of any characters; and none of them twice."""
    ids = [f"{number}:3:é\n {number}" for number in range(5000)]
    polled = [evolve(event(1), id=one) for one in ids]
    await hub.add("a")
    for cursor in "12":
        claim = await hub.claim(60)
        assert claim
        await hub.commit(claim, cursor, polled, 0)
    logged: Any = await redis.xrange(f"{{{corner.namespace}}}:events")
    assert [HubEvent.from_json(entry["event"]).id for _, entry in logged] == ids
    noted: Any = await redis.zrange(f"{{{corner.namespace}}}:ids", 0, -1, withscores=True)
    assert {name: round(seconds * 1000) for name, seconds in noted} == {
        name: int(position.partition("-")[0]) for name, (position, _) in zip(ids, logged, strict=True)
    }


async def test_what_got_no_answer_in_time_is_not_sent_again() -> None:
    """The server may still be at work on it, and would be so for longer with each repetition."""
    async with (
        own_server("redis") as server,
        Redis.from_url(server.url) as redis,
        connect(f"{server.url}?socket_timeout=0.2") as hub,
    ):
        await hub.init()
        await hub.status()
        before = (await redis.info("stats"))["total_connections_received"]
        with frozen(server), pytest.raises(HubError, match="Timeout"):
            await hub.status()
        assert (await redis.info("stats"))["total_connections_received"] == before


async def test_scripts_are_loaded_again_where_the_server_has_forgotten_them(hub: Hub, redis: Redis) -> None:
    """A server that was restarted, or failed over, gets the scripts again with the next call."""
    await committed(hub)
    await redis.script_flush()
    assert await hub.claim(60) is not None


async def test_what_is_overdue_comes_again_however_much_is_in_flight_before_it(
    hub: Hub, redis: Redis, corner: Corner
) -> None:
    """One call looks at 5,000 entries in flight and no more, and the next one goes on behind them."""
    await hub.add("a")
    claim = await hub.claim(60)
    assert claim
    await hub.commit(claim, "1", events(*range(5_500)), 0)
    taken = [delivery for _ in range(6) for delivery in await hub.receive("billing", count=1000)]
    overdue: Any = [taken[-1].position]
    await redis.xclaim(f"{{{corner.namespace}}}:events", "billing", "hub", 0, overdue, idle=3_600_000)
    assert await hub.receive("billing") == []
    (again,) = await hub.receive("billing")
    assert (again.event.data["n"], again.redelivered) == (5_499, True)
    assert await hub.receive("billing") == []


async def test_what_others_have_deleted_ends_no_consumer(hub: Hub, redis: Redis, corner: Corner) -> None:
    """An entry in flight, or a dead letter, that somebody has deleted from the stream, is no more."""
    await committed(hub)
    first, second = await hub.receive("billing", visibility=0)
    await second.reject("no")
    await redis.xdel(f"{{{corner.namespace}}}:events", first.position, second.position)
    assert await hub.receive("billing", visibility=0) == []
    (letter,) = await hub.dead_letters("billing")
    assert (letter.event, letter.text) == (None, "{}")
    assert await hub.replay("billing") == 1
    assert await hub.receive("billing", visibility=0) == []
    assert (await hub.status()).groups[0].behind == 0


async def test_a_hub_that_is_not_there_is_not_described(corner: Corner) -> None:
    """A mistyped namespace, or a server that was emptied, has no status and takes no change."""
    async with corner.hub() as hub:
        for use in (hub.status(), hub.limit(1.0)):
            with pytest.raises(ConfigurationError, match="impactive hub init"):
                await use


async def test_a_server_that_was_emptied_is_bound_again(hub: Hub, redis: Redis, corner: Corner) -> None:
    """What a worker records again after a loss is what the engine had: the workspace, and the limit."""
    await hub.bind("wsp_1")
    await redis.delete(f"{{{corner.namespace}}}:meta")
    assert await hub.permit() == 0.0
    assert await hub.permit() > 0.0
    await hub.bind("wsp_1")
    status = await hub.status()
    assert (status.workspace, status.rate_limit) == ("wsp_1", 0.5)
