"""What people do with the feeds of a PostgreSQL hub, and how its functions are called."""

from __future__ import annotations

from typing import Any

import asyncpg

from impactive_async.hub.contract.versions import VERSION
from impactive_async.hub.postgres.connection import PostgresConnection
from impactive_async.hub.steering.feed_status import FeedStatus, feed_status
from impactive_async.hub.steering.seeking import SoughtRow


class PostgresFunctions:
    """Calls the functions of a hub's schema."""

    _schema: str
    _postgres: PostgresConnection

    async def _value(self, function: str, *arguments: Any) -> Any:
        ((value,),) = await self._call(function, *arguments)
        return value

    async def _call(self, function: str, *arguments: Any) -> list[asyncpg.Record]:
        return await self._postgres.fetch(f"SELECT * FROM {self._schema}.{function}", *arguments)  # noqa: S608 - ours


class PostgresSteering(PostgresFunctions):
    """The methods of `Steering` over the hub's functions."""

    async def feed(self, name: str) -> FeedStatus | None:
        """See `Steering.feed`."""
        rows = await self._call("feed_status($1)", name)
        return feed_status(name, tuple(rows[0])) if rows else None

    async def exchange_cursor(self, feed: str, before: str, after: str) -> bool:
        """See `Steering.exchange_cursor`."""
        return bool(await self._value("exchange_cursor($1, $2, $3)", feed, before, after))

    async def pause(self, feed: str) -> bool:
        """See `Steering.pause`."""
        return bool(await self._value("pause($1)", feed))

    async def resume(self, feed: str) -> bool:
        """See `Steering.resume`."""
        return bool(await self._value("resume($1)", feed))

    async def poll_now(self, feed: str) -> bool:
        """See `Steering.poll_now`."""
        return bool(await self._value("poll_now($1)", feed))

    async def sought(self, group: str, since: float, event: str | None, *, dry_run: bool) -> SoughtRow:
        """See `Steering.sought`."""
        ((*row,),) = await self._call("seek($1, $2, $3, $4, $5)", VERSION, group, since, event, dry_run)
        return row
