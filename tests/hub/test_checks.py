"""Start-up checks: an engine that could lose what was committed is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from impactive_async.errors import ConfigurationError
from impactive_async.hub import HubError, SqliteHub
from impactive_async.hub.postgres_check import check_schema, check_server
from impactive_async.hub.redis_check import check_server as check_redis
from impactive_async.stores import SqliteCursorStore

from .engines import REDIS_URL, Corner, corner_of, run_sql

SAFE_REDIS = {
    "redis_version": "7.0.15",
    "role": "master",
    "maxmemory_policy": "noeviction",
    "aof_enabled": 1,
}
SAFE_POSTGRES = {
    "server_version": "15.4",
    "version_number": 150004,
    "replica": False,
    "fsync": "on",
    "synchronous_commit": "on",
}


def test_safe_servers_pass() -> None:
    """A server that keeps everything is accepted."""
    check_redis(SAFE_REDIS, allow_volatile=False)
    check_server(SAFE_POSTGRES, allow_volatile=False)


@pytest.mark.parametrize(
    ("difference", "reason", "forgivable"),
    [
        ({"redis_version": "6.2.14"}, "too old", False),
        ({"role": "slave"}, "replica", False),
        ({"maxmemory_policy": "allkeys-lru"}, "allkeys-lru.*noeviction.*allow_volatile=True", True),
        ({"maxmemory_policy": "volatile-ttl"}, "volatile-ttl", True),
        ({"aof_enabled": 0}, "--appendonly yes.*allow_volatile=True", True),
    ],
)
def test_a_redis_that_may_lose_data_is_refused(difference: dict[str, Any], reason: str, forgivable: bool) -> None:
    """Each danger is refused with its remedy; only loss can be accepted with `allow_volatile`."""
    with pytest.raises(ConfigurationError, match=reason):
        check_redis(SAFE_REDIS | difference, allow_volatile=False)
    if forgivable:
        check_redis(SAFE_REDIS | difference, allow_volatile=True)
    else:
        with pytest.raises(ConfigurationError, match=reason):
            check_redis(SAFE_REDIS | difference, allow_volatile=True)


@pytest.mark.parametrize(
    ("difference", "reason", "forgivable"),
    [
        ({"version_number": 130012, "server_version": "13.12"}, "13.12 is too old", False),
        ({"replica": True}, "replica", False),
        ({"fsync": "off"}, "`fsync` is off.*allow_volatile=True", True),
        ({"synchronous_commit": "off"}, "`synchronous_commit` is off", True),
    ],
)
def test_a_postgres_that_may_lose_data_is_refused(
    difference: dict[str, Any], reason: str, forgivable: bool
) -> None:
    """Each danger is refused with its remedy; only loss can be accepted with `allow_volatile`."""
    with pytest.raises(ConfigurationError, match=reason):
        check_server(SAFE_POSTGRES | difference, allow_volatile=False)
    if forgivable:
        check_server(SAFE_POSTGRES | difference, allow_volatile=True)
    else:
        with pytest.raises(ConfigurationError, match=reason):
            check_server(SAFE_POSTGRES | difference, allow_volatile=True)


async def test_a_real_redis_is_judged_by_what_it_says_of_itself(tmp_path: Path) -> None:
    """Unless told otherwise, `check` accepts only a server that evicts nothing and keeps an append-only file."""
    async with corner_of("redis", tmp_path) as corner, Redis.from_url(REDIS_URL) as redis:
        info = await redis.info("all")
        safe = info["maxmemory_policy"] == "noeviction" and info["aof_enabled"]
        async with corner.hub(allow_volatile=False) as hub:
            await hub.init()
            if safe:
                await hub.check()
            else:
                with pytest.raises(ConfigurationError, match="allow_volatile=True"):
                    await hub.check()
        async with corner.hub(allow_volatile=True) as hub:
            await hub.check()


@pytest.mark.parametrize("engine", ["redis", "postgres"])
async def test_a_hub_that_was_never_made_says_how_to_make_it(engine: str, tmp_path: Path) -> None:
    """Without `init`, `check` is a `ConfigurationError` that names the command."""
    async with corner_of(engine, tmp_path) as corner, corner.hub() as hub:
        with pytest.raises(ConfigurationError, match="impactive hub init"):
            await hub.check()


async def test_a_postgres_hub_that_was_never_made_cannot_be_used(tmp_path: Path) -> None:
    """Without a schema every method is that same error: nothing is created in passing."""
    async with corner_of("postgres", tmp_path) as corner, corner.hub(rate_limit=1.0) as hub:
        for use in (hub.claim(60), hub.add("a"), hub.permit(), hub.receive("billing"), hub.status()):
            with pytest.raises(ConfigurationError, match="impactive hub init"):
                await use


async def _make_newer(engine: str, corner: Corner) -> None:
    if engine == "sqlite":
        connection = sqlite3.connect(corner.url.removeprefix("sqlite:///"))
        connection.execute("PRAGMA user_version = 2")
        connection.close()
    elif engine == "redis":
        async with Redis.from_url(REDIS_URL) as redis:
            await redis.hset(f"{{{corner.namespace}}}:meta", "version", "2")
    else:
        await run_sql(f"UPDATE {corner.namespace}.meta SET version = 2")


@pytest.mark.parametrize("engine", ["sqlite", "redis", "postgres"])
async def test_a_newer_hub_is_refused(engine: str, tmp_path: Path) -> None:
    """A hub that a newer version has made is not touched by an older one."""
    async with corner_of(engine, tmp_path) as corner:
        async with corner.hub() as hub:
            await hub.init()
        await _make_newer(engine, corner)
        async with corner.hub() as hub:
            with pytest.raises(ConfigurationError, match="upgrade"):
                await hub.check()


def test_a_schema_of_this_version_passes() -> None:
    """The version that `init` writes is the one that `check` knows."""
    check_schema(1)


async def test_a_foreign_file_is_no_hub(tmp_path: Path) -> None:
    """The database of a cursor store, or of another program, is a `ConfigurationError`, and stays as it is."""
    store = SqliteCursorStore(tmp_path / "cursors.db")
    await store.save("feed", "1")
    async with SqliteHub(tmp_path / "cursors.db") as hub:
        with pytest.raises(ConfigurationError, match=r"cursors\.db.*another program"):
            await hub.add("a")
    assert await store.load("feed") == "1"


async def test_a_file_locked_for_too_long_is_a_hub_error(tmp_path: Path) -> None:
    """A file that another process holds longer than the busy time-out is a `HubError`, until it lets go."""
    async with SqliteHub(tmp_path / "hub.db", busy_timeout=0) as hub:
        await hub.add("a")
        holder = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(HubError, match="locked"):
            await hub.claim(60)
        assert (await hub.status()).feeds == 1
        holder.close()
        assert await hub.claim(60) is not None
