"""The schedule, leases and rate limit of an SQLite hub.

Each function that writes runs in a transaction that holds the write lock from its start. `now` is the time, in
seconds since 1970, read under that lock.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from impactive_async._http.rate import Rate, rate, step
from impactive_async.errors import FencedError
from impactive_async.hub.contract.claim import Claim, IdlePoll, fenced
from impactive_async.hub.sqlite import log

_CLOCK_TOLERANCE = 2.0
"""Seconds by which the clock may go back without notice."""
_CLOCK_SAVED = 1.0
"""Seconds after which the time is saved again: each change is flushed to the disk."""

_LEASE: Final = (
    "UPDATE schedule SET token = column2, leased = 1, poll_again = 0, due = ? "
    "FROM (VALUES {}) WHERE feed = column1"
)
_COMMIT_IDLE: Final = (
    "UPDATE schedule SET cursor = column4, due = ? + CASE WHEN poll_again THEN 0 ELSE column5 END, "
    "settled = token, committed = token, leased = 0, failures = 0, error = '' FROM (VALUES {}) "
    "WHERE feed = column1 AND token = column2 AND leased AND due > ? AND cursor = column3"
)


def add(connection: sqlite3.Connection, now: float, feed: str, cursor: str) -> None:
    """Schedule a feed, unless it is there already."""
    connection.execute(
        "INSERT INTO schedule (feed, cursor, due) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (feed, cursor, now)
    )


def claim(connection: sqlite3.Connection, now: float, lease: float, count: int = 1) -> list[Claim]:
    """Lease the most overdue feeds, so many at the most; each is permitted if no rate limit is recorded."""
    last, limit = connection.execute(
        "SELECT (SELECT value FROM counters WHERE name = 'token'), "
        "(SELECT value FROM settings WHERE name = 'rate_limit')"
    ).fetchone()
    rows = connection.execute(
        "SELECT feed, cursor, failures FROM schedule "
        "WHERE NOT dead AND NOT paused AND due <= ? ORDER BY due LIMIT ?",
        (now, count),
    ).fetchall()
    # One counter for all feeds, so that a feed that is removed and added again does not repeat its tokens. A token
    # is also the time in microseconds: a file that is restored from a backup must not repeat its tokens either.
    first = int(max((last or 0.0) + 1, now * 1_000_000))  # `heal` makes the counter again
    claims = [
        Claim(feed=feed, cursor=cursor, token=token, failures=failures, lease=lease, permitted=not limit)
        for token, (feed, cursor, failures) in enumerate(rows, first)
    ]
    if claims:
        _count(connection, token=claims[-1].token)
        _lease(connection, now + lease, claims)
    return claims


def _lease(connection: sqlite3.Connection, ends: float, claims: Sequence[Claim]) -> None:
    values = [value for claim in claims for value in (claim.feed, claim.token)]
    connection.execute(_LEASE.format(_places(claims, "(?, ?)")), (ends, *values))


def _places(rows: Sequence[object], row: str) -> str:
    """Return places for the values of so many rows: one statement for all of them is one call to SQLite."""
    return ", ".join([row] * len(rows))


def _counter(connection: sqlite3.Connection, name: str) -> float:
    row = connection.execute("SELECT value FROM counters WHERE name = ?", (name,)).fetchone()
    return float(row[0]) if row else 0.0  # `heal` makes the row again


def _count(connection: sqlite3.Connection, **values: float) -> None:
    connection.executemany(
        "UPDATE counters SET value = ? WHERE name = ?", [(value, name) for name, value in values.items()]
    )


def hub_time(connection: sqlite3.Connection, host_time: float) -> float:
    """Return the hub's time: the host's, but it never goes back.

    A clock that is put back by two hours would otherwise leave every feed due two hours from now.
    """
    clock, ahead = _clock(connection)
    return max(host_time + ahead, clock)


def _clock(connection: sqlite3.Connection) -> tuple[float, float]:
    """Return the latest time that was saved, and how far the hub's time is ahead of the host's."""
    rows = connection.execute("SELECT name, value FROM counters WHERE name IN ('clock', 'ahead')")
    saved = dict(rows.fetchall())
    return saved.get("clock", 0.0), saved.get("ahead", 0.0)  # `heal` makes the rows again


def keep_time(connection: sqlite3.Connection, host_time: float) -> float:
    """Return the hub's time, and remember it."""
    clock, ahead = _clock(connection)
    now = max(host_time + ahead, clock)
    if now - host_time - ahead > _CLOCK_TOLERANCE:
        now += _CLOCK_SAVED  # the latest time may have been that much later than the saved one
        _count(connection, clock=now, ahead=now - host_time)
    elif now > clock + _CLOCK_SAVED:
        _count(connection, clock=now)
    return now


def commit(
    connection: sqlite3.Connection,
    now: float,
    claim: Claim,
    cursor: str,
    entries: Sequence[log.Entry],
    again_in: float,
    gaps: int,
) -> None:
    """Keep the cursor, log the events and end the lease."""
    done = connection.execute(
        "UPDATE schedule SET cursor = ?, due = ? + CASE WHEN poll_again THEN 0 ELSE ? END, gaps = gaps + ?, "
        "settled = token, committed = token, leased = 0, failures = 0, error = '' "
        "WHERE feed = ? AND token = ? AND leased AND due > ? AND cursor = ?",
        (cursor, now, again_in, gaps, claim.feed, claim.token, now, claim.cursor),
    )
    if done.rowcount:
        log.append(connection, entries)
    else:
        _is_done(connection, now, claim, cursor)


