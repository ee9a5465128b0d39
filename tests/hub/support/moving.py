"""A consumer group that somebody has begun to move, and died."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from impactive_async.hub import Hub
from impactive_async.hub.contract.versions import VERSION
from impactive_async.hub.redis.hub import RedisHub
from impactive_async.hub.sqlite import moving
from tests.hub.engines import Corner, run_sql


async def begin_move(corner: Corner, hub: Hub, group: str, event: str) -> None:
    """Move a group to an event as `seek` does, up to its first step."""
    if corner.url.startswith("sqlite"):
        with closing(sqlite3.connect(corner.url.removeprefix("sqlite:///"))) as connection, connection:
            moving.begin_move(connection, group, 0.0, event)
    elif isinstance(hub, RedisHub):
        await hub._redis.run("seek", group, 0, event, 0, groups=[group])
    else:
        await run_sql(f"SELECT {corner.namespace}.begin_move({VERSION}, '{group}', 0, '{event}')")
