"""Hubs: the same feeds on many processes and hosts.

`connect(url)` gives the hub for an engine you already run. The adapters themselves are `SqliteHub` here,
`impactive_async.hub.redis.RedisHub` and `impactive_async.hub.postgres.PostgresHub`; the latter two need the extras
of those names. `run_worker` works on a hub's feeds, `Hub.events` reads what came of it.
"""

from impactive_async.errors import HubError
from impactive_async.hub.base import Claim, Hub
from impactive_async.hub.connect import connect
from impactive_async.hub.events import CONTENT_TYPE, Event, event_id
from impactive_async.hub.reader import Delivery, EventReader
from impactive_async.hub.reports import Report, WorkerStats
from impactive_async.hub.sqlite import SqliteHub
from impactive_async.hub.status import DeadFeed, GroupStatus, HubStatus
from impactive_async.hub.worker import run_worker

__all__ = [
    "CONTENT_TYPE",
    "Claim",
    "DeadFeed",
    "Delivery",
    "Event",
    "EventReader",
    "GroupStatus",
    "Hub",
    "HubError",
    "HubStatus",
    "Report",
    "SqliteHub",
    "WorkerStats",
    "connect",
    "event_id",
    "run_worker",
]
