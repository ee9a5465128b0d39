"""What a forwarder reports: a class for each kind of thing that happens. No report shows anything of a body."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from attrs import define, field, frozen

from impactive_async.hub import Report

_log = logging.getLogger("impactive_async.forward")


@frozen(kw_only=True)
class ForwardReport(Report):
    """Something that has happened on the way to a destination."""

    destination: str
    """Its name."""


@frozen(kw_only=True)
class DestinationStarted(ForwardReport):
    """This process delivers to the destination from now on."""

    kind = "forwarding"
    line = "{destination}: delivering to {place}; {in_hand} events were under way before"
    place: str
    """Scheme, host and port."""
    in_hand: int


@frozen(kw_only=True)
class DestinationHeld(ForwardReport):
    """Another process delivers to the destination; this one takes over when that one ends."""

    kind = "standing_by"
    level = logging.WARNING
    line = (
        "{destination}: another forwarder delivers to it (group {group}), or was killed less than {hold:g} s ago; "
        "this one takes over when that ends"
    )
    group: str
    hold: float
    """Seconds."""


@frozen(kw_only=True)
class FieldMissing(ForwardReport):
    """An event does not pass: its row has no such field as `where` names. Told once for each type of event."""

    kind = "field_missing"
    level = logging.WARNING
    line = "{destination}: where.{name}: {type} has no such field, so that none goes out; it has {others}"
    type: str
    name: str
    others: str
    """The fields that it has."""


@frozen(kw_only=True)
class EventDelivered(ForwardReport):
    """The destination has accepted an event."""

    kind = "delivered"
    line = "{destination}: {type} {subject}, {status}, attempt {attempt}, {seconds:.3f} s"
    id: str
    """The `webhook-id`."""
    type: str
    subject: str
    attempt: int
    status: int | None
    """Of the answer; None from a broker."""
    seconds: float
    """How long this attempt took."""


@frozen(kw_only=True)
class DeliveryFailed(ForwardReport):
    """An attempt has failed, and the event is tried again."""

    kind = "failed"
    level = logging.WARNING
    line = "{destination}: {type} {subject}: {reason} (attempt {attempt}), again in {again_in:.1f} s"
    id: str
    type: str
    subject: str
    attempt: int
    status: int | None
    reason: str
    again_in: float
    """Seconds."""


@frozen(kw_only=True)
class EventGivenUp(ForwardReport):
    """An event is a dead letter now: `impactive forward dead` lists it, and `replay` sends it again."""

    kind = "dead"
    level = logging.ERROR
    line = "{destination}: {type} {subject} is a dead letter after {attempt} attempts: {reason}"
    id: str
    type: str
    subject: str
    attempt: int
    reason: str


@frozen(kw_only=True)
class DestinationGone(ForwardReport):
    """The receiver wants no more messages. Nothing more is sent, and what was not delivered stays in the hub."""

    kind = "gone"
    level = logging.ERROR
    line = (
        "{destination}: {reason}: the receiver wants no more messages, so none is sent. The hub keeps them for "
        "group {group}: start the forwarder again, or end the group with `impactive hub drop-group {group}`"
    )
    reason: str
    group: str


@frozen(kw_only=True)
class ForwardTrouble(ForwardReport):
    """The hub's engine did not do what it was asked to."""

    kind = "trouble"
    level = logging.WARNING
    line = "{destination}: the hub does not answer, tried again: {error}"
    error: str


ForwardListener = Callable[[ForwardReport], None]


def log_report(report: ForwardReport) -> None:
    """Log a report under `impactive_async.forward`; deliveries at DEBUG."""
    _log.log(logging.DEBUG if isinstance(report, EventDelivered) else report.level, "%s", report)


@define(kw_only=True)
class ForwardStats:
    """What a forwarder has done."""

    delivered: int = 0
    failures: int = 0
    """Attempts that failed, the last one of a dead letter among them."""
    given_up: int = 0
    """Events that became dead letters."""
    gone: list[str] = field(factory=list)
    """Destinations that want no more messages."""

    def count(self, report: ForwardReport) -> None:
        """Count what is reported."""
        match report:
            case EventDelivered():
                self.delivered += 1
            case DeliveryFailed():
                self.failures += 1
            case EventGivenUp():
                self.failures += 1
                self.given_up += 1
            case DestinationGone(destination=destination):
                self.gone.append(destination)


REPORTS: Final = (
    DestinationStarted,
    DestinationHeld,
    FieldMissing,
    EventDelivered,
    DeliveryFailed,
    EventGivenUp,
    DestinationGone,
    ForwardTrouble,
)
