"""Throw-away servers of one's own, that a test may kill and start again."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol

import asyncpg
from attrs import define, field
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.support import PATIENCE, give_up

POSTGRES_USER = "postgres"


class Server(Protocol):
    """An engine in a process of its own."""

    @property
    def url(self) -> str:
        """Where it listens."""
        ...

    async def crash(self) -> None:
        """Kill it without a word, unless it is dead already."""
        ...

    async def start(self) -> None:
        """Start it over the data that it left."""
        ...

    @property
    def pid(self) -> int:
        """Its process; those of its connections are children."""
        ...


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@define
class RedisServer:
    directory: Path
    environment: Mapping[str, str] = field(factory=dict)
    options: Sequence[str] = ()
    port: int = field(factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    async def start(self) -> None:
        self.process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            [
                "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.directory),
                "--appendonly", "yes", "--appendfsync", "always", "--save", "", *self.options,
            ],
            stdout=subprocess.DEVNULL,
            env={**os.environ, **self.environment},
        )  # fmt: skip
        await answers(self._ping)

    async def crash(self) -> None:
        assert self.process
        self.process.kill()
        await asyncio.to_thread(self.process.wait)

    async def _ping(self) -> None:
        async with Redis.from_url(self.url) as redis:
            await redis.ping()


@define
class PostgresServer:
    directory: Path
    programs: Path
    environment: Mapping[str, str] = field(factory=dict)
    port: int = field(factory=free_port)

    @property
    def url(self) -> str:
        return f"postgresql://{POSTGRES_USER}@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int:
        return int((self.directory / "data" / "postmaster.pid").read_text().split()[0])

    async def create(self) -> None:
        await self.run("initdb", "--no-sync", "--auth=trust", f"--username={POSTGRES_USER}", "--encoding=UTF8")

    async def start(self) -> None:
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=60"
        )
        await self.run("pg_ctl", "-w", "-l", str(self.directory / "log"), "-o", options, "start")
        await answers(self._ping)

    async def crash(self) -> None:
        if (self.directory / "data" / "postmaster.pid").exists():
            await self.run(
                "pg_ctl", "-w", "-m", "immediate", "stop"
            )  # SIGQUIT: no checkpoint, recovery from the log

    async def run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), "-D", str(self.directory / "data"), *arguments]
        done = await asyncio.to_thread(
            subprocess.run,
            command,
            user=POSTGRES_USER if os.geteuid() == 0 else None,
            cwd=self.directory,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **self.environment},
            stdout=subprocess.DEVNULL,  # a pipe would be inherited by the server, and never end
            stderr=subprocess.DEVNULL,
        )
        if done.returncode:
            log = self.directory / "log"
            raise RuntimeError(f"{program} failed: {log.read_text() if log.exists() else command}")

    async def _ping(self) -> None:
        await (await asyncpg.connect(self.url)).close()


async def answers(ping: Callable[[], Awaitable[object]]) -> None:
    """Wait until a server answers."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await ping()
            except (OSError, RedisError, asyncpg.PostgresError):
                await asyncio.sleep(0.02)
            else:
                return


@asynccontextmanager
async def redis_server(environment: Mapping[str, str], *options: str) -> AsyncIterator[RedisServer]:
    if shutil.which("redis-server") is None:
        give_up("there is no redis-server on the PATH")
    with tempfile.TemporaryDirectory() as directory:
        server = RedisServer(Path(directory), environment, options)
        await server.start()
        try:
            yield server
        finally:
            await server.crash()


def own_server(engine: str, environment: Mapping[str, str] | None = None) -> AbstractAsyncContextManager[Server]:
    """A server with an empty directory; both go when the block ends."""
    servers: dict[str, Callable[[Mapping[str, str]], AbstractAsyncContextManager[Server]]] = {
        "redis": redis_server,
        "postgres": postgres_server,
    }
    return servers[engine](environment or {})


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not found:
        give_up("there is no initdb in /usr/lib/postgresql/*/bin")
    return found[-1].parent


@asynccontextmanager
async def postgres_server(environment: Mapping[str, str]) -> AsyncIterator[Server]:
    programs = _programs()
    if os.geteuid() == 0 and not _has_user(POSTGRES_USER):
        give_up("PostgreSQL does not run as root, and there is no user 'postgres' to run it as")
    with tempfile.TemporaryDirectory() as directory:
        if os.geteuid() == 0:
            shutil.chown(directory, POSTGRES_USER)
        server = PostgresServer(Path(directory), programs, environment)
        await server.create()
        await server.start()
        try:
            yield server
        finally:
            await server.crash()


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    """Stop a server's processes; its connections stay open, and nobody answers."""
    stopped: list[int] = []

    def stop(pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        stopped.append(pid)
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            stop(int(child))

    stop(server.pid)
    try:
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


def thaw_and_kill(pid: int) -> None:
    """End a process whatever state it is in."""
    for number in (signal.SIGCONT, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
