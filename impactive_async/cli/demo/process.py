"""This side of the consumer's process: start it, hear it, tell it the time, kill it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import attrs

Fact = Mapping[str, Any]


class ConsumerDiedError(Exception):
    """The consumer ended although nobody killed it."""


@attrs.frozen
class ConsumerProcess:
    """A running consumer. Whatever becomes of the demo, `kill` it."""

    _process: asyncio.subprocess.Process

    @classmethod
    async def start(
        cls, *, url: str, api_key: str, sequence_id: str, store: Path, now: datetime, stuck_after: int = 0
    ) -> Self:
        """Start it; it first speaks when it has made its first polls."""
        arguments = (sequence_id, str(store), str(now.timestamp()), "--stuck-after", str(stuck_after))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "impactive_async.cli.demo.consumer", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "IMPACTIVE_BASE_URL": url, "IMPACTIVE_API_KEY": api_key},
            start_new_session=True,  # Ctrl-C is for the demo, which then ends it
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def facts(self) -> AsyncIterator[Fact]:
        """What it says, until it sleeps or ends; of a line cut short by a kill, nothing is known.

        Raises:
            ConsumerDiedError: It has ended by itself.
        """
        assert self._process.stdout is not None  # noqa: S101 - for type checkers: it is a pipe
        async for line in self._process.stdout:
            if line.endswith(b"\n"):
                yield json.loads(line)
        if await self._process.wait() > 0:
            raise ConsumerDiedError(await self._last_words())

    def tell(self, now: datetime) -> None:
        """Tell it the time, and so wake it."""
        assert self._process.stdin is not None  # noqa: S101 - as above
        self._process.stdin.write(f"{now.timestamp()}\n".encode())

    def end(self) -> None:
        """Ask it to save its cursors and go; `facts` then runs to its end."""
        assert self._process.stdin is not None  # noqa: S101 - as above
        self._process.stdin.close()

    async def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is saved. What it said before can still be heard."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _last_words(self) -> str:
        assert self._process.stderr is not None  # noqa: S101 - as above
        said = (await self._process.stderr.read()).decode(errors="replace").strip()
        return f"the demo's consumer ended: {said.splitlines()[-1] if said else 'without a word'}"
