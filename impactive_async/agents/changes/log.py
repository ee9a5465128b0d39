"""The log of changes: one SQLite file with the events and the cursors that they came by."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import field, frozen

from impactive_async._disk.database import Database
from impactive_async._disk.format import Format
from impactive_async.errors import CursorError
from impactive_async.hub import HubEvent

KEPT: Final = 10_000
"""Events that are kept. A reader that is further behind is told how many it has missed."""

_FORMAT: Final = Format(
    noun="a log of changes",
    application_id=0x494D504C,  # "IMPL"
    version=1,
    statements=(
        "CREATE TABLE cursors (feed TEXT PRIMARY KEY, cursor TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE changes (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, event TEXT NOT"
        " NULL)",
        "CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "INSERT INTO state VALUES ('generation', '0'), ('last', '0'), ('log', lower(hex(randomblob(4))))",
    ),
    untrusted=CursorError,
    failed=CursorError,
)


@frozen(kw_only=True)
class LogState:
    """Where the log is.

    Attributes:
        log: Names this log and no other.
        generation: Grows with each fetch: what was fetched from an older one is not kept.
        first: The number of the oldest event that is kept, or of the next one.
        end: The number of the newest event; 0: there was none.
        last: What the last reader had got, as it said.
        cursors: By feed.
    """

    log: str
    generation: int
    first: int
    end: int
    last: int
    cursors: Mapping[str, str] = field(repr=False)


@frozen
class LoggedChange:
    """An event and its number."""

    number: int
    event: HubEvent


class ChangeLog:
    """The log in a file, which several servers may share.

    Args:
        path: The file, made at its first use.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _FORMAT)
        self._folder = path.parent

    async def state(self) -> LogState:
        """Return where the log is.

        Raises:
            CursorError: The file is damaged or cannot be used.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return await self._database.read(_state)

    async def after(self, number: int, count: int) -> list[LoggedChange]:
        """Return the events after a number, the oldest first, at most `count`."""
        statement = "SELECT number, event FROM changes WHERE number > ? ORDER BY number LIMIT ?"
        rows = await self._database.read(
            lambda connection: connection.execute(statement, (number, count)).fetchall()
        )
        return [LoggedChange(number, HubEvent.from_json(text)) for number, text in rows]

    async def append(self, known: LogState, events: Sequence[HubEvent], cursors: Mapping[str, str]) -> bool:
        """Keep events and cursors in one step. False: another server was faster, and nothing is kept."""

        def write(connection: sqlite3.Connection) -> bool:
            if _state(connection).generation != known.generation:
                return False
            connection.execute(
                "UPDATE state SET value = ? WHERE name = 'generation'", (str(known.generation + 1),)
            )
            connection.executemany(
                "INSERT OR IGNORE INTO changes (id, event) VALUES (?, ?)",
                [(one.id, one.to_json()) for one in events],
            )
            connection.executemany("INSERT OR REPLACE INTO cursors VALUES (?, ?)", list(cursors.items()))
            connection.execute(
                "DELETE FROM changes WHERE number <= (SELECT max(number) FROM changes) - ?", (KEPT,)
            )
            return True

        return await self._database.write(write)

    async def confirm(self, number: int) -> None:
        """Record what a reader says that it has got, for one that has forgotten its token."""
        statement = "UPDATE state SET value = ? WHERE name = 'last'"
        await self._database.write(lambda connection: connection.execute(statement, (str(number),)).close())

    async def aclose(self) -> None:
        """Close the file."""
        await self._database.aclose()


def _state(connection: sqlite3.Connection) -> LogState:
    values = dict(connection.execute("SELECT name, value FROM state").fetchall())
    end = connection.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()[0]
    first = connection.execute("SELECT coalesce(min(number), ?) FROM changes", (end + 1,)).fetchone()[0]
    return LogState(
        log=values["log"],
        generation=int(values["generation"]),
        first=first,
        end=end,
        last=int(values["last"]),
        cursors=dict(connection.execute("SELECT feed, cursor FROM cursors").fetchall()),
    )
