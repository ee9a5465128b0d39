"""The program that test_kill.py kills: it follows a sequence's sends and tells each of its steps to a pipe.

Its clock is made of its rows: each takes a fixed share of a second, so that what "the unsaved second" may repeat
is a number of rows, however slow the machine is.
"""

from __future__ import annotations

import asyncio
from multiprocessing.connection import Connection

from impactive_async import AsyncClient, FileCursorStore, SqliteCursorStore
from impactive_async._codec.json_bytes import StoredJson
from impactive_async.stores import CursorStore

ROW_SECONDS = 0.04
MOST_ROWS = 20
"""Rows in a batch."""


class RowClock:
    """Time passes while rows are handled, and while polls are waited for."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0.001)  # a breath for the server, which shares the machine


class Told:
    """A store that tells when a save begins and when it is done."""

    def __init__(self, store: CursorStore, pipe: Connection) -> None:
        self._store = store
        self._pipe = pipe

    async def load(self, key: str) -> StoredJson | None:
        return await self._store.load(key)

    async def save(self, key: str, cursor: str) -> None:
        self._pipe.send("saving")
        await self._store.save(key, cursor)
        self._pipe.send("saved")


def store_of(kind: str, path: str) -> CursorStore:
    return SqliteCursorStore(f"{path}/cursors.db") if kind == "sqlite" else FileCursorStore(f"{path}/cursors")


async def follow(pipe: Connection, url: str, key: str, sequence_id: str, kind: str, path: str) -> None:
    clock = RowClock()
    async with AsyncClient(key, base_url=url, clock=clock) as crm:
        store = Told(store_of(kind, path), pipe)
        async for send in crm.sequences.watch_sends(sequence_id, store=store, interval=1.0):
            clock.now += ROW_SECONDS
            pipe.send(send.id)


async def follow_in_batches(pipe: Connection, url: str, key: str, sequence_id: str, kind: str, path: str) -> None:
    """Gather rows, tell each as it is gathered, and tell all of them again when they are written."""
    clock = RowClock()
    async with AsyncClient(key, base_url=url, clock=clock) as crm:
        feed = crm.sequences.watch_sends(sequence_id, store=store_of(kind, path), interval=1.0)
        async for batch in feed.batches(max=MOST_ROWS):
            async with batch:
                for _ in batch:
                    pipe.send("gathered")
                for send in batch:
                    pipe.send(send.id)


def main(pipe: Connection, url: str, key: str, sequence_id: str, kind: str, path: str) -> None:
    """Go on until killed."""
    asyncio.run(follow(pipe, url, key, sequence_id, kind, path))


def main_in_batches(pipe: Connection, url: str, key: str, sequence_id: str, kind: str, path: str) -> None:
    """Go on until killed."""
    asyncio.run(follow_in_batches(pipe, url, key, sequence_id, kind, path))
