"""What an SQLite file must be to be ours, and what users are told of one that is not.

Nothing here opens a file; each function is given a connection.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from impactive_async._disk.paths import path_of
from impactive_async.errors import ImpactiveError, InvalidArgumentError

_OURS: Final = {
    0x494D5043: "a cursor store, which `impactive cursors` reads",
    0x494D5048: "a hub, which `impactive hub` reads",
    0x494D504A: "a journal of bulk work",
    0x494D504C: "the log of changes of `impactive mcp`",
}
"""Files of this package, by SQLite's field for telling whose file it is."""


@frozen(kw_only=True)
class Format:
    """The format of an SQLite file, and the errors that concern it.

    Attributes:
        noun: What the file is, for messages: "a journal".
        application_id: SQLite's own field for telling whose file it is.
        version: Kept in `user_version`.
        statements: Create the schema in an empty file. If there are steps, they create that of the first step.
        steps: By version, the statements that make the next version of a file.
        untrusted: What is raised for a file that is damaged or not ours.
        failed: What is raised when SQLite cannot do its work: locked, full, read-only.
        checked: Whether pages are verified on opening, which reads the whole file.
        upgrade: What to do with a file that is too old for the steps.
        restore: What to do with a file that is damaged or gone.
        retry: What is known, and what to do, when SQLite could not do its work.
        busy: What is said instead of `retry` when another process holds the file locked; `None`: `retry`.
    """

    noun: str
    application_id: int
    version: int
    statements: tuple[str, ...]
    steps: Mapping[int, tuple[str, ...]] = field(factory=dict)
    untrusted: type[ImpactiveError]
    failed: type[ImpactiveError]
    checked: bool = False
    upgrade: str = "migrate it first"
    restore: str = "Restore it from a backup, or delete it to start over."
    retry: str = (
        "What was committed before is intact, and this call changed nothing. Check that the directory exists, "
        "that this process may write to it, that the disk has room, and that no other process holds the file "
        "locked."
    )
    busy: str | None = None

    def create(self, connection: sqlite3.Connection) -> None:
        """Make an empty file one of this format, within the transaction that is open."""
        for statement in self.statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {self.application_id}")
        self._migrate(connection, min(self.steps, default=self.version))

    def recognise(self, connection: sqlite3.Connection, path: Path) -> None:
        """Check a file that is not empty, and bring it to the newest version within the transaction that is open.

        Raises:
            ImpactiveError: It is another program's, of a version that cannot be read, or (if `checked`) damaged.
        """
        application_id, version = identity(connection)
        if application_id != self.application_id:
            whose = _OURS.get(application_id, "the SQLite database of another program")
            raise self.refusal(path, f"is {whose}", "choose another path")
        if version > self.version:
            reads = f"has format {version}, and this version of impactive-async reads formats up to {self.version}"
            raise self.refusal(path, reads, "a newer version wrote it, so upgrade this one")
        if version < self.version and version not in self.steps:
            raise self.refusal(path, f"has format {version}, older than {self.version}", self.upgrade)
        if self.checked:
            _verify(connection)
        if version < self.version:
            self._migrate(connection, version)

    def _migrate(self, connection: sqlite3.Connection, version: int) -> None:
        for step in range(version, self.version):
            for statement in self.steps[step]:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {self.version}")

    def refusal(self, path: Path, state: str, advice: str) -> ImpactiveError:
        """Return the error for a file that is not ours to use."""
        return self.untrusted(f"{path} {state}. It was left as it is: {advice}.")

    def damage(self, path: Path, how: str) -> ImpactiveError:
        """Return the error for a file whose content cannot be trusted."""
        return self.untrusted(
            f"{path} is not {self.noun}, or is damaged: {how}. It was left as it is. {self.restore}"
        )

    def path(self, given: str | os.PathLike[str]) -> str:
        """Return the path of a file.

        Raises:
            InvalidArgumentError: It is empty, no path, or `:memory:`, which would become the name of a file here.
        """
        path = path_of(given, self.noun)
        if path == ":memory:":
            raise InvalidArgumentError(
                f"{self.noun} is a file that outlives the program, and {path!r} names none: give it a path"
            )
        return path

    @contextlib.contextmanager
    def explained(self, path: Path) -> Iterator[None]:
        """Raise what the operating system or SQLite says about the file as an error of this package.

        Other errors of `sqlite3` say that a statement of ours is wrong. They are left as they are.
        """
        try:
            yield
        except OSError as error:
            raise self.failed(f"{path}: {error.strerror or error}. {self.retry}") from error
        except sqlite3.OperationalError as error:
            raise self.failed(f"{path}{self._state(path, error)}") from error
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:
                raise
            raise self.damage(path, str(error)) from error  # "malformed", "not a database"

    def _state(self, path: Path, error: sqlite3.OperationalError) -> str:
        if os.path.isdir(path):  # noqa: PTH112 - unlike `Path.is_dir` it raises nothing
            return f" is a directory, and {self.noun} is a file: give it a path such as {path / 'file.db'}."
        return f" {self.busy}" if self.busy and _is_locked(error) else f": {error}. {self.retry}"


def connect(path: str | os.PathLike[str], busy_timeout: float) -> sqlite3.Connection:
    """Open a file for any one thread at a time. Transactions begin and end where we say so."""
    return sqlite3.connect(path, timeout=busy_timeout, isolation_level=None, check_same_thread=False)


def identity(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return a file's application id and version; an empty file has zeros."""
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application_id, version


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether a file is nobody's yet: without a table, and without anybody's mark."""
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return identity(connection) == (0, 0) and bool(tables == 0)


def _verify(connection: sqlite3.Connection) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _is_locked(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
