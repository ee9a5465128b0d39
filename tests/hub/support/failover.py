"""A pair of servers of which the second copies the first, late, and takes over without its last writes."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import asyncpg
from attrs import evolve, frozen
from redis.asyncio import Redis

from tests.hub.support.servers import PostgresServer, Server, answers, free_port, own_server


class Pair(Protocol):
    """A primary, and what copies it."""

    @property
    def primary(self) -> Server: ...

    @property
    def replica(self) -> Server: ...

    async def part(self) -> None:
        """Let the copy have all that was written so far and nothing more, and be a primary of its own."""
        ...

    async def demote(self) -> None:
        """Let the old primary answer on, and refuse what writes."""
        ...


@frozen
class RedisPair:
    primary: Server
    replica: Server

    async def part(self) -> None:
        async with Redis.from_url(self.primary.url) as primary, Redis.from_url(self.replica.url) as replica:
            await primary.wait(1, 0)
            await replica.replicaof("NO", "ONE")

    async def demote(self) -> None:
        async with Redis.from_url(self.primary.url) as primary:
            await primary.replicaof("127.0.0.1", port_of(self.replica))


@frozen
class PostgresPair:
    primary: Server
    replica: PostgresServer

    async def part(self) -> None:
        primary, replica = await asyncpg.connect(self.primary.url), await asyncpg.connect(self.replica.url)
        written = await primary.fetchval("SELECT pg_current_wal_lsn()::text")
        while not await replica.fetchval(f"SELECT pg_last_wal_replay_lsn() >= '{written}'"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await replica.fetchval("SELECT pg_promote()")
        for connection in (primary, replica):
            await connection.close()

    async def demote(self) -> None:
        connection = await asyncpg.connect(self.primary.url)
        await connection.execute("ALTER SYSTEM SET default_transaction_read_only TO on")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.close()

        async def is_demoted() -> None:
            connection = await asyncpg.connect(self.primary.url)
            setting = await connection.fetchval("SHOW default_transaction_read_only")
            await connection.close()
            if setting == "off":
                raise ConnectionError("not yet")

        await answers(is_demoted)


def port_of(server: Server) -> str:
    return server.url.rpartition(":")[2].partition("/")[0]


@asynccontextmanager
async def pair(engine: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[Pair]:
    """Two servers with empty directories; all go when the block ends."""
    async with _redis_pair(environment) if engine == "redis" else _postgres_pair(environment) as made:
        yield made


@asynccontextmanager
async def _redis_pair(environment: Mapping[str, str] | None) -> AsyncIterator[Pair]:
    async with own_server("redis", environment) as primary, own_server("redis", environment) as replica:
        async with Redis.from_url(replica.url) as redis:
            await redis.replicaof("127.0.0.1", port_of(primary))

            async def follows() -> None:
                if (await redis.info("replication"))["master_link_status"] != "up":
                    raise ConnectionError("not yet")

            await answers(follows)
        yield RedisPair(primary, replica)


@asynccontextmanager
async def _postgres_pair(environment: Mapping[str, str] | None) -> AsyncIterator[Pair]:
    async with own_server("postgres", environment) as primary:
        assert isinstance(primary, PostgresServer)
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            replica = evolve(primary, directory=directory, port=free_port())
            shutil.chown(directory, primary.directory.owner())
            await replica.run(
                "pg_basebackup", "--dbname", primary.url, "--write-recovery-conf", "--checkpoint=fast"
            )
            await replica.start()
            try:
                yield PostgresPair(primary, replica)
            finally:
                await replica.crash()
