"""What the parts of a courier share, and the numbers by which they work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import frozen

from impactive_async._clock import Clock
from impactive_async.errors import HubError
from impactive_async.forward.reports import ForwardListener, ForwardTrouble
from impactive_async.forward.settings.destination import Destination
from impactive_async.hub import Hub
from impactive_async.hub.worker.stopping import Stopping

HOLD: Final = 15.0
"""Seconds for which a group is held, unless the forwarder is told otherwise; renewed after a third of them."""
VISIBILITY: Final = 30 * 86_400.0
"""Seconds for which events are taken: longer than any pause, as the courier alone decides when one is tried again.
One that is due later than the longest pause was in hand when its forwarder was killed."""
MARGIN: Final = 3_600.0
"""Seconds by which the hub would deliver a postponed event later than the courier tries it."""
MOST: Final = 5_000
"""Events that are in hand at once."""
BATCH: Final = 200
IDLE: Final = 0.5
"""Seconds between two looks at an empty log."""
HUB_RETRY: Final = 2.0
"""Seconds before the hub is asked again that has not answered."""


@frozen
class CourierContext:
    """The surroundings of one courier.

    Attributes:
        hub: Where the events are, and what became of them.
        to: The destination.
        report: Called with each report.
        stopping: Whether the forwarder is to stop.
        clock: What is waited with.
        chance: Gives a number from 0 to 1, for the pauses.
        hold: Seconds for which the group is held at a time.
    """

    hub: Hub
    to: Destination
    report: ForwardListener
    stopping: Stopping
    clock: Clock
    chance: Callable[[], float]
    hold: float

    def trouble(self, error: HubError) -> None:
        """Report that the hub did not do what it was asked to."""
        self.report(ForwardTrouble(destination=self.to.name, error=str(error)))
