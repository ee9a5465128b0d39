"""Worker processes that claim and commit; forked from a warm server, they start in milliseconds."""

from __future__ import annotations

import asyncio
import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from impactive_async.hub import Hub
from tests.hub.engines import Corner, event

children = multiprocessing.get_context("forkserver")
children.set_forkserver_preload([__name__])


async def step(hub: Hub, lease: float) -> str | None:
    """Claim a feed, count it up by one and log the number; returns the feed."""
    claim = await hub.claim(lease)
    if claim is None:
        return None
    number = int(claim.cursor or "0") + 1
    await hub.commit(claim, str(number), [event(number, claim.feed)], 0)
    return claim.feed


def work(corner: Corner, steps: int, start: Barrier, answer: Connection) -> None:
    """Do as many steps as told, then report how many."""

    async def main() -> None:
        async with corner.hub() as hub:
            start.wait()
            done = 0
            while done < steps:
                done += await step(hub, 60.0) is not None
            answer.send(done)

    asyncio.run(main())


def freeze_in_mid_poll(corner: Corner, answer: Connection) -> None:
    """Claim a feed and say so; commit when told to."""

    async def main() -> None:
        async with corner.hub() as hub:
            claim = await hub.claim(0.05)
            assert claim
            answer.send(claim.feed)
            answer.recv()
            try:
                await hub.commit(claim, "frozen", [event(666, claim.feed)], 0)
            except Exception as error:
                answer.send(type(error).__name__)
            else:
                answer.send("committed")

    asyncio.run(main())
