"""A feed that a process goes on with from memory polls as one that is opened anew from each cursor."""

from __future__ import annotations

from typing import Any

from impactive_async import Poll
from impactive_async._codec.json_bytes import loads
from impactive_async.feeds.feed import progress_of
from impactive_async.sandbox import Sandbox
from tests.support import client_of

MINUTES = (1, 5, 0, 20, 1, 90, 3, 600, 1, 2)
"""That pass before each poll."""


def brought(poll: Poll[Any]) -> Any:
    rows = [(row.id, row.updated_at) for row in poll.rows]
    return rows, poll.gaps, poll.bad, poll.coverage, loads(poll.cursor.encode())["known"]


async def test_memory_and_text_bring_the_same() -> None:
    """Rows, gaps, coverage and what is known, whether the page is the one before or another."""
    async with Sandbox(populate="large") as sandbox, client_of(sandbox) as crm:
        feed = crm.zapier.deals.watch()
        deals = [row.id for row in sandbox.state.rows("deals")]
        opened, kept = await feed.poll(), await progress_of(feed, None)
        assert brought(await kept.poll()) == brought(opened)
        for turn, minutes in enumerate(MINUTES):
            await sandbox.clock.advance(minutes=minutes)
            for deal in deals[: turn % 3]:
                sandbox.state.touch("deals", deal, {"name": f"Pilot {turn}"})
            before, opened = opened, await feed.poll(opened.cursor)
            assert brought(await kept.poll()) == brought(opened)
            assert opened.cursor != before.cursor or not minutes
        assert len(sandbox.requests) == 2 * (1 + len(MINUTES))
