"""Servers stopped in the middle: whoever calls them can go."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest

from impactive_async.hub import HubError, SqliteHub, connect
from impactive_async.hub.bounds import within

from .engines import claimed, events, logged
from .servers import frozen, own_server

BOUND = 5.0
"""Seconds; without the bounds it would be over thirty."""


@pytest.mark.parametrize("engine", ["redis", "postgres"])
async def test_a_frozen_server_holds_up_nobody(engine: str) -> None:
    """A call that is given up ends at once, without asking the server's leave, and so does closing."""
    async with own_server(engine) as server, connect(server.url) as hub:
        await hub.init()
        await hub.add("a")
        await asyncio.gather(*(hub.status() for _ in range(3)))  # connections that will lie idle
        claim = await claimed(hub)
        began = time.monotonic()
        with frozen(server):
            with pytest.raises(HubError, match=r"no answer within 1\.0 s"):
                await within(0.1, lambda: hub.commit(claim, "1", events(1), 0))
            await hub.aclose()
            assert time.monotonic() - began < BOUND
        await hub.commit(claim, "1", events(1), 3600)
        assert await logged(hub) == [1]


async def test_a_locked_file_holds_up_nobody(tmp_path: Path) -> None:
    """A process frozen inside a transaction holds up others no longer than the busy time-out."""
    async with SqliteHub(tmp_path / "hub.db", busy_timeout=2.0) as hub:
        await hub.add("a")
        claim = await claimed(hub)
        holder = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(HubError, match=r"no answer within 1\.0 s"):
            await within(0.1, lambda: hub.commit(claim, "1", events(1), 0))
        await hub.aclose()
        assert time.monotonic() - began < BOUND
        holder.close()
        await hub.commit(claim, "1", events(1), 3600)
        assert await logged(hub) == [1]
