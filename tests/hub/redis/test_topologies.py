"""Redis behind Sentinels and in a cluster: by URLs of their own, and by no other."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from impactive_async.errors import ConfigurationError, HubError
from impactive_async.hub import connect
from tests.hub.support.everything import all_is_done
from tests.hub.support.failover import port_of
from tests.hub.support.servers import answers, free_port, redis_server
from tests.hub.support.topologies import SERVICE, cluster, sentinel, watched


async def test_sentinels_name_the_master() -> None:
    """A hub works on the master, and on another one after a failover, with the connections that it has."""
    async with watched() as servers, connect(servers.url, retention=0) as hub:
        await all_is_done(hub)
        await hub.add("c")
        await servers.fail_over()

        async def goes_on() -> None:
            try:
                await hub.add("d")
            except HubError as error:
                raise ConnectionError from error

        await answers(goes_on)
        await hub.check()
        assert "d" in await hub.feeds()


@pytest.mark.parametrize("namespace", ["one", "two", "three"])
async def test_a_hub_is_on_one_server_of_a_cluster(namespace: str) -> None:
    """Its keys are in one slot, wherever that is, and all that a hub does works there."""
    async with cluster() as nodes:
        places = ",".join(node.url.removeprefix("redis://").removesuffix("/0") for node in nodes)
        async with connect(f"redis+cluster://{places}", namespace=namespace, retention=0) as hub:
            await all_is_done(hub)


@pytest.mark.parametrize(
    ("place", "login", "what"),
    [
        ("sentinel", "mistyped", "know no service 'mistyped'"),
        ("sentinel", SERVICE, "sentinel_password"),
        ("sentinel", f"{SERVICE}?sentinel_password=wrong", "sentinel_password"),
        ("master", SERVICE, "no Sentinel"),
    ],
)
async def test_wrong_sentinels_are_not_waited_for(place: str, login: str, what: str) -> None:
    """A service that no Sentinel knows, a password that they refuse, a server that is none: told at once."""
    password = "" if login == "mistyped" else "secret"
    async with redis_server({}) as master, sentinel(master, password) as found:
        port = found if place == "sentinel" else port_of(master)
        async with connect(f"redis+sentinel://127.0.0.1:{port}/{login}", timeout=60) as hub:
            for use in (hub.check(), hub.add("a"), hub.claim(60)):
                with pytest.raises(ConfigurationError, match=what):
                    await use


async def test_sentinels_that_may_answer_later_are_waited_for() -> None:
    """Where one Sentinel of two is away, the service that the other does not know may be known later."""
    async with redis_server({}) as master, sentinel(master) as port:
        url = f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{port}/mistyped"
        async with connect(url) as hub:
            with pytest.raises(HubError, match="name no master of 'mistyped' now"):
                await hub.add("a")


async def test_a_service_that_was_known_may_come_back() -> None:
    """A worker outlasts Sentinels that are set up anew."""
    async with watched() as servers, connect(servers.url) as hub:
        await hub.init()
        async with Redis(port=servers.port) as redis:
            await redis.execute_command("SENTINEL", "REMOVE", SERVICE)  # type: ignore[no-untyped-call]
            for server in servers.servers:
                async with Redis.from_url(server.url) as one:
                    await one.client_kill_filter(_type="normal", skipme=True)
            with pytest.raises(HubError, match="know no service"):
                await hub.add("a")
            await redis.sentinel_monitor(SERVICE, "127.0.0.1", port_of(servers.servers[0]), 1)

        async def goes_on() -> None:
            try:
                await hub.add("a")
            except HubError as error:
                raise ConnectionError from error

        await answers(goes_on)


async def test_a_url_of_another_kind_is_refused() -> None:
    """One server of a cluster, a Sentinel, and a server that is no cluster: each says what to write instead."""
    async with cluster() as nodes, watched() as servers:
        plain = f"redis://127.0.0.1:{servers.port}"
        clustered = servers.servers[0].url.replace("redis:", "redis+cluster:")
        wrong = [(nodes[0].url, r"redis\+cluster://"), (plain, r"redis\+sentinel://"), (clustered, "redis://host")]
        for url, advice in wrong:
            async with connect(url) as hub:
                for use in (hub.init(), hub.check()):
                    with pytest.raises(ConfigurationError, match=advice):
                        await use


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://127.0.0.1:26379",
        "redis+sentinel:///" + SERVICE,
        f"redis+sentinel://127.0.0.1:x/{SERVICE}",
        "redis+cluster://127.0.0.1:7000/3",
        "redis+cluster://",
        f"redis+sentinel://127.0.0.1/{SERVICE}?no_such_option=1",
        "redis+cluster://127.0.0.1?no_such_option=1",
    ],
)
def test_an_incomplete_url_is_refused(url: str) -> None:
    """A service that is not named, a database of a cluster, an unknown option: told at once."""
    with pytest.raises(ConfigurationError, match="Redis cannot be used at this URL"):
        connect(url)