def commit_idle(connection: sqlite3.Connection, now: float, polls: Sequence[IdlePoll]) -> list[FencedError | None]:
    """Keep the cursors of polls that brought nothing, and end their leases; return who was fenced."""
    values = [value for poll in polls for value in _row(poll)]
    done = connection.execute(_COMMIT_IDLE.format(_places(polls, "(?, ?, ?, ?, ?)")), (now, *values, now))
    if done.rowcount == len(polls):
        return [None] * len(polls)
    return [_fenced_of(connection, now, poll) for poll in polls]  # those that took effect are recognised


def _row(poll: IdlePoll) -> tuple[str, int, str, str, float]:
    claim = poll.claim
    return claim.feed, claim.token, claim.cursor, poll.cursor, poll.again_in


def _fenced_of(connection: sqlite3.Connection, now: float, poll: IdlePoll) -> FencedError | None:
    try:
        commit(connection, now, poll.claim, poll.cursor, (), poll.again_in, 0)
    except FencedError as error:
        return error
    return None


def fail(connection: sqlite3.Connection, now: float, claim: Claim, error: str, again_in: float | None) -> None:
    """End the lease, count a failure and keep its reason."""
    if _is_done(connection, now, claim):
        return
    connection.execute(
        "UPDATE schedule SET due = ? + CASE WHEN poll_again THEN 0 ELSE ? END, dead = ? AND NOT paused, "
        "error = ?, failures = failures + 1, settled = token, leased = 0 WHERE feed = ?",
        (now, again_in or 0.0, again_in is None, error, claim.feed),
    )


def release(connection: sqlite3.Connection, now: float, claim: Claim) -> None:
    """End the lease; the feed is due at once."""
    if _is_done(connection, now, claim):
        return
    connection.execute(
        "UPDATE schedule SET due = ?, settled = token, leased = 0 WHERE feed = ?", (now, claim.feed)
    )


def _is_done(connection: sqlite3.Connection, now: float, claim: Claim, cursor: str | None = None) -> bool:
    """Return whether this very call was carried out before; a commit is recognised by token and cursor.

    Raises:
        FencedError: It was not, and the claim is no longer held.
    """
    # What lies between a stored cursor and the one that the claim began from was committed to a file that has been
    # replaced by an older one since. Nobody but the next claim can deliver it.
    row = connection.execute(
        "SELECT CASE WHEN :cursor IS NULL THEN settled = :token ELSE committed = :token AND cursor = :cursor END, "
        "token = :token AND leased AND due > :now AND (:cursor IS NULL OR cursor = :began) "
        "FROM schedule WHERE feed = :feed",
        {"feed": claim.feed, "token": claim.token, "cursor": cursor, "began": claim.cursor, "now": now},
    ).fetchone()
    done, held = row or (False, False)
    if not (done or held):
        raise fenced(claim)
    return bool(done)


def revive(connection: sqlite3.Connection, now: float, feed: str) -> bool:
    """Schedule a dead feed; return False if it is not dead."""
    done = connection.execute(
        "UPDATE schedule SET dead = 0, failures = 0, error = '', due = ? WHERE feed = ? AND dead", (now, feed)
    )
    return done.rowcount > 0


def remove(connection: sqlite3.Connection, feed: str) -> bool:
    """Forget a feed; return False if it is not there."""
    return connection.execute("DELETE FROM schedule WHERE feed = ?", (feed,)).rowcount > 0


def cursors(connection: sqlite3.Connection, feeds: Sequence[str]) -> dict[str, str]:
    """Return the cursors of those of the feeds that are there."""
    chosen = json.dumps(list(feeds))
    return dict(
        connection.execute(
            "SELECT feed, cursor FROM schedule WHERE feed IN (SELECT value FROM json_each(?))", (chosen,)
        ).fetchall()
    )


def bind(connection: sqlite3.Connection, workspace: str, limit: float | None) -> tuple[str, float | None]:
    """Record what is not recorded yet; return workspace and limit as they are now."""
    recorded = _propose(connection, "workspace", workspace)
    if recorded == workspace and limit is not None:
        _propose(connection, "rate_limit", limit)
    return recorded, _setting(connection, "rate_limit")


def _propose(connection: sqlite3.Connection, name: str, value: str | float) -> Any:
    connection.execute("INSERT INTO settings VALUES (?, ?) ON CONFLICT DO NOTHING", (name, value))
    return _setting(connection, name)


def _setting(connection: sqlite3.Connection, name: str) -> Any:
    row = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def set_setting(connection: sqlite3.Connection, name: str, value: str | float) -> None:
    """Record a term, whatever was recorded before."""
    connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))


def is_limited(connection: sqlite3.Connection) -> bool:
    """Return whether a rate limit is recorded."""
    return bool(_setting(connection, "rate_limit"))


def permit(connection: sqlite3.Connection, now: float, own: Rate | None) -> float:
    """Take a step of the rate limit; return the seconds to wait. `own` counts where none is recorded."""
    limit = _rate(connection, own)
    if limit is None:
        return 0.0
    arrival, wait = step(_counter(connection, "arrival"), now, limit)
    _count(connection, arrival=arrival)
    return wait


def _rate(connection: sqlite3.Connection, own: Rate | None) -> Rate | None:
    recorded = _setting(connection, "rate_limit")
    return own if recorded is None else rate(recorded or None)


def settings(connection: sqlite3.Connection, now: float) -> dict[str, Any]:
    """Return the settings' part of a hub's status."""
    limit = _rate(connection, None)
    return {
        "workspace": _setting(connection, "workspace"),
        "rate_limit": limit and limit.limit,
        "rate_wait": step(_counter(connection, "arrival"), now, limit)[1] if limit else 0.0,
    }
