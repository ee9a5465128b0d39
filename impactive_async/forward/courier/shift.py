"""One destination: its group held, its events taken and tried.

All that must survive is in the hub: which events the group has not acknowledged, how often each was tried, and
when it is tried again. What is in memory is made anew from that, so that a forwarder may be killed at any moment.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

from impactive_async.errors import HubError
from impactive_async.forward.courier.context import (
    BATCH,
    HUB_RETRY,
    IDLE,
    MARGIN,
    MOST,
    VISIBILITY,
    CourierContext,
)
from impactive_async.forward.courier.health import Health
from impactive_async.forward.courier.holding import GroupHold
from impactive_async.forward.courier.order import RowOrder, Waiting
from impactive_async.forward.courier.settling import Settlement
from impactive_async.forward.reports import DestinationGone, DestinationHeld, DestinationStarted, FieldMissing
from impactive_async.forward.senders.attempt import Sender
from impactive_async.forward.settings.schedule import LONGEST_PAUSE
from impactive_async.hub import Delivery, HubEvent, InFlightEvent


class Courier:
    """Delivers to one destination; see `run_forwarder`.

    Args:
        context: Its surroundings.
        sender: What sends an event to the destination.
    """

    def __init__(self, context: CourierContext, sender: Sender) -> None:
        self._context = context
        self._sender = sender
        self._hold = GroupHold(context)

    async def run(self) -> None:
        """Deliver until the forwarder is to stop, or the destination wants no more."""
        told, gone = False, False
        async with self._sender:
            while not (self._context.stopping.is_set() or gone):
                if await self._hold.acquire():
                    gone = await Shift(self._context, self._sender, self._hold).run()
                    told = False
                    continue
                if not told:
                    to = self._context.to
                    self._context.report(
                        DestinationHeld(destination=to.name, group=to.group, hold=self._context.hold)
                    )
                    told = True
                await self._context.stopping.pause(self._context.hold / 3)


class Shift:
    """What a courier does from getting hold of its group until it loses it, or is to stop."""

    def __init__(self, context: CourierContext, sender: Sender, hold: GroupHold) -> None:
        self._context = context
        self._to = context.to
        self._sender = sender
        self._hold = hold
        self._order = RowOrder()
        self._reader = context.hub.events(
            self._to.group,
            batch=BATCH,
            visibility=VISIBILITY,
            idle=IDLE,
            max_deliveries=None,
            clock=context.clock,
        )
        self._settlement = Settlement(context, self._order, self._reader)
        self._health = Health(self._to.schedule, self._to.concurrency)
        self._changed = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._gone = False
        self._missing: set[tuple[str, str]] = set()

    async def run(self) -> bool:
        """Deliver while the group is held. Return whether the destination wants no more."""
        keeping = asyncio.create_task(self._ending(self._hold.keep))
        working = [asyncio.create_task(self._ending(loop)) for loop in (self._take, self._dispatch)]
        try:
            await self._context.stopping.unless_over(self._over)
            await cancelled(working)
            await self._drain()
        finally:
            await cancelled([keeping, *working, *self._under_way])
            await self._leave()
        if self._over.done():
            self._over.result()
        return self._gone

    async def _ending(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Run a loop; its end, or what it raises, ends the shift."""
        try:
            await loop()
        except Exception as error:
            self._end(error)
        else:
            self._end()

    def _end(self, error: BaseException | None = None) -> None:
        if not self._over.done():
            self._over.set_exception(error) if error else self._over.set_result(None)

    async def _drain(self) -> None:
        """Let the events finish that are under way; a hub that does not answer is not waited for."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._to.timeout + self._context.hold):
                while self._under_way and not self._over.done():
                    await asyncio.wait(self._under_way)

    async def _leave(self) -> None:
        """Tell the hub what is done, and let another forwarder have the group."""
        # What the hub is not told comes again, and the hold ends by itself.
        with contextlib.suppress(HubError, TimeoutError):
            async with asyncio.timeout(self._context.hold):
                await self._settlement.flush()
                await self._hold.release()

    # Events are taken

    async def _take(self) -> None:
        """Take what was in hand before, then what is new."""
        await self._recover()
        self._context.report(
            DestinationStarted(destination=self._to.name, place=self._to.place, in_hand=len(self._order))
        )
        async for delivery in self._reader:
            await self._accept(delivery, 0, self._context.clock.monotonic())
            await self._room()

    async def _recover(self) -> None:
        after = "0"
        while found := await self._in_flight(after):
            for one in found:
                left = one.again_in - MARGIN
                pause = left if left <= LONGEST_PAUSE else 0.0
                failures = max(0, one.delivery.deliveries - 1)
                await self._accept(one.delivery, failures, self._context.clock.monotonic() + pause)
            after = found[-1].delivery.position

    async def _in_flight(self, after: str) -> list[InFlightEvent]:
        while True:
            try:
                return await self._context.hub.in_flight(
                    self._to.group, visibility=VISIBILITY, count=1000, after=after
                )
            except HubError as error:
                self._context.trouble(error)
                await self._context.clock.sleep(HUB_RETRY)

    async def _accept(self, delivery: Delivery, failures: int, due: float) -> None:
        """Take an event in hand, or be done with one that is not for this destination."""
        if self._to.passes(delivery.event):
            self._order.add(Waiting(delivery, failures), due)
            self._changed.set()
        else:
            self._tell_missing(delivery.event)
            await self._settlement.pass_over(delivery.position)

    def _tell_missing(self, event: HubEvent) -> None:
        """Report a field that `where` names and such rows do not have, once: it may be a slip."""
        name = self._to.passes.missing(event)
        if name is not None and (event.type, name) not in self._missing:
            self._missing.add((event.type, name))
            others = ", ".join(sorted(event.data))
            self._context.report(
                FieldMissing(destination=self._to.name, type=event.type, name=name, others=others)
            )

    async def _room(self) -> None:
        """Wait while too much is in hand, or the destination does not work."""
        while len(self._order) >= MOST or (self._health.is_bad and len(self._order) >= BATCH):
            await self._context.clock.sleep(IDLE)

    # Events are tried

    async def _dispatch(self) -> None:
        while not self._hold.is_over():
            self._changed.clear()
            now = self._context.clock.monotonic()
            while len(self._under_way) < self._health.most_at_once(now) and (waiting := self._order.take(now)):
                self._start(waiting)
            await self._until_changed(now)

    def _start(self, waiting: Waiting) -> None:
        task = asyncio.create_task(self._try(waiting))
        self._under_way.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._changed.set()
        if not task.cancelled() and (error := task.exception()):
            self._end(error)

    async def _until_changed(self, now: float) -> None:
        """Wait until something is taken or finished, or until something is due."""
        is_full = len(self._under_way) >= self._health.most_at_once(now) > 0
        due = None if is_full else self._order.next_due()
        if due is None:
            await self._changed.wait()
            return
        waits = [self._context.clock.sleep(max(due, self._health.quiet_until) - now), self._changed.wait()]
        tasks = [asyncio.ensure_future(wait) for wait in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    async def _try(self, waiting: Waiting) -> None:
        began = self._context.clock.monotonic()
        attempt = await self._sender.send(waiting.delivery.event)
        now = self._context.clock.monotonic()
        self._health.note(attempt, now)
        if attempt.result == "delivered":
            await self._settlement.delivered(waiting, attempt, now - began)
        elif attempt.result == "failed":
            await self._settlement.failed(waiting, attempt)
        elif not self._gone:
            self._gone = True
            self._context.report(
                DestinationGone(destination=self._to.name, reason=attempt.reason, group=self._to.group)
            )
            self._end()


async def cancelled(tasks: Iterable[asyncio.Task[None]]) -> None:
    """End tasks. A driver's own time-out may swallow a cancellation that meets it, so one is not always enough."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=0.1)
