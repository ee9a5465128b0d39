"""Hubs: the same feeds on many processes and hosts.

`connect(url)` returns the hub on an engine you already run. The adapters themselves are `SqliteHub` here,
`impactive_async.hub.redis.RedisHub` and `impactive_async.hub.postgres.PostgresHub`; the latter two need the extras
of those names. `run_worker` polls a hub's feeds into its event log, `Hub.events` reads the log.
"""

import warnings
from typing import Any

from impactive_async.errors import HubError
from impactive_async.feeds.steering.archive import CursorArchive, ImportedCursors
from impactive_async.feeds.steering.rewinding import Rewound
from impactive_async.hub.connect import connect
from impactive_async.hub.contract.batches import DeliveryBatch
from impactive_async.hub.contract.claim import Claim
from impactive_async.hub.contract.dead_letters import DeadLetter
from impactive_async.hub.contract.events import CONTENT_TYPE, HubEvent, event_id
from impactive_async.hub.contract.holding import InFlightEvent
from impactive_async.hub.contract.hub import Hub
from impactive_async.hub.contract.reader import Delivery, EventReader
from impactive_async.hub.contract.status import DeadFeed, GroupStatus, HubStatus
from impactive_async.hub.sqlite.hub import SqliteHub
from impactive_async.hub.steering.feed_status import FeedStatus
from impactive_async.hub.steering.seeking import Sought
from impactive_async.hub.worker.loop import run_worker
from impactive_async.hub.worker.reports import Report, WorkerStats

__all__ = [
    "CONTENT_TYPE",
    "Claim",
    "CursorArchive",
    "DeadFeed",
    "DeadLetter",
    "Delivery",
    "DeliveryBatch",
    "EventReader",
    "FeedStatus",
    "GroupStatus",
    "Hub",
    "HubError",
    "HubEvent",
    "HubStatus",
    "ImportedCursors",
    "InFlightEvent",
    "Report",
    "Rewound",
    "Sought",
    "SqliteHub",
    "WorkerStats",
    "connect",
    "event_id",
    "run_worker",
]


def __getattr__(name: str) -> Any:
    if name == "Event":
        warnings.warn(
            "impactive_async.hub.Event is called HubEvent; the old name goes in the version after the next.",
            DeprecationWarning,
            stacklevel=2,
        )
        return HubEvent
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
