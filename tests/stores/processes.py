"""Real child processes that write to a store; forked from a warm server, a round costs milliseconds."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from impactive_async.errors import CursorError
from impactive_async.stores import FileCursorStore, SqliteCursorStore

Store = FileCursorStore | SqliteCursorStore

children = multiprocessing.get_context("forkserver")
children.set_forkserver_preload([__name__])


def make_store(kind: str, directory: Path) -> Store:
    return (
        FileCursorStore(directory / "cursors") if kind == "file" else SqliteCursorStore(directory / "cursors.db")
    )


def cursor_of(number: int) -> str:
    """Large enough that a write takes the disk several pages."""
    return f"{number}:" + "x" * 30_000


def write_for_ever(kind: str, directory: Path, first: int, acks: Connection) -> None:
    async def main() -> None:
        store = make_store(kind, directory)
        number = first
        while True:
            await store.save("feed", cursor_of(number))
            acks.send(number)
            number += 1

    asyncio.run(main())


def make_stores_for_ever(kind: str, directory: Path, acks: Connection) -> None:
    """One new store after the other, none of which anything is saved in."""

    async def main() -> None:
        number = 0
        while True:
            await make_store(kind, directory / str(number)).load("feed")
            number += 1
            acks.send(number)

    for number in range(500):
        (directory / str(number)).mkdir()
    acks.send(0)
    asyncio.run(main())


def write_keys(kind: str, directory: Path, name: str, count: int, start: Barrier) -> None:
    async def main() -> None:
        store = make_store(kind, directory)
        start.wait()
        for number in range(count):
            await store.save(f"{name}/{number}", name)

    asyncio.run(main())


def write_to_a_full_disk(kind: str, directory: Path, answer: Connection) -> None:
    """A limit on the size of files fails a write half-way, as a full disk does."""

    async def main() -> None:
        store = make_store(kind, directory)
        await store.save("feed", "small")
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        try:
            await store.save("feed", cursor_of(1))
        except CursorError as error:
            answer.send(str(error))

    asyncio.run(main())


def spawn(target: Callable[..., None], *args: Any) -> multiprocessing.process.BaseProcess:
    process = children.Process(target=target, args=args, daemon=True)
    process.start()
    return process
