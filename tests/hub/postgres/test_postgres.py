"""What is PostgreSQL's own: transactions that are open at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from impactive_async.hub import Claim, Hub
from impactive_async.hub.postgres.hub import PostgresHub
from impactive_async.hub.reaching.refusals import CancelledByEngineError
from tests.hub.engines import POSTGRES_URL, Corner, Impatient, corner_of, event, run_sql


class Session:
    """A connection of its own to the hub's schema, for transactions that stay open."""

    def __init__(self, connection: Any, corner: Corner) -> None:
        self.connection = connection
        self._schema = corner.namespace

    async def run(self, statement: str) -> None:
        await self.connection.execute(statement)

    async def commit_claim(self, claim: Claim, number: int) -> None:
        logged = event(number, claim.feed)
        await self.connection.fetch(
            f"SELECT {self._schema}.commit_claim($1, $2, $3, '1', 3600, 0, ARRAY[$4], ARRAY[$5])",
            claim.feed,
            claim.token,
            claim.cursor,
            logged.id,
            logged.to_json(),
        )

    async def join_group(self, group: str) -> None:
        await self.connection.fetch(f"SELECT {self._schema}.join_group($1)", group)


@pytest.fixture
async def corner(tmp_path: Path) -> AsyncIterator[Corner]:
    async with corner_of("postgres", tmp_path) as corner:
        yield corner


@pytest.fixture
async def hub(corner: Corner) -> AsyncIterator[Hub]:
    async with corner.hub() as hub:
        await hub.init()
        yield hub


@pytest.fixture
async def session(corner: Corner, hub: Hub) -> AsyncIterator[Session]:
    connection = await asyncpg.connect(POSTGRES_URL)
    yield Session(connection, corner)
    await connection.close()


async def claimed(hub: Hub, feed: str) -> Claim:
    await hub.add(feed)
    claim = await hub.claim(60)
    assert claim
    return claim


async def numbers(hub: Hub, group: str) -> list[int]:
    taken = await hub.receive(group)
    await hub.ack(group, [delivery.position for delivery in taken])
    return [delivery.event.data["n"] for delivery in taken]


def waiting(corner: Corner, what: str) -> str:
    """Asks for what it says of the calls that wait for another's lock."""
    return (
        f"SELECT {what} FROM pg_locks WHERE NOT granted AND relation IN "
        f"(SELECT oid FROM pg_class WHERE relnamespace = '{corner.namespace}'::regnamespace)"
    )


async def waits_for_a_lock(task: asyncio.Task[Any], corner: Corner) -> bool:
    """True once the task's statement waits for another's lock; False if it ends without."""
    while not task.done():
        if await run_sql(waiting(corner, "count(*)")):
            return True
    return False


async def test_what_is_committed_out_of_order_is_delivered_all_the_same(hub: Hub, session: Session) -> None:
    """An event with a lower number that is committed after a higher one was read and acknowledged is not lost."""
    await hub.receive("billing")
    slow, quick = await claimed(hub, "slow"), await claimed(hub, "quick")
    await session.run("BEGIN")
    await session.commit_claim(slow, 1)
    await hub.commit(quick, "1", [event(2, "quick")], 3600)
    assert await numbers(hub, "billing") == [2]
    await session.run("COMMIT")
    assert await numbers(hub, "billing") == [1]


async def test_a_group_that_joins_waits_for_commits_under_way(hub: Hub, corner: Corner, session: Session) -> None:
    """A commit that has begun before a group joins, and ends after, is delivered to the group once."""
    claim = await claimed(hub, "a")
    await session.run("BEGIN")
    await session.commit_claim(claim, 1)
    joining = asyncio.create_task(numbers(hub, "late"))
    assert await waits_for_a_lock(joining, corner)
    await session.run("COMMIT")
    assert await joining == [1]
    assert await numbers(hub, "late") == []


async def test_commits_wait_for_a_group_that_joins(hub: Hub, corner: Corner, session: Session) -> None:
    """A commit that begins while a group joins is delivered to the group once."""
    claim = await claimed(hub, "a")
    await session.run("BEGIN")
    await session.join_group("late")
    committing = asyncio.create_task(hub.commit(claim, "1", [event(1, "a")], 3600))
    assert await waits_for_a_lock(committing, corner)
    await session.run("COMMIT")
    await committing
    assert await numbers(hub, "late") == [1]
    assert await numbers(hub, "late") == []


