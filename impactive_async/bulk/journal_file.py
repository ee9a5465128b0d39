"""The journal's file: recognised as ours, locked by one process, used off the event loop.

The lock is SQLite's own exclusive one, held from opening to closing: the operating system drops it with its
holder, so that no stale lock outlives a kill. `synchronous = FULL`: what is committed is on the disk. The WAL
makes that one flush instead of several, at the price of a second file that matters after a kill; so the main file
says whether there should be one, and a journal whose companion was lost is refused rather than believed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeVar

from impactive_async.errors import JournalError

T = TypeVar("T")
Line = tuple[int, int, bytes, int, int | None, bytes | None, bytes, bytes]
"""A row of the table `batches`."""

_APPLICATION_ID: Final = 0x494D504A  # "IMPJ"
_VERSION: Final = 1
_SCHEMA: Final = (
    "CREATE TABLE header (workspace TEXT, trust_absence INTEGER NOT NULL, in_use INTEGER NOT NULL)",
    "INSERT INTO header VALUES (NULL, 1, 0)",
    "CREATE TABLE batches (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, digest BLOB NOT NULL, "
    "started INTEGER NOT NULL, finished INTEGER, intent BLOB, ids BLOB NOT NULL, unknown BLOB NOT NULL)",
)

_LINGER: Final = 0.05
"""Seconds that a write nobody waits for may wait for others, to share their flush."""

_PATIENCE: Final = 0.002
"""Seconds that a write somebody waits for may wait for another such: batches are prepared while others are under
way, so that nothing is sent later for it."""

_MOST_LINES: Final = 100
"""In one statement: the parameters of any SQLite suffice for them."""


class JournalFile:
    """One SQLite file, held by this process alone between `open` and `aclose`.

    Lines are committed together where several are waiting. After one has failed, all fail: a journal with holes is
    none.
    """

    def __init__(self, path: str | os.PathLike[str], patience: float = _PATIENCE) -> None:
        self.path = Path(path)
        self._patience = patience
        self._connection: sqlite3.Connection | None = None
        # One thread: calls take effect in order.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="impactive-journal")
        self._waiting: deque[Line] = deque()
        self._accepted = self._committed = 0
        self._turn = asyncio.Lock()
        self._linger: asyncio.TimerHandle | None = None
        self._lone: asyncio.Future[None] | None = None
        self._failure: JournalError | None = None

    async def open(self, *, create: bool) -> None:
        """Open and lock the file.

        Raises:
            JournalError: It is in use, damaged, not a journal, of another version; or, without `create`, missing.
        """
        await self._run(lambda: self._open(create=create))

    async def execute(self, statement: str, *values: Any) -> list[Any]:
        """Execute a statement after everything put so far; returns its rows.

        Raises:
            JournalError: The file is damaged, or the disk refuses, now or before.
        """
        await self.flush()
        return await self._run(lambda: self._execute(statement, values))

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
            self._lone.set_result(None)
            await asyncio.sleep(0)  # who came first goes first
            return
        self._lone = asyncio.get_running_loop().create_future()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                await self._lone

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
            self._put([self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_LINES))])
        if self._failure is not None:
            raise self._failure

    def _put(self, lines: list[Line]) -> None:
        # One statement, which is a transaction of its own: around each the thread waits for the interpreter.
        places = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * len(lines))
        statement = f"REPLACE INTO batches VALUES {places}"  # noqa: S608 - nothing in it is from outside
        try:
            if self._failure is None:
                self._execute(statement, tuple(chain.from_iterable(lines)))
                self._committed += len(lines)
        except JournalError as failure:
            self._failure = failure

    def _commit_quietly(self) -> None:
        with contextlib.suppress(JournalError):  # kept, and raised by whatever comes next
            self._commit()

    def _execute(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        if self._connection is None:
            raise JournalError(f"{self.path} is closed.")
        with self._explained():
            return self._connection.execute(statement, values).fetchall()

    def _open(self, *, create: bool) -> None:
        self._make(create=create)
        companion = self._companion().exists()
        with self._explained():
            connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(connection, companion=companion)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            try:
                _mark(connection, in_use=True)
            except BaseException:
                self._close()
                raise

    def _make(self, *, create: bool) -> None:
        """Make the file for this user's eyes only: for a time it holds the rows that are being sent."""
        if not create:
            if not self.path.exists():
                raise JournalError(f"There is no journal at {self.path}.")
            return
        try:
            os.close(os.open(os.path.realpath(self.path), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            pass
        except OSError as error:
            raise JournalError(
                f"{self.path} cannot be made: {error.strerror}. Check the directory and its permissions."
            ) from error

    def _prepare(self, connection: sqlite3.Connection, *, companion: bool) -> None:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # bodies are erased, not just unlinked
        connection.execute("BEGIN EXCLUSIVE")  # in this mode the lock outlasts the transaction
        self._recognise(connection)
        if connection.execute("SELECT in_use FROM header").fetchone() == (1,) and not companion:
            raise JournalError(
                f"{self.path} was in use when its process ended, and the file {self._companion().name} that "
                "belongs to it is missing. Put it back beside it: what the last run did is in there."
            )
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")

    def _recognise(self, connection: sqlite3.Connection) -> None:
        application_id, version = _identity(connection)
        if (application_id, version) == (0, 0) and _is_empty(connection):
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {_VERSION}")
            return
        if application_id != _APPLICATION_ID:
            raise JournalError(
                f"{self.path} is the SQLite database of another program. It was left as it is: choose another "
                "path."
            )
        if version != _VERSION:
            raise JournalError(
                f"{self.path} has format {version}, and this version of impactive-async reads format {_VERSION}. "
                "Finish the import with the version that began it."
            )
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise self.damaged(verdict)

    def _close(self) -> None:
        connection = self._connection
        if connection is None:
            return
        self._commit_quietly()
        self._connection = None
        try:
            _mark(connection, in_use=False)
        except sqlite3.Error:  # a full disk, say: the mark stands, so what it speaks of must not be missed
            connection.close()
            with contextlib.suppress(OSError):
                self._companion().touch()
        else:
            connection.close()

    def _companion(self) -> Path:
        real = os.path.realpath(self.path)  # SQLite puts it there, not beside a symbolic link
        return Path(real + "-wal")

    def damaged(self, how: str) -> JournalError:
        """The error for a file whose content cannot be trusted."""
        return JournalError(
            f"{self.path} is not a journal, or is damaged: {how}. It was left as it is. Restore it from a backup. "
            "Without it nobody can say which rows were created: before you start with a new journal, look which "
            "of them are in the workspace."
        )

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise self._failed(error) from error
        except sqlite3.DatabaseError as error:
            raise self.damaged(str(error)) from error

    def _failed(self, error: sqlite3.OperationalError) -> JournalError:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return JournalError(
                f"{self.path} is in use: another import works with this journal now. Wait until it has finished, "
                "or give this one a journal of its own if its rows are others."
            )
        return JournalError(
            f"{self.path}: {error}. What was recorded before is intact; check that this process may write there "
            "and that the disk has room, then run the import again with the same journal."
        )


def _mark(connection: sqlite3.Connection, *, in_use: bool) -> None:
    """Say in the main file itself whether its companion matters."""
    connection.execute("UPDATE header SET in_use = ?", (int(in_use),))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _identity(connection: sqlite3.Connection) -> tuple[int, int]:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application_id, version


def _is_empty(connection: sqlite3.Connection) -> bool:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(tables == 0)
