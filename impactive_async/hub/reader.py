"""Reading a hub's event log as a consumer group: the same over all engines, at least once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol, Self

from attrs import field, frozen

from impactive_async._clock import Clock
from impactive_async.hub.events import Event


class EventLog(Protocol):
    """The part of a hub that reading needs."""

    async def receive(self, group: str, *, count: int, visibility: float) -> list[Delivery]:
        """Take up to `count` events."""
        ...

    async def ack(self, group: str, positions: Sequence[str]) -> None:
        """Never deliver these to the group again."""
        ...


@frozen(kw_only=True)
class Delivery:
    """An event on its way to one consumer of a group.

    Attributes:
        event: The event. Its id is the same in every delivery: handle it idempotently by that.
        redelivered: It was delivered before and not acknowledged in time. Never False for a second delivery.
        group: The consumer group.
        position: Its place in the log, in the engine's own terms.
    """

    event: Event
    redelivered: bool
    group: str
    position: str
    _log: EventLog = field(repr=False, eq=False)

    async def ack(self) -> None:
        """Never deliver it to this group again. Call it when the event is handled, not before."""
        await self._log.ack(self.group, [self.position])


Row = tuple[str, str, bool]
"""Position, event as JSON, whether it was delivered before."""


def deliveries(log: EventLog, group: str, rows: Iterable[Row]) -> list[Delivery]:
    """What an engine returned, as deliveries."""
    return [
        Delivery(event=Event.from_json(text), redelivered=redelivered, group=group, position=position, log=log)
        for position, text, redelivered in rows
    ]


class EventReader:
    """An endless async iterator of deliveries. Holds no connection: leaving the loop is enough to end it."""

    def __init__(
        self, log: EventLog, group: str, *, batch: int, visibility: float, idle: float, clock: Clock
    ) -> None:
        self._log = log
        self._group = group
        self._batch = batch
        self._visibility = visibility
        self._idle = idle
        self._clock = clock
        self._taken: deque[Delivery] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Delivery:
        while not self._taken:
            self._taken.extend(
                await self._log.receive(self._group, count=self._batch, visibility=self._visibility)
            )
            if not self._taken:
                await self._clock.sleep(self._idle)
        return self._taken.popleft()
