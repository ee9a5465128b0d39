"""What a forwarder has delivered, gathered from its reports."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Literal, TypeAlias

from attrs import define, field

from impactive_async.forward import ForwardReport
from impactive_async.forward.reports import (
    DeliveryFailed,
    DestinationGone,
    DestinationHeld,
    DestinationStarted,
    EventDelivered,
    EventGivenUp,
)
from impactive_async.operations.activity import LastError
from impactive_async.operations.hour import LastHour

DestinationState: TypeAlias = Literal["delivering", "failing", "standing by", "gone"]


@define
class DestinationActivity:
    """What is known of one destination."""

    state: DestinationState = "standing by"
    last_delivery: float | None = None
    """In seconds since 1970."""
    last_error: LastError | None = None
    """Why the last attempt failed; None: it did not."""


@define
class ForwardActivity:
    """The memory of one forwarder. Hand `record` to `run_forwarder(on_report=…)`."""

    now: Callable[[], float] = time.time
    """Seconds since 1970."""
    attempts: Counter[tuple[str, str]] = field(factory=Counter)
    """By destination and outcome: `delivered`, `failed`, or `dead`: the last one, after which it was given up."""
    destinations: dict[str, DestinationActivity] = field(factory=dict)
    listeners: list[Callable[[str, float], None]] = field(factory=list)
    """Each is called with a destination and with how many seconds a delivery to it took."""
    stopping: bool = False
    hour: LastHour = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.hour = LastHour(self.now)

    def record(self, report: ForwardReport) -> None:
        """Take note of a report."""
        one = self.destinations.setdefault(report.destination, DestinationActivity())
        match report:
            case DestinationStarted():
                one.state = "delivering"
            case DestinationHeld():
                one.state = "standing by"
            case EventDelivered(seconds=seconds):
                one.state, one.last_delivery, one.last_error = "delivering", self.now(), None
                self._count(report.destination, "delivered")
                for listener in self.listeners:
                    listener(report.destination, seconds)
            case DeliveryFailed(reason=reason):
                self._failed(one, reason)
                self._count(report.destination, "failed")
            case EventGivenUp(reason=reason):
                self._failed(one, reason)
                self._count(report.destination, "dead")
            case DestinationGone(reason=reason):
                self._failed(one, reason)
                one.state = "gone"

    def _failed(self, one: DestinationActivity, reason: str) -> None:
        one.state, one.last_error = "failing", LastError(reason, self.now())

    def _count(self, destination: str, outcome: str) -> None:
        self.attempts[destination, outcome] += 1
        self.hour.add(**{outcome: 1})
