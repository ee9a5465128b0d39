"""One SQLite file: opened lazily, recognised as ours, used in short transactions off the event loop.

A transaction is one call on the database's own thread, from BEGIN to COMMIT, through the standard library's
`sqlite3`. That is why aiosqlite is not used here: it sends every statement on its own through the event loop,
so that a loop that is busy (or a process that is frozen) in between holds the write lock against all other
processes; and its thread keeps the interpreter from exiting unless every user remembers to close, and dies
when a loop closes under a statement.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from attrs import frozen

from impactive_async.errors import ImpactiveError
from impactive_async.stores.serial import SerialThread

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


@frozen(kw_only=True)
class Format:
    """What a file must be to be ours.

    Attributes:
        application_id: SQLite's own field for telling whose file it is.
        version: Kept in `user_version`.
        statements: Create the schema in an empty file.
        untrusted: What is raised for a file that is damaged or not ours.
        failed: What is raised when SQLite cannot do its work: locked, full, read-only.
        checked: Whether pages are verified on opening, which reads the whole file.
    """

    application_id: int
    version: int
    statements: tuple[str, ...]
    untrusted: type[ImpactiveError]
    failed: type[ImpactiveError]
    checked: bool = False


class Database:
    """A file of a given format.

    It may be shared by threads, event loops and processes. Closing is a courtesy: what was committed is on
    the disk, and the garbage collector closes the rest. After `aclose` the next use opens the file again.

    Args:
        path: The file; made on first use.
        form: What the file must be.
        busy_timeout: Seconds to wait for another process's write before giving up.
    """

    def __init__(self, path: str | os.PathLike[str], form: Format, *, busy_timeout: float = 30.0) -> None:
        self.path = os.fspath(path)
        self._format = form
        self._busy_timeout = busy_timeout
        self._thread = SerialThread("impactive-sqlite")
        self._connection: sqlite3.Connection | None = None
        self._closer: weakref.finalize[[], Database] | None = None

    async def read(self, work: Work[T]) -> T:
        """Run `work` over one consistent snapshot; it waits for nobody."""
        return await self._thread.run(partial(self._transact, "BEGIN", work))

    async def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction that holds the write lock from its start.

        All of it is kept, or nothing. Cancelling does not cut it in half: a transaction that has begun is carried
        out to its end.
        """
        return await self._thread.run(partial(self._transact, "BEGIN IMMEDIATE", work))

    async def aclose(self) -> None:
        """Close the file. The next use opens it again."""
        await self._thread.run(self._close)

    def _transact(self, begin: str, work: Work[T]) -> T:
        with self._explained():
            connection = self._open()
            connection.execute(begin)
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                connection.rollback()  # a no-op where SQLite has rolled back by itself
                raise
            return result

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(
                self.path, timeout=self._busy_timeout, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            self._closer = weakref.finalize(self, connection.close)
        return self._connection

    def _close(self) -> None:
        if self._closer is not None:
            self._closer()
        self._connection = self._closer = None

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if _identity(connection) == (0, 0):
            self._create(connection)
        self._recognise(*_identity(connection))
        if self._format.checked:
            self._verify(connection)
        with contextlib.suppress(sqlite3.OperationalError):
            # Refused while another process does the same; every mode is correct, this one is quicker.
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a power cut takes back nothing acknowledged

    def _create(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        if _identity(connection) == (0, 0) and _is_empty(connection):
            for statement in self._format.statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {self._format.application_id}")
            connection.execute(f"PRAGMA user_version = {self._format.version}")
        connection.execute("COMMIT")

    def _recognise(self, application_id: int, version: int) -> None:
        if application_id != self._format.application_id:
            raise self._untrusted("it is the SQLite database of another program: choose another path")
        if version > self._format.version:
            raise self._untrusted("a newer version of impactive-async wrote it: upgrade this one")
        if version < self._format.version:
            raise self._untrusted(f"its format {version} is older than {self._format.version}: migrate it first")

    def _verify(self, connection: sqlite3.Connection) -> None:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)

    def _untrusted(self, reason: str) -> ImpactiveError:
        return self._format.untrusted(f"{self.path} cannot be used: {reason}. Nothing in it was changed.")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            self._close()  # the next use looks at the file afresh
            if isinstance(error, sqlite3.OperationalError):
                raise self._failed(error) from error
            if type(error) is sqlite3.DatabaseError:  # SQLite's "malformed" and "not a database"
                raise self._untrusted(f"{error}. Restore it from a backup, or delete it to start over") from error
            raise

    def _failed(self, error: sqlite3.OperationalError) -> ImpactiveError:
        return self._format.failed(
            f"{self.path}: {error}. What was committed before is intact, this call changed nothing; check that "
            f"the directory exists, that this process may write to it, that the disk has room, and that no other "
            f"process holds the file for over {self._busy_timeout:g} s."
        )


def _identity(connection: sqlite3.Connection) -> tuple[int, int]:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application_id, version


def _is_empty(connection: sqlite3.Connection) -> bool:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(tables == 0)
