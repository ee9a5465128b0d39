"""Webhooks out of an SQLite hub to a fast receiver: how many a second, and what bounds it.

    python -m benchmarks forward

The receiver is a process of its own that answers each request with a 204. Each event is a deal, signed and posted,
and acknowledged on the disk. The rate is by the clock. What bounds it is told by the CPU time that each side takes
for an event: no more of them go through a second than a core has such times. The rest is waiting, for the disk or
for a turn on a busy machine.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web
from attrs import frozen

from benchmarks._run import Result
from impactive_async.forward import Destination, WebhookSecret, run_forwarder
from impactive_async.hub import HubEvent, SqliteHub, event_id

EVENTS: Final = 4000
"""In one turn."""
TURNS: Final = 5
GATE: Final = 1000.0
CONCURRENCY: Final = 32
SECRET: Final = WebhookSecret(b"b" * 32)


@frozen
class Turn:
    """One turn: events a second, and the microseconds of CPU time that each side takes for an event."""

    rate: float
    sender: float
    receiver: float


def deal(turn: int, number: int) -> HubEvent:
    """One event."""
    name = f"deal_{number}"
    return HubEvent(
        id=event_id("zapier/deals", name, str(turn)),
        source="/workspaces/wsp_1",
        type="com.impactiveai.deal.updated",
        subject=f"deals/{name}",
        time=datetime.now(UTC),
        data={"id": name, "name": "Pilot", "stage_name": "Won", "value": number, "extra": {"note": "x" * 300}},
    )


async def measure(turn: int, hub: SqliteHub, url: str) -> Turn:
    """Deliver all events of a turn."""
    claim = await hub.claim(60)
    if claim is None:
        raise RuntimeError("the feed is not due")
    await hub.commit(claim, "", [deal(turn, number) for number in range(EVENTS)], 0)
    stop, left = asyncio.Event(), EVENTS

    def count(report: object) -> None:
        nonlocal left
        left -= type(report).__name__ == "EventDelivered"
        if left == 0:
            stop.set()

    shop = Destination(name="shop", url=url, secrets=[SECRET], concurrency=CONCURRENCY)
    theirs = await used(url)
    began, ours = time.perf_counter(), time.process_time()
    await run_forwarder(hub, [shop], stop=stop, on_report=count)
    wall, ours = time.perf_counter() - began, time.process_time() - ours
    theirs = await used(url) - theirs
    return Turn(rate=EVENTS / wall, sender=ours / EVENTS * 1e6, receiver=theirs / EVENTS * 1e6)


async def used(url: str) -> float:
    """Ask the receiver how many seconds of CPU time it has used."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return float(await answer.text())


async def race() -> list[Turn]:
    """All turns, on one hub and with one receiver."""
    receiver = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.forward", stdout=asyncio.subprocess.PIPE
    )
    if receiver.stdout is None:
        raise RuntimeError("the receiver has no output")
    try:
        url = (await receiver.stdout.readline()).decode().strip()
        with tempfile.TemporaryDirectory() as directory:
            async with SqliteHub(Path(directory) / "hub.db") as hub:
                await hub.add("zapier/deals")
                return [await measure(turn, hub, url) for turn in range(TURNS)]
    finally:
        receiver.kill()
        await receiver.wait()


def results(_: int) -> list[Result]:
    """The rate, and what bounds it."""
    turns = asyncio.run(race())
    title = f"forward: {EVENTS:,} webhooks out of an SQLite hub to a fast receiver"
    rate = _row(title, [turn.rate for turn in turns], "events/s", gate=GATE)
    return [
        rate,
        _row("forward: CPU time of the forwarder for a webhook", [turn.sender for turn in turns], "us"),
        _row("forward: CPU time of the receiver for a webhook", [turn.receiver for turn in turns], "us"),
    ]


def _row(title: str, values: list[float], unit: str, gate: float | None = None) -> Result:
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return Result(
        benchmark=title,
        base="",
        value=middle,
        low=low,
        high=high,
        gate=gate,
        aim=gate,
        unit=unit,
        more_is_better=unit == "events/s",
    )


async def receive() -> None:
    """Be the receiver: print the URL, and answer a GET with the CPU time that was used."""

    async def take(request: web.BaseRequest) -> web.Response:
        await request.read()
        if request.method == "POST":
            return web.Response(status=204)
        spent = resource.getrusage(resource.RUSAGE_SELF)
        return web.Response(text=str(spent.ru_utime + spent.ru_stime))

    runner = web.ServerRunner(web.Server(take))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}/", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(receive())
