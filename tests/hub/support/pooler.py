"""PgBouncer before a PostgreSQL server of a test's own."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import asyncpg

from tests.hub.support.servers import POSTGRES_USER, Server, answers, free_port, own_server
from tests.support import give_up

FETCHED = Path(__file__).parents[3] / ".evidence" / "pgbouncer"
"""Where `tests/evidence/install` puts it if the system has none."""


class Pooled(NamedTuple):
    """A server, and the URL that leads to it through the pool."""

    server: Server
    url: str


@asynccontextmanager
async def pooled(mode: str) -> AsyncIterator[Pooled]:
    """A pool of two sessions, which it gives to its clients for a `session` or a `transaction`."""
    program = _pgbouncer()
    async with own_server("postgres") as server:
        with tempfile.TemporaryDirectory() as name:
            directory, port = Path(name), free_port()
            _configure(directory, server, port, mode)
            shutil.copy(program, directory)  # the user who runs it may not be allowed into our folder
            libraries = shutil.copytree(FETCHED / "lib", directory / "lib") if (FETCHED / "lib").exists() else ""
            process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
                [str(directory / "pgbouncer"), str(directory / "pgbouncer.ini")],
                user=POSTGRES_USER if os.geteuid() == 0 else None,  # it refuses to run as root
                env={"LD_LIBRARY_PATH": str(libraries)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            url = f"postgresql://{POSTGRES_USER}@127.0.0.1:{port}/postgres"
            try:
                await answers(lambda: _ping(url))
                yield Pooled(server, url)
            finally:
                process.kill()
                await asyncio.to_thread(process.wait)


async def _ping(url: str) -> None:
    await (await asyncpg.connect(url)).close()


def _configure(directory: Path, server: Server, port: int, mode: str) -> None:
    (directory / "users").write_text(f'"{POSTGRES_USER}" ""\n')
    upstream = server.url.rpartition(":")[2].partition("/")[0]
    (directory / "pgbouncer.ini").write_text(
        f"[databases]\npostgres = host=127.0.0.1 port={upstream}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = trust\nauth_file = {directory}/users\npool_mode = {mode}\ndefault_pool_size = 2\n"
    )
    if os.geteuid() == 0:
        for path in (directory, *directory.iterdir()):
            shutil.chown(path, POSTGRES_USER)


def _pgbouncer() -> str:
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", str(FETCHED / "usr" / "sbin")])
    return shutil.which("pgbouncer", path=places) or give_up(
        "there is no pgbouncer: `tests/evidence/install .evidence` fetches it where there is apt-get"
    )
