"""Writes that share a transaction: each is kept as a whole or not at all, as if it had one of its own."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from impactive_async._disk.grouped import MOST, UNFLUSHED, GroupedDatabase
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


def level_of(statement: str) -> str:
    return statement.rstrip(";").split()[-1]


async def begun(database: GroupedDatabase, *writes: tuple[Work, bool]) -> list[str]:
    """How the transactions of writes began, one after the other; with each, whether it must last."""
    statements: list[str] = []
    await database.write(lambda connection: connection.set_trace_callback(statements.append))
    for work, lasting in writes:
        await database.write(work, lasting=lasting)
    return [level_of(text) for text in statements if "synchronous" in text]


async def test_only_what_must_last_is_flushed(tmp_path: Path) -> None:
    """What need not last waits for the next flush, which keeps all that was written before it."""
    database = GroupedDatabase(tmp_path / "notes.db", FIRST)
    writes = [(note("a"), False), (note("b"), True), (note("c"), False)]
    assert await begun(database, *writes) == ["NORMAL", "FULL", "NORMAL"]
    assert await database.read(texts) == ["a", "b", "c"]
    await database.aclose()


async def test_one_that_must_last_is_flushed_with_those_beside_it(tmp_path: Path) -> None:
    """However many share its transaction."""
    database = GroupedDatabase(tmp_path / "notes.db", FIRST)
    statements: list[str] = []
    await database.write(lambda connection: connection.set_trace_callback(statements.append))
    passing = partial(database.write, lasting=False)
    await asyncio.gather(passing(note("first")), passing(note("a")), database.write(note("b")), passing(note("c")))
    (shared,) = [text for text in statements if "INSERT INTO notes VALUES ('b')" in text]
    before = statements[: statements.index(shared)]
    assert [level_of(text) for text in before if "synchronous" in text][-1] == "FULL"
    await database.aclose()


async def test_what_was_not_flushed_waits_a_second_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the next write that changes something is flushed; one that changes nothing flushes nothing."""
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    database = GroupedDatabase(tmp_path / "notes.db", FIRST)

    def later(connection: sqlite3.Connection) -> None:
        nonlocal now
        now += UNFLUSHED

    works = [later, note("a"), later, later, later, note("b"), note("c")]
    found = await begun(database, *((work, False) for work in works))
    assert found == ["NORMAL", "NORMAL", "NORMAL", "NORMAL", "FULL", "FULL", "NORMAL"]
    await database.aclose()


async def test_all_is_flushed_where_there_is_no_write_ahead_log(tmp_path: Path) -> None:
    """Without one, an older file could be damaged by a power cut between two flushes."""
    database = GroupedDatabase(tmp_path / "notes.db", FIRST)
    await database.write(note("a"))
    monkeypatched: Any = database
    monkeypatched._logs_ahead = False
    assert await begun(database, (note("b"), False)) == ["FULL"]
    await database.aclose()
