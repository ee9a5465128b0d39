"""One SQLite file: opened lazily, recognised as ours, used in short transactions off the event loop.

A transaction is one call on the database's own thread, from BEGIN to COMMIT, through the standard library's
`sqlite3`. That is why aiosqlite is not used here: it sends every statement on its own through the event loop,
so that a loop that is busy (or a process that is frozen) in between holds the write lock against all other
processes; and its thread keeps the interpreter from exiting unless every user remembers to close, and dies
when a loop closes under a statement.

A file comes into being whole: it is made under a name of its own and then given the one it is for. So a file of no
bytes is never what a kill left of a first use; it has lost what it held, and is refused.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from attrs import frozen

from impactive_async.errors import ImpactiveError
from impactive_async.stores.durable import flush_directory
from impactive_async.stores.serial import SerialThread

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

_UNBORN: Final = ".sqlite-new"  # ends the name of a file that is still being made
_STALE: Final = 3600.0  # seconds after which nobody can still be making it


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
        self._place = Path(self.path).absolute()  # wherever the program changes its directory to
        self._format = form
        self._busy_timeout = busy_timeout
        self._thread = SerialThread("impactive-sqlite")
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
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
        await self._thread.run(self._forget)

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
        if self._opened not in (None, self._file_id()):  # whose file it is now, only a new start can tell
            raise self._format.untrusted(
                f"{self.path} was removed or replaced while it was in use: what it held is where it has gone. "
                "Nothing was changed; start again to use the file that is there now, or a new one."
            )
        if self._connection is None:
            self._be_there()
            connection = self._connect(self._place)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._opened = connection, self._file_id()
            self._closer = weakref.finalize(self, connection.close)
        return self._connection

    def _file_id(self) -> tuple[int, int] | None:
        """Which file has the path now: SQLite would go on to write to one that has no name any more."""
        try:
            found = self._place.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _connect(self, path: str | Path) -> sqlite3.Connection:
        return sqlite3.connect(path, timeout=self._busy_timeout, isolation_level=None, check_same_thread=False)

    def _be_there(self) -> None:
        """Make the file if there is none.

        Raises:
            ImpactiveError: There is one, of no bytes; or none, but the changes to one.
        """
        file = Path(os.path.realpath(self._place))  # a link to where the file is to be is followed
        try:
            empty = file.stat().st_size == 0
        except FileNotFoundError:
            self._refuse_orphans(file)
            self._make(file)
        else:
            if empty:
                raise self._untrusted(
                    "it is empty (0 bytes), as this library leaves no file: what it held is lost. Restore it from "
                    "a backup, or delete it to start over"
                )

    def _refuse_orphans(self, file: Path) -> None:
        """SQLite would carry out on a new file the changes that belong to the one that is gone."""
        orphans = [one for kind in ("wal", "journal") if (one := Path(f"{file}-{kind}")).exists()]
        if orphans and not file.exists():  # another process may have made it meanwhile
            raise self._untrusted(
                f"it is gone, but its newest changes are still in {orphans[0].name}. Stop what uses it and "
                f"restore the file beside them, or delete {orphans[0].name} as well to start over"
            )

    def _make(self, file: Path) -> None:
        unborn = file.with_name(f"{file.name}.{secrets.token_hex(4)}{_UNBORN}")
        try:
            with contextlib.closing(self._connect(unborn)) as connection:
                self._create(connection)
            _give_name(unborn, file)
        finally:
            unborn.unlink(missing_ok=True)
        _sweep(file)

    def _forget(self) -> None:
        self._close()
        self._opened = None

    def _close(self) -> None:
        if self._closer is not None:
            self._closer()
        self._connection = self._closer = None

    def _prepare(self, connection: sqlite3.Connection) -> None:
        self._recognise(*_identity(connection))
        if self._format.checked:
            self._verify(connection)
        with contextlib.suppress(sqlite3.OperationalError):
            # Refused while another process does the same; every mode is correct, this one is quicker.
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a power cut takes back nothing acknowledged

    def _create(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA synchronous = FULL")  # on the disk before it has its name
        connection.execute("BEGIN IMMEDIATE")
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
        except OSError as error:
            raise self._failed(error.strerror or str(error)) from error
        except sqlite3.DatabaseError as error:
            self._close()  # the next use looks at the file afresh
            if isinstance(error, sqlite3.OperationalError):
                raise self._failed(str(error)) from error
            if type(error) is sqlite3.DatabaseError:  # SQLite's "malformed" and "not a database"
                raise self._untrusted(f"{error}. Restore it from a backup, or delete it to start over") from error
            raise

    def _failed(self, reason: str) -> ImpactiveError:
        return self._format.failed(
            f"{self.path}: {reason}. What was committed before is intact, this call changed nothing; check that "
            f"the directory exists, that this process may write to it, that the disk has room, and that no other "
            f"process holds the file for over {self._busy_timeout:g} s."
        )


def _identity(connection: sqlite3.Connection) -> tuple[int, int]:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application_id, version


def _give_name(unborn: Path, file: Path) -> None:
    """Let a new file appear under its name, unless another process was quicker, whose file stays."""
    try:
        os.link(unborn, file)
    except FileExistsError:
        return
    except OSError:  # a file system without links: renaming might take away what another has written since
        _take_name(unborn, file)
    flush_directory(file.parent)


def _take_name(unborn: Path, file: Path) -> None:
    try:
        with file.open("xb") as born:  # one process alone succeeds
            born.write(unborn.read_bytes())
            born.flush()
            os.fsync(born.fileno())
    except FileExistsError:
        return


def _sweep(file: Path) -> None:
    """Remove what killed processes left half made beside a file just made."""
    with contextlib.suppress(OSError):  # another process may be sweeping as well
        now = file.stat().st_mtime
        for unborn in file.parent.glob(f"*{_UNBORN}*"):
            if now - unborn.stat().st_mtime > _STALE:
                unborn.unlink()
