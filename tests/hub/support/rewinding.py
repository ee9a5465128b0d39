"""An engine that loses its last writes: a replica took over that had not got them, or a backup was restored."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import asyncpg
from redis.asyncio import Redis

from tests.hub.engines import POSTGRES_URL, REDIS_URL, Corner

Rewind = Callable[[], Awaitable[None]]
_IN_ORDER = ("meta", "feeds", "rate", "outbox", "groups", "deliveries")


async def saved(corner: Corner) -> Rewind:
    """Note all that a corner holds; what is returned brings it back, whatever has happened since."""
    if corner.url.startswith("sqlite"):
        return _saved_file(corner.url.removeprefix("sqlite:///"))
    if corner.url.startswith("redis"):
        return await _saved_keys(corner.namespace)
    return await _saved_schema(corner.namespace)


def _saved_file(path: str) -> Rewind:
    copy = sqlite3.connect(":memory:")
    with closing(sqlite3.connect(path)) as live:
        live.backup(copy)

    async def rewind() -> None:
        with closing(sqlite3.connect(path)) as live, closing(copy):
            copy.backup(live)

    return rewind


async def _saved_keys(namespace: str) -> Rewind:
    async with Redis.from_url(REDIS_URL) as redis:
        names = [key async for key in redis.scan_iter(f"{{{namespace}}}:*")]
        dumps: dict[Any, Any] = {name: await redis.dump(name) for name in names}

    async def rewind() -> None:
        async with Redis.from_url(REDIS_URL) as redis:
            async for key in redis.scan_iter(f"{{{namespace}}}:*"):
                await redis.delete(key)
            for name, dump in dumps.items():
                await redis.restore(name, 0, dump)

    return rewind


async def _saved_schema(schema: str) -> Rewind:
    copies, sequences = f"{schema}_copy", ("tokens", "outbox_seq_seq")
    connection = await asyncpg.connect(POSTGRES_URL)
    await connection.execute(f"CREATE SCHEMA {copies}")
    for table in _IN_ORDER:
        await connection.execute(f"CREATE TABLE {copies}.{table} AS TABLE {schema}.{table}")
    states: dict[str, Any] = {
        name: await connection.fetchrow(f"SELECT * FROM {schema}.{name}") for name in sequences
    }
    await connection.close()

    async def rewind() -> None:
        connection = await asyncpg.connect(POSTGRES_URL)
        async with connection.transaction():
            await connection.execute(f"TRUNCATE {', '.join(f'{schema}.{table}' for table in _IN_ORDER)}")
            for table in _IN_ORDER:
                await connection.execute(
                    f"INSERT INTO {schema}.{table} OVERRIDING SYSTEM VALUE SELECT * FROM {copies}.{table}"
                )
            for name, state in states.items():
                await connection.execute(
                    "SELECT setval($1::regclass, $2, $3)",
                    f"{schema}.{name}",
                    state["last_value"],
                    state["is_called"],
                )
            await connection.execute(f"DROP SCHEMA {copies} CASCADE")
        await connection.close()

    return rewind
