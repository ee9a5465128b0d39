"""Consumer groups of an SQLite hub that one reader has to itself."""

from __future__ import annotations

import sqlite3

from impactive_async.hub.contract.holding import Held
from impactive_async.hub.sqlite import log


def hold(connection: sqlite3.Connection, now: float, group: str, holder: str, seconds: float) -> bool:
    """Let a reader have a group, unless another has it; return whether it does."""
    taken = connection.execute(
        "INSERT INTO holders VALUES (:name, :holder, :until) ON CONFLICT (name) DO UPDATE "
        "SET holder = excluded.holder, until = excluded.until "
        "WHERE holders.holder = excluded.holder OR holders.until <= :now",
        {"name": group, "holder": holder, "until": now + seconds, "now": now},
    )
    return taken.rowcount > 0


def in_flight(connection: sqlite3.Connection, now: float, group: str, count: int, after: str) -> list[Held]:
    """Return what a group has in flight behind a position."""
    rows = connection.execute(
        "SELECT seq, logged, CAST(event AS BLOB), deliveries, until - ? FROM pending JOIN outbox USING (seq) "
        "WHERE name = ? AND until IS NOT NULL AND seq > ? ORDER BY seq LIMIT ?",
        (now, group, int(after.partition("-")[0]), count),
    )
    return [
        (log.position(seq, logged), log.text(entry), deliveries, again_in)
        for seq, logged, entry, deliveries, again_in in rows
    ]


def postpone(
    connection: sqlite3.Connection, now: float, group: str, position: str, seconds: float, deliveries: int
) -> None:
    """Deliver an event in flight again after so many seconds."""
    for seq in log.numbers(connection, [position]):
        connection.execute(
            "UPDATE pending SET until = ?, deliveries = ? WHERE name = ? AND seq = ? AND until IS NOT NULL",
            (now + seconds, deliveries, group, seq),
        )
