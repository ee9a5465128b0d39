"""A hub's engine that is killed and started again under a forwarder that is at work."""

from __future__ import annotations

from collections import defaultdict

import pytest

from impactive_async.hub import connect
from tests.forward.receiver import Receiver, about, answering, forwarding, log, receiving, to
from tests.hub.support.servers import own_server


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["redis", "postgres"])
async def test_an_engine_that_is_restarted_loses_nothing(engine: str) -> None:
    """Everything arrives, rows in order, and the forwarder goes on by itself with what is logged afterwards."""
    async with (
        own_server(engine) as server,
        receiving(answering(500, 204)) as receiver,
        connect(server.url) as hub,
    ):
        await hub.init()
        await log(hub, *(about(number, f"deal_{number % 10}") for number in range(60)))
        async with forwarding(hub, to(receiver.url, concurrency=4)) as running:
            await receiver.until(lambda: len(receiver.accepted) >= 10)
            await server.crash()
            await server.start()
            await receiver.until(lambda: len(set(receiver.numbers())) == 60)
            await log(hub, *(about(number, f"deal_{number % 10}") for number in range(60, 70)))
            await receiver.until(lambda: len(set(receiver.numbers())) == 70)
            await running.ended()
        assert in_order(receiver)
        (group,) = (await hub.status()).groups
        assert (group.in_flight, group.dead_letters) == (0, 0)


def in_order(receiver: Receiver) -> bool:
    """Whether each row's events were first accepted in the order of the log."""
    rows: dict[str, list[int]] = defaultdict(list)
    for event in receiver.accepted:
        if event.data["n"] not in rows[event.subject]:
            rows[event.subject].append(event.data["n"])
    return all(numbers == sorted(numbers) for numbers in rows.values())
