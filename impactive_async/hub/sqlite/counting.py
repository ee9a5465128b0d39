"""What an SQLite hub is doing now, counted in steps: this program's other calls wait for a step, and nobody else.

Each function looks at so many rows behind a place. The last item of its answer is the place at which to go on;
None: that was the last.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, Final

from impactive_async.hub.contract.status import DEAD_SHOWN

COUNTED: Final = 5_000
"""How many rows a step counts: some milliseconds."""

Row = tuple[Any, ...]
Step = Callable[[sqlite3.Connection, Any], Row]


def count_feeds(connection: sqlite3.Connection, now: float, after: str) -> Row:
    """Count feeds behind a name, and list those that are dead or paused."""
    *counts, last = connection.execute(
        "SELECT count(*), total(leased AND due > :now), total(NOT dead AND NOT paused AND due <= :now), "
        ":now - min(CASE WHEN NOT dead AND NOT paused AND due <= :now THEN due END), "
        "total(NOT dead AND failures > 0), total(gaps), total(dead), total(paused), max(feed) "
        "FROM (SELECT * FROM schedule WHERE feed > :after ORDER BY feed LIMIT :count)",
        {"now": now, "after": after, "count": COUNTED},
    ).fetchone()
    of_step = (after, last or "", DEAD_SHOWN)
    dead = connection.execute(
        "SELECT feed, failures, error FROM schedule WHERE feed > ? AND feed <= ? AND dead ORDER BY feed LIMIT ?",
        of_step,
    ).fetchall()
    paused = connection.execute(
        "SELECT feed FROM schedule WHERE feed > ? AND feed <= ? AND paused ORDER BY feed LIMIT ?", of_step
    ).fetchall()
    return *counts, dead, [feed for (feed,) in paused], last if counts[0] == COUNTED else None


def list_feeds(connection: sqlite3.Connection, after: str) -> Row:
    """List feeds behind a name: None for a live one, the reason for a dead one."""
    rows = connection.execute(
        "SELECT feed, CASE WHEN dead THEN error END FROM schedule WHERE feed > ? ORDER BY feed LIMIT ?",
        (after, COUNTED),
    ).fetchall()
    return rows, rows[-1][0] if len(rows) == COUNTED else None


def count_log(connection: sqlite3.Connection, to: int, after: int) -> Row:
    """Count events in the log up to a number."""
    number, last = connection.execute(
        "SELECT count(*), max(seq) FROM (SELECT seq FROM outbox WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?)",
        (after, to, COUNTED),
    ).fetchone()
    return number, last if number == COUNTED else None


def count_pending(connection: sqlite3.Connection, group: str, before: int, after: int) -> Row:
    """Count what a group has not acknowledged: events that are not dead, those in flight, dead letters.

    Behind these comes the number of the first that is not dead.
    """
    number, in_flight, dead, first, last = connection.execute(
        "SELECT count(*), count(until), count(died), min(CASE WHEN died IS NULL THEN seq END), max(seq) FROM "
        "(SELECT seq, until, died FROM pending WHERE name = ? AND seq > ? AND seq < ? ORDER BY seq LIMIT ?)",
        (group, after, before, COUNTED),
    ).fetchone()
    return number - dead, in_flight, dead, first, last if number == COUNTED else None
