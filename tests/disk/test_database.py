"""One SQLite file, used by many."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from impactive_async import ContactDraft, FileCursorStore, SqliteCursorStore
from impactive_async._disk.database import Database
from impactive_async.errors import CursorError, HubError, ImpactiveError, InvalidArgumentError, JournalError
from impactive_async.hub import SqliteHub
from impactive_async.sandbox import Sandbox
from tests.disk.test_format import FIRST, THIRD, kept, notes, read
from tests.support import client_of


async def test_processes_that_open_an_older_file_together_take_the_steps_once(tmp_path: Path) -> None:
    """One takes them, and the others wait for it: none fails, and no step is taken twice."""
    for number in range(5):
        path = tmp_path / f"{number}.db"
        await kept(path, FIRST)
        found = await asyncio.gather(*(notes(path, THIRD) for _ in range(6)))
        assert found == [[("hello", "unknown")]] * 6


async def test_after_a_failure_the_file_is_opened_again(tmp_path: Path) -> None:
    """What SQLite has lost sight of, such as a disk that was gone for a while, a new connection finds."""
    database = Database(tmp_path / "notes.db", FIRST)
    first = await database.read(lambda connection: connection)
    assert await database.read(lambda connection: connection) is first
    with pytest.raises(HubError, match="no such table"):
        await database.read(lambda connection: connection.execute("SELECT * FROM nowhere"))
    second = await database.read(lambda connection: connection)
    assert second is not first
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        first.execute("SELECT 1")
    assert await database.read(read) == []
    await database.aclose()


@pytest.mark.parametrize("path", [None, True, 7, b"kept.db", open])
async def test_what_is_no_path_is_refused(path: Any) -> None:
    """An option that is not set, a flag or an open file is an argument that can never be right, for each kind."""
    for make in (SqliteCursorStore, FileCursorStore, SqliteHub):
        with pytest.raises(InvalidArgumentError, match=f"pathlib.Path, not {type(path).__name__}"):
            make(path)
    async with Sandbox() as sandbox, client_of(sandbox) as crm:
        if path is not None:
            with pytest.raises(InvalidArgumentError, match=f"pathlib.Path, not {type(path).__name__}"):
                await crm.contacts.create_many([ContactDraft(first_name="A", last_name="B")], journal=path)
        assert not sandbox.requests


async def test_a_directory_is_called_one(tmp_path: Path) -> None:
    """Nobody is sent to look for rights, space on the disk or a lock, and a file's name is proposed."""
    told = f"{tmp_path} is a directory, and a .* is a file: give it a path such as {tmp_path}/file.db"
    with pytest.raises(CursorError, match=told):
        await SqliteCursorStore(tmp_path).load("a")
    async with SqliteHub(tmp_path) as hub:
        with pytest.raises(ImpactiveError, match=told):
            await hub.init()
    async with Sandbox() as sandbox, client_of(sandbox) as crm:
        with pytest.raises(JournalError, match=told):
            await crm.contacts.create_many([ContactDraft(first_name="A", last_name="B")], journal=tmp_path)
        assert not sandbox.requests_to("POST /api/agent/contacts")
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - nothing


@pytest.mark.parametrize("path", ["", ":memory:"])
async def test_a_path_that_names_no_file_is_refused(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite has a meaning of its own for it; here it would be a file of that name, which outlives the program."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidArgumentError, match="give it a path"):
        SqliteCursorStore(path)
    with pytest.raises(InvalidArgumentError, match="give it a path"):
        SqliteHub(path)
    async with Sandbox() as sandbox, client_of(sandbox) as crm:
        with pytest.raises(InvalidArgumentError, match="give it a path"):
            await crm.contacts.create_many([ContactDraft(first_name="A", last_name="B")], journal=path)
        assert not sandbox.requests_to("POST /api/agent/contacts")
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - nothing
