"""What people do with the feeds of an SQLite hub."""

from __future__ import annotations

import sqlite3
import time

from impactive_async.hub.sqlite import log, schedule
from impactive_async.hub.sqlite.calls import SqliteCalls
from impactive_async.hub.steering.feed_status import FeedRow, FeedStatus, feed_status
from impactive_async.hub.steering.seeking import SoughtRow


class SqliteSteering(SqliteCalls):
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

    async def sought(self, group: str, since: float, event: str | None, *, dry_run: bool) -> SoughtRow:
        """See `Steering.sought`."""
        return await self._change(lambda connection, _: _sought(connection, group, since, event, dry_run=dry_run))


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


def _sought(
    connection: sqlite3.Connection, group: str, since: float, event: str | None, *, dry_run: bool
) -> SoughtRow:
    """Find a place in the log, and move a group there."""
    known = connection.execute("SELECT place, start FROM groups WHERE name = ?", (group,)).fetchone()
    first = _first(connection, since, event)
    if known is None or (first is None and event is not None):
        return known is not None, False, "", 0, 0
    place = log.logged(connection) + 1 if first is None else first[0]
    counts = _counts(connection, group, place, *known)
    if not dry_run:
        _move(connection, group, place)
    return True, True, first and log.position(*first), *counts


def _first(connection: sqlite3.Connection, since: float, event: str | None) -> tuple[int, float] | None:
    where, value = ("logged >= ?", since) if event is None else ("id = ?", event)
    found: tuple[int, float] | None = connection.execute(
        f"SELECT seq, logged FROM outbox WHERE {where} ORDER BY seq LIMIT 1",  # noqa: S608 - ours
        (value,),
    ).fetchone()
    return found


def _counts(connection: sqlite3.Connection, group: str, place: int, had: int, start: int) -> tuple[int, int]:
    """Return how many events there are from a place on, and how many before it a group has not acknowledged."""
    found: tuple[int, int] = connection.execute(
        "SELECT (SELECT count(*) FROM outbox WHERE seq >= :place), "
        "(SELECT count(*) FROM pending WHERE name = :group AND seq < :place AND died IS NULL) + "
        "(SELECT count(*) FROM outbox WHERE seq > :had AND seq <= :start AND seq < :place)",
        {"group": group, "place": place, "had": had, "start": start},
    ).fetchone()
    return found


def _move(connection: sqlite3.Connection, group: str, place: int) -> None:
    # What is from there on is written rows for in steps, as for a group that is new.
    connection.execute("DELETE FROM pending WHERE name = ? AND (seq >= ? OR died IS NULL)", (group, place))
    connection.execute(
        "UPDATE groups SET place = ?, start = ? WHERE name = ?", (place - 1, log.newest(connection), group)
    )
