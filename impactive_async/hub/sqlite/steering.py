"""What people do with the feeds of an SQLite hub."""

from __future__ import annotations

import sqlite3

from impactive_async.hub.steering.feed_status import FeedRow


def feed(connection: sqlite3.Connection, now: float, name: str) -> FeedRow | None:
    """Return what is known of a feed; None if it is not there."""
    found: FeedRow | None = connection.execute(
        "SELECT cursor, due - ?, leased AND due > ?, failures, error, gaps, dead, paused FROM schedule "
        "WHERE feed = ?",
        (now, now, name),
    ).fetchone()
    return found


def exchange_cursor(connection: sqlite3.Connection, now: float, name: str, before: str, after: str) -> bool:
    """Put a cursor in the place of another, end the lease, and make the feed due; return whether it is there."""
    connection.execute(
        "UPDATE schedule SET cursor = ?, due = ?, leased = 0 WHERE feed = ? AND cursor = ?",
        (after, now, name, before),
    )
    found = connection.execute("SELECT cursor = ? FROM schedule WHERE feed = ?", (after, name)).fetchone()
    return bool(found and found[0])


def pause(connection: sqlite3.Connection, name: str) -> bool:
    """Have a live feed claimed by nobody; return False if it is dead, paused already, or not there."""
    return _changed(connection, "UPDATE schedule SET paused = 1 WHERE feed = ? AND NOT dead AND NOT paused", name)


def resume(connection: sqlite3.Connection, now: float, name: str) -> bool:
    """Make a paused feed due; return False if it is not paused."""
    return _changed(
        connection,
        "UPDATE schedule SET paused = 0, due = CASE WHEN leased AND due > ? THEN due ELSE ? END "
        "WHERE feed = ? AND paused",
        *(now, now, name),
    )


def poll_now(connection: sqlite3.Connection, now: float, name: str) -> bool:
    """Make a live feed due, or have it polled once more; return False if it is dead, paused, or not there."""
    return _changed(
        connection,
        "UPDATE schedule SET poll_again = leased, due = CASE WHEN leased AND due > ? THEN due ELSE ? END "
        "WHERE feed = ? AND NOT dead AND NOT paused",
        *(now, now, name),
    )


def _changed(connection: sqlite3.Connection, statement: str, *values: str | float) -> bool:
    return connection.execute(statement, values).rowcount > 0
