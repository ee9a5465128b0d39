"""Webhooks and message brokers: a hub's events, delivered elsewhere.

`run_forwarder(hub, destinations)` delivers until it is stopped, and `impactive forward` runs it. What became of
each event is kept in the hub. The receiver of a webhook reads it with `impactive_async.webhooks.verify`.
"""

from impactive_async.forward.forwarder import run_forwarder
from impactive_async.forward.reports import ForwardReport, ForwardStats
from impactive_async.forward.settings.config import load_destinations
from impactive_async.forward.settings.destination import Destination
from impactive_async.forward.settings.filters import EventFilter
from impactive_async.forward.settings.schedule import RetrySchedule
from impactive_async.webhooks import WebhookSecret

__all__ = [
    "Destination",
    "EventFilter",
    "ForwardReport",
    "ForwardStats",
    "RetrySchedule",
    "WebhookSecret",
    "load_destinations",
    "run_forwarder",
]
