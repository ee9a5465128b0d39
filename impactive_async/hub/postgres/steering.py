"""What people do with the feeds of a PostgreSQL hub, and how its functions are called."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import asyncpg

from impactive_async.hub.contract.versions import VERSION
from impactive_async.hub.postgres.connection import PostgresConnection
from impactive_async.hub.reaching.refusals import CancelledByEngineError
from impactive_async.hub.steering.feed_status import FeedStatus, feed_status
from impactive_async.hub.steering.numbered import END, NumberedLog

STEP: Final = 500
"""How many rows one call changes."""
COUNTED: Final = 5_000
"""How many rows one call counts: some milliseconds."""


class PostgresFunctions:
    """Calls the functions of a hub's schema."""

    _schema: str
    _postgres: PostgresConnection

    async def _value(self, function: str, *arguments: Any) -> Any:
        ((value,),) = await self._call(function, *arguments)
        return value

    async def _call(self, function: str, *arguments: Any) -> list[asyncpg.Record]:
        return await self._postgres.fetch(f"SELECT * FROM {self._schema}.{function}", *arguments)  # noqa: S608 - ours

    async def _in_steps(self, function: str, *arguments: Any, place: Any, step: int) -> AsyncIterator[list[Any]]:
        """Call a function whose last arguments are a place and how many rows to look at behind it.

        Its answer ends with the place at which to go on, or None. Steps become smaller where the server's
        administrator limits their time.
        """
        while place is not None:
            try:
                ((*row, place),) = await self._call(function, *arguments, place, step)
            except CancelledByEngineError:
                if step == 1:
                    raise
                step = max(1, step // 10)
            else:
                yield row


class PostgresSteering(NumberedLog, PostgresFunctions):
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

    async def _look_for(self, group: str, since: float, event: str | None) -> Sequence[Any]:
        (found,) = await self._call("look_for($1, $2, $3)", group, since, event)
        return tuple(found)

    async def _begin_move(self, group: str, since: float, event: str | None) -> str | None:
        position: str | None = await self._value("begin_move($1, $2, $3, $4)", VERSION, group, since, event)
        return position

    async def _moved(self, group: str) -> None:
        """Finish moving a group, if that was begun."""
        while not await self._value("move_on($1, $2)", group, STEP):
            pass

    async def _logged(self, after: int = 0, to: int = END) -> int:
        """Count events in the log between two numbers."""
        counted = self._in_steps("count_log($1, $2, $3)", to, place=after, step=COUNTED)
        return sum([number async for (number,) in counted])

    def _count_pending(self, group: str, before: int) -> AsyncIterator[Sequence[Any]]:
        return self._in_steps("count_deliveries($1, $2, $3, $4)", group, before, place=0, step=COUNTED)
