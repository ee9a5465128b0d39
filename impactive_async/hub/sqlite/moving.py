"""A group of an SQLite hub that is moved in the log: it gets a place, then its old rows are deleted in steps."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from impactive_async.hub.sqlite import log

Found = tuple[bool, bool, str | None, int, int, int]
"""Whether there is the group, and the event; its position; its number, or that of the next one; and between which
numbers the group has no rows yet for what was in the log when it joined."""

_EARLIEST: Final = 1_000
"""Among so many events of a moment the first is sought: where the clock was put back, numbers do not follow it."""


def look_for(connection: sqlite3.Connection, group: str, since: float, event: str | None) -> Found:
    """Find out to where a group would be moved, and where it is."""
    known = connection.execute("SELECT place, start FROM groups WHERE name = ?", (group,)).fetchone()
    first = _first(connection, since, event)
    place = log.logged(connection) + 1 if first is None else first[0]
    has_event = first is not None or event is None
    return known is not None, has_event, first and log.position(*first), place, *(known or (0, 0))


def _first(connection: sqlite3.Connection, since: float, event: str | None) -> Any:
    if event is not None:
        return connection.execute("SELECT seq, logged FROM outbox WHERE id = ?", (event,)).fetchone()
    return connection.execute(
        "SELECT seq, logged FROM outbox WHERE seq = (SELECT min(seq) FROM "
        "(SELECT seq FROM outbox WHERE logged >= ? ORDER BY logged LIMIT ?))",
        (since, _EARLIEST),
    ).fetchone()


def begin_move(connection: sqlite3.Connection, group: str, since: float, event: str | None) -> str | None:
    """Move a group; return the position of the event that it gets next.

    What is from there on is written rows for in steps, as for a group that is new, once `move_on` has cleared away
    what the group had. Until then it gets nothing.
    """
    *_, position, place, _, _ = look_for(connection, group, since, event)
    connection.execute(
        "UPDATE groups SET place = ?, start = ?, moved = 0 WHERE name = ?",
        (place - 1, log.newest(connection), group),
    )
    return position


def is_moving(connection: sqlite3.Connection, group: str) -> bool:
    """Return whether `move_on` has something to do."""
    found = connection.execute("SELECT 1 FROM groups WHERE name = ? AND moved IS NOT NULL", (group,)).fetchone()
    return found is not None


def move_on(connection: sqlite3.Connection, group: str) -> bool:
    """Delete a step of what a group had before it was moved; dead letters of before the place stay.

    Whoever uses the group does so, so that nobody depends on the one who began.

    Returns:
        Whether that was all.
    """
    moving = connection.execute(
        "SELECT place, start, moved FROM groups WHERE name = ? AND moved IS NOT NULL", (group,)
    ).fetchone()
    if moving is None:
        return True
    place, start, moved = moving
    last, looked = connection.execute(
        "SELECT max(seq), count(*) FROM "
        "(SELECT seq FROM pending WHERE name = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?)",
        (group, moved, start, log.STEP),
    ).fetchone()
    with log.own(connection):
        connection.execute(
            "DELETE FROM pending WHERE name = ? AND seq > ? AND seq <= ? AND (died IS NULL OR seq > ?)",
            (group, moved, last, place),
        )
    is_all = looked < log.STEP
    connection.execute("UPDATE groups SET moved = ? WHERE name = ?", (None if is_all else last, group))
    return bool(is_all)
