"""Servers stopped in the middle, or killed: whoever calls them can go, whoever reads them waits."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest

from impactive_async.hub import HubError, SqliteHub, connect
from impactive_async.hub.bounds import within

from .engines import Impatient, claimed, events, logged
from .servers import frozen, own_server
from .test_lost_answers import impatient_hub

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


@pytest.mark.parametrize("engine", ["redis", "postgres"])
async def test_a_reader_outlasts_a_restart(engine: str, caplog: pytest.LogCaptureFixture) -> None:
    """An engine that is killed under a reader, and started again, is read on; so is an acknowledgement given."""
    async with own_server(engine) as server, impatient_hub(server.url, "impactive") as hub:
        await hub.init()
        await hub.add("a")
        claim = await claimed(hub)
        reader = hub.events("billing", clock=Impatient())
        coming = asyncio.ensure_future(anext(reader))
        await server.crash()
        while "group billing: again in" not in caplog.text:  # noqa: ASYNC110 - the log sets no event
            await asyncio.sleep(0.01)
        assert not coming.done()
        await server.start()
        await hub.commit(claim, "1", events(1), 3600)
        await (await coming).ack()
        assert (await hub.status()).groups[0].behind == 0


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
