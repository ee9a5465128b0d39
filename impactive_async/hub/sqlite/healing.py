"""What somebody has deleted from an SQLite hub by hand, or has not restored: found, told, mended."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from impactive_async.hub.sqlite import log, schema


def heal(connection: sqlite3.Connection) -> list[str]:
    """Mend what can be mended; return a sentence for each loss."""
    return [*_restore_counters(connection), *_restore_log(connection)]


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


def _restore_log(connection: sqlite3.Connection) -> Iterator[str]:
    newest, logged, trimmed = log.newest(connection), log.logged(connection), log.trimmed(connection)
    if newest < logged and trimmed < logged:
        # So that consumers get what the API still shows.
        connection.execute("DELETE FROM schedule")
        log.note_trimmed(connection, logged)
        yield "the log, with what consumers had not handled; all feeds are followed from their beginning"
