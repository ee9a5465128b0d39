"""A state that cannot be trusted is an error that names the file, never a restart from zero."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from impactive_async.errors import CursorError
from impactive_async.stores import FileCursorStore, SqliteCursorStore
from impactive_async.stores.file import file_name

GOOD = {"format": "impactive-async cursor", "version": 1, "key": "feed", "cursor": "1"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "truncated or damaged"),
        (json.dumps(GOOD).encode()[:-7], "truncated or damaged"),
        (b"\xff\xfe\x00", "truncated or damaged"),
        (b"[1]", "holds no cursor"),
        (b"{}", "not the cursor of 'feed'"),
        (json.dumps(GOOD | {"key": "other"}).encode(), "not the cursor of 'feed'"),
        (json.dumps(GOOD | {"cursor": None}).encode(), "damaged"),
        (json.dumps(GOOD | {"version": "1"}).encode(), "damaged"),
        (json.dumps(GOOD | {"version": 2}).encode(), "newer version"),
    ],
)
async def test_a_damaged_or_foreign_file_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    """A cursor file that is not exactly what was saved raises an error naming it, and stays as it is."""
    file = tmp_path / file_name("feed")
    file.write_bytes(content)
    with pytest.raises(CursorError, match=reason) as caught:
        await FileCursorStore(tmp_path).load("feed")
    assert str(file) in str(caught.value)
    assert file.read_bytes() == content


async def test_the_good_file_of_these_tests_is_good(tmp_path: Path) -> None:
    """The document that the damaged ones are made from is one that loads."""
    (tmp_path / file_name("feed")).write_text(json.dumps(GOOD))
    assert await FileCursorStore(tmp_path).load("feed") == "1"


def not_a_database(file: Path) -> None:
    file.write_bytes(b'{"feed": "a JSON file, not a database"}' * 40)


def of_another_program(file: Path) -> None:
    run(file, "CREATE TABLE users (id)")


def of_another_application_id(file: Path) -> None:
    run(file, "PRAGMA application_id = 7")


def newer(file: Path) -> None:
    run(file, "PRAGMA user_version = 2")


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def older(file: Path) -> None:
    run(file, "PRAGMA user_version = 0")


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def scribbled(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-4096:-2048] = b"\xaa" * 2048
    file.write_bytes(content)


def run(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file)
    connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("damage", "fresh", "reason"),
    [
        (not_a_database, True, "not a database"),
        (of_another_program, True, "another program"),
        (of_another_application_id, False, "another program"),
        (newer, False, "newer version"),
        (older, False, "older"),
        (truncated, False, "malformed"),
        (emptied, False, "empty .0 bytes.*Restore it from a backup, or delete it"),
        (emptied, True, "empty .0 bytes.*Restore it from a backup, or delete it"),
        (scribbled, False, "Restore it from a backup"),
    ],
)
async def test_a_damaged_or_foreign_database_is_named(
    tmp_path: Path, damage: Any, fresh: bool, reason: str
) -> None:
    """A database that is damaged or not ours raises an error naming it, on load and save, and is not touched."""
    file = tmp_path / "cursors.db"
    if not fresh:
        async with SqliteCursorStore(file) as store:
            for number in range(40):
                await store.save(f"feed {number}", "x" * 500)
    damage(file)
    content = file.read_bytes()
    for operation in (SqliteCursorStore(file).load("feed 1"), SqliteCursorStore(file).save("feed 1", "1")):
        with pytest.raises(CursorError, match=reason) as caught:
            await operation
        assert str(file) in str(caught.value)
    assert file.read_bytes() == content


async def test_a_file_locked_for_too_long_is_named(tmp_path: Path) -> None:
    """A save waits for another process's write no longer than told, and then says who is in the way."""
    file = tmp_path / "cursors.db"
    store = SqliteCursorStore(file, busy_timeout=0)
    await store.save("feed", "1")
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(CursorError, match=r"locked.*no other process"):
        await store.save("feed", "2")
    assert await store.load("feed") == "1"
    holder.close()
    await store.save("feed", "3")
    assert await store.load("feed") == "3"


async def test_a_link_to_no_file_yet_is_a_new_store(tmp_path: Path) -> None:
    """The file is made where the link points, and the link stays one."""
    link = tmp_path / "cursors.db"
    link.symlink_to(tmp_path / "elsewhere.db")
    async with SqliteCursorStore(link) as store:
        await store.save("feed", "1")
    assert link.is_symlink()
    assert await SqliteCursorStore(tmp_path / "elsewhere.db").load("feed") == "1"


async def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no second name can be given to a file, the store is made all the same, and leaves none beside it."""

    def no_links(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", no_links)
    async with SqliteCursorStore(tmp_path / "cursors.db") as store:
        await store.save("feed", "1")
    assert contents(tmp_path) == ["cursors.db"]
    assert await SqliteCursorStore(tmp_path / "cursors.db").load("feed") == "1"


async def test_a_store_stays_where_it_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means what it meant at first, though the program has changed its directory since."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    async with SqliteCursorStore("cursors.db") as store:
        await store.save("feed", "1")
        monkeypatch.chdir(tmp_path / "elsewhere")
        await store.save("feed", "2")
        await store.aclose()
        assert await store.load("feed") == "2"
    assert contents(tmp_path / "elsewhere") == []


def remove_all_of(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def contents(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_that_is_taken_away_is_written_to_no_more(tmp_path: Path, replaced: bool) -> None:
    """Nothing is saved where nobody will find it, nor over another's: only opening it anew uses what is there."""
    path = tmp_path / "cursors.db"
    async with SqliteCursorStore(path) as store, SqliteCursorStore(tmp_path / "other.db") as other:
        await store.save("feed", "1")
        await other.save("feed", "2")
        await other.aclose()
        remove_all_of(path)
        if replaced:
            (tmp_path / "other.db").rename(path)
        for _ in range(2):
            with pytest.raises(CursorError, match="removed or replaced while it was in use"):
                await store.save("feed", "3")
        await store.aclose()
        assert await store.load("feed") == ("2" if replaced else None)
        await store.save("feed", "4")
        assert await SqliteCursorStore(path).load("feed") == "4"


@pytest.mark.parametrize("kind", ["wal", "journal"])
async def test_changes_to_a_file_that_is_gone_are_not_made_to_a_new_one(tmp_path: Path, kind: str) -> None:
    """Who deletes a store and leaves its log beside it is told so: SQLite would mix the old with the new."""
    path = tmp_path / "cursors.db"
    orphan = tmp_path / f"cursors.db-{kind}"
    orphan.write_bytes(b"changes")
    with pytest.raises(CursorError, match=f"delete {orphan.name} as well"):
        await SqliteCursorStore(path).save("feed", "1")
    assert contents(tmp_path) == [orphan.name]
    assert orphan.read_bytes() == b"changes"
    orphan.unlink()
    await SqliteCursorStore(path).save("feed", "1")
