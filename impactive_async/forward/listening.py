"""Webhooks for a program under development: sent as rows come, once each, and nothing is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from attrs import frozen

from impactive_async import Event
from impactive_async.forward.forwarder import make_sender
from impactive_async.forward.senders.attempt import Attempt
from impactive_async.forward.settings.destination import Destination
from impactive_async.hub import HubEvent
from impactive_async.hub.worker.events.rows import row_event
from impactive_async.hub.worker.feeds import feed_names


@frozen
class SentOnce:
    """An event that was sent, and what the receiver said to it."""

    event: HubEvent
    attempt: Attempt


def hub_event(source: str, event: Event) -> HubEvent:
    """Return an event of `crm.watch` as a hub would log it.

    Args:
        source: The workspace, as a URI reference.
        event: The event.
    """
    sequences = [event.sequence_id] if event.sequence_id else []
    (feed,) = feed_names([event.kind], sequences)
    return row_event(source, feed, event.row, datetime.now(UTC))


async def deliver_once(
    source: str, events: AsyncIterator[Event], destination: Destination
) -> AsyncIterator[SentOnce]:
    """Send each event as it comes, one after the other, and yield what became of it."""
    async with make_sender(destination) as sender:
        async for event in events:
            sent = hub_event(source, event)
            yield SentOnce(sent, await sender.send(sent))