async def test_a_commit_that_is_rolled_back_leaves_nothing(hub: Hub, session: Session) -> None:
    """Cursor and events go together: without COMMIT there is neither, and the claim still stands."""
    claim = await claimed(hub, "a")
    await session.run("BEGIN")
    await session.commit_claim(claim, 1)
    await session.run("ROLLBACK")
    assert await numbers(hub, "billing") == []
    await hub.commit(claim, "2", [event(2, "a")], 0)
    assert await numbers(hub, "billing") == [2]


@pytest.mark.parametrize("kept", [True, False])
async def test_events_are_acknowledged_with_what_a_consumer_writes(
    corner: Corner, hub: Hub, session: Session, kept: bool
) -> None:
    """In one transaction: what is rolled back comes again, what is committed does not."""
    assert isinstance(hub, PostgresHub)
    claim = await claimed(hub, "a")
    await hub.commit(claim, "1", [event(1, "a"), event(2, "a")], 3600)
    first, second = await hub.receive("billing", visibility=0)
    (audited,) = await hub.receive("audit", count=1, visibility=0)
    await session.run(f"CREATE TABLE {corner.namespace}.mine (id text)")
    await session.run("BEGIN")
    await session.run(f"INSERT INTO {corner.namespace}.mine VALUES ('{first.event.id}')")
    await hub.ack_within(session.connection, [first, second, audited])
    await session.run("COMMIT" if kept else "ROLLBACK")
    assert await run_sql(f"SELECT count(*) FROM {corner.namespace}.mine") == kept
    assert [group.behind for group in (await hub.status()).groups] == ([1, 0] if kept else [2, 2])


async def test_a_connection_that_an_administrator_ends_costs_nothing(
    hub: Hub, corner: Corner, session: Session
) -> None:
    """A call whose backend is terminated under it is made again on another connection, and has its effect once."""
    claim = await claimed(hub, "a")
    await session.run("BEGIN")
    await session.join_group("late")
    committing = asyncio.create_task(hub.commit(claim, "1", [event(1, "a")], 3600))
    for _ in range(3):
        assert await waits_for_a_lock(committing, corner)
        await run_sql(f"SELECT count(pg_terminate_backend(pid)) FROM ({waiting(corner, 'pid')}) AS stuck")
    await session.run("COMMIT")
    await committing
    assert await numbers(hub, "late") == [1]


async def call_often(hub: Hub, times: int) -> None:
    for number in range(times):
        await hub.add(f"feed {number}")
    assert len(await hub.feeds()) == times


async def test_whenever_connections_are_ended_calls_are_made_again(corner: Corner, hub: Hub) -> None:
    """No moment is a bad one: before a call, amid it, or while its connection goes back to the pool."""
    name = f"ended_{corner.namespace}"
    ours = f"FROM pg_stat_activity WHERE application_name = '{name[:63]}'"
    url = f"{corner.url}{'&' if '?' in corner.url else '?'}application_name={name[:63]}"
    async with PostgresHub(url, namespace=corner.namespace, clock=Impatient()) as victim:
        calling = asyncio.create_task(call_often(victim, 100))
        ended = 0
        while not calling.done() and ended < 14:  # no call is made more often
            ended += await run_sql(f"SELECT count(pg_terminate_backend(pid)) {ours}")
        await calling
    assert ended > 5


async def test_a_group_that_cannot_join_lets_commits_through(hub: Hub, session: Session, corner: Corner) -> None:
    """Behind somebody's transaction that goes on for long, commits wait for a group that joins; so it gives up."""
    claim = await claimed(hub, "a")
    await session.run("BEGIN")
    await session.commit_claim(await claimed(hub, "slow"), 1)
    joining = asyncio.create_task(hub.receive("billing"))
    assert await waits_for_a_lock(joining, corner)
    await hub.commit(claim, "1", [event(2, "a")], 3600)
    with pytest.raises(CancelledByEngineError, match="lock timeout"):
        await joining
    await session.run("COMMIT")
    assert await numbers(hub, "billing") == [1, 2]
