"""What an SQLite file must be to be ours, and how an older one becomes a newer one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import attrs
import pytest

from impactive_async._disk.database import Database
from impactive_async._disk.format import Format
from impactive_async.errors import CursorError, HubError

FIRST = Format(
    noun="a notebook",
    application_id=7,
    version=1,
    statements=("CREATE TABLE notes (text)",),
    untrusted=CursorError,
    failed=HubError,
)
THIRD = attrs.evolve(
    FIRST,
    version=3,
    steps={1: ("ALTER TABLE notes ADD COLUMN author",), 2: ("UPDATE notes SET author = 'unknown'",)},
)


def write(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO notes (text) VALUES ('hello')")


def read(connection: sqlite3.Connection) -> list[tuple[str | None, ...]]:
    return connection.execute("SELECT * FROM notes").fetchall()


async def notes(path: Path, form: Format) -> list[tuple[str | None, ...]]:
    database = Database(path, form)
    try:
        return await database.read(read)
    finally:
        await database.aclose()


async def kept(path: Path, form: Format) -> None:
    database = Database(path, form)
    await database.write(write)
    await database.aclose()


async def test_an_older_file_is_brought_to_the_newest_version_step_by_step(tmp_path: Path) -> None:
    """What it held is still there, and the next opening finds a file of the newest version."""
    path = tmp_path / "notes.db"
    await kept(path, FIRST)
    assert await notes(path, THIRD) == [("hello", "unknown")]
    assert await notes(path, attrs.evolve(THIRD, steps={})) == [("hello", "unknown")]


async def test_a_new_file_is_of_the_newest_version(tmp_path: Path) -> None:
    """The steps are made where the schema is created, too."""
    path = tmp_path / "notes.db"
    await kept(path, THIRD)
    assert await notes(path, attrs.evolve(THIRD, steps={})) == [("hello", None)]


async def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """All steps are one transaction."""
    path = tmp_path / "notes.db"
    await kept(path, FIRST)
    broken = attrs.evolve(THIRD, steps={1: THIRD.steps[1], 2: ("UPDATE nowhere SET author = 'x'",)})
    with pytest.raises(HubError, match="no such table"):
        await notes(path, broken)
    assert await notes(path, FIRST) == [("hello",)]


async def test_an_older_file_without_a_step_and_a_newer_one_are_refused(tmp_path: Path) -> None:
    """The message says which version the file has and what to do, and the file stays as it was."""
    path = tmp_path / "notes.db"
    await kept(path, FIRST)
    before = path.read_bytes()
    with pytest.raises(CursorError, match=r"has format 1, older than 3\. It was left as it is: migrate it first"):
        await notes(path, attrs.evolve(THIRD, steps={2: THIRD.steps[2]}))
    assert path.read_bytes() == before
    await notes(path, THIRD)
    with pytest.raises(CursorError, match=r"has format 3, and .* reads formats up to 1\. .* upgrade this one"):
        await notes(path, FIRST)


async def test_a_wrong_statement_is_no_fault_of_the_file(tmp_path: Path) -> None:
    """An error that only a statement of ours can cause is not told as damage."""
    path = tmp_path / "notes.db"
    form = attrs.evolve(FIRST, statements=("CREATE TABLE notes (text NOT NULL)",))
    await kept(path, form)
    database = Database(path, form)
    with pytest.raises(sqlite3.IntegrityError):
        await database.write(lambda connection: connection.execute("INSERT INTO notes VALUES (NULL)"))
    assert await database.read(read) == [("hello",)]
    await database.aclose()
