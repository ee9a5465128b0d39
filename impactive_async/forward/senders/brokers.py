"""Events to message brokers, through FastStream. A broker's module is imported only where a URL asks for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from attrs import frozen

from impactive_async.errors import ConfigurationError
from impactive_async.forward.senders.attempt import Attempt, failed
from impactive_async.forward.settings.destination import Destination
from impactive_async.hub import CONTENT_TYPE, HubEvent
from impactive_async.hub.reaching.cancelling import heeding_cancellation

NAME: Final = "impactive"
"""The stream, exchange or topic, where the URL names none."""
SUBJECTS: Final = "com.impactiveai.>"
_MAKES_CLOSE: Final = 2.0
"""Seconds for closing a connection in good order."""

Publish = Callable[[HubEvent], Awaitable[object]]
_HEADERS: Final = {"content-type": CONTENT_TYPE}


@frozen
class Link:
    """A connection to a broker that is yet to be made.

    Attributes:
        broker: FastStream's broker.
        publish: Hands one event over, and returns once the broker has it.
        prepare: Makes what events are published to, where it is not there.
        refusals: Errors of `publish` after which the connection is still good.
    """

    broker: Any
    publish: Publish
    prepare: Callable[[], Awaitable[object]] | None = None
    refusals: tuple[type[Exception], ...] = ()


class BrokerSender:
    """Hands each event to a broker, and connects anew after an error.

    Args:
        link: Makes a connection.
        timeout: Seconds for an attempt, connecting included.
    """

    def __init__(self, link: Callable[[], Link], timeout: float) -> None:
        self._make = link
        self._timeout = timeout
        self._link: Link | None = None
        self._connecting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._drop(self._link)

    async def send(self, event: HubEvent) -> Attempt:
        """See `Sender.send`."""
        with heeding_cancellation():
            return await self._send(event)

    async def _send(self, event: HubEvent) -> Attempt:
        link = None
        try:
            async with asyncio.timeout(self._timeout):
                link = await self._connected()
                await link.publish(event)
        except TimeoutError:
            await self._drop(link)
            return failed(f"no answer within {self._timeout:g} s")
        except Exception as error:  # each driver has errors of its own
            if link is None or not isinstance(error, link.refusals):
                await self._drop(link)
            return failed(f"{type(error).__name__}: the broker did not take the event")
        return Attempt(result="delivered")

    async def _connected(self) -> Link:
        async with self._connecting:
            if self._link is None:
                link = self._make()
                try:
                    await link.broker.start()
                    if link.prepare:
                        await link.prepare()
                except BaseException:
                    await _stop(link)
                    raise
                self._link = link
            return self._link

    async def _drop(self, link: Link | None) -> None:
        """Close a connection, unless another has taken its place."""
        if link is not None and link is self._link:
            self._link = None
            await _stop(link)


async def _stop(link: Link) -> None:
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_MAKES_CLOSE):
            await link.broker.stop()


def broker_sender(destination: Destination) -> BrokerSender:
    """Return what hands events to the broker of a URL.

    Raises:
        ConfigurationError: FastStream or the broker's driver is not installed.
    """
    make = _LINKS[destination.scheme]
    try:
        make(destination)
    except ImportError as error:
        raise ConfigurationError(
            f"{destination.name}: brokers need drivers that are not installed: "
            "pip install 'impactive-async[forward]'"
        ) from error
    return BrokerSender(lambda: make(destination), destination.timeout)


def _named(url: str, noun: str) -> tuple[str, str]:
    """Return a URL without the option that names what to publish to, and that name."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    name = options.pop(noun, "") or NAME
    return parts._replace(query=urlencode(options)).geturl(), name


def _nats(destination: Destination) -> Link:
    from faststream.nats import JStream, NatsBroker

    url, name = _named(destination.url, "stream")
    stream = JStream(name, subjects=[SUBJECTS])
    broker = NatsBroker(url, logger=None, allow_reconnect=False)
    broker.publisher("com.impactiveai.event", stream=stream)  # makes the stream where there is none

    async def publish(event: HubEvent) -> None:
        await broker.publish(
            event.to_json().encode(),
            subject=event.type,
            stream=name,  # waits until the stream has it
            headers={**_HEADERS, "Nats-Msg-Id": event.id},  # JetStream drops what it has seen within its window
            timeout=destination.timeout,
        )

    return Link(broker, publish)


def _rabbit(destination: Destination) -> Link:
    from aiormq.exceptions import DeliveryError
    from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange

    url, name = _named(destination.url, "exchange")
    exchange = RabbitExchange(name, type=ExchangeType.TOPIC, durable=True)
    broker = RabbitBroker(
        url, logger=None, default_channel=Channel(publisher_confirms=True, on_return_raises=True)
    )

    async def publish(event: HubEvent) -> None:
        await broker.publish(
            event.to_json().encode(),
            exchange=exchange,
            routing_key=event.type,
            persist=True,
            mandatory=True,  # what no queue takes would be lost: it is an error, and tried again
            message_id=event.id,
            content_type=CONTENT_TYPE,
            timeout=destination.timeout,
        )

    return Link(broker, publish, lambda: broker.declare_exchange(exchange), (DeliveryError,))


def _kafka(destination: Destination) -> Link:
    from faststream.kafka import KafkaBroker

    url, topic = _named(destination.url, "topic")
    servers = urlsplit(url).netloc.rpartition("@")[2].split(",")
    broker = KafkaBroker(servers, logger=None, acks="all", enable_idempotence=True)

    async def publish(event: HubEvent) -> None:
        await broker.publish(
            event.to_json().encode(),
            topic=topic,
            key=event.subject.encode("utf-8", "backslashreplace"),  # events of one row stay in order
            headers={**_HEADERS, "ce_id": event.id},
        )

    return Link(broker, publish)


def _redis(destination: Destination) -> Link:
    from faststream.redis import RedisBroker

    url, stream = _named(destination.url, "stream")
    broker = RedisBroker(url, logger=None)  # type: ignore[arg-type]  # as its other brokers have it

    async def publish(event: HubEvent) -> None:
        await broker.publish(event.to_json().encode(), stream=stream, headers={**_HEADERS, "ce_id": event.id})

    return Link(broker, publish)


_LINKS: Final[dict[str, Callable[[Destination], Link]]] = {
    "nats": _nats,
    "tls": _nats,
    "amqp": _rabbit,
    "amqps": _rabbit,
    "kafka": _kafka,
    "redis": _redis,
    "rediss": _redis,
}
