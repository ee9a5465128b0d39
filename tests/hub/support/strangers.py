"""What other programs may write into an engine: entries of the log that are not events."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing

import asyncpg
from redis.asyncio import Redis

from tests.hub.engines import POSTGRES_URL, REDIS_URL, Corner


async def write_entry(corner: Corner, text: str | bytes) -> None:
    """Put an entry into the log, for all groups."""
    if corner.url.startswith("sqlite"):
        _write_row(corner.url.removeprefix("sqlite:///"), text)
    elif corner.url.startswith("redis"):
        async with Redis.from_url(REDIS_URL) as redis:
            await redis.xadd(f"{{{corner.namespace}}}:events", {"event": text})
    else:
        connection = await asyncpg.connect(POSTGRES_URL)
        await connection.execute(f"SET search_path TO {corner.namespace}")
        await connection.execute(
            "WITH new AS (INSERT INTO outbox (id, event) VALUES ($1, $2) RETURNING seq) "
            "INSERT INTO deliveries (name, seq) SELECT name, seq FROM groups, new",
            uuid.uuid4().hex,
            text if isinstance(text, str) else text.decode(errors="backslashreplace"),
        )
        await connection.close()


def _write_row(path: str, text: str | bytes) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        found = connection.execute(
            "INSERT INTO outbox (id, event, logged) VALUES (?, CAST(? AS TEXT), unixepoch()) RETURNING seq",
            (uuid.uuid4().hex, text),
        ).fetchone()
        connection.execute("INSERT INTO pending (name, seq) SELECT name, ? FROM groups", found)
