"""Starts the consumer's process, reads its messages, sends it the time, and kills it."""

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

Message = Mapping[str, Any]


class ConsumerDiedError(Exception):
    """The consumer ended by itself."""


@attrs.frozen
class ConsumerProcess:
    """A running consumer. Call `kill` when the demo ends, also after an error."""

    _process: asyncio.subprocess.Process

    @classmethod
    async def start(
        cls, *, url: str, api_key: str, sequence_id: str, store: Path, now: datetime, stuck_after: int = 0
    ) -> Self:
        """Start the process. Its first messages come when it has made its first polls."""
        arguments = (sequence_id, str(store), str(now.timestamp()), "--stuck-after", str(stuck_after))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "impactive_async.cli.demo.consumer", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "IMPACTIVE_BASE_URL": url, "IMPACTIVE_API_KEY": api_key},
            start_new_session=True,  # Ctrl-C goes to the demo alone, which then kills this process
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def messages(self) -> AsyncIterator[Message]:
        """Yield its messages until it ends. A line that a kill cut short is left out.

        Raises:
            ConsumerDiedError: The process ended by itself.
        """
        assert self._process.stdout is not None  # noqa: S101 - for type checkers: it is a pipe
        async for line in self._process.stdout:
            if line.endswith(b"\n"):
                yield json.loads(line)
        if await self._process.wait() > 0:
            raise ConsumerDiedError(await self._error_text())

    def send_time(self, now: datetime) -> None:
        """Send the time, which wakes it."""
        assert self._process.stdin is not None  # noqa: S101 - as above
        self._process.stdin.write(f"{now.timestamp()}\n".encode())

    def end(self) -> None:
        """Ask it to save its cursors and exit. `messages` then runs to its end."""
        assert self._process.stdin is not None  # noqa: S101 - as above
        self._process.stdin.close()

    async def kill(self) -> None:
        """Kill it with SIGKILL: no handler runs, and nothing is saved."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _error_text(self) -> str:
        assert self._process.stderr is not None  # noqa: S101 - as above
        said = (await self._process.stderr.read()).decode(errors="replace").strip()
        return f"the demo's consumer ended: {said.splitlines()[-1] if said else 'without a message'}"
