"""What became of an attempt, told to the hub and reported."""

from __future__ import annotations

from collections.abc import Sequence

from impactive_async.errors import HubError
from impactive_async.forward.courier.context import HUB_RETRY, MARGIN, VISIBILITY, CourierContext
from impactive_async.forward.courier.order import RowOrder, Waiting
from impactive_async.forward.reports import DeliveryFailed, EventDelivered, EventGivenUp
from impactive_async.forward.senders.attempt import Attempt
from impactive_async.hub import EventReader
from impactive_async.hub.contract.acks import AckBuffer
from impactive_async.webhooks import webhook_id


class Settlement:
    """Settles the attempts of one courier.

    Args:
        context: The courier's surroundings.
        order: What it has in hand.
        reader: What reads its group.
    """

    def __init__(self, context: CourierContext, order: RowOrder, reader: EventReader) -> None:
        self._context = context
        self._order = order
        self._reader = reader
        self._group = context.to.group
        self._acks = AckBuffer(context.hub, self._ack, self._ack_once, context.clock)

    async def pass_over(self, position: str) -> None:
        """Be done with an event that is not for this destination."""
        await self._acks.add([position], more_to_come=True)

    async def delivered(self, waiting: Waiting, attempt: Attempt, seconds: float) -> None:
        """Be done with an event. The next one of its row need not wait until the hub knows."""
        self._order.done(waiting, self._now())
        await self._acks.add([waiting.delivery.position], more_to_come=True)
        number = waiting.failures + 1
        self._context.report(
            EventDelivered(**self._about(waiting), status=attempt.status, attempt=number, seconds=seconds)
        )

    async def failed(self, waiting: Waiting, attempt: Attempt) -> None:
        """Postpone an event that could not be delivered, or give it up."""
        waiting.failures += 1
        pause = self._context.to.schedule.pause(waiting.failures, self._context.chance, attempt.pause)
        if pause is None:
            await self._give_up(waiting, attempt.reason)
            return
        await self._postpone(waiting, pause)
        self._order.again(waiting, self._now() + pause)
        about = self._about(waiting) | {"reason": attempt.reason}
        self._context.report(
            DeliveryFailed(**about, status=attempt.status, attempt=waiting.failures, again_in=pause)
        )

    async def flush(self) -> None:
        """Tell the hub what was delivered. If it does not answer, these events are delivered again."""
        await self._acks.flush_once()

    async def _give_up(self, waiting: Waiting, reason: str) -> None:
        why = f"given up after {waiting.failures} attempts: {reason}"
        await self._reader.reject(self._group, waiting.delivery.position, why)
        self._order.done(waiting, self._now())
        self._order.forget([waiting.delivery.position])
        self._context.report(EventGivenUp(**self._about(waiting), attempt=waiting.failures, reason=reason))

    async def _postpone(self, waiting: Waiting, pause: float) -> None:
        """Keep the attempt in the hub. Where that fails, a forwarder that is killed now tries the event sooner."""
        position, count = waiting.delivery.position, waiting.failures + 1
        try:
            await self._context.hub.postpone(
                self._group, position, pause + MARGIN, deliveries=count, visibility=VISIBILITY
            )
        except HubError as error:
            self._context.trouble(error)

    async def _ack_once(self, positions: Sequence[str]) -> None:
        await self._context.hub.ack(self._group, positions)

    async def _ack(self, positions: Sequence[str]) -> None:
        """Tell the hub what was delivered, again while it does not answer."""
        while True:
            try:
                await self._ack_once(positions)
            except HubError as error:
                self._context.trouble(error)
            else:
                self._order.forget(positions)
                return
            await self._context.clock.sleep(HUB_RETRY)

    def _about(self, waiting: Waiting) -> dict[str, str]:
        event = waiting.delivery.event
        name = self._context.to.name
        return {"destination": name, "id": webhook_id(event.id), "type": event.type, "subject": event.subject}

    def _now(self) -> float:
        return self._context.clock.monotonic()
