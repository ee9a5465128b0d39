"""Forward a hub's events to another broker, here NATS JetStream, with FastStream; stops on SIGTERM.

    pip install '.[redis]' 'faststream[nats]'
    python examples/hub_forward_faststream.py redis://localhost:6379/0 nats://localhost:4222

An event is acknowledged in the hub when the other broker has it: killed in between, the forwarder sends it again.
The event's id is the message's id, by which JetStream drops what it has seen within its window. Subscribe to
`com.impactiveai.>`, or to one type, such as `com.impactiveai.reply.created`.
"""

import argparse
import asyncio
import contextlib
import signal

from faststream.nats import JStream, NatsBroker

from impactive_async.hub import CONTENT_TYPE, Hub, connect

STREAM = JStream("impactive", subjects=["com.impactiveai.>"])
GROUP = "forwarder"


async def forward(hub: Hub, broker: NatsBroker) -> None:
    """Publish events for ever, each under its type."""
    async for delivery in hub.events(GROUP):
        event = delivery.event
        await broker.publish(
            event.to_json().encode(),
            subject=event.type,
            stream=STREAM.name,  # waits until the stream has it
            headers={"Nats-Msg-Id": event.id, "content-type": CONTENT_TYPE},
        )
        await delivery.ack()


async def main() -> None:
    """Read the command line, and forward until a signal comes."""
    parser = argparse.ArgumentParser(description="Forward the events of a hub to NATS JetStream.")
    parser.add_argument("hub", help="its URL")
    parser.add_argument("nats", help="the server's URL")
    options = parser.parse_args()
    broker = NatsBroker(options.nats)
    broker.publisher("com.impactiveai.event", stream=STREAM)  # creates the stream where there is none
    async with connect(options.hub) as hub, broker:
        await broker.start()
        forwarding = asyncio.create_task(forward(hub, broker))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, forwarding.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await forwarding


if __name__ == "__main__":
    asyncio.run(main())
