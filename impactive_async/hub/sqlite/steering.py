"""What people do with the feeds of an SQLite hub."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from impactive_async.hub.contract.status import DEAD_SHOWN
from impactive_async.hub.sqlite import counting, log, moving, schedule
from impactive_async.hub.sqlite.calls import SqliteCalls
from impactive_async.hub.steering.feed_status import FeedRow, FeedStatus, feed_status
from impactive_async.hub.steering.numbered import END, NumberedLog

BREATH: Final = 0.025
"""Seconds between two steps. SQLite keeps no queue: who waits for the lock looks for it again and again, at first
after 1, 2, 5, 10, 15, 20 and 25 milliseconds, and must not find it taken by the next step each time."""

_COUNTS: Final = ("feeds", "leased", "due", "failing", "gaps", "dead_count", "paused_count")


class SqliteSteering(NumberedLog, SqliteCalls):
    """The methods of `Steering` over the hub's file."""

    async def feed(self, name: str) -> FeedStatus | None:
        """See `Steering.feed`."""
        return feed_status(
            name,
            await self._read(
                lambda connection: _feed(connection, schedule.hub_time(connection, time.time()), name)
            ),
        )

    async def exchange_cursor(self, feed: str, before: str, after: str) -> bool:
        """See `Steering.exchange_cursor`."""
        return await self._change(lambda connection, now: _exchange_cursor(connection, now, feed, before, after))

    async def pause(self, feed: str) -> bool:
        """See `Steering.pause`."""
        return await self._change(lambda connection, _: _pause(connection, feed))

    async def resume(self, feed: str) -> bool:
        """See `Steering.resume`."""
        return await self._change(lambda connection, now: _resume(connection, now, feed))

    async def poll_now(self, feed: str) -> bool:
        """See `Steering.poll_now`."""
        return await self._change(lambda connection, now: _poll_now(connection, now, feed))

    async def _look_for(self, group: str, since: float, event: str | None) -> Sequence[Any]:
        return await self._change(lambda connection, _: moving.look_for(connection, group, since, event))

    async def _begin_move(self, group: str, since: float, event: str | None) -> str | None:
        return await self._change(lambda connection, _: moving.begin_move(connection, group, since, event))

    async def _moved(self, group: str) -> None:
        """Finish moving a group, if that was begun."""
        while await self._read(lambda connection: moving.is_moving(connection, group)):
            await self._change(lambda connection, _: moving.move_on(connection, group))
            await asyncio.sleep(BREATH)

    async def _counted(self) -> dict[str, Any]:
        """Return what `hub_status` is made of."""
        document: dict[str, Any] = await self._read(
            lambda connection: schedule.settings(connection, schedule.hub_time(connection, time.time()))
        )
        steps = [row async for row in self._in_steps(_count_feeds, "")]
        document |= dict(zip(_COUNTS, map(sum, zip(*(_counts(row) for row in steps), strict=True)), strict=True))
        document["lag"] = max((row[3] for row in steps if row[3] is not None), default=None)
        document["dead"] = [one for row in steps for one in row[8]][:DEAD_SHOWN]
        document["paused"] = [one for row in steps for one in row[9]][:DEAD_SHOWN]
        document["events"] = await self._logged()
        groups = await self._read(log.groups)
        document["groups"] = [await self._counted_group(*group) for group in groups]
        return document

    async def _counted_group(self, name: str, place: int, start: int) -> tuple[Any, ...]:
        behind, in_flight, dead, first = await self._waiting(name)
        age = await self._read(lambda connection: log.age(connection, time.time(), first, place, start))
        return name, behind + await self._logged(place, start), in_flight, dead, age

    async def _logged(self, after: int = 0, to: int = END) -> int:
        """Count events in the log between two numbers."""
        steps = self._in_steps(lambda connection, place: counting.count_log(connection, to, place), after)
        return sum([number async for (number,) in steps])

    def _count_pending(self, group: str, before: int) -> AsyncIterator[Sequence[Any]]:
        return self._in_steps(
            lambda connection, place: counting.count_pending(connection, group, before, place), 0
        )


def _feed(connection: sqlite3.Connection, now: float, name: str) -> FeedRow | None:
    """Return what is known of a feed; None if it is not there."""
    found: FeedRow | None = connection.execute(
        "SELECT cursor, due - ?, leased AND due > ?, failures, error, gaps, dead, paused FROM schedule "
        "WHERE feed = ?",
        (now, now, name),
    ).fetchone()
    return found


def _exchange_cursor(connection: sqlite3.Connection, now: float, name: str, before: str, after: str) -> bool:
    """Put a cursor in the place of another, end the lease, and make the feed due; return whether it is there."""
    connection.execute(
        "UPDATE schedule SET cursor = ?, due = ?, leased = 0 WHERE feed = ? AND cursor = ?",
        (after, now, name, before),
    )
    found = connection.execute("SELECT cursor = ? FROM schedule WHERE feed = ?", (after, name)).fetchone()
    return bool(found and found[0])


def _pause(connection: sqlite3.Connection, name: str) -> bool:
    """Have a live feed claimed by nobody; return False if it is dead, paused already, or not there."""
    return _changed(connection, "UPDATE schedule SET paused = 1 WHERE feed = ? AND NOT dead AND NOT paused", name)


def _resume(connection: sqlite3.Connection, now: float, name: str) -> bool:
    """Make a paused feed due; return False if it is not paused."""
    return _changed(
        connection,
        "UPDATE schedule SET paused = 0, due = CASE WHEN leased AND due > ? THEN due ELSE ? END "
        "WHERE feed = ? AND paused",
        *(now, now, name),
    )


def _poll_now(connection: sqlite3.Connection, now: float, name: str) -> bool:
    """Make a live feed due, or have it polled once more; return False if it is dead, paused, or not there."""
    return _changed(
        connection,
        "UPDATE schedule SET poll_again = leased, due = CASE WHEN leased AND due > ? THEN due ELSE ? END "
        "WHERE feed = ? AND NOT dead AND NOT paused",
        *(now, now, name),
    )


def _changed(connection: sqlite3.Connection, statement: str, *values: str | float) -> bool:
    return connection.execute(statement, values).rowcount > 0


def _count_feeds(connection: sqlite3.Connection, after: str) -> counting.Row:
    return counting.count_feeds(connection, schedule.hub_time(connection, time.time()), after)


def _counts(row: Sequence[Any]) -> Sequence[Any]:
    """Leave out what is no number to be added up."""
    return [*row[:3], *row[4:8]]
