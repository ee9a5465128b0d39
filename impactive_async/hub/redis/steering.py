"""What people do with the feeds of a Redis hub."""

from __future__ import annotations

from math import floor

from impactive_async.hub.redis.connection import RedisConnection
from impactive_async.hub.steering.feed_status import FeedStatus, feed_status
from impactive_async.hub.steering.seeking import SoughtRow


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
        """See `Steering.sought`."""
        found: SoughtRow = await self._redis.run(
            "seek", group, max(0, floor(since * 1000)), event or "", int(dry_run), groups=[group]
        )
        return found
