"""The embedded hub: one SQLite file, for the worker processes of one host.

The clock is the host's, read inside the transaction, after the write lock was got: all processes that can share
the file share it. Each method is one transaction in one call to the database's thread.

What only looks at a hub, or takes from it, does not make one: a mistyped path would be an empty hub.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from impactive_async.errors import ConfigurationError, HubError
from impactive_async.hub import sqlite_log as log
from impactive_async.hub import sqlite_schedule as schedule
from impactive_async.hub.base import Claim, Hub, reason, seconds
from impactive_async.hub.events import Event
from impactive_async.hub.reader import Delivery, deliveries
from impactive_async.hub.status import HubStatus, hub_status
from impactive_async.hub.terms import Terms, limit_of
from impactive_async.stores.database import Database, Format

T = TypeVar("T")

_NEVER_OPENS = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}

_FORMAT = Format(
    application_id=0x494D5048,  # "IMPH"
    version=1,
    statements=schedule.STATEMENTS + log.STATEMENTS,
    untrusted=ConfigurationError,
    failed=HubError,
)


class SqliteHub(Hub):
    """A hub in one file.

    Args:
        path: The file; made by `init`, and by the first worker. On a local disk: SQLite's locks do not work over
            most network file systems.
        rate_limit: API requests a second, for all workers together; None: what the hub has recorded.
        retention: Seconds for which events stay in the log at least.
        busy_timeout: Seconds to wait for another process's transaction before a `HubError`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        rate_limit: float | None = None,
        retention: float = 7 * 86_400.0,
        busy_timeout: float = 10.0,
    ) -> None:
        self._database = Database(path, _FORMAT, busy_timeout=busy_timeout)
        self._opened = False
        self._terms = Terms(rate_limit)
        self._retention = seconds("retention", retention)

    async def add(self, feed: str, cursor: str = "") -> None:
        """See `Hub.add`."""
        await self._write(lambda connection, now: schedule.add(connection, now, feed, cursor))

    async def claim(self, lease: float) -> Claim | None:
        """See `Hub.claim`."""
        seconds("lease", lease)
        return await self._write(lambda connection, now: schedule.claim(connection, now, lease))

    async def commit(
        self, claim: Claim, cursor: str, events: Sequence[Event], again_in: float, *, gaps: int = 0
    ) -> None:
        """See `Hub.commit`."""
        seconds("again_in", again_in)
        await self._write(
            lambda connection, now: schedule.commit(connection, now, claim, cursor, events, again_in, gaps)
        )

    async def permit(self) -> float:
        """See `Hub.permit`."""
        own = self._terms.rate
        if own is None and not await self._read(schedule.is_limited):
            return 0.0  # without a write, which is flushed to the disk
        return await self._write(lambda connection, now: schedule.permit(connection, now, own))

    async def bind(self, workspace: str) -> None:
        """See `Hub.bind`."""
        limit = self._terms.rate.limit if self._terms.rate else None
        recorded = await self._write(lambda connection, _: schedule.bind(connection, workspace, limit))
        self._terms.agree(workspace, recorded)

    async def rebind(self, workspace: str) -> None:
        """See `Hub.rebind`."""
        await self._change(lambda connection, _: schedule.set_term(connection, "workspace", workspace))

    async def limit(self, rate_limit: float | None) -> None:
        """See `Hub.limit`."""
        limit = limit_of(rate_limit)
        await self._change(lambda connection, _: schedule.set_term(connection, "rate_limit", limit))

    async def feeds(self) -> dict[str, str | None]:
        """See `Hub.feeds`."""
        return await self._read(schedule.feeds)

    async def fail(self, claim: Claim, error: str, again_in: float | None) -> None:
        """See `Hub.fail`."""
        seconds("again_in", again_in or 0.0)
        await self._write(lambda connection, now: schedule.fail(connection, now, claim, reason(error), again_in))

    async def release(self, claim: Claim) -> None:
        """See `Hub.release`."""
        await self._write(lambda connection, now: schedule.release(connection, now, claim))

    async def remove(self, feed: str) -> bool:
        """See `Hub.remove`."""
        return await self._change(lambda connection, _: schedule.remove(connection, feed))

    async def revive(self, feed: str) -> bool:
        """See `Hub.revive`."""
        return await self._change(lambda connection, now: schedule.revive(connection, now, feed))

    async def receive(self, group: str, *, count: int = 20, visibility: float = 60.0) -> list[Delivery]:
        """See `Hub.receive`."""
        seconds("visibility", visibility)
        rows = await self._change(lambda connection, now: log.receive(connection, now, group, count, visibility))
        return deliveries(self, group, rows)

    async def ack(self, group: str, positions: Sequence[str]) -> None:
        """See `Hub.ack`."""
        await self._change(lambda connection, _: log.ack(connection, group, positions))

    async def drop_group(self, group: str) -> None:
        """See `Hub.drop_group`."""
        await self._change(lambda connection, _: log.drop_group(connection, group))

    async def trim(self) -> int:
        """See `Hub.trim`."""
        return await self._change(lambda connection, now: log.trim(connection, now - self._retention))

    async def status(self) -> HubStatus:
        """See `Hub.status`."""
        return await self._read(_status)

    async def init(self) -> None:
        """Make the file; what a worker does with a hub makes it as well."""
        await self._write(lambda connection, now: None)

    async def check(self) -> None:
        """Refuse a file that is damaged, foreign or of another version.

        Raises:
            ConfigurationError: What is wrong and what to do.
        """
        await self.init()

    async def aclose(self) -> None:
        """See `Hub.aclose`; the next use opens the file again."""
        await self._database.aclose()

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._demand()
        with self._explained():
            return await self._database.read(work)

    async def _change(self, work: Callable[[sqlite3.Connection, float], T]) -> T:
        self._demand()
        return await self._write(work)

    async def _write(self, work: Callable[[sqlite3.Connection, float], T]) -> T:
        with self._explained():
            return await self._database.write(lambda connection: work(connection, time.time()))

    def _demand(self) -> None:
        path = Path(self._database.path)
        if not self._opened and not (path.is_file() and path.stat().st_size):
            raise ConfigurationError(f"{path} is no hub yet: run `impactive hub init` to make it one.")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Tell a path that will never do from a file that is busy; once it was opened, it is thought to do."""
        try:
            yield
        except HubError as error:
            code = getattr(error.__cause__, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
            if code in _NEVER_OPENS and not self._opened:
                raise ConfigurationError(str(error)) from error
            raise
        self._opened = True


def _status(connection: sqlite3.Connection) -> HubStatus:
    document = schedule.status(connection, time.time()) | log.status(connection)
    return hub_status(f"SQLite {sqlite3.sqlite_version}", document)
