"""What a worker asks of an SQLite hub for each poll, carried out for many polls at once.

Feeds that are claimed and idle polls that are committed share a call to the file's thread, a transaction and its
statements.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from impactive_async.errors import FencedError
from impactive_async.hub.contract.claim import Claim, IdlePoll
from impactive_async.hub.reaching.together import Together
from impactive_async.hub.sqlite import schedule

Step = Callable[[sqlite3.Connection, float], Any]
"""Does its part of a transaction; `now` is the hub's time."""


class Turns:
    """Gathers what is asked for while others are under way, for each event loop by itself.

    Args:
        write: Carries out a turn, which is one transaction.
    """

    def __init__(self, write: Callable[[Step], Awaitable[Any]]) -> None:
        self._write = write
        self._of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Together[Step, Any]] = WeakKeyDictionary()

    async def claim(self, lease: float, count: int) -> list[Claim]:
        """See `Leasing.claim_many`."""
        claims: list[Claim] = await self._ask(partial(schedule.claim, lease=lease, count=count))
        return claims

    async def commit_idle(self, polls: Sequence[IdlePoll]) -> list[FencedError | None]:
        """See `Leasing.commit_idle`."""
        found: list[FencedError | None] = await self._ask(partial(schedule.commit_idle, polls=polls))
        return found

    async def _ask(self, step: Step) -> Any:
        loop = asyncio.get_running_loop()
        if (together := self._of_loops.get(loop)) is None:
            together = self._of_loops[loop] = Together(self._send)
        return await together.ask(step)

    async def _send(self, steps: Sequence[Step]) -> Sequence[Any]:
        found: list[Any] = await self._write(lambda connection, now: [step(connection, now) for step in steps])
        return found
