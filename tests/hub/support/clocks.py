"""Engines whose clock a test can put back."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from impactive_async.hub import Hub, connect
from tests.hub.support.servers import own_server
from tests.support import give_up

SHIM = Path(__file__).with_name("clock.c")
SetClock = Callable[[int], None]
"""Puts an engine's clock forward or back by so many seconds from the true time."""


@asynccontextmanager
async def hub_with_clock(engine: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Hub, SetClock]]:
    """A hub on an engine of its own, and what sets the engine's clock."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        if engine == "sqlite":
            async with connect(f"sqlite:///{directory}/hub.db", retention=0) as hub:
                await hub.init()
                yield hub, lambda seconds: set_host_clock(monkeypatch, seconds)
            return
        directory.chmod(0o755)  # noqa: ASYNC240 - at once; the server may be another user's process
        environment, set_clock = clock_shim(directory)
        async with own_server(engine, environment) as server, connect(server.url, retention=0) as hub:
            await hub.init()
            yield hub, set_clock


_TRUE_TIME = time.time


def set_host_clock(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    monkeypatch.setattr(time, "time", lambda: _TRUE_TIME() + seconds)


def _write_at_once(file: Path, text: str) -> None:
    new = file.with_name("new")
    new.write_text(text)
    new.rename(file)


def clock_shim(directory: Path) -> tuple[dict[str, str], SetClock]:
    """What a server's environment needs for its clock to be set, and what sets it."""
    offset = directory / "offset"
    offset.write_text("0")
    environment = {"LD_PRELOAD": str(_compiled(directory)), "CLOCK_OFFSET_FILE": str(offset)}
    return environment, lambda seconds: _write_at_once(offset, str(seconds))


def _compiled(directory: Path) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        give_up("there is no C compiler on the PATH, and servers need one to have their clocks set")
    library = directory / "clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, SHIM], check=True)
    return library
