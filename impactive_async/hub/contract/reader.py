"""Reading a hub's event log as a consumer group, at least once. The same over all engines."""

from __future__ import annotations

import logging
import math
import re
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from typing import Final, Protocol, Self, TypeVar

from attrs import evolve, field, frozen

from impactive_async._checks import check_count, check_seconds
from impactive_async._clock import Clock
from impactive_async.errors import HubError, InvalidArgumentError
from impactive_async.hub.contract.acks import AckBuffer
from impactive_async.hub.contract.batches import BatchTaker, DeliveryBatch
from impactive_async.hub.contract.events import HubEvent
from impactive_async.hub.contract.waiting import Told, back_off

LONGEST_PAUSE: Final = 30.0
"""Seconds between two tries to reach an engine that is away."""
MAX_DELIVERIES: Final = 10
"""How often an event is delivered before it becomes a dead letter, unless a consumer says otherwise."""
_QUICK: Final = 0.25
"""Part of the visibility: after a batch that was handled in less, the next one is larger."""

_logger = logging.getLogger("impactive_async.hub")

T = TypeVar("T")


class EventLog(Protocol):
    """The part of a hub that reading needs."""

    async def receive(
        self, group: str, *, count: int, visibility: float, max_deliveries: int | None
    ) -> list[Delivery]:
        """Take up to `count` events."""
        ...

    async def ack(self, group: str, positions: Sequence[str]) -> None:
        """Record that the group has handled these."""
        ...

    async def reject(self, group: str, position: str, reason: str) -> None:
        """Make this one a dead letter of the group."""
        ...


@frozen(kw_only=True)
class Delivery:
    """An event on its way to one consumer of a group.

    Attributes:
        event: The event. Its id is the same in every delivery: handle it idempotently by that.
        redelivered: It was delivered before and not acknowledged in time, or it was a dead letter.
        deliveries: How often it was delivered, this time included, since it was logged or replayed.
        group: The consumer group.
        position: Its place in the log, as the engine counts.
    """

    event: HubEvent
    redelivered: bool
    deliveries: int = 1
    group: str
    position: str
    _log: EventLog = field(repr=False, eq=False)

    async def ack(self) -> None:
        """Tell the hub that the event is handled: it is not delivered to this group again.

        In a loop over `Hub.events` the hub is told together with the next ones, a moment later.
        """
        await self._log.ack(self.group, [self.position])

    async def reject(self, reason: str) -> None:
        """Tell the hub that the event can never be handled: it becomes a dead letter of the group.

        Args:
            reason: Why, for people; cut to 500 characters.
        """
        await self._log.reject(self.group, self.position, reason)


def check_positions(positions: Sequence[str]) -> list[str]:
    """Return positions that may be in a log.

    Raises:
        ValueError: One of them is no position.
    """
    for position in positions:
        if not re.fullmatch(r"[0-9]{1,18}(-[0-9]{1,18})?", position):
            raise InvalidArgumentError(
                f"{position!r} is no position in the log: take it from a delivery or a dead letter"
            )
    return list(positions)


Row = tuple[str, str, int, bool]
"""Position, text of the entry, deliveries, whether it was delivered before."""


def check_taking(count: int, visibility: float, max_deliveries: int | None) -> None:
    """Check the arguments of `Hub.receive`.

    Raises:
        ValueError: One is out of range.
    """
    check_count(count, "count")
    check_seconds(visibility, "visibility")
    if max_deliveries is not None:
        check_count(max_deliveries, "max_deliveries")


async def read(log: EventLog, group: str, rows: Iterable[Row]) -> list[Delivery]:
    """Return an engine's rows as deliveries. Entries that cannot be read become dead letters, one by one."""
    taken = []
    for position, text, count, redelivered in rows:
        try:
            event = HubEvent.from_json(text)
        except ValueError as error:
            _logger.warning("group %s: entry %s is a dead letter now: %s", group, position, error)
            await log.reject(group, position, str(error))
        else:
            taken.append(
                Delivery(
                    event=event,
                    redelivered=redelivered,
                    deliveries=count,
                    group=group,
                    position=position,
                    log=log,
                )
            )
    return taken


