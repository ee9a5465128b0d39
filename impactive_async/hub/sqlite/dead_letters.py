"""The dead letters of an SQLite hub: rows of `pending` that have died."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence

from impactive_async.hub.contract.dead_letters import Letter
from impactive_async.hub.sqlite import log

Settle = Callable[[sqlite3.Connection, float, str, Sequence[str] | None], int]
"""`replay` or `drop`."""


def reject(connection: sqlite3.Connection, group: str, position: str, reason: str) -> None:
    """Make an event a dead letter, unless it was acknowledged."""
    for seq in log.numbers(connection, [position]):
        connection.execute(
            "UPDATE pending SET died = ?, until = NULL, reason = ? WHERE name = ? AND seq = ? AND died IS NULL",
            (time.time(), reason, group, seq),
        )


def listed(connection: sqlite3.Connection, group: str, count: int) -> list[Letter]:
    """Return the dead letters of a group."""
    rows = connection.execute(
        "SELECT seq, logged, CAST(event AS BLOB), deliveries, reason, died "
        "FROM pending INDEXED BY pending_dead JOIN outbox USING (seq) "
        "WHERE name = ? AND died IS NOT NULL ORDER BY seq LIMIT ?",
        (group, count),
    )
    return [
        (log.position(seq, logged), log.text(entry), deliveries, reason, died)
        for seq, logged, entry, deliveries, reason, died in rows
    ]


def replay(connection: sqlite3.Connection, now: float, group: str, positions: Sequence[str] | None) -> int:
    """Let dead letters be delivered again, a step of them where there are no positions; return how many."""
    revived = "UPDATE pending SET died = NULL, reason = '', deliveries = 0, until = :now"
    return _settle_dead(connection, revived, now, group, positions)


def drop(connection: sqlite3.Connection, now: float, group: str, positions: Sequence[str] | None) -> int:
    """Forget dead letters, a step of them where there are no positions; return how many."""
    with log.own(connection):
        return _settle_dead(connection, "DELETE FROM pending", now, group, positions)


def _settle_dead(
    connection: sqlite3.Connection, change: str, now: float, group: str, positions: Sequence[str] | None
) -> int:
    dead = f"{change} WHERE name = :group AND died IS NOT NULL"
    if positions is None:
        step = (
            "SELECT seq FROM pending INDEXED BY pending_dead WHERE name = :group AND died IS NOT NULL "
            "ORDER BY seq LIMIT :step"
        )
        some = {"now": now, "group": group, "step": log.STEP}
        return connection.execute(f"{dead} AND seq IN ({step})", some).rowcount
    return sum(
        connection.execute(f"{dead} AND seq = :seq", {"now": now, "group": group, "seq": seq}).rowcount
        for seq in log.numbers(connection, positions)
    )
