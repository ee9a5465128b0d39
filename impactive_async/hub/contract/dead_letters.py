"""Dead letters: events that a consumer group does not get any more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from attrs import frozen

from impactive_async.hub.contract.events import HubEvent

Letter = tuple[str, str, int, str, float]
"""Position, text of the entry, deliveries, reason, and when it died, in seconds since 1970."""


@frozen(kw_only=True)
class DeadLetter:
    """An event that its group does not get any more, until it is replayed.

    Attributes:
        group: The consumer group.
        position: Its place in the log, as the engine counts.
        event: The event; None if the entry cannot be read.
        text: The entry as the log has it.
        deliveries: How often it was delivered.
        reason: Why it is a dead letter.
        since: When it became one; aware.
    """

    group: str
    position: str
    event: HubEvent | None
    text: str
    deliveries: int
    reason: str
    since: datetime


def dead_letters(group: str, rows: Iterable[Letter]) -> list[DeadLetter]:
    """Return an engine's rows as dead letters."""
    return [
        DeadLetter(
            group=group,
            position=position,
            event=_event(text),
            text=text,
            deliveries=count,
            reason=reason,
            since=datetime.fromtimestamp(since, UTC),
        )
        for position, text, count, reason, since in rows
    ]


def exhausted(deliveries: int) -> str:
    """Return the reason of a dead letter that nobody has acknowledged."""
    return f"delivered {deliveries} times and never acknowledged"


def _event(text: str) -> HubEvent | None:
    try:
        return HubEvent.from_json(text)
    except ValueError:
        return None
