"""One SQLite file: opened at its first use, recognised as ours, used in short transactions off the event loop.

A transaction is one call on the database's own thread, from BEGIN to COMMIT, through the standard library's
`sqlite3`. That is why aiosqlite is not used here. It sends every statement through the event loop, so that a loop
that is busy (or a process that is frozen) in between holds the write lock against all other processes. Its thread
keeps the interpreter from exiting unless every user remembers to close, and dies when a loop closes under a
statement.

A file comes into being whole: it is made under a name of its own and then given the one it is for. So a file of no
bytes is never what a kill left of a first use; it has lost what it held, and is refused.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from impactive_async._disk.durable import file_id, make_file, sweep
from impactive_async._disk.forks import begin_anew_in_forks
from impactive_async._disk.format import Format, connect, identity
from impactive_async._disk.serial import SerialThread

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

_UNBORN: Final = ".sqlite-new"
"""Ends the name of a file that is still being made."""

_LEFT_OPEN: Final[list[object]] = []
"""Connections of the process that this one was forked from, kept so that the garbage collector closes none."""


class Database:
    """A file of a given format.

    Threads, event loops and processes may share it, forked ones as well. It need not be closed: what was committed
    is on the disk, and the garbage collector closes the file. After `aclose` the next use opens it again.

    Args:
        path: The file, made at its first use.
        form: The format that the file must have.
        busy_timeout: Seconds to wait for another process's write before giving up.

    Raises:
        InvalidArgumentError: The path is empty, or `:memory:`.
    """

    def __init__(self, path: str | os.PathLike[str], form: Format, *, busy_timeout: float = 30.0) -> None:
        self.path = form.path(path)
        self._place = Path(self.path).absolute()  # wherever the program changes its directory to
        self._format = form
        self._busy_timeout = busy_timeout
        self._thread = SerialThread("impactive-sqlite")
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._logs_ahead = False
        self._closer: weakref.finalize[[], Database] | None = None
        begin_anew_in_forks(self)

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one consistent state of the file. It does not wait for writers.

        Raises:
            ImpactiveError: The file cannot be used; the class is the format's.
        """
        return await self._thread.run(partial(self._transact, "BEGIN", work))

    async def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction that holds the write lock from its start: all of it is kept, or nothing.

        A transaction that has begun is finished even if this call is cancelled.

        Raises:
            ImpactiveError: The file cannot be used, or is locked for too long; the class is the format's.
        """
        return await self._thread.run(partial(self._transact, "BEGIN IMMEDIATE", work))

    async def aclose(self) -> None:
        """Close the file. The next use opens it again."""
        await self._thread.run(self._forget)

    def begin_anew(self) -> None:
        """Leave the connection to the process that this one was forked from: SQLite forbids even closing it."""
        if self._closer is not None:
            self._closer.detach()
            _LEFT_OPEN.append(self._connection)
        self._connection = self._closer = None

    def _transact(self, begin: str, work: Work[T]) -> T:
        with self._explained():
            connection = self._open()
            connection.executescript(begin)
            return committed(connection, partial(work, connection))

    def _open(self) -> sqlite3.Connection:
        if self._opened not in (None, file_id(self._place)):  # whose file it is now, only a new start can tell
            raise self._format.untrusted(
                f"{self.path} was removed or replaced while it was in use: what it held is where it has gone. "
                "Nothing was changed; start again to use the file that is there now, or a new one."
            )
        if self._connection is None:
            self._require_file()
            connection = connect(self._place, self._busy_timeout)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._opened = connection, file_id(self._place)
            self._closer = weakref.finalize(self, connection.close)
        return self._connection

    def _require_file(self) -> None:
        """Make the file if there is none.

        Raises:
            ImpactiveError: The file is empty, or only its log is left.
        """
        file = Path(os.path.realpath(self._place))  # a link to where the file is to be is followed
        try:
            empty = file.stat().st_size == 0
        except FileNotFoundError:
            self._refuse_orphans(file)
            make_file(file, self._create, _UNBORN)
            sweep(file, _UNBORN)
        else:
            if empty:
                lost = "it is empty (0 bytes), and what it held is lost, for this library leaves no empty file"
                raise self._format.damage(self._place, lost)

    def _refuse_orphans(self, file: Path) -> None:
        """Refuse a path that has only a log left: SQLite would apply its changes to a new file."""
        orphans = [one for kind in ("wal", "journal") if (one := Path(f"{file}-{kind}")).exists()]
        if orphans and not file.exists():  # another process may have made it meanwhile
            state = f"is gone, but its newest changes are still in {orphans[0].name}"
            advice = (
                "stop what uses it and restore the file beside them, or delete "
                f"{orphans[0].name} as well to start over"
            )
            raise self._format.refusal(self._place, state, advice)

    def _create(self, unborn: Path) -> None:
        with contextlib.closing(connect(unborn, self._busy_timeout)) as connection:
            connection.execute("PRAGMA synchronous = FULL")  # on the disk before it has its name
            connection.execute("BEGIN IMMEDIATE")
            committed(connection, partial(self._format.create, connection))

    def _prepare(self, connection: sqlite3.Connection) -> None:
        _, version = identity(connection)
        # The write lock is for those who bring an older file to the newest version, and only one process does.
        connection.execute("BEGIN IMMEDIATE" if version in self._format.steps else "BEGIN")
        committed(connection, partial(self._format.recognise, connection, self._place))
        with contextlib.suppress(sqlite3.OperationalError):
            # Refused while another process does the same; every mode is correct, this one is quicker.
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a power cut takes back nothing acknowledged
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        self._logs_ahead = mode == "wal"

    def _forget(self) -> None:
        self._close()
        self._opened = None

    def _close(self) -> None:
        if self._closer is not None:
            self._closer()
        self._connection = self._closer = None

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        with self._format.explained(self._place):
            try:
                yield
            except sqlite3.DatabaseError:
                self._close()  # the next use looks at the file afresh
                raise


def committed(connection: sqlite3.Connection, work: Callable[[], T]) -> T:
    """Do the work of a transaction that has begun: all of it is kept, or nothing."""
    try:
        result = work()
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()  # does nothing where SQLite has rolled back by itself
        raise
    return result
