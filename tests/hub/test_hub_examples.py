"""The examples that read a hub's log, over every engine."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import Any

import pytest

from impactive_async.hub import CONTENT_TYPE, Hub
from tests.examples.programs import EXAMPLES, load

from .engines import Corner, claimed, event, events


async def logging(hub: Hub, *numbers: int) -> None:
    """Put events into the log."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(*numbers), 0)


async def acknowledged(hub: Hub) -> None:
    """Wait until the only group is behind no more."""
    while (await hub.status()).groups[0].behind:  # noqa: ASYNC110 - another process does it
        await asyncio.sleep(0.01)


async def test_the_consumer_handles_each_event_once_over_any_engine(hub: Hub, corner: Corner) -> None:
    """As a user runs it: every event a line, acknowledged; SIGTERM ends it with 0; a second run finds nothing."""
    await logging(hub, 1, 2, 3)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", EXAMPLES / "hub_consume.py", corner.url, "--namespace", corner.namespace,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    async with asyncio.timeout(60):
        lines = [(await process.stdout.readline()).decode().split("\t") for _ in range(3)]
        await acknowledged(hub)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    assert [line[0] for line in lines] == [each.id for each in events(1, 2, 3)]
    assert await hub.receive("billing") == []


@pytest.fixture
def forwarder() -> Any:
    pytest.importorskip("faststream.nats", reason="FastStream with its NATS broker is not installed")
    return load("hub_forward_faststream")


async def test_the_forwarder_acknowledges_what_the_other_broker_has(hub: Hub, forwarder: Any) -> None:
    """Each event reaches subscribers elsewhere whole, under its type and with its id, and is then acknowledged."""
    from faststream.nats import NatsBroker, NatsMessage, TestNatsBroker

    broker, came = NatsBroker(), list[Any]()
    arrived = asyncio.Event()

    @broker.subscriber("com.impactiveai.reply.>", stream=forwarder.STREAM)  # type: ignore[untyped-decorator]
    async def take(message: NatsMessage) -> None:
        came.append((message.headers, json.loads(message.body)))
        if len(came) == 2:
            arrived.set()

    await logging(hub, 1, 2)
    async with TestNatsBroker(broker) as connected:
        forwarding = asyncio.create_task(forwarder.forward(hub, connected))
        async with asyncio.timeout(20):
            await arrived.wait()
            await acknowledged(hub)
        forwarding.cancel()
        await asyncio.wait((forwarding,))
    assert [document["id"] for _, document in came] == [event(1).id, event(2).id]
    assert [headers["Nats-Msg-Id"] for headers, _ in came] == [event(1).id, event(2).id]
    assert came[0][0]["content-type"] == CONTENT_TYPE


async def test_the_forwarder_keeps_what_the_other_broker_refuses(hub: Hub, forwarder: Any) -> None:
    """An event that could not be published is not acknowledged, and comes again."""

    class Refusing:
        async def publish(self, *_: Any, **__: Any) -> None:
            raise ConnectionError("no stream")

    await logging(hub, 1)
    with pytest.raises(ConnectionError):
        await forwarder.forward(hub, Refusing())
    assert (await hub.status()).groups[0].behind == 1
