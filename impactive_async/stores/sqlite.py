"""Cursors in one SQLite file."""

from __future__ import annotations

import os
import sqlite3
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from impactive_async._disk.database import Database
from impactive_async._disk.format import Format
from impactive_async.errors import CursorError

_FORMAT = Format(
    noun="a cursor store",
    application_id=0x494D5043,  # "IMPC"
    version=1,
    statements=(
        "CREATE TABLE cursors (key TEXT PRIMARY KEY, cursor TEXT NOT NULL CHECK (typeof(cursor) = 'text')) "
        "WITHOUT ROWID",
    ),
    untrusted=CursorError,
    failed=CursorError,
    checked=True,
)


class SqliteCursorStore:
    """One SQLite file for the cursors of many feeds. Several processes of one host may share it.

    The file is opened at its first use. `async with` or `aclose()` closes it; a program that never closes it loses
    nothing.

    Args:
        path: The file, made at its first use.
        busy_timeout: Seconds to wait for another process's write before giving up.

    Raises:
        CursorError: From `load` and `save`: the file is damaged or not ours, locked for too long, or the disk
            refuses. The message names the file and says what to do. Whatever was stored is left as it was.
    """

    def __init__(self, path: str | os.PathLike[str], *, busy_timeout: float = 30.0) -> None:
        self._busy_timeout = busy_timeout
        self._database = Database(path, _FORMAT, busy_timeout=busy_timeout)

    def __repr__(self) -> str:
        return f"SqliteCursorStore({str(self._database.path)!r})"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        # By its path, so that a process that is spawned shares the file.
        return (partial(type(self), busy_timeout=self._busy_timeout), (str(Path(self._database.path).absolute()),))

    async def load(self, key: str) -> str | None:
        """Return the cursor last saved under `key`; `None` if there never was one."""

        def select(connection: sqlite3.Connection) -> str | None:
            row = connection.execute("SELECT cursor FROM cursors WHERE key = ?", (key,)).fetchone()
            return row[0] if row else None

        return await self._database.read(select)

    async def keys(self) -> list[str]:
        """Return the keys that a cursor was saved under."""
        statement = "SELECT key FROM cursors ORDER BY key"
        return await self._database.read(lambda connection: [key for (key,) in connection.execute(statement)])

    async def save(self, key: str, cursor: str) -> None:
        """Keep `cursor` under `key`. When this returns, a kill or a power cut leaves it."""

        def upsert(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO cursors (key, cursor) VALUES (?, ?) "
                "ON CONFLICT (key) DO UPDATE SET cursor = excluded.cursor",
                (key, cursor),
            )

        await self._database.write(upsert)

    async def aclose(self) -> None:
        """Close the file. The next use opens it again."""
        await self._database.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
