"""Redis behind Sentinels and in a cluster: by URLs of their own, and by no other."""

from __future__ import annotations

import pytest

from impactive_async.errors import ConfigurationError, HubError
from impactive_async.hub import connect
from tests.hub.support.everything import all_is_done
from tests.hub.support.servers import answers
from tests.hub.support.topologies import SERVICE, cluster, watched


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
