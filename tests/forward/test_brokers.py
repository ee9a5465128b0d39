"""Events to real brokers, where the machine has them: at least once, under the event's id, none lost silently."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from impactive_async.errors import ConfigurationError
from impactive_async.forward.senders.attempt import Attempt
from impactive_async.forward.senders.brokers import BrokerSender, Link, broker_sender
from impactive_async.hub import Hub, HubEvent, SqliteHub
from tests.forward.receiver import about, forwarding, log, to
from tests.hub.engines import REDIS_URL, _redis_answers, present
from tests.support import give_up

NATS_URL = "nats://127.0.0.1:4222"
RABBIT_URL = "amqp://guest:guest@127.0.0.1:5672/"
KINDS = {"nats": "stream", "amqp": "exchange", "redis": "stream", "kafka": "topic"}


async def answers(url: str) -> None:
    """Skip where nobody listens."""
    parts = urlsplit(url)
    try:
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except OSError as error:
        give_up(f"no broker answers at {parts.hostname}:{parts.port}: {error}")
    writer.close()
    await writer.wait_closed()


def own_url(url: str, name: str) -> str:
    return f"{url}?{KINDS[urlsplit(url).scheme]}={name}"


@pytest.fixture
def name() -> str:
    return f"test_{uuid.uuid4().hex}"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with SqliteHub(tmp_path / "hub.db") as hub:
        await hub.init()
        yield hub


@pytest.fixture
async def nats(name: str) -> AsyncIterator[Any]:
    """JetStream's management, with a stream of this test's own for the subjects."""
    await answers(NATS_URL)
    import nats as driver

    connection = await driver.connect(NATS_URL)
    manager = connection.jetstream()
    for stream in await manager.streams_info():  # one stream at a time may have the subjects
        if "com.impactiveai.>" in (stream.config.subjects or ()):
            if not str(stream.config.name).startswith("test_"):
                give_up(f"the stream {stream.config.name} of this NATS has the subjects of the test")
            await manager.delete_stream(str(stream.config.name))  # of a test that was killed
    yield manager
    await manager.delete_stream(name)
    await connection.close()


async def test_jetstream_gets_each_event_once(nats: Any, name: str, hub: Hub) -> None:
    """The stream is made; an event that is sent again is dropped by its id, the subject is its type."""
    await log(hub, *map(about, range(20)))
    for attempt in ("first", "again"):
        shop = to(own_url(NATS_URL, name), secrets=(), group=attempt)
        async with forwarding(hub, shop) as running:
            await running.reported("delivered", 20)
            await running.ended()
    state = (await nats.stream_info(name)).state
    assert state.messages == 20
    message = await nats.get_msg(name, seq=1)
    assert message.subject == "com.impactiveai.deal.updated"
    assert HubEvent.from_json(message.data.decode()) in list(map(about, range(20)))


@pytest.fixture
async def rabbit(name: str) -> AsyncIterator[Any]:
    await answers(RABBIT_URL)
    import aio_pika

    async with await aio_pika.connect(RABBIT_URL) as connection:
        channel = await connection.channel()
        yield channel
        await channel.exchange_delete(name)


async def test_rabbitmq_gets_each_event(rabbit: Any, name: str, hub: Hub) -> None:
    """Durable messages under the event's id, to a durable topic exchange; what no queue takes is tried again."""
    await log(hub, about(1))
    async with forwarding(hub, to(own_url(RABBIT_URL, name), secrets=())) as running:
        report = await running.reported("failed")
        assert report.reason.startswith("PublishError")  # type: ignore[attr-defined]
        queue = await rabbit.declare_queue(exclusive=True)
        await queue.bind(name, "com.impactiveai.deal.*")
        while not (message := await queue.get(fail=False)):  # noqa: ASYNC110 - the broker does not know of us
            await asyncio.sleep(0.01)
        await running.reported("delivered")
    assert HubEvent.from_json(message.body.decode()) == about(1)
    assert (message.message_id, message.delivery_mode) == (about(1).id, 2)
    assert message.content_type == "application/cloudevents+json"


