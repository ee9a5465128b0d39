"""The dead letters of a Redis hub: for each group a hash beside the log, which keeps their entries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from impactive_async.hub.contract.dead_letters import Letter
from impactive_async.hub.redis.connection import RedisConnection

_STEP = 1000


@frozen
class RedisLetters:
    """The dead letters of all groups of one hub."""

    _redis: RedisConnection

    async def groups(self) -> list[str]:
        """Return the names of the log's consumer groups."""
        events = self._redis.key("events")
        async with self._redis.answering():
            if not await self._redis.client.exists(events):
                return []
            return [group["name"] for group in await self._redis.client.xinfo_groups(events)]

    async def count(self, group: str) -> int:
        """Return how many a group has."""
        async with self._redis.answering():
            return int(await self._redis.client.hlen(self._redis.letters_of(group)))

    async def first(self, group: str, count: int) -> list[Letter]:
        """Return the first in the log; one whose entry somebody has deleted has no text."""
        found = sorted(await self._all(group), key=_place)[:count]
        async with self._redis.answering():
            pipeline = self._redis.client.pipeline(transaction=False)
            for position, _ in found:
                pipeline.xrange(self._redis.key("events"), position, position)
            entries = await pipeline.execute()
        return [_letter(position, about, rows) for (position, about), rows in zip(found, entries, strict=True)]

    async def settle(self, script: str, group: str, positions: Sequence[str] | None) -> int:
        """Run a script over dead letters, in steps; `None` for the positions means all. Return how many."""
        if positions is None:
            positions = [position for position, _ in await self._all(group)]
        return sum(
            [
                await self._redis.run(script, group, *step, groups=[group])
                for step in (positions[i : i + _STEP] for i in range(0, len(positions), _STEP))
            ]
        )

    async def _all(self, group: str) -> list[tuple[str, Any]]:
        async with self._redis.answering():
            found = self._redis.client.hscan_iter(self._redis.letters_of(group), count=_STEP)
            return [(position, json.loads(about)) async for position, about in found]


def _place(letter: tuple[str, Any]) -> tuple[int, int]:
    time, _, number = letter[0].partition("-")
    return int(time), int(number)


def _letter(position: str, about: Any, rows: Any) -> Letter:
    fields = rows[0][1] if rows else {}
    text = fields.get("event") or json.dumps(fields)
    return position, text, about["deliveries"], about["reason"], float(about["since"])
