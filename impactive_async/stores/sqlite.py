"""Cursors in one SQLite file."""

from __future__ import annotations

import os
import sqlite3
from types import TracebackType
from typing import Self

from impactive_async.errors import CursorError
from impactive_async.stores.database import Database, Format

_FORMAT = Format(
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
    """One file for the cursors of many feeds; several processes of one host may share it.

    Opened on first use. `async with`, or `aclose()`, closes it; a program that never does loses nothing.

    Args:
        path: The file; made on first use.
        busy_timeout: Seconds to wait for another process's write before giving up.

    Raises:
        CursorError: From `load` and `save`, when the file is damaged or not ours, locked for too long, or the
        disk
            refuses. The message names the file and says what to do; whatever was stored is left as it was.
    """

    def __init__(self, path: str | os.PathLike[str], *, busy_timeout: float = 30.0) -> None:
        self._database = Database(path, _FORMAT, busy_timeout=busy_timeout)

    def __repr__(self) -> str:
        return f"SqliteCursorStore({str(self._database.path)!r})"

    async def load(self, key: str) -> str | None:
        """The cursor last saved under `key`, or None if there never was one."""

        def select(connection: sqlite3.Connection) -> str | None:
            row = connection.execute("SELECT cursor FROM cursors WHERE key = ?", (key,)).fetchone()
            return row[0] if row else None

        return await self._database.read(select)

    async def save(self, key: str, cursor: str) -> None:
        """Keep `cursor` under `key`; once this returns, it survives a kill and a power cut."""

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