class EventReader:
    """An endless async iterator of deliveries. It holds no connection: to end it, leave the loop.

    `Delivery.ack` notes that an event is handled. What is noted goes to the engine together: with the last event
    of a batch, after a twentieth of a second at the latest, and when the hub is closed. A consumer that is killed
    in between gets those events again.

    While the engine is away, the iterator and its acknowledgements wait for it and warn on the logger
    `impactive_async.hub`.

    When the visibility of a batch is over, the rest of the batch is dropped here and delivered to whoever asks
    next. Batches of a slow consumer become smaller, until they end in time.
    """

    def __init__(
        self,
        log: EventLog,
        group: str,
        *,
        batch: int,
        visibility: float,
        idle: float,
        clock: Clock,
        max_deliveries: int | None = MAX_DELIVERIES,
    ) -> None:
        self._log = log
        self._group = group
        self._batch = self._size = batch
        self._visibility = visibility
        self._max_deliveries = max_deliveries
        self._idle = idle
        self._clock = clock
        self._taken: deque[Delivery] = deque()
        self._handed_out = 0
        self._since = -math.inf
        self._acks = AckBuffer(log, self._ack, lambda positions: log.ack(group, positions), clock)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Delivery:
        self._fit(self._clock.monotonic() - self._since)
        while not self._taken:
            await self._acks.flush()
            taken = await self._retrying(self._take)
            self._taken.extend(evolve(delivery, log=self) for delivery in taken)
            if not self._taken:
                await self._clock.sleep(self._idle)
        self._handed_out += 1
        return self._taken.popleft()

    async def batches(
        self,
        *,
        max: int = 200,  # noqa: A002 - as the batches of feeds have it
        within: float = 2.0,
    ) -> AsyncGenerator[DeliveryBatch]:
        """Iterate over batches: `async for batch in hub.events("billing").batches(): async with batch: ...`.

        A batch is acknowledged by `batch.ack()`, or when its `async with` block is left without an error. An event
        that comes again is a batch of its own.

        Args:
            max: How many events make a batch full.
            within: Seconds after its first event in which others may join a batch. They are a part of the
                `visibility`, in which the whole batch must be handled.

        Raises:
            InvalidArgumentError: A number is out of range.
        """
        check_count(max, "max")
        if check_seconds(within, "within") >= self._visibility:
            raise InvalidArgumentError(
                f"within is less than the visibility of {self._visibility:g} seconds, not {within!r}"
            )
        taker = BatchTaker(
            self._take_some,
            most=max,
            within=within,
            visibility=self._visibility,
            idle=self._idle,
            clock=self._clock,
        )
        while True:
            yield DeliveryBatch(await taker.take(), self._ack)

    async def _take_some(self, count: int) -> list[Delivery]:
        taken = await self._retrying(
            lambda: self._log.receive(
                self._group, count=count, visibility=self._visibility, max_deliveries=self._max_deliveries
            )
        )
        return [evolve(delivery, log=self) for delivery in taken]

    async def _take(self) -> list[Delivery]:
        self._since, self._handed_out = self._clock.monotonic(), 0  # before the engine begins the visibility
        return await self._log.receive(
            self._group, count=self._size, visibility=self._visibility, max_deliveries=self._max_deliveries
        )

    def _fit(self, elapsed: float) -> None:
        """Drop a batch whose visibility is over, and choose the size of the next."""
        if not self._handed_out:
            return
        if elapsed >= self._visibility:
            self._taken.clear()
            self._size = max(1, self._handed_out // 2)
        elif not self._taken and elapsed < self._visibility * _QUICK:
            self._size = min(self._batch, self._size * 2)

    async def receive(
        self, group: str, *, count: int, visibility: float, max_deliveries: int | None
    ) -> list[Delivery]:
        """See `Hub.receive`."""
        return await self._log.receive(group, count=count, visibility=visibility, max_deliveries=max_deliveries)

    async def ack(self, group: str, positions: Sequence[str]) -> None:
        """Note that the group has handled these; see `Delivery.ack`."""
        await self._acks.add(positions, more_to_come=bool(self._taken))

    async def _ack(self, positions: Sequence[str]) -> None:
        await self._retrying(lambda: self._log.ack(self._group, positions))

    async def reject(self, group: str, position: str, reason: str) -> None:
        """See `Hub.reject`; waits for an engine that is away."""
        await self._retrying(lambda: self._log.reject(group, position, reason))

    async def _retrying(self, call: Callable[[], Awaitable[T]]) -> T:
        told = Told()
        while True:
            try:
                done = await call()
            except HubError as error:
                pause = back_off(told.failures, LONGEST_PAUSE)
                if told.is_news(error):
                    _logger.warning("group %s: again in %.0f s, then less often: %s", self._group, pause, error)
            else:
                if told.failures:
                    _logger.warning("group %s: goes on, after %d failures", self._group, told.failures)
                return done
            await self._clock.sleep(pause)
