"""Redis as it is run for high availability: behind a Sentinel, and as a cluster."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from attrs import frozen
from redis.asyncio import Redis

from tests.hub.support.failover import port_of
from tests.hub.support.servers import RedisServer, answers, free_port, redis_server

SERVICE = "crm"
SLOTS = 16384


@frozen
class Watched:
    """A master and a replica that one Sentinel watches."""

    servers: tuple[RedisServer, RedisServer]
    port: int

    @property
    def url(self) -> str:
        return f"redis+sentinel://127.0.0.1:{self.port}/{SERVICE}/0"

    async def fail_over(self) -> None:
        """Have the Sentinel make the replica the master, and wait until it says so."""
        async with Redis(port=self.port, decode_responses=True) as sentinel:
            before = await sentinel.sentinel_get_master_addr_by_name(SERVICE)

            async def begin() -> None:
                await sentinel.execute_command("SENTINEL", "FAILOVER", SERVICE)  # type: ignore[no-untyped-call]

            async def is_done() -> None:
                if await sentinel.sentinel_get_master_addr_by_name(SERVICE) == before:
                    raise ConnectionError("not yet")

            await answers(begin)  # refused until the Sentinel knows of the replica
            await answers(is_done)


@asynccontextmanager
async def watched() -> AsyncIterator[Watched]:
    async with redis_server({}) as master, redis_server({}) as replica, sentinel(master) as port:
        async with Redis.from_url(replica.url) as redis:
            await redis.replicaof("127.0.0.1", port_of(master))
        yield Watched((master, replica), port)


@asynccontextmanager
async def sentinel(master: RedisServer, password: str = "") -> AsyncIterator[int]:
    """A Sentinel that watches a master; yields its port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        configuration = Path(name) / "sentinel.conf"
        configuration.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {name}\n"
            f"sentinel monitor {SERVICE} 127.0.0.1 {port_of(master)} 1\n"
            f"sentinel down-after-milliseconds {SERVICE} 60000\n"
            + (f"requirepass {password}\n" if password else "")
        )
        process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            ["redis-server", str(configuration), "--sentinel"], stdout=subprocess.DEVNULL
        )
        try:

            async def ping() -> None:
                async with Redis(port=port, password=password or None) as redis:
                    await redis.ping()

            await answers(ping)
            yield port
        finally:
            process.kill()
            process.wait()


@asynccontextmanager
async def cluster() -> AsyncIterator[list[RedisServer]]:
    """Two masters, each with half of the slots."""
    async with AsyncExitStack() as opened:
        buses = [free_port() for _ in range(2)]
        nodes = [
            await opened.enter_async_context(
                redis_server({}, "--cluster-enabled", "yes", "--cluster-port", str(bus))
            )
            for bus in buses
        ]
        clients = [await opened.enter_async_context(Redis.from_url(node.url)) for node in nodes]
        for client, first in zip(clients, (0, SLOTS // 2), strict=True):
            await client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, first + SLOTS // 2 - 1)  # type: ignore[no-untyped-call]
        await clients[0].execute_command("CLUSTER", "MEET", "127.0.0.1", port_of(nodes[1]), buses[1])  # type: ignore[no-untyped-call]

        async def is_whole() -> None:
            for client in clients:
                if b"cluster_state:ok" not in await client.execute_command("CLUSTER", "INFO"):  # type: ignore[no-untyped-call]
                    raise ConnectionError("not yet")

        await answers(is_whole)
        yield nodes
