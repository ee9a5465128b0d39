"""Running the programs of `examples/` as their users do, against a sandbox."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import uvicorn

from impactive_async.sandbox import Sandbox
from tests.support import PATIENCE

EXAMPLES = Path(__file__).parents[2] / "examples"


def environment(sandbox: Sandbox) -> dict[str, str]:
    """What a program needs to find the sandbox by itself."""
    return {**os.environ, "IMPACTIVE_API_KEY": sandbox.api_key, "IMPACTIVE_BASE_URL": sandbox.url}


def load(name: str) -> ModuleType:
    """Import an example as a module, for those that are put together from parts."""
    spec = importlib.util.spec_from_file_location(f"examples_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where pydantic looks annotations up
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI application under uvicorn, on a port of its own; give the URL."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
    with socket.create_server(("127.0.0.1", 0)) as door:
        task = asyncio.create_task(server.serve([door]))
        while not server.started:  # noqa: ASYNC110 - what is waited for does not know of us
            await asyncio.sleep(0)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        await task


@attrs.define
class Running:
    """A program under way."""

    process: asyncio.subprocess.Process

    async def line(self) -> str:
        """The next line of its standard output."""
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().rstrip("\n")

    async def end(self) -> tuple[int | None, str, str]:
        """Wait for it: exit code, the rest of its standard output, its standard error."""
        out, err = await self.process.communicate()
        return self.process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def running(sandbox: Sandbox, name: str, *arguments: str | Path) -> AsyncIterator[Running]:
    """Start an example; it is killed if it is still there at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", EXAMPLES / f"{name}.py", *map(str, arguments),
        env=environment(sandbox), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE):
            yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def run(sandbox: Sandbox, name: str, *arguments: str | Path) -> tuple[int | None, str, str]:
    """Run an example to its end."""
    async with running(sandbox, name, *arguments) as program:
        return await program.end()
