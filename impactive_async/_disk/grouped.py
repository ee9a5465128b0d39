"""An SQLite file whose writes share transactions, and with them the flushes to the disk that take most time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from attrs import define

from impactive_async._disk.database import Database, Work
from impactive_async._disk.format import Format

T = TypeVar("T")

MOST: Final = 16
"""How many writes share a transaction."""
LONGEST: Final = 0.005
"""Seconds after which no further write joins one: other processes wait for its lock."""
UNFLUSHED: Final = 1.0
"""Seconds after which a write that need not last by itself is flushed with the next one all the same."""

_FLUSHED: Final = "PRAGMA synchronous = FULL; BEGIN IMMEDIATE"
_LOGGED: Final = "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE"
"""How a transaction begins that is kept as a whole or not at all by a power cut, and that the next flush keeps."""


@define(eq=False)
class _Write:
    work: Work[Any]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]
    lasting: bool
    result: Any = None
    error: BaseException | None = None

    def run(self, call: Callable[[], Any]) -> None:
        self.error = None
        try:
            self.result = call()
        except BaseException as error:
            self.error = error

    def tell(self) -> None:
        if self.answer.done():
            return
        if self.error is None:
            self.answer.set_result(self.result)
        else:
            self.answer.set_exception(self.error)


class GroupedDatabase(Database):
    """A `Database` in which writes that wait for their turn are committed together.

    Each is kept as a whole or not at all, as if it had a transaction of its own: one that fails takes nothing of
    the others with it, and none is answered before all of them are on the disk. A write may be carried out twice
    where the first time was undone, so it does nothing but what it does to the file.
    """

    def __init__(self, path: str | os.PathLike[str], form: Format, *, busy_timeout: float = 30.0) -> None:
        super().__init__(path, form, busy_timeout=busy_timeout)
        self._expect()

    def begin_anew(self) -> None:
        """See `Database.begin_anew`; what waits belongs to the process that this one was forked from."""
        super().begin_anew()
        self._expect()

    def _expect(self) -> None:
        self._waiting: deque[_Write] = deque()
        self._lock = threading.Lock()
        self._is_at_work = False
        self._unflushed: float | None = None  # since when

    async def write(self, work: Work[T], *, lasting: bool = True) -> T:
        """See `Database.write`. A call that is cancelled before its turn is not carried out.

        Args:
            work: What is done in the transaction.
            lasting: Whether it must outlast a power cut once this returns. What need not is flushed with what
                must, or by the first write `UNFLUSHED` seconds later.
        """
        loop = asyncio.get_running_loop()
        one = _Write(work, loop, loop.create_future(), lasting)
        with self._lock:
            self._waiting.append(one)
            begins, self._is_at_work = not self._is_at_work, True
        if begins:
            self._thread.post(self._write_some)
        answer: T = await one.answer
        return answer

    def _write_some(self) -> None:
        with self._lock:
            some = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        some = [one for one in some if not one.answer.cancelled()]
        done = self._write_together(some) if len(some) > 1 else self._write_alone(some)
        _tell(done)
        with self._lock:
            self._waiting.extendleft(reversed(some[len(done) :]))
            self._is_at_work = bool(self._waiting)
        if self._is_at_work:
            self._thread.post(self._write_some)  # behind the reads that wait

    def _write_together(self, some: Sequence[_Write]) -> Sequence[_Write]:
        """Carry out some writes, the first of them if they take long; return those that have been."""
        begun: list[_Write] = []
        try:
            self._keep(partial(_carry_out, some, begun), any(one.lasting for one in some))
        except Exception as error:
            if begun:  # all of it is undone
                return self._write_alone(some[:1])
            for one in some:  # the file is locked, or not ours any more
                one.error = error
            return some
        return begun

    def _write_alone(self, some: Sequence[_Write]) -> Sequence[_Write]:
        for one in some:
            one.run(partial(self._keep, one.work, one.lasting))
        return some

    def _keep(self, work: Work[T], lasting: bool) -> T:
        """Do the work in one transaction, and flush it if it must last, or what was not flushed before is old."""
        is_old = self._unflushed is not None and time.monotonic() - self._unflushed > UNFLUSHED
        flushed = lasting or is_old or not self._logs_ahead
        result, has_changed = self._transact(_FLUSHED if flushed else _LOGGED, partial(_noticing, work))
        if has_changed:  # else there is nothing to flush
            self._unflushed = None if flushed else self._unflushed or time.monotonic()
        return result


def _noticing(work: Work[T], connection: sqlite3.Connection) -> tuple[T, bool]:
    """Do the work; return also whether it has changed a row."""
    before = connection.total_changes
    return work(connection), connection.total_changes > before


def _tell(done: Sequence[_Write]) -> None:
    """Tell each loop of all its answers at once: a loop that is woken makes system calls."""
    for loop in {one.loop for one in done}:
        with contextlib.suppress(RuntimeError):  # it is closed
            loop.call_soon_threadsafe(_answer, [one for one in done if one.loop is loop])


def _answer(done: Sequence[_Write]) -> None:
    for one in done:
        one.tell()


def _carry_out(some: Sequence[_Write], begun: list[_Write], connection: sqlite3.Connection) -> None:
    ends = time.monotonic() + LONGEST
    for one in some:
        begun.append(one)
        connection.execute("SAVEPOINT one")
        one.run(partial(one.work, connection))
        if isinstance(one.error, sqlite3.Error):
            raise one.error  # it may have undone those before
        if one.error is not None:
            connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
        if time.monotonic() > ends:
            return
