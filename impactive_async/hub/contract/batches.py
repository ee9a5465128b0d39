"""Deliveries in batches, for consumers that write many at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, overload

from attrs import field, frozen

from impactive_async._clock import Clock

if TYPE_CHECKING:
    from impactive_async.hub.contract.reader import Delivery


@frozen
class DeliveryBatch(Sequence["Delivery"]):
    """Deliveries that are acknowledged together, as a sequence.

    As a context manager it acknowledges them when the block is left without an error.
    """

    _deliveries: tuple[Delivery, ...]
    _ack: Callable[[Sequence[str]], Awaitable[None]] = field(repr=False, eq=False)

    @overload
    def __getitem__(self, place: int) -> Delivery: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Delivery, ...]: ...
    def __getitem__(self, place: int | slice) -> Delivery | tuple[Delivery, ...]:
        return self._deliveries[place]

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self._deliveries)

    def __len__(self) -> int:
        return len(self._deliveries)

    async def ack(self) -> None:
        """Tell the hub that all of them are handled: they are not delivered to this group again."""
        await self._ack([delivery.position for delivery in self._deliveries])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.ack()


class BatchTaker:
    """Gathers deliveries until a batch is full or its time is over.

    Args:
        receive: Takes so many deliveries.
        most: How many make a batch full.
        within: Seconds after the first delivery of a batch in which others may join it.
        visibility: Seconds after which what is not acknowledged belongs to others.
        idle: Seconds between two looks at an empty log.
        clock: What these are measured with.
    """

    def __init__(
        self,
        receive: Callable[[int], Awaitable[list[Delivery]]],
        *,
        most: int,
        within: float,
        visibility: float,
        idle: float,
        clock: Clock,
    ) -> None:
        self._receive = receive
        self._most = most
        self._within = within
        self._visibility = visibility
        self._idle = idle
        self._clock = clock
        self._kept: list[Delivery] = []
        self._kept_until = 0.0

    async def take(self) -> tuple[Delivery, ...]:
        """Wait for deliveries. One that comes again is a batch of its own."""
        gathered: list[Delivery] = []
        ends = 0.0
        while not gathered or (len(gathered) < self._most and self._clock.monotonic() < ends):
            began = self._clock.monotonic()
            taken = self._from_last_time(began) or await self._receive(self._most - len(gathered))
            if taken and taken[0].redelivered:
                if gathered:
                    self._kept, self._kept_until = taken, began + self._visibility
                return tuple(gathered or taken)
            if taken and not gathered:
                ends = began + self._within
            gathered += taken
            if not taken:
                left = ends - self._clock.monotonic() if gathered else self._idle
                await self._clock.sleep(max(0.0, min(self._idle, left)))
        return tuple(gathered)

    def _from_last_time(self, now: float) -> list[Delivery]:
        kept, self._kept = self._kept, []
        return kept if now < self._kept_until else []
