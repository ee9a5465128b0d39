"""Servers that are frozen or killed: callers can leave, readers wait."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from impactive_async.hub import HubError, SqliteHub, connect
from impactive_async.hub.worker.bounds import within
from tests.hub.contract.test_lost_answers import impatient_hub
from tests.hub.engines import Impatient, claimed, events, logged
from tests.hub.support.servers import frozen, own_server

pytestmark = pytest.mark.slow

PATIENCE = 120.0
"""Seconds after which a call that never ends is given up. A call that is bounded ends long before."""


@pytest.mark.parametrize("engine", ["redis", "postgres"])
async def test_a_frozen_server_holds_up_nobody(engine: str) -> None:
    """A call that is given up ends while the server is still frozen, and so does closing."""
    async with own_server(engine) as server, connect(server.url) as hub:
        await hub.init()
        await hub.add("a")
        await asyncio.gather(*(hub.status() for _ in range(3)))  # connections that will lie idle
        claim = await claimed(hub)
        with frozen(server):
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(HubError, match=r"no answer within 1\.0 s"):
                    await within(0.1, lambda: hub.commit(claim, "1", events(1), 0))
                await hub.aclose()
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
    """While a process is frozen inside a transaction, others give up and close after the busy time-out."""
    async with SqliteHub(tmp_path / "hub.db", busy_timeout=2.0) as hub:
        await hub.add("a")
        claim = await claimed(hub)
        holder = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(HubError, match=r"no answer within 1\.0 s"):
                await within(0.1, lambda: hub.commit(claim, "1", events(1), 0))
            await hub.aclose()
        holder.close()
        await hub.commit(claim, "1", events(1), 3600)
        assert await logged(hub) == [1]
