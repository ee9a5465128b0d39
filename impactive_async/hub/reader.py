"""Reading a hub's event log as a consumer group: the same over all engines, at least once."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, Protocol, Self, TypeVar

from attrs import evolve, field, frozen

from impactive_async._clock import Clock
from impactive_async.errors import HubError
from impactive_async.hub.back_off import back_off
from impactive_async.hub.events import Event

LONGEST_PAUSE: Final = 30.0
"""Seconds between two tries to reach an engine that is away."""
_IN_GOOD_TIME: Final = 0.25
"""Of the visibility: a batch that was handled in less may be followed by a greater one."""

_logger = logging.getLogger("impactive_async.hub")

T = TypeVar("T")


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
    """An endless async iterator of deliveries. Holds no connection: leaving the loop is enough to end it.

    An engine that is away is waited for, here and in `Delivery.ack`, and reported to the log
    `impactive_async.hub`.

    A batch ends with its visibility: what was not handed out by then is left to whoever takes it next. Batches of
    a consumer that is slow become smaller, until they end in time.
    """

    def __init__(
        self, log: EventLog, group: str, *, batch: int, visibility: float, idle: float, clock: Clock
    ) -> None:
        self._log = log
        self._group = group
        self._batch = self._size = batch
        self._visibility = visibility
        self._idle = idle
        self._clock = clock
        self._taken: deque[Delivery] = deque()
        self._handed_out = 0
        self._since = -math.inf

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Delivery:
        self._fit(self._clock.monotonic() - self._since)
        while not self._taken:
            taken = await self._patiently(self._take)
            self._taken.extend(evolve(delivery, log=self) for delivery in taken)
            if not self._taken:
                await self._clock.sleep(self._idle)
        self._handed_out += 1
        return self._taken.popleft()

    async def _take(self) -> list[Delivery]:
        self._since, self._handed_out = self._clock.monotonic(), 0  # no later than the engine's visibility begins
        return await self._log.receive(self._group, count=self._size, visibility=self._visibility)

    def _fit(self, elapsed: float) -> None:
        """Give up a batch whose time is over, and choose the size of the next."""
        if not self._handed_out:
            return
        if elapsed >= self._visibility:
            self._taken.clear()
            self._size = max(1, self._handed_out // 2)
        elif not self._taken and elapsed < self._visibility * _IN_GOOD_TIME:
            self._size = min(self._batch, self._size * 2)

    async def receive(self, group: str, *, count: int, visibility: float) -> list[Delivery]:
        """See `Hub.receive`."""
        return await self._log.receive(group, count=count, visibility=visibility)

    async def ack(self, group: str, positions: Sequence[str]) -> None:
        """See `Hub.ack`; waits for an engine that is away."""
        await self._patiently(lambda: self._log.ack(group, positions))

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        failures = 0
        while True:
            try:
                return await call()
            except HubError as error:
                pause = back_off(failures, LONGEST_PAUSE)
                _logger.warning("group %s: again in %.0f s: %s", self._group, pause, error)
            failures += 1
            await self._clock.sleep(pause)
