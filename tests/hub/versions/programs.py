"""Programs of version 1, as far as they matter: what they made of an engine, and what they ask of it.

The files in `v1` are those of that version.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from attrs import frozen
from redis.asyncio import Redis

from impactive_async.hub import HubEvent
from tests.hub.engines import POSTGRES_URL, REDIS_URL, Corner, run_sql

V1 = Path(__file__).parent / "v1"


class OldProgram(Protocol):
    """A program of version 1 on a hub."""

    async def make(self) -> None:
        """Make a hub."""
        ...

    async def add(self, feed: str, cursor: str) -> None: ...

    async def claim(self, lease: float) -> tuple[str, str, int] | None:
        """Feed, cursor and token."""
        ...

    async def commit(self, feed: str, token: int, cursor: str, event: HubEvent) -> bool: ...


@frozen
class OldSqlite:
    path: str

    async def make(self) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript((V1 / "sqlite.sql").read_text())
            connection.execute("PRAGMA journal_mode = WAL")

    async def add(self, feed: str, cursor: str) -> None:
        self._run("INSERT INTO feeds (feed, cursor, due) VALUES (?, ?, unixepoch())", feed, cursor)

    async def claim(self, lease: float) -> tuple[str, str, int] | None:
        self._run("UPDATE counters SET value = value + 1 WHERE name = 'token'")
        ((token,),) = self._run("SELECT value FROM counters WHERE name = 'token'")
        found = self._run(
            "UPDATE feeds SET token = ?, leased = 1, due = unixepoch() + ? "
            "WHERE feed = (SELECT feed FROM feeds WHERE due <= unixepoch() ORDER BY due LIMIT 1) "
            "RETURNING feed, cursor, token",
            int(token),
            lease,
        )
        return found[0] if found else None

    async def commit(self, feed: str, token: int, cursor: str, event: HubEvent) -> bool:
        held = self._run(
            "UPDATE feeds SET cursor = ?, committed = token, settled = token, leased = 0, due = unixepoch() "
            "WHERE feed = ? AND token = ? AND leased RETURNING feed",
            cursor,
            feed,
            token,
        )
        if held:
            self._run(
                "INSERT INTO outbox (id, event, logged) VALUES (?, ?, unixepoch())", event.id, event.to_json()
            )
            self._run("INSERT INTO deliveries (name, seq) SELECT name, max(seq) FROM groups, outbox GROUP BY name")
        return bool(held)

    def _run(self, statement: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()


@frozen
class OldRedis:
    namespace: str
    url: str = REDIS_URL

    async def make(self) -> None:
        async with Redis.from_url(self.url) as redis:
            await redis.hset(self._key("meta"), "version", "1")

    async def add(self, feed: str, cursor: str) -> None:
        await self._run("add", feed, cursor)

    async def claim(self, lease: float) -> tuple[str, str, int] | None:
        found = await self._run("claim", lease)
        return (found[0], found[1], int(found[2])) if found else None

    async def commit(self, feed: str, token: int, cursor: str, event: HubEvent) -> bool:
        return bool(
            await self._run("settle", feed, token, "commit", 0.0, cursor, 0, "", event.id, event.to_json())
        )

    async def _run(self, script: str, *arguments: Any) -> Any:
        names = ("schedule", "leased", "feeds", "cursors", "dead", "meta", "events", "ids")
        source = (V1 / "prelude.lua").read_text() + (V1 / f"{script}.lua").read_text()
        async with Redis.from_url(self.url, decode_responses=True) as redis:
            return await redis.register_script(source)(keys=[self._key(name) for name in names], args=arguments)

    def _key(self, name: str) -> str:
        return f"{{{self.namespace}}}:{name}"


@frozen
class OldPostgres:
    schema: str
    url: str = POSTGRES_URL

    async def make(self) -> None:
        connection = await asyncpg.connect(self.url)
        async with connection.transaction():
            await connection.execute(f"CREATE SCHEMA {self.schema}; SET LOCAL search_path TO {self.schema}")
            await connection.execute((V1 / "postgres.sql").read_text())
        await connection.close()

    async def add(self, feed: str, cursor: str) -> None:
        await self._call("add($1, $2)", feed, cursor)

    async def claim(self, lease: float) -> tuple[str, str, int] | None:
        found = await self._call("claim($1)", lease)
        return (found[0][0], found[0][1], found[0][2]) if found else None

    async def commit(self, feed: str, token: int, cursor: str, event: HubEvent) -> bool:
        function = "commit_claim($1, $2, $3, $4, $5, $6, $7)"
        ((done,),) = await self._call(function, feed, token, cursor, 0.0, 0, [event.id], [event.to_json()])
        return bool(done)

    async def _call(self, function: str, *arguments: Any) -> Any:
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetch(f"SELECT * FROM {self.schema}.{function}", *arguments)
        finally:
            await connection.close()


def old_program(corner: Corner) -> OldProgram:
    if corner.url.startswith("sqlite"):
        return OldSqlite(corner.url.removeprefix("sqlite:///"))
    return OldRedis(corner.namespace) if corner.url.startswith("redis") else OldPostgres(corner.namespace)


async def make_newer(corner: Corner) -> None:
    """Let the hub be one that a later version has upgraded."""
    if corner.url.startswith("sqlite"):
        with closing(sqlite3.connect(corner.url.removeprefix("sqlite:///"))) as connection:
            connection.execute("PRAGMA user_version = 99")
    elif corner.url.startswith("redis"):
        async with Redis.from_url(REDIS_URL) as redis:
            await redis.hset(f"{{{corner.namespace}}}:meta", "version", "99")
    else:
        await run_sql(f"UPDATE {corner.namespace}.meta SET version = 99")
