"""What people do with the feeds of a Redis hub."""

from __future__ import annotations

from math import floor
from typing import Final

from impactive_async.hub.redis.connection import RedisConnection
from impactive_async.hub.steering.feed_status import FeedStatus, feed_status
from impactive_async.hub.steering.seeking import SoughtRow

_STEP: Final = 1_000
"""How many entries one command counts."""


class RedisSteering:
    """The methods of `Steering` over the hub's scripts."""

    _redis: RedisConnection

    async def feed(self, name: str) -> FeedStatus | None:
        """See `Steering.feed`."""
        return feed_status(name, await self._redis.run("feed", name))

    async def exchange_cursor(self, feed: str, before: str, after: str) -> bool:
        """See `Steering.exchange_cursor`."""
        return bool(await self._redis.run("exchange_cursor", feed, before, after))

    async def pause(self, feed: str) -> bool:
        """See `Steering.pause`."""
        return bool(await self._redis.run("pause", feed))

    async def resume(self, feed: str) -> bool:
        """See `Steering.resume`."""
        return bool(await self._redis.run("resume", feed))

    async def poll_now(self, feed: str) -> bool:
        """See `Steering.poll_now`."""
        return bool(await self._redis.run("poll_now", feed))

    async def sought(self, group: str, since: float, event: str | None, *, dry_run: bool) -> SoughtRow:
        """See `Steering.sought`; counted before, and what the group had is cleared away after it, in steps."""
        await self._moved(group)
        place = (group, max(0, floor(since * 1000)), event or "")
        *known, position, events, unread = await self._redis.run("seek", *place, 1, groups=[group])
        if not all(known):
            return *known, "", 0, 0
        skipped = unread + await self._in_flight_before(group, position)
        if not dry_run:
            _, _, position, _, _ = await self._redis.run("seek", *place, 0, groups=[group])
            await self._moved(group)
        return *known, position, events, skipped

    async def _in_flight_before(self, group: str, position: str) -> int:
        """Count what a group has in flight before an entry, or at all where there is none, in steps."""
        total, step, place = 0, _STEP, "-"
        end = f"({position}" if position else "+"
        while step == _STEP:
            async with self._redis.answering():
                found = await self._redis.client.xpending_range(
                    self._redis.key("events"), group, place, end, _STEP
                )
            step = len(found)
            total += step
            place = f"({found[-1]['message_id']}" if found else place
        return total

    async def _moved(self, group: str) -> None:
        """Finish moving a group, if that was begun."""
        while not await self._redis.run("move_on", group, groups=[group]):
            pass
