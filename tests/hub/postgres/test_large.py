"""However large a PostgreSQL hub is: no function reads a table as a whole, whatever its plan was made for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest

from impactive_async.hub.contract.versions import VERSION
from tests.hub.engines import POSTGRES_URL, Corner, claimed, corner_of, events

ROWS = 20_000
STEP = 500
"""A step, as the hub asks for it."""
MOST = 4 * STEP
"""Rows of one table, or entries of one index, that a call may look at."""

FILLING = f"""
    INSERT INTO outbox (id, event) SELECT 'ev_' || n, '{{}}' FROM generate_series(1, {ROWS}) AS n;
    INSERT INTO deliveries (name, seq, until, deliveries)
    SELECT 'busy', seq, now() + interval '1 day', 1 FROM outbox ON CONFLICT DO NOTHING;
    INSERT INTO feeds (feed, cursor, due) SELECT 'feed ' || n, '', now() FROM generate_series(1, {ROWS}) AS n;
    UPDATE groups SET place = 1, start = {ROWS}, moved = 0 WHERE name = 'moving';
    UPDATE groups SET place = 1, start = {ROWS} WHERE name = 'late';
    ANALYZE outbox, deliveries, feeds, groups;
"""
CALLS = {
    "claim": f"claim({VERSION}, 60)",
    "receive": f"receive({VERSION}, 'busy', 20, 60, 10)",
    "receive, and bury": f"receive({VERSION}, 'busy', 20, 60, 1)",
    "receive, with nothing to do": f"receive({VERSION}, 'idle', 20, 60, 10)",
    "receive, as a new group": f"receive({VERSION}, 'new', 20, 60, 10)",
    "receive older events": f"receive({VERSION}, 'late', 20, 60, 10)",
    "acknowledge": f"ack({VERSION}, 'busy', ARRAY['1-1', '19000-1'])",
    "in flight": "in_flight('busy', '0', 100)",
    "in flight, where nothing is": "in_flight('idle', '0', 100)",
    "dead letters": "dead_letters('busy', 100)",
    "replay": f"replay('busy', NULL, {STEP})",
    "drop letters": f"drop_letters('idle', NULL, {STEP})",
    "drop a group": f"drop_group('busy', 0, {STEP})",
    "drop one that has nothing": f"drop_group('idle', 0, {STEP})",
    "look for an event": "look_for('busy', 0, 'ev_19000')",
    "look for a moment": "look_for('busy', extract(epoch FROM now()) - 3600, NULL)",
    "begin to move": f"begin_move({VERSION}, 'busy', 0, 'ev_19000')",
    "move on": f"move_on('moving', {STEP})",
    "trim": f"trim_log(0, 5000, {STEP})",
    "heal": "heal()",
    "restore": f"restore_deliveries({STEP})",
    "count feeds": f"count_feeds(100, 'feed 2', {STEP})",
    "count the log": f"count_log(19000, 5000, {STEP})",
    "count deliveries": f"count_deliveries('busy', 5100, 5000, {STEP})",
    "count deliveries, where there are none": f"count_deliveries('idle', 19000, 0, {STEP})",
    "list feeds": f"list_feeds('feed 2', {STEP})",
    "age": f"age_of(NULL, 1, {ROWS})",
    "sum up": "summary()",
}


LOOKED_AT = """
    SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
    WHERE schemaname = current_schema()
    UNION ALL
    SELECT indexrelname, pg_stat_get_xact_tuples_returned(indexrelid) FROM pg_stat_user_indexes
    WHERE schemaname = current_schema()
"""
Session: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@asynccontextmanager
async def session_of(corner: Corner) -> AsyncIterator[Session]:
    session = await asyncpg.connect(POSTGRES_URL)
    try:
        await session.execute(f"SET search_path TO {corner.namespace}")
        yield session
    finally:
        await session.close()


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    """A session on a large hub, whose plans know nothing of what they are asked for."""
    async with corner_of("postgres", tmp_path) as corner, corner.hub() as hub:
        await hub.init()
        await hub.add("a")
        await hub.commit(await claimed(hub), "1", events(1), 0)
        for group in ("busy", "idle", "moving", "late"):
            await hub.receive(group)
        async with session_of(corner) as session:
            await session.execute(FILLING)
            await session.execute("SET plan_cache_mode TO force_generic_plan")
            yield session


async def looked_at(session: Session) -> dict[str, int]:
    """How many rows of each table the session has looked at, and how many entries of each index."""
    return {table: rows for table, rows in await session.fetch(LOOKED_AT)}  # noqa: C416 - records


async def test_no_call_reads_a_table_as_a_whole(session: Session) -> None:
    """Where nearly all rows are of one group, a plan that takes any group for that one would do so."""
    found: dict[tuple[str, str], int] = {}
    for name, call in CALLS.items():
        transaction = session.transaction()
        await transaction.start()
        before = await looked_at(session)
        await session.fetch(f"SELECT * FROM {call}")
        after = await looked_at(session)
        found |= {(name, table): rows for table in after if (rows := after[table] - before[table]) > MOST}
        await transaction.rollback()
    assert found == {}
