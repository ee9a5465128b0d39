"""Delivering a hub's events to any number of destinations, each at its own pace."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

from impactive_async._checks import check_listener, check_positive
from impactive_async._clock import Clock, SystemClock
from impactive_async.forward.courier.context import HOLD, CourierContext
from impactive_async.forward.courier.shift import Courier
from impactive_async.forward.reports import ForwardListener, ForwardReport, ForwardStats, log_report
from impactive_async.forward.senders.attempt import Sender
from impactive_async.forward.settings.destination import WEB, Destination, check_apart
from impactive_async.hub import Hub
from impactive_async.hub.worker.stopping import Stopping


async def run_forwarder(
    hub: Hub,
    destinations: Sequence[Destination],
    *,
    stop: asyncio.Event | None = None,
    on_report: ForwardListener = log_report,
    hold: float = HOLD,
    clock: Clock | None = None,
    chance: Callable[[], float] = random.random,
) -> ForwardStats:
    """Deliver events until `stop` is set; then finish what is under way and return.

    Each destination has a consumer group of the hub, which keeps its position, the attempts and the dead letters.
    A destination that fails holds up no other. Events of one row arrive in the order of the log; one that fails
    holds up those of its row. Delivery is at least once. Of several forwarders of one destination one delivers,
    and the others take over when it ends.

    Args:
        hub: The hub, made by `Hub.init`; not closed here.
        destinations: Where events go.
        stop: Set it to stop.
        on_report: Called at once with each report; an error that it raises ends the forwarder. Default: the log.
        hold: Seconds after which another forwarder takes over from one that was killed.
        clock: What pauses are measured with.
        chance: Gives a number from 0 to 1, which spreads the retries.

    Returns:
        What was done. It also returns once every destination wants no more messages.

    Raises:
        InvalidArgumentError: `hold` is not positive, or `on_report` is `async`.
        ConfigurationError: There is no destination, two share a name or a group, a driver is not installed, or the
            hub cannot be used.
    """
    check_positive(hold, "hold")
    check_listener(on_report, "on_report")
    check_apart(destinations)
    stats = ForwardStats()

    def listen(report: ForwardReport) -> None:
        stats.count(report)
        on_report(report)

    waiting = clock or SystemClock()
    stopping = Stopping(waiting)
    couriers = [
        Courier(CourierContext(hub, one, listen, stopping, waiting, chance, hold), make_sender(one))
        for one in destinations
    ]
    following = asyncio.create_task(_follow(stop or asyncio.Event(), stopping))
    try:
        await _run_all([courier.run for courier in couriers], stopping)
    finally:
        following.cancel()
    return stats


def make_sender(destination: Destination) -> Sender:
    """Return what sends events to a destination.

    Raises:
        ConfigurationError: Its driver is not installed.
    """
    if destination.scheme in WEB:
        from impactive_async.forward.senders.http import HttpSender

        return HttpSender(
            destination.url,
            tuple(destination.secrets),
            headers=destination.headers,
            timeout=destination.timeout,
            concurrency=destination.concurrency,
            public_only=destination.public_only,
        )
    from impactive_async.forward.senders.brokers import broker_sender

    return broker_sender(destination)


async def _follow(stop: asyncio.Event, stopping: Stopping) -> None:
    await stop.wait()
    stopping.set()


async def _run_all(runs: Sequence[Callable[[], Awaitable[None]]], stopping: Stopping) -> None:
    """Run couriers side by side. One that raises has the others finish what is under way."""
    tasks = [asyncio.ensure_future(run()) for run in runs]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        stopping.set()
        await asyncio.wait(tasks)
    finally:
        for task in tasks:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
    for error in done:
        if isinstance(error, Exception):
            raise error
