"""Consume a hub's events, on any engine. Ends on SIGTERM.

    python examples/hub_consume.py sqlite:///hub.db --group billing
    python examples/hub_consume.py redis://localhost:6379/0 --group billing
    python examples/hub_consume.py postgresql://crm@db/crm --group billing

Start as many consumers of a group as you like. Each event goes to one of them, and to another one if it is not
acknowledged in time. So an event may come twice, with the same id: `handle` must do no harm the second time.
"""

import argparse
import asyncio
import contextlib
import signal
import sys

from impactive_async.hub import Hub, HubEvent, connect


async def handle(event: HubEvent) -> None:
    """Do the work; here: print one line."""
    if event.type == "com.impactiveai.feed.gap":  # the API no longer shows some rows: somebody has to look
        sys.stderr.write(f"rows may be missing: {dict(event.data)}\n")
    sys.stdout.write(f"{event.id}\t{event.type}\t{event.subject}\n")
    sys.stdout.flush()


async def consume(hub: Hub, group: str) -> None:
    """Handle events for ever. An event that was not acknowledged comes again."""
    async for delivery in hub.events(group):
        await handle(delivery.event)
        await delivery.ack()


async def main() -> None:
    """Read the command line, and consume until a signal comes."""
    parser = argparse.ArgumentParser(description="Consume the events of a hub.")
    parser.add_argument("hub", help="its URL")
    parser.add_argument("--namespace", default="impactive")
    parser.add_argument("--group", default="billing", help="each group gets every event")
    options = parser.parse_args()
    async with connect(options.hub, namespace=options.namespace) as hub:
        consuming = asyncio.create_task(consume(hub, options.group))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, consuming.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await consuming


if __name__ == "__main__":
    asyncio.run(main())
