"""Start-up checks: an engine that could lose what was committed is refused."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from impactive_async.errors import ConfigurationError
from impactive_async.hub import HubError, SqliteHub, connect
from impactive_async.hub.postgres.check import check_server
from impactive_async.hub.redis.check import check_server as check_redis
from impactive_async.stores import SqliteCursorStore
from tests.hub.contract.test_lost_answers import impatient_hub
from tests.hub.engines import REDIS_URL, corner_of
from tests.hub.support.servers import Server, own_server
from tests.hub.versions.programs import make_newer

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
    "isolation": "read committed",
    "fsync": "on",
    "synchronous_commit": "on",
}


def test_safe_servers_pass() -> None:
    """A server that keeps everything is accepted."""
    check_redis(SAFE_REDIS, "standalone", allow_volatile=False)
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
        check_redis(SAFE_REDIS | difference, "standalone", allow_volatile=False)
    if forgivable:
        check_redis(SAFE_REDIS | difference, "standalone", allow_volatile=True)
    else:
        with pytest.raises(ConfigurationError, match=reason):
            check_redis(SAFE_REDIS | difference, "standalone", allow_volatile=True)


@pytest.mark.parametrize(
    ("difference", "reason", "forgivable"),
    [
        ({"version_number": 130012, "server_version": "13.12"}, "13.12 is too old", False),
        ({"replica": True}, "replica", False),
        ({"isolation": "serializable"}, "`serializable`.*ALTER ROLE", False),
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


@pytest.mark.parametrize(
    ("policy", "reason"),
    [("no", "appendfsync no.*everysec.*allow_volatile=True"), ("everysec", None), ("always", None)],
)
async def test_a_real_redis_is_asked_when_it_flushes_its_file(policy: str, reason: str | None) -> None:
    """An append-only file that reaches the disk whenever the system sees fit is refused; loss can be accepted."""
    async with own_server("redis") as server, Redis.from_url(server.url) as redis:
        await redis.config_set("appendfsync", policy)
        async with connect(server.url) as hub, connect(server.url, allow_volatile=True) as careless:
            await hub.init()
            with pytest.raises(ConfigurationError, match=reason) if reason else contextlib.nullcontext():
                await hub.check()
            await careless.check()


async def test_a_redis_that_does_not_tell_its_settings_is_let_pass() -> None:
    """Hosted servers keep CONFIG to themselves; what cannot be seen is not refused."""
    async with own_server("redis") as server, Redis.from_url(server.url) as redis:
        await redis.config_set("appendfsync", "no")
        await redis.acl_setuser("worker", enabled=True, nopass=True, keys="*", commands=["+@all", "-config"])
        async with connect(server.url.replace("//", "//worker:x@")) as hub:
            await hub.init()
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


@pytest.mark.parametrize("engine", ["sqlite", "redis", "postgres"])
async def test_a_newer_hub_is_refused(engine: str, tmp_path: Path) -> None:
    """A hub that a newer version has made is not touched by an older one."""
    async with corner_of(engine, tmp_path) as corner:
        async with corner.hub() as hub:
            await hub.init()
        await make_newer(corner)
        async with corner.hub() as hub:
            for attempt in (hub.check(), hub.init(), hub.init(upgrade=True), hub.upgrades()):
                with pytest.raises(ConfigurationError, match="upgrade"):
                    await attempt


async def _refusing(server: Server) -> list[str]:
    """URLs that a server which is there will never serve."""
    async with Redis.from_url(server.url) as redis:
        await redis.config_set("requirepass", "right")
    return [
        server.url,
        server.url.replace("//", "//:wrong@"),
        server.url.replace("//", "//nobody:right@"),
        server.url.replace("//", "//:right@").removesuffix("/0") + "/999",
    ]


async def test_a_redis_that_refuses_is_a_matter_of_configuration() -> None:
    """No password, a wrong one, an unknown user, a database out of range: told at once, not tried for ever."""
    async with own_server("redis") as server:
        for url in await _refusing(server):
            async with impatient_hub(url, "impactive") as hub:
                with pytest.raises(ConfigurationError, match=r"Redis cannot be used at this URL.*password"):
                    await hub.check()
        async with Redis.from_url(server.url.replace("//", "//:right@")) as redis:
            await redis.config_set("requirepass", "")


@pytest.mark.parametrize(
    "path",
    ["//postgres@{host}/no_such_database", "//no_such_role@{host}/postgres", "//postgres@{host}/x?sslmode=no"],
)
async def test_a_postgres_that_refuses_is_a_matter_of_configuration(path: str, tmp_path: Path) -> None:
    """An unknown database or role, or an option that there is not: told at once, not tried for ever."""
    async with corner_of("postgres", tmp_path) as corner:
        host = urlsplit(corner.url).netloc.rpartition("@")[2]
        async with connect("postgresql:" + path.format(host=host)) as hub:
            with pytest.raises(ConfigurationError, match=r"PostgreSQL cannot be used at this URL"):
                await hub.check()


@pytest.mark.parametrize("scheme", ["redis", "postgresql"])
@pytest.mark.parametrize(
    ("code", "error"), [(socket.EAI_NONAME, ConfigurationError), (socket.EAI_AGAIN, HubError)]
)
async def test_an_unknown_host_is_told_from_a_look_up_that_failed(
    scheme: str, code: int, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start a name that there is not ends the wait; name servers that do not answer may answer later."""

    async def look_up(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(code, "no such name")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    async with impatient_hub(f"{scheme}://db.example/0", "absent") as hub:
        with pytest.raises(error):
            await hub.check()


@pytest.mark.parametrize("engine", ["redis", "postgres"])
async def test_a_host_that_was_there_may_come_back(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it was reached, an engine whose name is gone is away like any other: a `HubError`."""

    async def look_up(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    async with (
        corner_of(engine, tmp_path) as corner,
        impatient_hub(corner.url.replace("127.0.0.1", "localhost"), corner.namespace) as hub,
    ):
        await hub.init()
        await hub.aclose()
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
        with pytest.raises(HubError):
            await hub.claim(60)


@pytest.mark.parametrize(
    ("path", "fault"), [("no-such-directory/hub.db", "unable to open"), (".", "is a directory")]
)
async def test_a_path_that_cannot_hold_a_file_is_a_matter_of_configuration(
    path: str, fault: str, tmp_path: Path
) -> None:
    """A hub that can never be opened is told at once; one that is busy is a `HubError`."""
    async with SqliteHub(tmp_path / path) as hub:
        with pytest.raises(ConfigurationError, match=fault):
            await hub.check()


async def test_looking_at_a_hub_makes_none(tmp_path: Path) -> None:
    """What reads, takes, or changes what is there is refused where nothing is, and leaves it at that."""
    path = tmp_path / "hub.db"
    for empty in (False, True):
        if empty:
            path.touch()
        async with SqliteHub(path) as hub:
            for use in (
                hub.status(), hub.feeds(), hub.receive("billing"), hub.ack("billing", ["1"]), hub.trim(),
                hub.revive("a"), hub.remove("a"), hub.drop_group("billing"), hub.limit(1.0),
            ):  # fmt: skip
                with pytest.raises(ConfigurationError, match=r"hub\.db is no hub.*impactive hub init"):
                    await use
        assert [file.stat().st_size for file in tmp_path.iterdir()] == [0] * empty  # noqa: ASYNC240 - one entry


async def test_a_foreign_file_is_no_hub(tmp_path: Path) -> None:
    """The database of a cursor store, or of another program, is a `ConfigurationError`, and stays as it is."""
    store = SqliteCursorStore(tmp_path / "cursors.db")
    await store.save("feed", "1")
    async with SqliteHub(tmp_path / "cursors.db") as hub:
        with pytest.raises(ConfigurationError, match=r"cursors\.db is a cursor store, which"):
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
