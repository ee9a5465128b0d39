"""The journal's file, used off the event loop: lines that wait together are flushed together.

A flush to the disk takes as long as a request, and takes no longer for many lines than for one. So what comes
while one is under way waits for the next, and nothing waits for company.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from functools import partial
from pathlib import Path
from typing import Any, Final

from impactive_async._disk.serial import SerialThread
from impactive_async.bulk.journal.db import MOST_LINES, JournalDatabase, Line
from impactive_async.errors import ImpactiveError, JournalError

_LINGER: Final = 0.05
"""Seconds for which a write that nobody waits for waits for others, to share their flush."""


class JournalFile:
    """One SQLite file, held by this process alone between `open` and `aclose`, and used by one event loop.

    Lines that wait at the same time are committed together. After one has failed, all later ones fail, so that the
    journal never has holes.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._database = JournalDatabase(path)
        self._thread = SerialThread("impactive-journal")
        self._waiting: deque[Line] = deque()
        self._accepted = self._committed = 0
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()
        """Who waits for how many lines to be committed."""
        self._is_at_work = self._is_closing = False
        self._linger: asyncio.TimerHandle | None = None
        self._failure: JournalError | None = None

    @property
    def path(self) -> Path:
        """The path of the file itself, with all links followed."""
        return self._database.path

    async def open(self, *, create: bool) -> None:
        """Open and lock the file.

        Raises:
            JournalError: It is in use, damaged, not a journal, of another version; or, without `create`, missing.
        """
        await self._thread.run(lambda: self._database.open(create=create))

    async def execute(self, statement: str, *values: Any) -> list[Any]:
        """Execute a statement after all lines that were put before; return its rows.

        Raises:
            JournalError: The file is damaged, or a write failed, now or before.
        """
        await self.flush()
        return await self._thread.run(lambda: self._database.execute(statement, *values))

    def damaged(self, how: str) -> ImpactiveError:
        """Return the error for a file whose content cannot be trusted."""
        return self._database.damaged(how)

    async def put(self, line: Line) -> None:
        """Write a batch's line in the place of its older one. When this returns, a kill or a power cut leaves it.

        Raises:
            JournalError: A write failed, now or before.
        """
        self._accept(line)
        await self.flush()

    def put_soon(self, line: Line) -> None:
        """Write a batch's line with whatever is committed next. `flush` raises the error if that fails."""
        self._accept(line)
        if self._linger is None:
            self._linger = asyncio.get_running_loop().call_later(_LINGER, self._end_linger)

    async def flush(self) -> None:
        """Wait until all lines are on the disk.

        Raises:
            JournalError: A write failed, now or before.
        """
        if self._failure is not None:
            raise self._failure
        if self._committed < self._accepted:
            loop = asyncio.get_running_loop()
            waiter = loop.create_future()
            self._waiters.append((self._accepted, waiter))
            self._commit_soon(loop)
            await waiter

    async def aclose(self) -> None:
        """Write the lines that wait, close the file and release its lock; a cancellation is raised after that."""
        if self._linger is not None:
            self._linger.cancel()
        self._is_closing = True
        try:
            await self._thread.finish(self._close)
        finally:
            self._settle()

    def _accept(self, line: Line) -> None:
        self._waiting.append(line)
        self._accepted += 1

    def _end_linger(self) -> None:
        self._linger = None
        if self._waiting:
            self._commit_soon(asyncio.get_running_loop())

    def _commit_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_at_work:
            self._is_at_work = True
            self._thread.post(partial(self._work, loop))

    def _release(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let those go on whose lines are on the disk, and write for those who wait now."""
        self._is_at_work = False
        self._settle()
        has_lingered = self._waiting and self._linger is None
        if (self._waiters or has_lingered) and not self._is_closing:
            self._commit_soon(loop)

    def _settle(self) -> None:
        while self._waiters and (self._failure is not None or self._waiters[0][0] <= self._committed):
            _, waiter = self._waiters.popleft()
            if waiter.done():  # whoever waited has given up
                continue
            if self._failure is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(self._failure)

    # On the thread.

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        self._commit()
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(self._release, loop)

    def _commit(self) -> None:
        """Write the lines that wait, as many as go into one transaction."""
        lines = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_LINES))]
        try:
            if lines and self._failure is None:
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

    def _close(self) -> None:
        while self._waiting:
            self._commit()
        self._database.close()
