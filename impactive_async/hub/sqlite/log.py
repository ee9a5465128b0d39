"""The event log of an SQLite hub: an outbox, and for each consumer group what it has not acknowledged.

A commit writes one row of `pending` for each group, and a consumer takes the rows of its group. It never asks for
"all events after number n": on an engine that commits numbers in another order than it gives them out, that
question misses events.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from impactive_async.hub.contract.reader import Row

Entry = tuple[str, str]
"""An event's id, and its text."""

STEP: Final = 500
"""How many rows one transaction looks at: it holds the lock on the file for some milliseconds."""


@contextlib.contextmanager
def own(connection: sqlite3.Connection) -> Iterator[None]:
    """Delete rows of `pending` in this block: those that are deleted elsewhere are taken for lost."""
    connection.execute("INSERT OR REPLACE INTO counters VALUES ('own', 1)")
    yield
    connection.execute("DELETE FROM counters WHERE name = 'own'")


def append(connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    """Log the events whose id is not in the log, for every group."""
    if not entries:
        return
    before = newest(connection)
    if is_lost(connection, before):
        connection.execute(
            "INSERT OR REPLACE INTO counters VALUES ('lost', 1)"
        )  # `heal` could not see it any more
    connection.executemany(
        # No attempt may fail: SQLite counts it, and what was counted and is not there seems lost.
        "INSERT INTO outbox (id, event, logged) SELECT :id, :event, :logged "
        "WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE id = :id)",
        [{"id": name, "event": text, "logged": time.time()} for name, text in entries],
    )
    connection.execute(
        "INSERT INTO pending (name, seq) SELECT name, seq FROM groups CROSS JOIN outbox WHERE seq > ?",
        (before,),
    )


def receive(
    connection: sqlite3.Connection, now: float, group: str, count: int, visibility: float, most: int | None
) -> list[Row]:
    """Take new events for a group, the oldest first, or else one that comes again."""
    _join(connection, group, count)
    new = connection.execute(
        "SELECT seq, logged, CAST(event AS BLOB), 1, 0 "
        "FROM pending INDEXED BY pending_new JOIN outbox USING (seq) "
        "WHERE name = ? AND until IS NULL AND died IS NULL ORDER BY seq LIMIT ?",
        (group, count),
    ).fetchall()
    taken = new or _again(connection, now, group, most)
    connection.executemany(
        "UPDATE pending SET until = ?, deliveries = deliveries + 1 WHERE name = ? AND seq = ?",
        [(now + visibility, group, row[0]) for row in taken],
    )
    return [
        (position(seq, logged), text(entry), count, bool(redelivered))
        for seq, logged, entry, count, redelivered in taken
    ]


def _again(connection: sqlite3.Connection, now: float, group: str, most: int | None) -> list[Any]:
    """Find the event in flight that is due and was delivered least often; bury what was delivered too often."""
    counts = list(_delivery_counts(connection, group))
    too_often = [count for count in counts if most is not None and count >= most]
    for count in too_often:
        _bury(connection, now, group, count)
    due = (_due(connection, now, group, count) for count in counts if count not in too_often)
    return list(islice(filter(None, due), 1))


def _delivery_counts(connection: sqlite3.Connection, group: str) -> Iterator[int]:
    """Yield how often events in flight were delivered. A million may have been delivered equally often."""
    deliveries: int | None = -1
    while deliveries is not None:
        (deliveries,) = connection.execute(
            "SELECT min(deliveries) FROM pending WHERE name = ? AND until IS NOT NULL AND deliveries > ?",
            (group, deliveries),
        ).fetchone()
        if deliveries is not None:
            yield deliveries


def _due(connection: sqlite3.Connection, now: float, group: str, deliveries: int) -> Any:
    return connection.execute(
        "SELECT seq, logged, CAST(event AS BLOB), deliveries + 1, 1 FROM pending JOIN outbox USING (seq) "
        "WHERE name = ? AND deliveries = ? AND until <= ? ORDER BY until, seq LIMIT 1",
        (group, deliveries, now),
    ).fetchone()


def _bury(connection: sqlite3.Connection, now: float, group: str, deliveries: int) -> None:
    connection.execute(
        "UPDATE pending SET died = ?, until = NULL, "
        "reason = 'delivered ' || deliveries || ' times and never acknowledged' "
        "WHERE name = ? AND seq IN "
        "(SELECT seq FROM pending WHERE name = ? AND deliveries = ? AND until <= ? LIMIT ?)",
        (time.time(), group, group, deliveries, now, STEP),
    )


def position(seq: int, logged: float) -> str:
    """Return an event's number and time in the log. A file restored from a backup gives a number twice."""
    return f"{seq}-{logged * 1_000_000:.0f}"


def text(entry: str | bytes) -> str:
    """Return an entry as text."""
    # Somebody else may have written bytes that are no text, which sqlite3 refuses to read as such.
    return entry if isinstance(entry, str) else entry.decode(errors="backslashreplace")


def _join(connection: sqlite3.Connection, group: str, count: int) -> None:
    """Note a group that is new, and write it rows for the next events that were in the log when it joined."""
    note_group(connection, group)
    place, start = connection.execute("SELECT place, start FROM groups WHERE name = ?", (group,)).fetchone()
    if place < start and _ready(connection, group, place, count) < count:
        _catch_up(connection, group, place, start, max(count, STEP))


def note_group(connection: sqlite3.Connection, group: str) -> None:
    """Note where a group starts, if it is new. One whose note was lost goes on behind the rows that it has."""
    connection.execute(
        "INSERT INTO groups (name, place, start) "
        "SELECT ?, (SELECT coalesce(max(seq), 0) FROM pending WHERE name = ?), coalesce(max(seq), 0) "
        "FROM outbox WHERE true ON CONFLICT DO NOTHING",
        (group, group),
    )


def _ready(connection: sqlite3.Connection, group: str, place: int, count: int) -> int:
    (ready,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM pending INDEXED BY pending_new "
        "WHERE name = ? AND until IS NULL AND died IS NULL AND seq <= ? LIMIT ?)",
        (group, place, count),
    ).fetchone()
    return int(ready)


def _catch_up(connection: sqlite3.Connection, group: str, place: int, start: int, step: int) -> None:
    (last,) = connection.execute(
        "SELECT max(seq) FROM (SELECT seq FROM outbox WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?)",
        (place, start, step),
    ).fetchone()
    last = start if last is None else last
    connection.execute(
        "INSERT INTO pending (name, seq) SELECT ?, seq FROM outbox WHERE seq > ? AND seq <= ?",
        (group, place, last),
    )
    connection.execute("DELETE FROM lost WHERE name = ? AND seq > ? AND seq <= ?", (group, place, last))
    connection.execute("UPDATE groups SET place = ? WHERE name = ?", (last, group))


def ack(connection: sqlite3.Connection, group: str, positions: Sequence[str]) -> None:
    """Forget what was delivered from these positions."""
    with own(connection):
        for seq in numbers(connection, positions):
            connection.execute("DELETE FROM pending WHERE name = ? AND seq = ?", (group, seq))


def numbers(connection: sqlite3.Connection, positions: Sequence[str]) -> Iterator[int]:
    """Yield the numbers of those positions at which the same event still is."""
    for one in positions:
        seq = int(one.partition("-")[0])
        found = connection.execute("SELECT logged FROM outbox WHERE seq = ?", (seq,)).fetchone()
        if found and position(seq, *found) == one:
            yield seq


def drop_group(connection: sqlite3.Connection, group: str) -> bool:
    """Forget a step of what a group has not acknowledged; return whether that was all, and the group is gone."""
    with own(connection):
        done = connection.execute(
            "DELETE FROM pending WHERE name = ? AND seq IN (SELECT seq FROM pending WHERE name = ? LIMIT ?)",
            (group, group, STEP),
        )
    if done.rowcount == STEP:
        return False
    connection.execute("DELETE FROM groups WHERE name = ?", (group,))
    return True


_OLD: Final = (
    "FROM outbox WHERE seq > ? AND seq <= ? AND logged <= ? "
    "AND NOT EXISTS (SELECT 1 FROM pending WHERE pending.seq = outbox.seq) "
    "AND NOT EXISTS (SELECT 1 FROM lost WHERE lost.seq = outbox.seq) "
    "AND NOT EXISTS (SELECT 1 FROM groups WHERE place < outbox.seq AND outbox.seq <= start)"
)
"""What can be trimmed between two places."""


def look(connection: sqlite3.Connection, before: float, place: int) -> tuple[int, int | None]:
    """Look at a step of the log behind a place for what is old and what nobody waits for.

    Returns:
        Up to where such an event was found, `place` if there is none; and the place at which to go on; None: that
        was the last old one.
    """
    last, oldest, looked = connection.execute(
        "SELECT max(seq), min(logged), count(*) "
        "FROM (SELECT seq, logged FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?)",
        (place, STEP),
    ).fetchone()
    (found,) = connection.execute(f"SELECT max(seq) {_OLD}", (place, last, before)).fetchone()
    return found or place, last if looked == STEP and oldest <= before else None


def trim(connection: sqlite3.Connection, before: float, place: int, last: int) -> int:
    """Delete what is old and what nobody waits for between two places; return how many."""
    gone = connection.execute(f"DELETE {_OLD} RETURNING seq", (place, last, before)).fetchall()
    if gone:
        note_trimmed(connection, max(seq for (seq,) in gone))
    return len(gone)


def newest(connection: sqlite3.Connection) -> int:
    """Return the number of the newest event in the log; 0 for none."""
    (found,) = connection.execute("SELECT coalesce(max(seq), 0) FROM outbox").fetchone()
    return int(found)


def logged(connection: sqlite3.Connection) -> int:
    """Return the number of the newest event that was ever in the log."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").fetchone()
    return int(row[0]) if row else 0


def is_lost(connection: sqlite3.Connection, newest: int) -> bool:
    """Return whether the newest event that was ever logged is gone, and nobody has trimmed it."""
    return newest < logged(connection) and trimmed(connection) < logged(connection)


def trimmed(connection: sqlite3.Connection) -> int:
    """Return the number of the newest event that was trimmed."""
    row = connection.execute("SELECT value FROM counters WHERE name = 'trimmed'").fetchone()
    return int(row[0]) if row else 0


def note_trimmed(connection: sqlite3.Connection, seq: int) -> None:
    """Remember that this event was trimmed."""
    connection.execute("UPDATE counters SET value = max(value, ?) WHERE name = 'trimmed'", (seq,))


def age(connection: sqlite3.Connection, now: float, first: int | None, place: int, start: int) -> float | None:
    """Return how many seconds ago an event was logged, or an older one that a group has no row for yet."""
    found = connection.execute(
        "SELECT ? - logged FROM outbox WHERE seq IN "
        "(?, (SELECT min(seq) FROM outbox WHERE seq > ? AND seq <= ?)) ORDER BY seq LIMIT 1",
        (now, first, place, start),
    ).fetchone()
    return float(found[0]) if found else None


def groups(connection: sqlite3.Connection) -> list[tuple[str, int, int]]:
    """Return the groups, and between which numbers each has no rows yet for what was in the log when it joined."""
    return connection.execute("SELECT name, place, start FROM groups ORDER BY name").fetchall()
