"""PostgreSQL behind PgBouncer, which gives a client another session with each transaction."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from impactive_async.errors import ConfigurationError
from impactive_async.hub import Hub, connect
from impactive_async.hub.contract.versions import VERSION
from impactive_async.hub.postgres.errors import explanation
from impactive_async.hub.postgres.hub import PostgresHub
from tests.hub.engines import claimed, events, logged
from tests.hub.support.pooler import Pooled, pooled

MODES = ("session", "transaction")


async def one_feed(hub: Hub, number: int) -> None:
    feed = f"feed {number}"
    await hub.add(feed)
    claim = await claimed(hub)
    await hub.commit(claim, str(number), events(number), 3600)
    await hub.permit()


@pytest.mark.parametrize("mode", MODES)
async def test_a_hub_works_through_a_pool(mode: str) -> None:
    """Several clients share two sessions, and each call finds what it needs in any of them."""
    async with pooled(mode) as pool, connect(pool.url, rate_limit=1000.0, retention=0) as hub:
        await hub.init()
        await hub.check()
        await hub.bind("wsp_1")
        hubs = [PostgresHub(pool.url, connections=1) for _ in range(6 if mode == "transaction" else 1)]
        for number in range(0, 24, len(hubs)):
            await asyncio.gather(*(one_feed(one, number + place) for place, one in enumerate(hubs)))
        for one in hubs:
            await one.aclose()
        assert sorted(await logged(hub)) == list(range(24))
        (first, *_) = await hub.receive("billing")
        await first.ack()
        assert await hub.heal() == []
        status = await hub.status()
        assert (status.events, status.feeds) == (24, 24)
        await hub.drop_group("billing")
        await hub.drop_group("checking")
        assert await hub.trim() == 24


async def test_a_pool_of_statements_makes_no_hub_and_serves_one() -> None:
    """It allows no transaction of several statements, which only `init` needs, and which no waiting changes."""
    async with pooled("statement") as pool, connect(pool.url) as hub, connect(pool.server.url) as direct:
        with pytest.raises(ConfigurationError, match="transaction blocks not allowed in statement pooling mode"):
            await hub.init()
        await direct.init()
        await hub.check()
        await one_feed(hub, 1)
        assert await logged(hub) == [1]


@pytest.mark.parametrize("through", ["direct", "session"])
async def test_a_session_of_another_isolation_is_set_right(through: str) -> None:
    """Whatever a database says of its transactions, the hub's are `read committed`."""
    async with pooled("session") as pool:
        await make_serializable(pool)
        async with connect(pool.url if through == "session" else pool.server.url) as hub:
            await hub.init()
            await hub.check()
            await one_feed(hub, 1)
            assert await logged(hub) == [1]


async def test_a_transaction_of_another_isolation_is_refused() -> None:
    """Where a pool gives a call a session that was not set right, the hub's functions do nothing and say so."""
    async with pooled("transaction") as pool, connect(pool.server.url) as hub:
        await hub.init()
        await hub.add("a")
        claim = await claimed(hub)
        await make_serializable(pool)
        session = await asyncpg.connect(pool.server.url)
        arguments = f"'a', {claim.token}, '', '1', 0, 0, '{{}}', '{{}}'"
        calls = (
            f"claim({VERSION}, 60)",
            f"commit_claim({arguments})",
            f"receive({VERSION}, 'billing', 1, 60, 10)",
        )
        for call in calls:
            with pytest.raises(asyncpg.PostgresError, match="serializable") as refusal:
                await session.fetch(f"SELECT impactive.{call}")
            error = explanation(refusal.value, reached=True)
            assert isinstance(error, ConfigurationError)
            assert "ALTER ROLE" in str(error)
        await session.close()
        await hub.commit(claim, "1", events(1), 3600)


async def make_serializable(pool: Pooled) -> None:
    session = await asyncpg.connect(pool.server.url)
    await session.execute("ALTER DATABASE postgres SET default_transaction_isolation TO 'serializable'")
    await session.close()


async def test_what_a_pool_will_never_accept_is_told_at_once() -> None:
    """An option that it does not know, and a database that it does not have, are matters of configuration."""
    async with pooled("transaction") as pool:
        for wrong in (f"{pool.url}?geqo=off", pool.url.replace("/postgres", "/elsewhere")):
            async with connect(wrong) as hub:
                with pytest.raises(ConfigurationError, match="PostgreSQL cannot be used at this URL"):
                    await hub.check()
