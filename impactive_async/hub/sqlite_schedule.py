"""The schedule, leases and rate limit of an SQLite hub: what happens inside its transactions.

Each function runs in a transaction that holds the write lock from its start, and is given the time read under it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from impactive_async.hub.base import Claim, fenced
from impactive_async.hub.events import Event
from impactive_async.hub.rate import Rate, rate, step
from impactive_async.hub.status import DEAD_SHOWN

STATEMENTS = (
    """
    CREATE TABLE feeds (
        feed TEXT PRIMARY KEY,
        cursor TEXT NOT NULL,
        due REAL NOT NULL,                   -- while leased: when the lease ends
        leased INTEGER NOT NULL DEFAULT 0,
        token INTEGER NOT NULL DEFAULT 0,    -- of the newest claim
        settled INTEGER NOT NULL DEFAULT 0,    -- the newest claim that was ended by its holder
        committed INTEGER NOT NULL DEFAULT 0,  -- the newest that was ended by a commit
        failures INTEGER NOT NULL DEFAULT 0,
        error TEXT NOT NULL DEFAULT '',
        gaps INTEGER NOT NULL DEFAULT 0,
        dead INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID
    """,
    "CREATE INDEX feeds_due ON feeds (due) WHERE NOT dead",
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID",
    "INSERT INTO counters VALUES ('token', 0), ('arrival', 0)",
    "CREATE TABLE terms (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID",
)


def add(connection: sqlite3.Connection, now: float, feed: str, cursor: str) -> None:
    """Schedule a feed that is not there yet."""
    connection.execute(
        "INSERT INTO feeds (feed, cursor, due) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (feed, cursor, now)
    )


def claim(connection: sqlite3.Connection, now: float, lease: float) -> Claim | None:
    """Lease the most overdue feed."""
    row = connection.execute(
        "SELECT feed, cursor, failures FROM feeds WHERE NOT dead AND due <= ? ORDER BY due LIMIT 1", (now,)
    ).fetchone()
    if row is None:
        return None
    feed, cursor, failures = row
    token = _next_token(connection)
    connection.execute(
        "UPDATE feeds SET token = ?, leased = 1, due = ? WHERE feed = ?", (token, now + lease, feed)
    )
    return Claim(feed=feed, cursor=cursor, token=token, failures=failures, lease=lease)


def _next_token(connection: sqlite3.Connection) -> int:
    # One counter for all feeds: a feed that is removed and added again must not repeat its tokens.
    connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'token'")
    (token,) = connection.execute("SELECT value FROM counters WHERE name = 'token'").fetchone()
    return int(token)


def commit(
    connection: sqlite3.Connection,
    now: float,
    claim: Claim,
    cursor: str,
    events: Sequence[Event],
    again_in: float,
    gaps: int,
) -> None:
    """Cursor, events and the end of the lease."""
    if _is_done(connection, now, claim, cursor):
        return
    connection.execute(
        "UPDATE feeds SET cursor = ?, due = ?, gaps = gaps + ?, settled = token, committed = token, leased = 0, "
        "failures = 0, error = '' WHERE feed = ?",
        (cursor, now + again_in, gaps, claim.feed),
    )
    (before,) = connection.execute("SELECT coalesce(max(seq), 0) FROM outbox").fetchone()
    connection.executemany(
        "INSERT INTO outbox (id, event, logged) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
        [(event.id, event.to_json(), now) for event in events],
    )
    connection.execute(
        "INSERT INTO deliveries (name, seq) SELECT name, seq FROM groups CROSS JOIN outbox WHERE seq > ?",
        (before,),
    )


def fail(connection: sqlite3.Connection, now: float, claim: Claim, error: str, again_in: float | None) -> None:
    """The end of the lease, and why."""
    if _is_done(connection, now, claim):
        return
    connection.execute(
        "UPDATE feeds SET due = ?, dead = ?, error = ?, failures = failures + 1, settled = token, leased = 0 "
        "WHERE feed = ?",
        (now + (again_in or 0.0), again_in is None, error, claim.feed),
    )


def release(connection: sqlite3.Connection, now: float, claim: Claim) -> None:
    """The end of the lease, as if it had never begun."""
    if _is_done(connection, now, claim):
        return
    connection.execute("UPDATE feeds SET due = ?, settled = token, leased = 0 WHERE feed = ?", (now, claim.feed))


def _is_done(connection: sqlite3.Connection, now: float, claim: Claim, cursor: str | None = None) -> bool:
    """True if this call was carried out before (a commit, if a cursor is given); False if it may be now.

    Raises:
        FencedError: Neither.
    """
    row = connection.execute(
        "SELECT CASE WHEN :cursor IS NULL THEN settled = :token ELSE committed = :token AND cursor = :cursor END, "
        "token = :token AND leased AND due > :now FROM feeds WHERE feed = :feed",
        {"feed": claim.feed, "token": claim.token, "cursor": cursor, "now": now},
    ).fetchone()
    done, held = row or (False, False)
    if not (done or held):
        raise fenced(claim)
    return bool(done)


def revive(connection: sqlite3.Connection, now: float, feed: str) -> bool:
    """Schedule a dead feed."""
    done = connection.execute(
        "UPDATE feeds SET dead = 0, failures = 0, error = '', due = ? WHERE feed = ? AND dead", (now, feed)
    )
    return done.rowcount > 0


def remove(connection: sqlite3.Connection, feed: str) -> bool:
    """Forget a feed."""
    return connection.execute("DELETE FROM feeds WHERE feed = ?", (feed,)).rowcount > 0


def feeds(connection: sqlite3.Connection) -> dict[str, str | None]:
    """All feeds, and of what the dead ones died."""
    return dict(connection.execute("SELECT feed, CASE WHEN dead THEN error END FROM feeds").fetchall())


def bind(connection: sqlite3.Connection, workspace: str, limit: float | None) -> tuple[str, float | None]:
    """Record what is not recorded yet; returns workspace and limit as they are now."""
    recorded = _propose(connection, "workspace", workspace)
    if recorded == workspace and limit is not None:
        _propose(connection, "rate_limit", limit)
    return recorded, _term(connection, "rate_limit")


def _propose(connection: sqlite3.Connection, name: str, value: str | float) -> Any:
    connection.execute("INSERT INTO terms VALUES (?, ?) ON CONFLICT DO NOTHING", (name, value))
    return _term(connection, name)


def _term(connection: sqlite3.Connection, name: str) -> Any:
    row = connection.execute("SELECT value FROM terms WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def set_term(connection: sqlite3.Connection, name: str, value: str | float) -> None:
    """Change for all what they have to agree on."""
    connection.execute("INSERT OR REPLACE INTO terms VALUES (?, ?)", (name, value))


def is_limited(connection: sqlite3.Connection) -> bool:
    """Whether anybody has set a rate limit."""
    return bool(_term(connection, "rate_limit"))


def permit(connection: sqlite3.Connection, now: float, own: Rate | None) -> float:
    """One step of the rate limit; `own` is for a hub that has none recorded."""
    limit = _rate(connection, own)
    if limit is None:
        return 0.0
    arrival, wait = step(_arrival(connection), now, limit)
    connection.execute("UPDATE counters SET value = ? WHERE name = 'arrival'", (arrival,))
    return wait


def _rate(connection: sqlite3.Connection, own: Rate | None) -> Rate | None:
    recorded = _term(connection, "rate_limit")
    return own if recorded is None else rate(recorded or None)


def _arrival(connection: sqlite3.Connection) -> float:
    (arrival,) = connection.execute("SELECT value FROM counters WHERE name = 'arrival'").fetchone()
    return float(arrival)


def status(connection: sqlite3.Connection, now: float) -> dict[str, Any]:
    """The schedule's part of a hub's status."""
    row = connection.execute(
        "SELECT count(*), total(leased AND due > :now), total(NOT dead AND due <= :now), "
        ":now - min(CASE WHEN NOT dead AND due <= :now THEN due END), "
        "total(NOT dead AND failures > 0), total(gaps), total(dead) FROM feeds",
        {"now": now},
    ).fetchone()
    names = ("feeds", "leased", "due", "lag", "failing", "gaps", "dead_count")
    dead = connection.execute(
        "SELECT feed, failures, error FROM feeds WHERE dead ORDER BY feed LIMIT ?", (DEAD_SHOWN,)
    )
    return dict(zip(names, row, strict=True)) | {"dead": dead.fetchall()} | _terms(connection, now)


def _terms(connection: sqlite3.Connection, now: float) -> dict[str, Any]:
    limit = _rate(connection, None)
    return {
        "workspace": _term(connection, "workspace"),
        "rate_limit": limit and limit.limit,
        "rate_wait": step(_arrival(connection), now, limit)[1] if limit else 0.0,
    }
