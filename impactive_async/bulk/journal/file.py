"""The journal's file, used off the event loop: lines that wait together are flushed together.

A flush to the disk takes as long as a request, and takes no longer for many lines than for one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from pathlib import Path
from typing import Any, Final

from impactive_async._disk.serial import SerialThread
from impactive_async.bulk.journal.db import MOST_LINES, JournalDatabase, Line
from impactive_async.errors import ImpactiveError, JournalError

_LINGER: Final = 0.05
"""Seconds for which a write that nobody waits for waits for others, to share their flush."""

_PATIENCE: Final = 0.002
"""Seconds for which a write that somebody waits for waits for another one. No request is sent later for it,
because batches are prepared while others are under way."""


class JournalFile:
    """One SQLite file, held by this process alone between `open` and `aclose`.

    Lines that wait at the same time are committed together. After one has failed, all later ones fail, so that the
    journal never has holes.
    """

    def __init__(self, path: str | os.PathLike[str], patience: float = _PATIENCE) -> None:
        self._database = JournalDatabase(path)
        self._patience = patience
        self._thread = SerialThread("impactive-journal")
        self._waiting: deque[Line] = deque()
        self._accepted = self._committed = 0
        self._turn = asyncio.Lock()
        self._linger: asyncio.TimerHandle | None = None
        self._lone: asyncio.Future[None] | None = None
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
        await self._wait_for_another()
        await self.flush()

    def put_soon(self, line: Line) -> None:
        """Write a batch's line with whatever is committed next. `flush` raises the error if that fails."""
        self._accept(line)
        if self._linger is None:
            self._linger = asyncio.get_running_loop().call_later(_LINGER, self._commit_in_background)

    async def flush(self) -> None:
        """Wait until all lines are on the disk.

        Raises:
            JournalError: A write failed, now or before.
        """
        self._cancel_linger()
        upto = self._accepted
        async with self._turn:
            if self._committed < upto or self._failure is not None:  # else another flush had our lines as well
                await self._thread.run(self._commit)

    async def aclose(self) -> None:
        """Write the lines that wait, close the file and release its lock; a cancellation is raised after that."""
        self._cancel_linger()
        await self._thread.finish(self._close)

    def _accept(self, line: Line) -> None:
        self._waiting.append(line)
        self._accepted += 1

    async def _wait_for_another(self) -> None:
        """Wait a moment for a second line, because two lines share one flush, and flushing is what takes time."""
        if self._lone is not None and not self._lone.done():
            _release(self._lone)
            await asyncio.sleep(0)  # the line that came first is written first
            return
        loop = asyncio.get_running_loop()
        lone = self._lone = loop.create_future()
        alone = loop.call_later(self._patience, _release, lone)
        try:
            await lone
        finally:
            alone.cancel()

    def _cancel_linger(self) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None

    def _commit_in_background(self) -> None:
        self._linger = None
        self._thread.post(self._commit_quietly)

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
