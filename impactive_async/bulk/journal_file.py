"""The journal's file, used off the event loop: what is written together is flushed together.

A flush to the disk takes as long as a request, and needs no more time for many lines than for one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from impactive_async.bulk.journal_db import MOST_LINES, JournalDatabase, Line
from impactive_async.errors import JournalError

T = TypeVar("T")
_LINGER: Final = 0.05
"""Seconds that a write nobody waits for may wait for others, to share their flush."""

_PATIENCE: Final = 0.002
"""Seconds that a write somebody waits for may wait for another such: batches are prepared while others are under
way, so that nothing is sent later for it."""


class JournalFile:
    """One SQLite file, held by this process alone between `open` and `aclose`.

    Lines are committed together where several are waiting. After one has failed, all fail: a journal with holes is
    none.
    """

    def __init__(self, path: str | os.PathLike[str], patience: float = _PATIENCE) -> None:
        self._database = JournalDatabase(path)
        self._patience = patience
        # One thread: calls take effect in order.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="impactive-journal")
        self._waiting: deque[Line] = deque()
        self._accepted = self._committed = 0
        self._turn = asyncio.Lock()
        self._linger: asyncio.TimerHandle | None = None
        self._lone: asyncio.Future[None] | None = None
        self._failure: JournalError | None = None

    @property
    def path(self) -> Path:
        """Where it really is."""
        return self._database.path

    async def open(self, *, create: bool) -> None:
        """Open and lock the file.

        Raises:
            JournalError: It is in use, damaged, not a journal, of another version; or, without `create`, missing.
        """
        await self._run(lambda: self._database.open(create=create))

    async def execute(self, statement: str, *values: Any) -> list[Any]:
        """Execute a statement after everything put so far; returns its rows.

        Raises:
            JournalError: The file is damaged, or the disk refuses, now or before.
        """
        await self.flush()
        return await self._run(lambda: self._database.execute(statement, *values))

    def damaged(self, how: str) -> JournalError:
        """The error for a file whose content cannot be trusted."""
        return self._database.damaged(how)

    async def put(self, line: Line) -> None:
        """Put a batch's line in the place of any it has; once this returns, it survives a kill and a power cut.

        Raises:
            JournalError: The disk refuses, now or before.
        """
        self._accept(line)
        await self._company()
        await self.flush()

    def put_soon(self, line: Line) -> None:
        """The same without waiting for it, as part of whatever is committed next. `flush` tells of a failure."""
        self._accept(line)
        if self._linger is None:
            self._linger = asyncio.get_running_loop().call_later(_LINGER, self._commit_in_background)

    async def flush(self) -> None:
        """Wait until everything put is on the disk.

        Raises:
            JournalError: The disk refuses, now or before.
        """
        self._linger_no_longer()
        upto = self._accepted
        async with self._turn:
            if self._committed < upto or self._failure is not None:  # else somebody's flush was ours as well
                await self._run(self._commit)

    async def aclose(self) -> None:
        """Write what is waiting, close the file and let go of the lock; a cancellation waits for that."""
        self._linger_no_longer()
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await asyncio.wait([closing])
            raise

    def _accept(self, line: Line) -> None:
        self._waiting.append(line)
        self._accepted += 1

    async def _company(self) -> None:
        """Wait for a second line that is waited for, though not long: two share a flush, which is what costs."""
        if self._lone is not None and not self._lone.done():
            _release(self._lone)
            await asyncio.sleep(0)  # who came first goes first
            return
        loop = asyncio.get_running_loop()
        lone = self._lone = loop.create_future()
        alone = loop.call_later(self._patience, _release, lone)
        try:
            await lone
        finally:
            alone.cancel()

    def _linger_no_longer(self) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None

    def _commit_in_background(self) -> None:
        self._linger = None
        self._thread.submit(self._commit_quietly)

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    # On the thread.

    def _commit(self) -> None:
        # The lines of later calls may be among these; they will find theirs done.
        while self._waiting:
            self._put([self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_LINES))])
        if self._failure is not None:
            raise self._failure

    def _put(self, lines: list[Line]) -> None:
        try:
            if self._failure is None:
                self._database.put(lines)
                self._committed += len(lines)
        except JournalError as failure:
            self._failure = failure
        except Exception as error:  # no memory, say; these lines are lost all the same
            self._failure = JournalError(
                f"{self.path} could not be written: {error!r}. What was recorded before is intact: run the import "
                "again with the same journal."
            )
            self._failure.__cause__ = error

    def _commit_quietly(self) -> None:
        with contextlib.suppress(JournalError):  # kept, and raised by whatever comes next
            self._commit()

    def _close(self) -> None:
        self._commit_quietly()
        self._database.close()


def _release(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
