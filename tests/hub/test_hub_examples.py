"""The examples that read a hub's log, over every engine."""

from __future__ import annotations

import asyncio
import signal
import sys

import pytest

from impactive_async.hub import Hub
from tests.examples.programs import EXAMPLES
from tests.hub.engines import Corner, claimed, events
from tests.support import PATIENCE

pytestmark = pytest.mark.slow


async def logging(hub: Hub, *numbers: int) -> None:
    """Put events into the log."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(*numbers), 0)


async def acknowledged(hub: Hub) -> None:
    """Wait until the only group is behind no more."""
    while (await hub.status()).groups[0].behind:  # noqa: ASYNC110 - another process does it
        await asyncio.sleep(0.01)


async def test_the_consumer_handles_each_event_once_over_any_engine(hub: Hub, corner: Corner) -> None:
    """As a user runs it: every event a line, acknowledged; SIGTERM ends it with 0; a second run finds nothing."""
    await logging(hub, 1, 2, 3)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", EXAMPLES / "hub_consume.py", corner.url, "--namespace", corner.namespace,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    async with asyncio.timeout(PATIENCE):
        lines = [(await process.stdout.readline()).decode().split("\t") for _ in range(3)]
        await acknowledged(hub)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    assert [line[0] for line in lines] == [each.id for each in events(1, 2, 3)]
    assert await hub.receive("billing") == []
