"""The journal's file: recognised as ours, locked by one process, used off the event loop.

The lock is SQLite's own exclusive one, held from opening to closing: the operating system drops it with its
holder, so that no stale lock outlives a kill. The rollback journal is used rather than the WAL: with it, all that
was committed is in the one file, which its user may move or copy. `synchronous = FULL`: a commit is on the disk
when it returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from impactive_async.errors import JournalError

T = TypeVar("T")

_APPLICATION_ID: Final = 0x494D504A  # "IMPJ"
_VERSION: Final = 1
_SCHEMA: Final = (
    "CREATE TABLE header (workspace TEXT NOT NULL, trust_absence INTEGER NOT NULL)",
    "CREATE TABLE batches (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, digest BLOB NOT NULL, "
    "started INTEGER NOT NULL, finished INTEGER, intent BLOB, ids BLOB NOT NULL, unknown BLOB NOT NULL)",
    "CREATE INDEX finished ON batches (finished)",
)


class JournalFile:
    """One SQLite file, held by this process alone between `open` and `aclose`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._connection: sqlite3.Connection | None = None
        # One thread: calls take effect in order, and a process that exits need not wait for an idle one.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="impactive-journal")

    async def open(self, *, create: bool) -> None:
        """Open and lock the file.

        Raises:
            JournalError: It is in use, damaged, not a journal, of another version; or, without `create`, missing.
        """
        await self._run(lambda: self._open(create=create))

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one transaction; once this returns, what it wrote survives a kill and a power cut.

        Cancelling does not cut it in half: a transaction that has begun is carried out to its end.

        Raises:
            JournalError: The disk refuses, or the file is damaged.
        """
        return await self._run(lambda: self._transact(work))

    async def aclose(self) -> None:
        """Close the file and let go of the lock, also if cancelled meanwhile."""
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)
        await asyncio.shield(closing)

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._connection
        if connection is None:
            raise JournalError(f"{self.path} is closed.")
        with self._explained():
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                connection.rollback()  # a no-op where SQLite has rolled back by itself
                raise
            return result

    def _open(self, *, create: bool) -> None:
        self._make(create=create)
        with self._explained():
            connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
        self._connection = connection

    def _make(self, *, create: bool) -> None:
        """Make the file for this user's eyes only: for a time it holds the rows that are being sent."""
        if not create:
            if not self.path.exists():
                raise JournalError(f"There is no journal at {self.path}.")
            return
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            pass
        except OSError as error:
            raise JournalError(
                f"{self.path} cannot be made: {error.strerror}. Check the directory and its permissions."
            ) from error

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # bodies are erased, not just unlinked
        connection.execute("BEGIN EXCLUSIVE")  # in this mode the lock outlasts the transaction
        application_id, version = _identity(connection)
        if (application_id, version) == (0, 0) and _is_empty(connection):
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        else:
            self._recognise(connection, application_id, version)
        connection.execute("COMMIT")

    def _recognise(self, connection: sqlite3.Connection, application_id: int, version: int) -> None:
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
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

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


def _identity(connection: sqlite3.Connection) -> tuple[int, int]:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application_id, version


def _is_empty(connection: sqlite3.Connection) -> bool:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(tables == 0)
