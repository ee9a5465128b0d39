"""The journal as an SQLite database: recognised as ours, locked by one process. Nothing here is asynchronous.

The lock is SQLite's own exclusive one, held from opening to closing. The operating system drops it with its
holder, so that no stale lock outlives a kill. `synchronous = FULL`: what is committed is on the disk. The
write-ahead log makes that one flush instead of several, at the price of a second file that matters after a kill.
So the main file says whether there should be one, and a journal that has lost its log is refused.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

from impactive_async._disk.durable import file_id, size_of
from impactive_async._disk.format import Format, connect, is_empty
from impactive_async.errors import ImpactiveError, JournalError

Line = tuple[int, int, bytes, int, int | None, bytes | None, bytes, bytes, bytes | None, bytes]
"""A row of the table `batches`."""

MOST_LINES: Final = 90
"""In one statement. Every build of SQLite allows as many parameters."""

_WITHOUT_IT: Final = (
    "Without it nobody can say which rows were created: before you start with a new journal, look which of them "
    "are in the workspace."
)

_FORMAT: Final = Format(
    noun="a journal",
    application_id=0x494D504A,  # "IMPJ"
    version=2,
    statements=(
        "CREATE TABLE header (base_url TEXT, workspace TEXT, trust_absence INTEGER NOT NULL, "
        "in_use INTEGER NOT NULL)",
        "INSERT INTO header VALUES (NULL, NULL, 1, 0)",
        "CREATE TABLE batches (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, digest BLOB NOT NULL, "
        "started INTEGER NOT NULL, finished INTEGER, intent BLOB, ids BLOB NOT NULL, unknown BLOB NOT NULL)",
    ),
    steps={
        1: (
            "ALTER TABLE batches ADD COLUMN fingerprints BLOB",
            "ALTER TABLE batches ADD COLUMN remarks BLOB",
            "CREATE TABLE notes (key TEXT PRIMARY KEY, value BLOB NOT NULL)",
        ),
    },
    untrusted=JournalError,
    failed=JournalError,
    checked=True,
    restore=f"Restore it from a backup. {_WITHOUT_IT}",
    retry=(
        "What was recorded before is intact. Check that this process may write there and that the disk has room, "
        "then run the import again with the same journal."
    ),
    busy=(
        "is in use: another import works with this journal now. Wait until it has finished, or give this one a "
        "journal of its own if its rows are others."
    ),
)


class JournalDatabase:
    """One SQLite file, held by this process alone between `open` and `close`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # As SQLite sees it, which keeps the log beside the file itself: so all names of a journal are one.
        self.path = Path(os.path.realpath(_FORMAT.path(path)))
        self._log = self.path.with_name(self.path.name + "-wal")
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    def put(self, lines: Sequence[Line]) -> None:
        """Write the lines of up to `MOST_LINES` batches in the place of older ones, and flush them to the disk.

        Raises:
            JournalError: Writing failed, or the file is no longer where the next run will look for it.
        """
        # One statement, which is a transaction of its own: the thread waits for the interpreter around each.
        places = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(lines))
        values = tuple(chain.from_iterable(lines))
        with _FORMAT.explained(self.path):
            self._held().execute(f"REPLACE INTO batches VALUES {places}", values)  # noqa: S608 - ours alone
            there = file_id(self.path)
        self._check_place(there)

    def execute(self, statement: str, *values: Any) -> list[Any]:
        """Execute a statement; return its rows.

        Raises:
            JournalError: The file is damaged or closed, or writing failed.
        """
        with _FORMAT.explained(self.path):
            return self._held().execute(statement, values).fetchall()

    def _held(self) -> sqlite3.Connection:
        if self._connection is None:
            raise JournalError(f"{self.path} is closed.")
        return self._connection

    def open(self, *, create: bool) -> None:
        """Open and lock the file.

        Raises:
            JournalError: It is in use, damaged, not a journal, of another version; or, without `create`, missing.
        """
        had_log = self._log.exists()
        with _FORMAT.explained(self.path):
            self._require_file(create=create)
            connection = connect(self.path, busy_timeout=0.0)
            try:
                self._prepare(connection, had_log=had_log)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            try:
                self._opened = file_id(self.path)
                _mark(connection, in_use=True)
            except BaseException:
                self.close()
                raise

    def _require_file(self, *, create: bool) -> None:
        """Make the file for this user's eyes only: for a time it holds the rows that are being sent."""
        if not create:
            if not self.path.exists():
                raise JournalError(f"There is no journal at {self.path}.")
            return
        if size_of(self._log) and not size_of(self.path):  # SQLite would delete the log, and with it what it says
            raise JournalError(
                f"{self.path} is missing or empty, and the file {self._log.name} that belongs to it is still "
                "there: the journal of a run that was killed was moved or deleted. Put it back. "
                f"{_WITHOUT_IT}"
            )
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            pass
        except OSError as error:
            raise JournalError(
                f"{self.path} cannot be made: {error.strerror}. Check the directory and its permissions."
            ) from error

    def _check_place(self, there: tuple[int, int] | None) -> None:
        """Refuse a file that has lost its path: the next run would not find it, and would begin a new one."""
        if there is None or there != self._opened:
            raise JournalError(
                f"{self.path} was moved or deleted while it was in use. If it was moved, put it back and run the "
                f"import again. {_WITHOUT_IT}"
            )

    def _prepare(self, connection: sqlite3.Connection, *, had_log: bool) -> None:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # bodies are erased, not just unlinked
        connection.execute("BEGIN EXCLUSIVE")  # in this mode the lock outlasts the transaction
        if is_empty(connection):
            _FORMAT.create(connection)
        else:
            _FORMAT.recognise(connection, self.path)
        if connection.execute("SELECT in_use FROM header").fetchone() == (1,) and not had_log:
            raise JournalError(
                f"{self.path} was in use when its process ended, and the file {self._log.name} that belongs to it "
                "is missing. Put it back beside it: what the last run did is in there."
            )
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")

    def close(self) -> None:
        """Close the file and release its lock."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            _mark(connection, in_use=False)
        except sqlite3.Error:  # such as a full disk: the mark stays, so that the log it speaks of must be there
            connection.close()
            with contextlib.suppress(OSError):
                self._log.touch()
        else:
            connection.close()

    def damaged(self, how: str) -> ImpactiveError:
        """Return the error for a file whose content cannot be trusted."""
        return _FORMAT.damage(self.path, how)


def _mark(connection: sqlite3.Connection, *, in_use: bool) -> None:
    """Say in the main file itself whether its log matters."""
    connection.execute("UPDATE header SET in_use = ?", (int(in_use),))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
