"""The event log of an SQLite hub: an outbox, and for each consumer group what it has not acknowledged.

A commit writes one `deliveries` row for each group. So a consumer asks for rows that are there, and never for "all
after number n": that question loses events wherever numbers are given out in another order than they are committed
in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from impactive_async.hub.reader import Row

STATEMENTS = (
    """
    CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given again after a trim
        id TEXT NOT NULL UNIQUE,
        event TEXT NOT NULL,
        logged REAL NOT NULL
    )
    """,
    "CREATE INDEX outbox_logged ON outbox (logged)",
    "CREATE TABLE groups (name TEXT PRIMARY KEY) WITHOUT ROWID",
    """
    CREATE TABLE deliveries (
        name TEXT NOT NULL,
        seq INTEGER NOT NULL,
        until REAL,  -- when it is delivered again; NULL: not delivered yet
        PRIMARY KEY (name, seq)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX deliveries_seq ON deliveries (seq)",
)


def receive(connection: sqlite3.Connection, now: float, group: str, count: int, visibility: float) -> list[Row]:
    """Take events for a group, the oldest first."""
    _join(connection, group)
    rows = connection.execute(
        "SELECT seq, event, until IS NOT NULL FROM deliveries JOIN outbox USING (seq) "
        "WHERE name = ? AND (until IS NULL OR until <= ?) ORDER BY seq LIMIT ?",
        (group, now, count),
    ).fetchall()
    connection.executemany(
        "UPDATE deliveries SET until = ? WHERE name = ? AND seq = ?",
        [(now + visibility, group, seq) for seq, _, _ in rows],
    )
    return [(str(seq), event, bool(redelivered)) for seq, event, redelivered in rows]


def _join(connection: sqlite3.Connection, group: str) -> None:
    new = connection.execute("INSERT INTO groups VALUES (?) ON CONFLICT DO NOTHING", (group,))
    if new.rowcount > 0:
        connection.execute("INSERT INTO deliveries (name, seq) SELECT ?, seq FROM outbox", (group,))


def ack(connection: sqlite3.Connection, group: str, positions: Sequence[str]) -> None:
    """Forget deliveries."""
    connection.executemany(
        "DELETE FROM deliveries WHERE name = ? AND seq = ?", [(group, int(position)) for position in positions]
    )


def drop_group(connection: sqlite3.Connection, group: str) -> None:
    """Forget a group."""
    connection.execute("DELETE FROM groups WHERE name = ?", (group,))
    connection.execute("DELETE FROM deliveries WHERE name = ?", (group,))


def trim(connection: sqlite3.Connection, before: float) -> int:
    """Delete what is older than `before` and acknowledged by every group."""
    done = connection.execute(
        "DELETE FROM outbox WHERE logged <= ? AND seq NOT IN (SELECT seq FROM deliveries)", (before,)
    )
    return done.rowcount


def status(connection: sqlite3.Connection) -> dict[str, Any]:
    """The log's part of a hub's status."""
    (events,) = connection.execute("SELECT count(*) FROM outbox").fetchone()
    groups = connection.execute(
        "SELECT name, count(seq), count(until) FROM groups LEFT JOIN deliveries USING (name) "
        "GROUP BY name ORDER BY name"
    )
    return {"events": events, "groups": groups.fetchall()}
