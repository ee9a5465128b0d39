"""Writes that share a transaction: each is kept as a whole or not at all, as if it had one of its own."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from impactive_async._disk.grouped import MOST, GroupedDatabase
from impactive_async.errors import HubError
from tests.disk.test_format import FIRST, read

Work = Callable[[sqlite3.Connection], Any]


def note(text: str) -> Work:
    return lambda connection: connection.execute("INSERT INTO notes VALUES (?)", (text,)).rowcount


def refusing(text: str, error: Exception) -> Work:
    def work(connection: sqlite3.Connection) -> None:
        note(text)(connection)
        raise error

    return work


async def behind_a_write(database: GroupedDatabase, *works: Work) -> list[Any]:
    """What becomes of writes that wait while another one is under way."""
    begun, goes_on = threading.Event(), threading.Event()

    def slow(_: sqlite3.Connection) -> None:
        begun.set()
        goes_on.wait()

    first = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(begun.wait)
    others = [asyncio.create_task(database.write(work)) for work in works]
    await asyncio.sleep(0)
    goes_on.set()
    await first
    return await asyncio.gather(*others, return_exceptions=True)


def texts(connection: sqlite3.Connection) -> list[str]:
    return [text or "" for (text,) in read(connection)]


async def test_writes_that_wait_share_a_transaction(tmp_path: Path) -> None:
    """Each gets its own answer, and they are kept in the order in which they were asked for."""
    database = GroupedDatabase(tmp_path / "notes.db", FIRST)
    statements: list[str] = []
    await database.write(lambda connection: connection.set_trace_callback(statements.append))
    found = await behind_a_write(database, *(note(str(number)) for number in range(MOST)))
    assert found == [1] * MOST
    assert statements.count("COMMIT") < MOST // 2
    assert await database.read(texts) == [str(number) for number in range(MOST)]
    await database.aclose()


async def test_a_loop_is_woken_once_for_all_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waking it is a system call, and another one to read what woke it."""
    database = GroupedDatabase(tmp_path / "notes.db", FIRST)
    loop, woken = asyncio.get_running_loop(), []
    wake = loop.call_soon_threadsafe

    def waking(callback: Callable[..., object], *arguments: Any, **options: Any) -> Any:
        woken.append(callback)
        return wake(callback, *arguments, **options)

    monkeypatch.setattr(loop, "call_soon_threadsafe", waking)
    assert await behind_a_write(database, *(note(str(number)) for number in range(MOST))) == [1] * MOST
    assert sum("_answer" in str(callback) for callback in woken) == 2
    await database.aclose()


@pytest.mark.parametrize(
    "error", [ValueError("no"), sqlite3.OperationalError("database or disk is full")], ids=["ours", "SQLite's"]
)
async def test_one_that_fails_takes_nothing_of_the_others_with_it(tmp_path: Path, error: Exception) -> None:
    """Nothing of it is kept, whether it fails by itself or SQLite undoes all; the others are kept once."""
    database = GroupedDatabase(tmp_path / "notes.db", FIRST)
    first, failed, third = await behind_a_write(database, note("first"), refusing("second", error), note("third"))
    assert (first, third) == (1, 1)
    assert isinstance(failed, HubError if isinstance(error, sqlite3.Error) else ValueError)
    assert sorted(await database.read(texts)) == ["first", "third"]
    await database.aclose()


async def test_a_write_that_is_cancelled_before_its_turn_is_not_carried_out(tmp_path: Path) -> None:
    """And takes no other with it."""
    database = GroupedDatabase(tmp_path / "notes.db", FIRST)
    begun, goes_on = threading.Event(), threading.Event()

    def slow(_: sqlite3.Connection) -> None:
        begun.set()
        goes_on.wait()

    first = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(begun.wait)
    cancelled, kept = (asyncio.create_task(database.write(note(text))) for text in ("cancelled", "kept"))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait((cancelled,))
    goes_on.set()
    await asyncio.gather(first, kept)
    assert await database.read(texts) == ["kept"]
    await database.aclose()


async def test_a_file_that_is_locked_is_told_to_all_who_wait(tmp_path: Path) -> None:
    """To all of them together: each would wait for the lock as long as the first."""
    database = GroupedDatabase(tmp_path / "notes.db", FIRST, busy_timeout=0.2)
    await database.write(note("before"))
    holder = sqlite3.connect(tmp_path / "notes.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    found = await asyncio.gather(*(database.write(note("no")) for _ in range(5)), return_exceptions=True)
    assert [type(error) for error in found] == [HubError] * 5
    holder.close()
    await database.write(note("after"))
    assert await database.read(texts) == ["before", "after"]
    await database.aclose()
