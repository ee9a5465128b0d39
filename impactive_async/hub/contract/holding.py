"""Reading a consumer group alone, with a schedule of one's own for what is delivered again."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Protocol

from attrs import frozen

from impactive_async._checks import check_count, check_seconds
from impactive_async.errors import InvalidArgumentError
from impactive_async.hub.contract.reader import Delivery, EventLog, check_positions, read

Held = tuple[str, str, int, float]
"""Position, text of the entry, deliveries, seconds until it is delivered again."""


@frozen(kw_only=True)
class InFlightEvent:
    """An event that a group has been given and has not acknowledged.

    Attributes:
        delivery: The event, as it was delivered last.
        again_in: Seconds until the hub delivers it again; below 0 if it is due.
    """

    delivery: Delivery
    again_in: float


class ExclusiveReading(Protocol):
    """What a reader needs that has a group to itself and decides when an event is tried again.

    Such a reader takes events with a `visibility` longer than any pause, keeps them in memory, and postpones those
    that it could not handle. After a restart, `in_flight` returns all of them. One that is due later than the
    longest pause was never postponed: its reader was killed while it had it in hand.
    """

    @abstractmethod
    async def hold(self, group: str, holder: str, seconds: float) -> bool:
        """Have a group for one reader alone, or go on having it.

        This binds only those who call it: `receive` gives events to anybody.

        Args:
            group: The consumer group, which need not exist yet.
            holder: Who asks; another text for each reader.
            seconds: For how long, by the engine's clock; 0 gives the group up.

        Returns:
            False if another reader has it.
        """

    @abstractmethod
    async def in_flight(
        self, group: str, *, visibility: float, count: int = 1000, after: str = "0"
    ) -> list[InFlightEvent]:
        """Return events that were delivered to a group and not acknowledged, in the order of the log.

        Args:
            group: The consumer group.
            visibility: What the group's readers give `receive`: Redis measures from it.
            count: How many at the most.
            after: Only those behind this position of the log.
        """

    @abstractmethod
    async def postpone(
        self, group: str, position: str, seconds: float, *, deliveries: int, visibility: float
    ) -> None:
        """Set when an event in flight is delivered again, and how often it counts as delivered.

        Args:
            group: The consumer group.
            position: The event's place in the log. Nothing happens if it is not in flight.
            seconds: From now on, at most `visibility`.
            deliveries: What is kept as the number of its deliveries.
            visibility: What the group's readers give `receive`: Redis measures from it.
        """


async def events_in_flight(log: EventLog, group: str, rows: Iterable[Held]) -> list[InFlightEvent]:
    """Return an engine's rows as events in flight. Entries that cannot be read become dead letters."""
    held: Sequence[Held] = list(rows)
    again_in = {position: seconds for position, _, _, seconds in held}
    deliveries = await read(log, group, ((position, text, count, True) for position, text, count, _ in held))
    return [InFlightEvent(delivery=one, again_in=again_in[one.position]) for one in deliveries]


def check_postponing(position: str, seconds: float, deliveries: int, visibility: float) -> None:
    """Check the arguments of `ExclusiveReading.postpone`.

    Raises:
        InvalidArgumentError: One is out of range.
    """
    check_positions([position])
    check_count(deliveries, "deliveries", least=0)
    if check_seconds(seconds, "seconds") > check_seconds(visibility, "visibility"):
        raise InvalidArgumentError(f"an event is postponed by at most its visibility of {visibility:g} seconds")
