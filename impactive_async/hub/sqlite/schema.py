"""The tables of an SQLite hub, by the version that brought them, and the upgrade of an older file."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import Final

from attrs import evolve

from impactive_async._disk.format import Format, connect, identity
from impactive_async.errors import ConfigurationError, HubError
from impactive_async.hub.contract.versions import VERSION, check_version

_VERSIONS: Final = {
    1: (
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
    ),
    2: (
        # A program of version 1 that still runs must not claim or commit: it finds no table of this name, looks at
        # the file again, and sees that it is newer.
        "ALTER TABLE feeds RENAME TO schedule",
        "ALTER TABLE terms RENAME TO settings",
        "INSERT INTO counters VALUES ('clock', 0), ('ahead', 0)",
    ),
    3: (
        # What a group has not acknowledged: new, in flight (`until` is when it is delivered again), or dead. The
        # new name keeps programs of version 1 out.
        "ALTER TABLE deliveries RENAME TO pending",
        "ALTER TABLE pending ADD COLUMN deliveries INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE pending ADD COLUMN died REAL",
        "ALTER TABLE pending ADD COLUMN reason TEXT NOT NULL DEFAULT ''",
        "UPDATE pending SET deliveries = 1 WHERE until IS NOT NULL",
        "CREATE INDEX pending_new ON pending (name, seq) WHERE until IS NULL AND died IS NULL",
        "CREATE INDEX pending_in_flight ON pending (name, deliveries, seq) WHERE until IS NOT NULL",
        "CREATE INDEX pending_dead ON pending (name, seq) WHERE died IS NOT NULL",
    ),
    4: (
        # Readers that have a group to themselves.
        "CREATE TABLE holders (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID",
    ),
    5: (
        # A new group only notes where it starts, and takes older events in steps.
        "ALTER TABLE groups ADD COLUMN place INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE groups ADD COLUMN start INTEGER NOT NULL DEFAULT 0",
        # Which event is due again is found without a look at those that are not.
        "DROP INDEX pending_in_flight",
        "CREATE INDEX pending_in_flight ON pending (name, deliveries, until, seq) WHERE until IS NOT NULL",
        # What is not in the log of an older file was trimmed.
        "INSERT INTO counters SELECT 'trimmed', coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'",
    ),
    6: (
        # Paused feeds, and leased ones that somebody wants polled once more at once.
        "ALTER TABLE schedule ADD COLUMN paused INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE schedule ADD COLUMN poll_again INTEGER NOT NULL DEFAULT 0",
        "DROP INDEX feeds_due",
        "CREATE INDEX schedule_due ON schedule (due) WHERE NOT dead AND NOT paused",
    ),
    7: (
        # What somebody deletes of what groups have not acknowledged; `log.own` says that it is the hub itself.
        """
        CREATE TABLE lost (
            seq INTEGER NOT NULL,
            name TEXT NOT NULL,
            deliveries INTEGER NOT NULL,
            died REAL,
            reason TEXT NOT NULL,
            PRIMARY KEY (seq, name)
        ) WITHOUT ROWID
        """,
        """
        CREATE TRIGGER pending_deleted AFTER DELETE ON pending
        WHEN NOT EXISTS (SELECT 1 FROM counters WHERE name = 'own') BEGIN
            INSERT OR REPLACE INTO lost VALUES (OLD.seq, OLD.name, OLD.deliveries, OLD.died, OLD.reason);
        END
        """,
        # While a group is moved: up to here the rows that it had before are deleted.
        "ALTER TABLE groups ADD COLUMN moved INTEGER",
    ),
}
"""What each version adds. A new file is made by all of them, one after the other."""

COUNTERS: Final = frozenset({"token", "arrival", "clock", "ahead", "trimmed"})
"""The rows of `counters`."""

FORMAT: Final = Format(
    noun="a hub",
    application_id=0x494D5048,  # "IMPH"
    version=VERSION,
    statements=tuple(statement for version in sorted(_VERSIONS) for statement in _VERSIONS[version]),
    upgrade="upgrade it with `impactive hub init --upgrade`, or Hub.init(upgrade=True)",
    untrusted=ConfigurationError,
    failed=HubError,
)
"""A hub's file. One of an older version is refused."""

UPGRADING: Final = evolve(
    FORMAT,
    statements=_VERSIONS[1],
    steps={version - 1: statements for version, statements in _VERSIONS.items() if version > 1},
)
"""The same for those who were asked to upgrade: they bring an older file to this version when they open it."""


def version_of(path: str | os.PathLike[str]) -> int:
    """Return the version of the hub in a file that is there."""
    with contextlib.closing(connect(path, 10.0)) as connection:
        return identity(connection)[1]


def demand_version(connection: sqlite3.Connection) -> None:
    """Accept a file of this program's version: another program may have upgraded it since it was opened.

    Raises:
        ConfigurationError: The file has another version.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    check_version(version)
