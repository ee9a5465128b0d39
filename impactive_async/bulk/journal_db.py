"""The journal as an SQLite database: recognised as ours, locked by one process. Nothing here is asynchronous.

The lock is SQLite's own exclusive one, held from opening to closing: the operating system drops it with its
holder, so that no stale lock outlives a kill. `synchronous = FULL`: what is committed is on the disk. The WAL
makes that one flush instead of several, at the price of a second file that matters after a kill; so the main file
says whether there should be one, and a journal whose companion was lost is refused rather than believed.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

from impactive_async.errors import JournalError

Line = tuple[int, int, bytes, int, int | None, bytes | None, bytes, bytes]
"""A row of the table `batches`."""

MOST_LINES: Final = 100
"""In one statement: the parameters of any SQLite suffice for them."""

_WITHOUT_IT: Final = (
    "Without it nobody can say which rows were created: before you start with a new journal, look which of them "
    "are in the workspace."
)

_APPLICATION_ID: Final = 0x494D504A  # "IMPJ"
_VERSION: Final = 1
_SCHEMA: Final = (
    "CREATE TABLE header (base_url TEXT, workspace TEXT, trust_absence INTEGER NOT NULL, in_use INTEGER NOT NULL)",
    "INSERT INTO header VALUES (NULL, NULL, 1, 0)",
    "CREATE TABLE batches (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, digest BLOB NOT NULL, "
    "started INTEGER NOT NULL, finished INTEGER, intent BLOB, ids BLOB NOT NULL, unknown BLOB NOT NULL)",
)


class JournalDatabase:
    """One SQLite file, held by this process alone between `open` and `close`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # As SQLite sees it, which keeps the companion beside the file itself: so all names of a journal are one.
        self.path = Path(os.path.realpath(path))
        self._connection: sqlite3.Connection | None = None
        self._opened: os.stat_result | None = None

    def put(self, lines: Sequence[Line]) -> None:
        """Put up to `MOST_LINES` batches' lines in the place of any they have; they are on the disk afterwards.

        Raises:
            JournalError: The disk refuses, or the file is no longer where the next run will look for it.
        """
        # One statement, which is a transaction of its own: around each the thread waits for the interpreter.
        places = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * len(lines))
        self.execute(f"REPLACE INTO batches VALUES {places}", *chain.from_iterable(lines))  # noqa: S608 - ours alone
        self._check_place()

    def execute(self, statement: str, *values: Any) -> list[Any]:
        """Execute a statement; returns its rows.

        Raises:
            JournalError: The file is damaged or closed, or the disk refuses.
        """
        if self._connection is None:
            raise JournalError(f"{self.path} is closed.")
        with self._explained():
            return self._connection.execute(statement, values).fetchall()

    def open(self, *, create: bool) -> None:
        """Open and lock the file.

        Raises:
            JournalError: It is in use, damaged, not a journal, of another version; or, without `create`, missing.
        """
        companion = self._companion().exists()
        self._make(create=create)
        with self._explained():
            connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(connection, companion=companion)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            try:
                self._opened = self.path.stat()
                _mark(connection, in_use=True)
            except BaseException:
                self.close()
                raise

    def _make(self, *, create: bool) -> None:
        """Make the file for this user's eyes only: for a time it holds the rows that are being sent."""
        if not create:
            if not self.path.exists():
                raise JournalError(f"There is no journal at {self.path}.")
            return
        self._refuse_remains()
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            pass
        except OSError as error:
            raise JournalError(
                f"{self.path} cannot be made: {error.strerror}. Check the directory and its permissions."
            ) from error

    def _refuse_remains(self) -> None:
        """SQLite deletes a companion that it finds beside no file, or an empty one, and with it what it says."""
        if _size(self._companion()) and not _size(self.path):
            raise JournalError(
                f"{self.path} is missing or empty, and the file {self._companion().name} that belongs to it is "
                "still there: the journal of a run that was killed was moved or deleted. Put it back. "
                f"{_WITHOUT_IT}"
            )

    def _check_place(self) -> None:
        """Without this, the next run would miss the journal, and begin a new one."""
        try:
            there = self._opened is not None and os.path.samestat(self.path.stat(), self._opened)
        except OSError:
            there = False
        if not there:
            raise JournalError(
                f"{self.path} was moved or deleted while it was in use. If it was moved, put it back and run the "
                f"import again. {_WITHOUT_IT}"
            )

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

    def close(self) -> None:
        """Close the file and let go of the lock."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            _mark(connection, in_use=False)
        except sqlite3.Error:  # a full disk, say: the mark stands, so what it speaks of must not be missed
            connection.close()
            with contextlib.suppress(OSError):
                self._companion().touch()
        else:
            connection.close()

    def _companion(self) -> Path:
        return self.path.with_name(self.path.name + "-wal")

    def damaged(self, how: str) -> JournalError:
        """The error for a file whose content cannot be trusted."""
        return JournalError(
            f"{self.path} is not a journal, or is damaged: {how}. It was left as it is. Restore it from a backup. "
            f"{_WITHOUT_IT}"
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


def _size(path: Path) -> int:
    """Nothing, where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _identity(connection: sqlite3.Connection) -> tuple[int, int]:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application_id, version


def _is_empty(connection: sqlite3.Connection) -> bool:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(tables == 0)
