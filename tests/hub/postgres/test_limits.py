"""Limits that a server's administrator sets: what they cut off is not sent again as it was."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from impactive_async.hub import Hub, HubError, connect
from impactive_async.hub.reaching.refusals import CancelledByEngineError
from tests.hub.engines import claimed, events
from tests.hub.support.servers import Server, own_server

SLOW = """
CREATE FUNCTION impactive.be_slow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE impactive.calls SET number = number + 1;
    IF (SELECT count(*) FROM gone) > {most} THEN
        RAISE EXCEPTION 'canceling statement due to statement timeout' USING ERRCODE = '57014';
    END IF;
    RETURN NULL;
END $$;
CREATE TABLE impactive.calls AS SELECT 0 AS number;
CREATE TRIGGER slow AFTER DELETE ON impactive.outbox REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION impactive.be_slow();
"""


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with own_server("postgres") as server:
        yield server


@pytest.fixture
async def hub(server: Server) -> AsyncIterator[Hub]:
    async with connect(server.url, retention=0) as hub:
        await hub.init()
        await hub.add("a")
        for start in (0, 1000, 2000):
            await hub.commit(await claimed(hub), str(start), events(*range(start, start + 1000)), 0)
        yield hub


async def run(server: Server, *statements: str) -> None:
    connection = await asyncpg.connect(server.url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def test_the_log_is_trimmed_in_steps_as_large_as_the_limit_allows(server: Server, hub: Hub) -> None:
    """A step that takes too long is made smaller, and all that is old goes all the same."""
    await run(server, SLOW.format(most=200))
    assert await hub.trim() == 3000
    assert (await hub.status()).events == 0


async def test_a_log_that_cannot_be_trimmed_at_all_is_an_error(server: Server, hub: Hub) -> None:
    """Where not even one event can be deleted in time, it is said, and not tried for ever."""
    await run(server, SLOW.format(most=0))
    with pytest.raises(CancelledByEngineError, match=r"statement timeout.*Nothing was changed"):
        await hub.trim()
    assert (await hub.status()).events == 3000


async def test_what_a_limit_cuts_off_is_not_sent_again(server: Server, hub: Hub) -> None:
    """A call that waited too long for another's lock ends once, with a `HubError`, and leaves nothing behind."""
    claim = await claimed(hub)
    holder = await asyncpg.connect(server.url)
    await run(
        server,
        "ALTER ROLE postgres SET statement_timeout TO '50ms'",
        "CREATE SEQUENCE impactive.tries",
        "CREATE FUNCTION impactive.count_try() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM nextval('impactive.tries'); RETURN NULL; END $$",
        "CREATE TRIGGER tries BEFORE INSERT ON impactive.outbox FOR EACH STATEMENT "
        "EXECUTE FUNCTION impactive.count_try()",
    )
    await hub.aclose()
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("LOCK TABLE impactive.deliveries IN ACCESS EXCLUSIVE MODE")
    with pytest.raises(HubError, match="statement timeout"):
        await hub.commit(claim, "9", events(9000), 0)
    await transaction.rollback()
    assert await holder.fetchval("SELECT last_value FROM impactive.tries") == 1
    await holder.execute("ALTER ROLE postgres RESET statement_timeout")
    await hub.aclose()
    await hub.commit(claim, "9", events(9000), 0)
    assert (await hub.status()).events == 3001
    await holder.close()
