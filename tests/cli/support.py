"""A sandbox on a thread of its own, and two ways to run the command line: in this process, or as a user does."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import attrs
from click.testing import CliRunner

import impactive_async.sandbox.dialect.profile.named as named
from impactive_async.cli._app import app
from impactive_async.sandbox import Sandbox, State
from tests.support import PATIENCE as PATIENCE

T = TypeVar("T")


RUNNER = CliRunner()
NAMED = Path(next(iter(named.__path__)))
"""The profiles of the dialects."""


@attrs.frozen
class Outcome:
    """What a run of the command line left behind."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@attrs.frozen
class Live:
    """A running sandbox, reached from other threads."""

    sandbox: Sandbox
    _loop: asyncio.AbstractEventLoop
    _known: str | None = None

    @property
    def state(self) -> State:
        return self.sandbox.state

    @property
    def env(self) -> dict[str, str]:
        profile = {} if self._known is None else {"IMPACTIVE_PROFILE": str(NAMED / f"{self._known}.json")}
        return {"IMPACTIVE_BASE_URL": self.sandbox.url, "IMPACTIVE_API_KEY": self.sandbox.api_key, **profile}

    def do(self, act: Callable[[Sandbox], Awaitable[T]]) -> T:
        """Run something on the sandbox's own loop."""

        async def run() -> T:
            return await act(self.sandbox)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(PATIENCE)

    def arrived(self, route: str, count: int = 1) -> None:
        """Wait until so many requests to a route have arrived, answered or not."""
        self.do(lambda sandbox: sandbox.arrived(route, count))

    def advance(self, *, hours: float) -> None:
        self.do(lambda sandbox: sandbox.clock.advance(hours=hours))

    def cli(self, *arguments: str, text: str | None = None, **env: str) -> Outcome:
        """Run a command in this process against this sandbox."""
        return invoke(*arguments, text=text, env={**self.env, **env})


@contextmanager
def live_sandbox(*, known: str | None = None, **options: Any) -> Iterator[Live]:
    """Serve a sandbox until the block ends. Commands know the profile of the dialect `known`."""
    started: list[Live] = []
    ready, done = threading.Event(), threading.Event()

    async def serve() -> None:
        async with Sandbox(**{"populate": "small", **options}) as sandbox:
            started.append(Live(sandbox, asyncio.get_running_loop(), known))
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield started[0]
    finally:
        done.set()
        thread.join()


def invoke(*arguments: str, text: str | None = None, env: Mapping[str, str | None] | None = None) -> Outcome:
    """Run a command in this process; what it prints is not a terminal's."""
    clean = {"IMPACTIVE_BASE_URL": None, "IMPACTIVE_API_KEY": None, "IMPACTIVE_PROFILE": None, **(env or {})}
    result = RUNNER.invoke(app, arguments, input=text, env=clean, prog_name="impactive")
    return Outcome(result.exit_code, result.stdout, result.stderr)


def command_line(*arguments: str) -> Sequence[str]:
    """What starts the command line as a program of its own."""
    return (sys.executable, "-m", "impactive_async", *arguments)


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """This process's environment, without what a developer may have set for the command line."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("IMPACTIVE_")}
    return {**ours, "COLUMNS": "100", "TERM": "xterm-256color", "NO_COLOR": "1", **env}


def run(*arguments: str, env: Mapping[str, str], text: str | None = None) -> Outcome:
    """Run the command line as a user does, with pipes for a terminal."""
    done = subprocess.run(
        command_line(*arguments),
        env=environment(env),
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
