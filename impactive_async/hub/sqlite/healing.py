"""What somebody has deleted from an SQLite hub by hand, or has not restored: found, told, mended."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

from impactive_async.hub.sqlite import log, schema

_LOOK: Final = 5_000
"""How many rows one look reads: some milliseconds in which this program's other calls wait, and nobody else's."""


def heal(connection: sqlite3.Connection) -> list[str]:
    """Mend what can be mended; return a sentence for each loss."""
    return [*_restore_counters(connection), *_restore_groups(connection), *_restore_log(connection)]


def _restore_counters(connection: sqlite3.Connection) -> Iterator[str]:
    there = {name for (name,) in connection.execute("SELECT name FROM counters")}
    lost = sorted(schema.COUNTERS - there)
    connection.executemany("INSERT INTO counters VALUES (?, 0)", [(name,) for name in lost])
    if "token" in lost:
        # No claim gets a token below one that was given before.
        connection.execute(
            "UPDATE counters SET value = (SELECT coalesce(max(token), 0) FROM schedule) WHERE name = 'token'"
        )
    if "trimmed" in lost:
        log.note_trimmed(connection, log.logged(connection))  # whether the log is whole cannot be known any more
    if lost:
        yield f"its counters ({', '.join(lost)}); they begin anew"


def _restore_groups(connection: sqlite3.Connection) -> Iterator[str]:
    there = {name for (name,) in connection.execute("SELECT name FROM groups")}
    name = ""
    while name is not None:
        if name not in there | {""}:
            log.note_group(connection, name)
            yield f"where group {name} is in the log; it goes on with what it had not handled"
        (name,) = connection.execute("SELECT min(name) FROM pending WHERE name > ?", (name,)).fetchone()


def _restore_log(connection: sqlite3.Connection) -> Iterator[str]:
    noted = connection.execute("DELETE FROM counters WHERE name = 'lost'").rowcount > 0
    gone = log.is_lost(connection, log.newest(connection))
    if gone:
        log.note_trimmed(connection, log.logged(connection))
    if gone or noted:
        _begin_anew(connection)
        yield "the log, with what consumers had not handled; all feeds are followed from their beginning"


def _begin_anew(connection: sqlite3.Connection) -> None:
    # So that consumers get what the API still shows.
    connection.execute("DELETE FROM schedule")


Place = tuple[str, int]
"""A group's name and the number of an event."""


def without_event(connection: sqlite3.Connection, place: Place) -> tuple[list[Place], Place | None]:
    """Look at a step of what groups have not handled, behind a place, for events that are not in the log.

    Returns:
        Where they are, and the place at which to go on; None: that was the last step.
    """
    rows = connection.execute(
        "SELECT name, pending.seq, outbox.seq IS NULL FROM pending LEFT JOIN outbox USING (seq) "
        "WHERE (name, pending.seq) > (?, ?) ORDER BY name, pending.seq LIMIT ?",
        (*place, _LOOK),
    ).fetchall()
    last = rows[-1][:2] if len(rows) == _LOOK else None
    return [(name, seq) for name, seq, is_gone in rows if is_gone], last


def forget(connection: sqlite3.Connection, places: Sequence[Place]) -> None:
    """Forget that groups wait for these events, and follow all feeds anew."""
    with log.own(connection):
        connection.executemany("DELETE FROM pending WHERE name = ? AND seq = ?", places)
    _begin_anew(connection)


def restore(connection: sqlite3.Connection) -> dict[str, int | None]:
    """Give groups a step of the rows back that somebody has deleted.

    One that has lost its own row, and so what was committed since, gets the whole log.

    Returns:
        How many rows each group got; None for the whole log. Empty: that was all.
    """
    rows = connection.execute("SELECT seq, name FROM lost ORDER BY seq, name LIMIT ?", (log.STEP,)).fetchall()
    restored: dict[str, int | None] = {}
    for group in sorted({name for _, name in rows}):
        if not _is_known(connection, group):
            log.note_group(connection, group)
            restored[group] = None
    for seq, group in rows:
        given = _restore(connection, group, seq)
        if (number := restored.get(group, 0)) is not None:
            restored[group] = number + given
    return restored


def _is_known(connection: sqlite3.Connection, group: str) -> bool:
    return connection.execute("SELECT 1 FROM groups WHERE name = ?", (group,)).fetchone() is not None


def _restore(connection: sqlite3.Connection, group: str, seq: int) -> int:
    # What a group will be written rows for needs none, nor what it left behind when it was moved.
    given = connection.execute(
        "INSERT INTO pending (name, seq, deliveries, died, reason) "
        "SELECT name, seq, deliveries, died, reason FROM lost JOIN groups USING (name) JOIN outbox USING (seq) "
        "WHERE seq = ? AND name = ? AND NOT (seq > place AND seq <= start) "
        "AND NOT (moved IS NOT NULL AND seq <= start AND died IS NULL) ON CONFLICT DO NOTHING",
        (seq, group),
    )
    connection.execute("DELETE FROM lost WHERE seq = ? AND name = ?", (seq, group))
    return given.rowcount
