"""A replica takes over that had not got the last writes: nothing is lost that the API still shows."""

from __future__ import annotations

import pytest

from impactive_async.errors import FencedError
from impactive_async.hub import connect
from tests.hub.engines import claimed, events, logged
from tests.hub.support.failover import pair
from tests.hub.support.proxy import lossy


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
