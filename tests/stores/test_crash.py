"""Stores and real processes: killed, racing, out of disk."""

from __future__ import annotations

import multiprocessing
import random
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.stores.processes import (
    children,
    cursor_of,
    make_store,
    make_stores_for_ever,
    spawn,
    write_for_ever,
    write_keys,
    write_to_a_full_disk,
)

KINDS = pytest.mark.parametrize("kind", ["file", "sqlite"])
ROUNDS = 15


def kill_after(acks: Connection, process: multiprocessing.process.BaseProcess, wanted: int) -> int:
    """Kill the writer on its `wanted`-th acknowledgement; return the last one it gave."""
    last = -1
    for _ in range(wanted):
        last = acks.recv()
    process.kill()
    process.join()
    try:
        while True:
            last = acks.recv()
    except EOFError:
        return last


def leftovers(directory: Path) -> list[Path]:
    return list(directory.rglob("*-tmp"))


@KINDS
async def test_a_kill_at_any_moment_leaves_the_last_acknowledged_cursor_or_the_one_after(
    kind: str, tmp_path: Path
) -> None:
    """After SIGKILL a store loads a cursor that was written, never older than the last acknowledged one."""
    dice = random.Random(3)
    number = 0
    for _ in range(ROUNDS):
        acks, theirs = children.Pipe(duplex=False)
        process = spawn(write_for_ever, kind, tmp_path, number, theirs)
        theirs.close()
        last = kill_after(acks, process, dice.randint(1, 6))
        acks.close()
        stored = await make_store(kind, tmp_path).load("feed")
        assert stored in {cursor_of(last), cursor_of(last + 1)}
        number = last + 2
    assert number >= 2 * ROUNDS


@KINDS
async def test_a_kill_during_the_first_use_leaves_no_file_or_a_store(kind: str, tmp_path: Path) -> None:
    """Killed while it comes into being, a store is a new one afterwards, never one that is refused as damaged."""
    dice = random.Random(5)
    for turn in range(ROUNDS):
        directory = tmp_path / str(turn)
        directory.mkdir()
        acks, theirs = children.Pipe(duplex=False)
        process = spawn(make_stores_for_ever, kind, directory, theirs)
        theirs.close()
        for _ in range(2):
            acks.recv()
        process.join(dice.random() * 0.01)  # seconds into making the next, wherever that is
        last = kill_after(acks, process, 0)
        acks.close()
        for number in (max(last, 0), max(last, 0) + 1):  # the one being made, and one more
            store = make_store(kind, directory / str(number))
            assert await store.load("feed") is None
            await store.save("feed", "1")


@KINDS
async def test_processes_that_share_a_store_keep_each_others_keys(kind: str, tmp_path: Path) -> None:
    """However many processes open and write one store at once, every acknowledged key is there afterwards."""
    start = children.Barrier(4)
    writers = [spawn(write_keys, kind, tmp_path, name, 15, start) for name in "abcd"]
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 4
    store = make_store(kind, tmp_path)
    for name in "abcd":
        for number in range(15):
            assert await store.load(f"{name}/{number}") == name


@KINDS
async def test_a_disk_that_refuses_half_way_is_an_error_and_the_old_cursor_stays(
    kind: str, tmp_path: Path
) -> None:
    """A save that the disk cuts short raises an error naming the file, and the cursor before it is intact."""
    answer, theirs = children.Pipe(duplex=False)
    process = spawn(write_to_a_full_disk, kind, tmp_path, theirs)
    theirs.close()
    message = answer.recv()
    answer.close()
    process.join()
    assert str(tmp_path) in message
    assert "before is intact" in message
    assert await make_store(kind, tmp_path).load("feed") == "small"
    assert not leftovers(tmp_path)