async def test_redis_gets_each_event(name: str, hub: Hub) -> None:
    """As an entry of a stream, which FastStream's subscribers read."""
    await present("Redis", REDIS_URL, _redis_answers)
    await log(hub, about(1))
    async with forwarding(hub, to(own_url(REDIS_URL, name), secrets=())) as running:
        await running.reported("delivered")
    async with Redis.from_url(REDIS_URL) as redis:
        entries: Any = await redis.xrange(name)
        await redis.delete(name)
    assert about(1).to_json().encode() in entries[0][1][b"__data__"]


async def test_kafka_gets_each_event_under_its_row() -> None:
    """The key is the row, so that its events stay in order. FastStream's own stand-in plays the broker."""
    from faststream.kafka import KafkaBroker, KafkaMessage, TestKafkaBroker

    from impactive_async.forward.senders import brokers

    link = brokers._kafka(to("kafka://one:9092,two:9092?topic=crm", secrets=()))
    assert isinstance(link.broker, KafkaBroker)
    got: list[tuple[bytes, bytes]] = []

    @link.broker.subscriber("crm")
    async def handle(body: bytes, message: KafkaMessage) -> None:
        got.append((body, message.raw_message.key))  # type: ignore[union-attr]

    async with TestKafkaBroker(link.broker):
        await link.publish(about(1))
    assert got == [(about(1).to_json().encode(), b"deals/deal_1")]


@pytest.mark.parametrize("url", ["nats://127.0.0.1:1", "amqp://127.0.0.1:1/", "redis://127.0.0.1:1/0"])
async def test_a_broker_that_is_away_is_a_failure(url: str) -> None:
    """And no exception; the next attempt connects anew."""
    async with broker_sender(to(url, secrets=(), timeout=0.5)) as sender:
        for _ in range(2):
            outcome: Attempt = await sender.send(about(1))
            assert outcome.result == "failed"
            assert "127.0.0.1" not in outcome.reason


async def test_a_broker_comes_back(hub: Hub, name: str) -> None:
    """A connection that broke is made anew, and what was not taken is sent again."""
    await present("Redis", REDIS_URL, _redis_answers)
    await log(hub, about(1))
    door = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = door.sockets[0].getsockname()[1]
    async with forwarding(hub, to(f"redis://127.0.0.1:{port}/0?stream={name}", secrets=())) as running:
        await running.reported("failed")
        door.close()
        await door.wait_closed()
        target = urlsplit(REDIS_URL)

        async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far_reader, far_writer = await asyncio.open_connection(target.hostname, target.port)
            await asyncio.gather(copied(reader, far_writer), copied(far_reader, writer))

        async with await asyncio.start_server(pipe, "127.0.0.1", port):
            await running.until(lambda: {"delivered", "dead"} & {*running.kinds()})
            await running.ended()
    assert "delivered" in running.kinds()
    async with Redis.from_url(REDIS_URL) as redis:
        assert await redis.delete(name) == 1


async def copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()
    await writer.wait_closed()


def test_a_missing_driver_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it, before anything is sent."""
    import sys

    monkeypatch.setitem(sys.modules, "faststream.nats", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'impactive-async\[forward\]'"):
        broker_sender(to(NATS_URL, secrets=()))


@pytest.mark.parametrize("error", [None, ConnectionError("lost")])
async def test_a_driver_that_swallows_a_cancellation_keeps_no_task_alive(error: Exception | None) -> None:
    """Whether it then returns, as before Python 3.12 redis-py may, or raises an error of its own."""
    publishing = asyncio.Event()

    async def publish(_: HubEvent) -> None:
        publishing.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if error:
                raise error from None

    sender = BrokerSender(lambda: Link(AsyncMock(), publish), timeout=60.0)
    task = asyncio.create_task(sender.send(about(1)))
    await publishing.wait()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
