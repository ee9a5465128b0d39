"""One call to an SQLite hub: one transaction, on a file that is a hub of this version."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from impactive_async._disk.grouped import GroupedDatabase
from impactive_async.errors import ConfigurationError, HubError
from impactive_async.hub.sqlite import counting, schedule, schema

T = TypeVar("T")

_NEVER_OPENS = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}


class SqliteCalls:
    """Reads and changes a hub's file.

    Args:
        database: The file.
    """

    def __init__(self, database: GroupedDatabase) -> None:
        self._database = database
        self._opened = False

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._require_hub()
        with self._explained():
            return await self._database.read(lambda connection: _checked(connection, work))

    async def _change(self, work: Callable[[sqlite3.Connection, float], T]) -> T:
        self._require_hub()
        return await self._write(work)

    async def _write(self, work: Callable[[sqlite3.Connection, float], T], *, lasting: bool = True) -> T:
        def timed(connection: sqlite3.Connection) -> T:
            return work(connection, schedule.keep_time(connection, time.time()))

        with self._explained():
            return await self._database.write(partial(_checked, work=timed), lasting=lasting)

    async def _in_steps(self, step: counting.Step, place: Any) -> AsyncIterator[counting.Row]:
        """Call a function again and again with the place that it has returned, until that is None."""
        while place is not None:
            *row, place = await self._read(partial(_counted, step, place))
            yield tuple(row)

    def _is_there(self) -> bool:
        path = Path(self._database.path)
        return path.is_file() and path.stat().st_size > 0

    def _require_hub(self) -> None:
        if not (self._opened or self._is_there()):
            raise ConfigurationError(
                f"{self._database.path} is no hub yet: run `impactive hub init` to make it one."
            )

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise a `ConfigurationError` where the file has never been opened and the path cannot hold one."""
        try:
            yield
        except HubError as error:
            code = getattr(error.__cause__, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
            if code in _NEVER_OPENS and not self._opened:
                raise ConfigurationError(str(error)) from error
            raise
        self._opened = True


def _checked(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    schema.demand_version(connection)
    return work(connection)


def _counted(step: counting.Step, place: Any, connection: sqlite3.Connection) -> counting.Row:
    return step(connection, place)
