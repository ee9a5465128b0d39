"""The laws of feeds, on every dialect, with every precision of times and both meanings of `since`."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import impactive_async.sandbox.dialect.profile.named as named
from impactive_async import AsyncClient, Profile
from impactive_async.sandbox import DIALECTS, Sandbox
from tests.support import client_of, often

NAMED = Path(next(iter(named.__path__)))
TICKS = {"microseconds": 1e-6, "milliseconds": 1e-3, "seconds": 1.0}
DEALS = "zapier.deals.list"
OVERLAP = 9.0
"""Seconds by which a deal becomes visible late; feeds allow for 10."""


def document(dialect: str, **settings: Any) -> dict[str, Any]:
    """A named dialect whose list of deals has these settings, over stamps of microseconds."""
    profile: dict[str, Any] = json.loads((NAMED / f"{dialect}.json").read_text())
    operations = profile.get("operations", {})
    own = {**operations.get(DEALS, {}), **settings}
    return {**profile, "stored_precision": "microseconds", "operations": {**operations, DEALS: own}}


class Traffic:
    """Deals that come, change and come late, and what a feed has made of them."""

    def __init__(self, sandbox: Sandbox, dice: random.Random, tick: float) -> None:
        self.sandbox, self.dice, self.tick = sandbox, dice, tick
        self.numbers = itertools.count(1)
        self.newest = {row.id: 0 for row in sandbox.state.rows("deals")}
        self.delivered: Counter[tuple[str, int]] = Counter()

    async def some(self) -> None:
        """Let some deals appear, change, or appear late; many of them within one tick of each other."""
        for _ in range(self.dice.randrange(6)):
            await self.sandbox.clock.advance(seconds=self.dice.choice([0, 0, 3e-6, 4e-4, 0.03, 0.7, 61]))
            await self.dice.choice([self.add, self.add, self.touch])()

    async def add(self) -> None:
        number, now = next(self.numbers), self.sandbox.clock.now()
        late = timedelta(seconds=self.dice.choice([0, self.dice.random() * OVERLAP]))
        row = self.sandbox.state.add("deals", {"name": "Deal", "value": number}, at=now - late)
        self.newest[row.id] = number

    async def touch(self) -> None:
        # Two versions of one printed stamp cannot be told apart by any client.
        await self.sandbox.clock.advance(seconds=OVERLAP + 2 * self.tick)
        row_id, number = self.dice.choice([*self.newest]), next(self.numbers)
        self.sandbox.state.touch("deals", row_id, {"value": number})
        self.newest[row_id] = number

    async def poll(self, crm: AsyncClient, cursor: str | None) -> str:
        poll = await crm.zapier.deals.watch().poll(cursor)
        assert (poll.bad, [gap for gap in poll.gaps if gap.kind != "history"]) == ([], [])
        self.delivered.update((deal.id, int(deal.value or 0)) for deal in poll.rows)
        return str(poll.cursor)


@pytest.mark.parametrize("operator", [">", ">="])
@pytest.mark.parametrize("precision", TICKS)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_nothing_is_lost_and_nothing_comes_twice(dialect: str, precision: str, operator: str) -> None:
    """Each version that stays is delivered, and none twice, whether the dialect is known or not."""
    spoken = document(dialect, time_precision=precision, since_operator=operator)
    for known in (None, Profile.from_document(spoken)):
        dice = random.Random(f"{dialect} {precision} {operator}")
        async with Sandbox(profile=spoken) as sandbox, client_of(sandbox, profile=known) as crm:
            traffic, cursor = Traffic(sandbox, dice, TICKS[precision]), None
            old = {row_id: int(row.fields["value"]) for row_id, row in rows(sandbox).items()}
            for _ in range(often(5, 60)):
                await traffic.some()
                cursor = await traffic.poll(crm, cursor)
            await sandbox.clock.advance(minutes=1)
            await traffic.poll(crm, cursor)
            expected = {(row_id, number or old[row_id]) for row_id, number in traffic.newest.items()}
            assert expected - set(traffic.delivered) == set()
            assert set(traffic.delivered.values()) == {1}


def rows(sandbox: Sandbox) -> dict[str, Any]:
    return {row.id: row for row in sandbox.state.rows("deals")}
