"""The rule of all scripts: a command that is refused, at whatever place, leaves nothing half done.

Redis undoes nothing when a script fails in its middle. So each script is run by a user who lacks a right, for each
right in turn, and nothing must have changed where it failed.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest
from redis.asyncio import Redis

from impactive_async.errors import ImpactiveError
from impactive_async.hub import Claim, Delivery, Hub, connect
from impactive_async.hub.redis.connection import SCRIPTS
from impactive_async.hub.redis.hub import RedisHub
from tests.hub.engines import claimed, events
from tests.hub.support.servers import Server, own_server

LUA = files("impactive_async.hub.redis") / "lua"
KEYS = (
    "schedule",
    "leased",
    "states",
    "cursors",
    "dead",
    "meta",
    "events",
    "ids",
    "failing",
    "paused",
    "letters:billing",
)
READS = {
    "EXISTS", "HEXISTS", "HGET", "HLEN", "HMGET", "HSCAN", "SCARD", "SISMEMBER", "TIME", "TYPE", "XINFO", "XLEN",
    "XPENDING", "XRANGE", "ZCARD", "ZCOUNT", "ZRANGE", "ZRANGEBYSCORE", "ZSCORE",
}  # fmt: skip
Prepare = Callable[[Hub], Awaitable[Any]]
Act = Callable[[Hub, Any], Awaitable[Any]]


async def nothing(hub: Hub) -> None:
    pass


async def a_feed(hub: Hub) -> None:
    await hub.add("a")


async def a_claim(hub: Hub) -> Claim:
    await hub.add("a")
    return await claimed(hub)


async def a_paused_feed(hub: Hub) -> None:
    await a_claim(hub)
    await hub.pause("a")


async def a_dead_feed(hub: Hub) -> None:
    await hub.fail(await a_claim(hub), "404", None)


async def a_log(hub: Hub) -> None:
    await hub.commit(await a_claim(hub), "1", events(1, 2, 3), 0, gaps=1)


async def a_group(hub: Hub) -> None:
    await a_log(hub)
    await hub.receive("billing", count=2)


async def a_delivered_log(hub: Hub) -> None:
    await a_log(hub)
    await hub.receive("billing", visibility=0)


async def a_slow_group(hub: Hub) -> None:
    await a_log(hub)
    for delivery in (await hub.receive("billing"))[1:]:
        await delivery.ack()


async def a_delivery(hub: Hub) -> Delivery:
    await a_log(hub)
    return (await hub.receive("billing"))[0]


async def a_dead_letter(hub: Hub) -> None:
    await (await a_delivery(hub)).reject("no")


def a_hub_without(key: str) -> Prepare:
    async def prepare(hub: Hub) -> None:
        await a_dead_letter(hub)
        assert isinstance(hub, RedisHub)
        await hub._redis.client.delete(f"{{impactive}}:{key}")

    return prepare


async def delivery_rejected(hub: Hub, delivery: Delivery) -> None:
    await hub.reject("billing", delivery.position, "no")


async def postponed(hub: Hub, delivery: Delivery) -> None:
    await hub.postpone("billing", delivery.position, 5, deliveries=2, visibility=60)


async def a_group_being_moved(hub: Hub) -> None:
    await a_dead_letter(hub)
    assert isinstance(hub, RedisHub)
    await hub._redis.run("seek", "billing", 0, "", 0, groups=["billing"])


async def moved_on(hub: Hub) -> None:
    assert isinstance(hub, RedisHub)
    await hub._redis.run("move_on", "billing", groups=["billing"])


async def a_limit(hub: Hub) -> None:
    await hub.limit(5.0)


ACTS: dict[str, tuple[str, Prepare, Act]] = {
    "add": ("add", nothing, lambda hub, _: hub.add("a", "1")),
    "bind": ("bind", nothing, lambda hub, _: hub.bind("wsp_1")),
    "claim": ("claim", a_feed, lambda hub, _: hub.claim(60)),
    "commit": ("settle", a_claim, lambda hub, claim: hub.commit(claim, "1", events(1, 2), 0, gaps=1)),
    "fail": ("settle", a_claim, lambda hub, claim: hub.fail(claim, "503", 60)),
    "die": ("settle", a_claim, lambda hub, claim: hub.fail(claim, "404", None)),
    "release": ("settle", a_claim, lambda hub, claim: hub.release(claim)),
    "limit": ("limit", nothing, lambda hub, _: hub.limit(5.0)),
    "permit": ("permit", a_limit, lambda hub, _: hub.permit()),
    "feeds": ("feeds", a_dead_feed, lambda hub, _: hub.feeds()),
    "join": ("receive", a_log, lambda hub, _: hub.receive("billing")),
    "receive": ("receive", a_group, lambda hub, _: hub.receive("billing", visibility=0)),
    "remove": ("remove", a_log, lambda hub, _: hub.remove("a")),
    "revive": ("revive", a_dead_feed, lambda hub, _: hub.revive("a")),
    "feed": ("feed", a_dead_feed, lambda hub, _: hub.feed("a")),
    "exchange a cursor": ("exchange_cursor", a_claim, lambda hub, _: hub.exchange_cursor("a", "", "1")),
    "pause": ("pause", a_claim, lambda hub, _: hub.pause("a")),
    "resume": ("resume", a_paused_feed, lambda hub, _: hub.resume("a")),
    "poll now": ("poll_now", a_claim, lambda hub, _: hub.poll_now("a")),
    "poll one that is due": ("poll_now", a_feed, lambda hub, _: hub.poll_now("a")),
    "seek": ("seek", a_dead_letter, lambda hub, _: hub.seek("billing", event=events(1)[0].id)),
    "seek with events in flight": ("seek", a_group, lambda hub, _: hub.seek("billing", event=events(1)[0].id)),
    "move on": ("move_on", a_group_being_moved, lambda hub, _: moved_on(hub)),
    "status": ("status", a_group, lambda hub, _: hub.status()),
    "trim": ("trim", a_log, lambda hub, _: hub.trim()),
    "trim around": ("trim", a_slow_group, lambda hub, _: hub.trim()),
    "again": ("receive", a_group, lambda hub, _: hub.receive("billing", visibility=0)),
    "bury": ("receive", a_delivered_log, lambda hub, _: hub.receive("billing", visibility=0, max_deliveries=1)),
    "heal": ("heal", a_hub_without("cursors"), lambda hub, _: hub.heal()),
    "heal the log": ("heal", a_hub_without("events"), lambda hub, _: hub.heal()),
    "heal letters": ("heal", a_hub_without("letters:billing"), lambda hub, _: hub.heal()),
    "heal ids": ("heal_ids", a_hub_without("ids"), lambda hub, _: hub.heal()),
    "reject": ("reject", a_delivery, lambda hub, delivery: delivery_rejected(hub, delivery)),
    "replay": ("replay", a_dead_letter, lambda hub, _: hub.replay("billing")),
    "drop": ("drop", a_dead_letter, lambda hub, _: hub.drop("billing")),
    "hold": ("hold", nothing, lambda hub, _: hub.hold("billing", "one", 60)),
    "in flight": ("in_flight", a_group, lambda hub, _: hub.in_flight("billing", visibility=60)),
    "postpone": ("postpone", a_delivery, lambda hub, delivery: postponed(hub, delivery)),
    "drop group": ("drop_group", a_dead_letter, lambda hub, _: hub.drop_group("billing")),
}  # fmt: skip


def commands(script: str) -> set[str]:
    """The commands that a script names, with what every script begins with."""
    text = (LUA / "prelude.lua").read_text() + (LUA / f"{script}.lua").read_text()
    found = re.findall(r"(?:call|write|write_together)\('([A-Z]+)'|demand\([A-Z]+, '([A-Z]+)'|\{'([A-Z]+)'", text)
    return {name for names in found for name in names if name}


def rights(script: str) -> Iterator[str]:
    """What a user may lack: each command, and the right to write each key."""
    yield from (f"allkeys -{command.lower()}" for command in sorted(commands(script)))
    for key in KEYS:
        yield " ".join([f"%R~*:{key}", *(f"~*:{other}" for other in KEYS if other != key)])


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with own_server("redis") as server:
        yield server


async def everything(redis: Redis) -> dict[bytes, bytes]:
    return {key: await redis.dump(key) async for key in redis.scan_iter()}  # type: ignore[misc]


async def lacking(redis: Redis, denied: str) -> None:
    """Let the user `worker` do all but this: a command, or a write to a key."""
    rules = ("reset", "on", "nopass", "+@all", *denied.split())
    await redis.execute_command("ACL", "SETUSER", "worker", *rules)  # type: ignore[no-untyped-call]


def test_every_script_is_tried() -> None:
    """A script without an act here could break the rule unseen."""
    assert {script for script, _, _ in ACTS.values()} == {
        name for name in SCRIPTS if not name.startswith("upgrade_")
    }


def test_no_script_writes_without_having_asked() -> None:
    """A script reads with `redis.call`, and writes with `write`, which `apply` looks through before it begins."""
    for script in SCRIPTS:
        text = (LUA / f"{script}.lua").read_text()
        written = set(re.findall(r"redis\.p?call\('([A-Z]+)'", text)) - READS
        assert all(f"demand(EVENTS, '{command}'" in text or f"{{'{command}'" in text for command in written), (
            script
        )


@pytest.mark.parametrize("act", ACTS)
async def test_a_refused_command_leaves_nothing_half_done(server: Server, act: str) -> None:
    """Whatever right is missing, the call fails as a whole; and with the right it does what it should."""
    script, prepare, run = ACTS[act]
    tried = 0
    async with (
        Redis.from_url(server.url) as redis,
        connect(server.url, retention=0) as hub,
        connect(server.url.replace("//", "//worker:x@"), retention=0) as limited,
    ):
        for right in rights(script):
            given = await afresh(redis, hub, prepare)
            await lacking(redis, right)
            before = await everything(redis)
            try:
                await run(limited, given)
            except ImpactiveError:
                tried += 1
                assert await everything(redis) == before, right
                await lacking(redis, "allkeys")
                await run(limited, given)
    assert tried


@pytest.mark.parametrize("act", ACTS)
async def test_a_key_of_somebody_else_leaves_nothing_half_done(server: Server, act: str) -> None:
    """A key that holds what is not the hub's, by a mistake or another program's, fails the call as a whole."""
    _, prepare, run = ACTS[act]
    tried = 0
    async with Redis.from_url(server.url) as redis, connect(server.url, retention=0) as hub:
        for key in KEYS:
            given = await afresh(redis, hub, prepare)
            await redis.set(f"{{impactive}}:{key}", "not ours")
            before = await everything(redis)
            try:
                await run(hub, given)
            except ImpactiveError:
                tried += 1
                assert await everything(redis) == before, key
    assert tried


async def afresh(redis: Redis, hub: Hub, prepare: Prepare) -> Any:
    await redis.flushall()
    await hub.init()
    return await prepare(hub)
