"""What every store owes its feeds."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from impactive_async.errors import CursorError
from impactive_async.stores import CursorStore, FileCursorStore, MemoryCursorStore, SqliteCursorStore
from tests.stores.processes import make_store
from tests.support import PATIENCE

AWKWARD_KEYS = [
    "replies:seq_1",
    "replies:SEQ_1",
    "",
    ".",
    "../../etc/passwd",
    "a/b\\c:d*e?",
    "ключ 🔑",
    "nul\0byte",
    "k" * 5000,
    "k" * 5001,
]


def build(kind: str, directory: Path) -> CursorStore:
    return MemoryCursorStore() if kind == "memory" else make_store(kind, directory)


@pytest.fixture(params=["memory", "file", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> CursorStore:
    return build(request.param, tmp_path)


async def test_what_was_never_saved_is_none(store: CursorStore) -> None:
    """Only a key that was never saved loads as None."""
    assert await store.load("feed") is None


async def test_any_key_keeps_its_own_cursor(store: CursorStore) -> None:
    """Keys of any characters and length are told apart, also where file systems ignore case."""
    for number, key in enumerate(AWKWARD_KEYS):
        await store.save(key, f"cursor {number}")
    assert [await store.load(key) for key in AWKWARD_KEYS] == [
        f"cursor {number}" for number in range(len(AWKWARD_KEYS))
    ]


async def test_saves_called_at_once_take_effect_in_order(store: CursorStore) -> None:
    """Of saves that overlap, the one called last is the one that stays."""
    await asyncio.gather(*(store.save("feed", str(number)) for number in range(50)))
    assert await store.load("feed") == "49"


async def test_a_cancelled_save_leaves_one_cursor_or_the_other(store: CursorStore) -> None:
    """Cancelling a save at any step leaves the cursor before it or its own, and the store usable."""
    await store.save("feed", "0")
    for steps in range(4):
        saving = asyncio.ensure_future(store.save("feed", f"cancelled {steps}"))
        for _ in range(steps):
            await asyncio.sleep(0)
        before = await store.load("other")
        saving.cancel()
        await asyncio.wait([saving])
        assert before is None
        assert await store.load("feed") in {str(steps), f"cancelled {steps}"}
        await store.save("feed", str(steps + 1))


@pytest.mark.parametrize("kind", ["memory", "file", "sqlite"])
def test_a_store_works_on_one_event_loop_after_another(kind: str, tmp_path: Path) -> None:
    """A store outlives the event loop that used it first."""
    store = build(kind, tmp_path)
    asyncio.run(store.save("feed", "1"))
    assert asyncio.run(store.load("feed")) == "1"


@pytest.mark.parametrize("kind", ["file", "sqlite"])
async def test_a_new_store_finds_what_an_old_one_saved(kind: str, tmp_path: Path) -> None:
    """A saved cursor does not depend on the object that saved it."""
    await build(kind, tmp_path).save("feed", "1")
    assert await build(kind, tmp_path).load("feed") == "1"


@pytest.mark.parametrize("kind", ["file", "sqlite"])
async def test_a_place_that_cannot_be_written_is_named(kind: str, tmp_path: Path) -> None:
    """Where no file can be made, save raises an error that names the place."""
    (tmp_path / "occupied").write_text("a file, not a directory")
    store = build(kind, tmp_path / "occupied")
    with pytest.raises(CursorError, match="occupied"):
        await store.save("feed", "1")


@pytest.mark.parametrize("kind", ["file", "sqlite"])
async def test_a_store_is_pickled_by_its_path(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a process that is spawned shares it, also in another directory; what it has open stays behind."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    store = build(kind, Path())
    await store.save("feed", "1")
    pickled = pickle.dumps(store)
    monkeypatch.chdir(tmp_path / "elsewhere")
    copy = pickle.loads(pickled)
    assert type(copy) is type(store)
    assert await copy.load("feed") == "1"
    await copy.save("feed", "2")
    assert await build(kind, tmp_path).load("feed") == "2"


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize("kind", ["file", "sqlite"])
def test_another_process_uses_a_store_that_was_used_before(kind: str, start: str, tmp_path: Path) -> None:
    """A child that inherits it, or is given it, reads and saves as its parent does."""
    store = build(kind, tmp_path)
    asyncio.run(store.save("feed", "1"))
    context: Any = multiprocessing.get_context(start)
    child = context.Process(target=_save_next, args=(store,))
    child.start()
    child.join(PATIENCE)
    assert child.exitcode == 0
    assert asyncio.run(store.load("feed")) == "2"


def _save_next(store: CursorStore) -> None:
    assert asyncio.run(store.load("feed")) == "1"
    asyncio.run(store.save("feed", "2"))


UNCLOSED = """
import asyncio, sys
from impactive_async.stores import FileCursorStore, SqliteCursorStore
kept = []
async def main(store):
    await store.save("feed", "1")
    kept.append(store)
asyncio.run(main(FileCursorStore(sys.argv[1] + "/files")))
asyncio.run(main(SqliteCursorStore(sys.argv[1] + "/kept.db")))
asyncio.run(SqliteCursorStore(sys.argv[1] + "/dropped.db").save("feed", "1"))
"""


def test_a_store_that_nobody_closes_holds_up_nothing_and_warns_of_nothing(tmp_path: Path) -> None:
    """A program that never closes its stores exits by itself, silently, with warnings as errors."""
    command = [sys.executable, "-W", "error", "-c", UNCLOSED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


async def test_closing_is_a_courtesy(tmp_path: Path) -> None:
    """A closed SQLite store has left its content in one file, and opens it again on the next use."""
    async with SqliteCursorStore(tmp_path / "cursors.db") as store:
        await store.save("feed", "1")
    assert contents(tmp_path) == ["cursors.db"]
    assert await store.load("feed") == "1"
    await store.aclose()
    await store.aclose()


async def test_stale_temporary_files_are_harmless_and_swept(tmp_path: Path) -> None:
    """What killed processes left is never read, and goes with the next first save; other files stay."""
    store = FileCursorStore(tmp_path)
    await store.save("feed", "1")
    (saved,) = contents(tmp_path)
    stale, fresh, foreign = tmp_path / "a.cursor-tmp", tmp_path / "b.cursor-tmp", tmp_path / "c.tmp"
    for file in (stale, fresh, foreign):
        file.write_text("torn")
    for file in (stale, foreign):
        age(file, hours=2)
    assert await FileCursorStore(tmp_path).load("feed") == "1"
    await FileCursorStore(tmp_path).save("feed", "2")
    assert contents(tmp_path) == sorted([saved, fresh.name, foreign.name])


async def test_what_was_left_half_made_is_swept(tmp_path: Path) -> None:
    """A first use that was killed leaves a file under another name, which goes with a later first use."""
    stale, fresh = tmp_path / "a.db.00.sqlite-new", tmp_path / "b.db.00.sqlite-new"
    for file in (stale, fresh):
        file.write_text("torn")
    age(stale, hours=2)
    async with SqliteCursorStore(tmp_path / "cursors.db") as store:
        assert await store.load("feed") is None
    assert contents(tmp_path) == [fresh.name, "cursors.db"]


def contents(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


def age(file: Path, *, hours: float) -> None:
    moment = file.stat().st_mtime - hours * 3600
    os.utime(file, (moment, moment))
