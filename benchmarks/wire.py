"""What idle lists cost on the wire, and how late a row is delivered: hours of polling in simulated time.

    python -m benchmarks.wire

Client and sandbox run on one loop whose time jumps. Between them stands a proxy that counts the bytes of both
directions at its sockets, headers included.

**Idle lists**: 1,000 lists of sequences on which nothing happens, for an hour. The vendor's recipe asks each list
every five minutes for what is newer than the highest moment seen. One of its rounds is measured and counts twelve
times, because all are alike. `crm.watch` runs through the whole hour with the same interval. It asks for a part of
the rows again, to find some that come late. A service with ETags answers that with 304. Without them the page
comes again, which a longer `max_interval` makes up for.

**Lateness**: a list of deals that change ten times a minute at random moments, followed for six hours.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import attrs
import orjson

from benchmarks._run import Result, main
from benchmarks._simulated import LoopClock, simulated
from impactive_async import NOW, AsyncClient
from impactive_async.sandbox import Sandbox

LISTS, FEWER, INTERVAL, HOUR = 1000, 100, 300.0, 3600.0
GATE, AIM = 1.0, 0.5
KINDS: Final = ("enrollments", "sends")
CHANGES, FOLLOWED, EVERY = 10, 6 * HOUR, 60.0


@attrs.define
class Counter:
    """A proxy on a port of its own that counts what passes."""

    port: int
    counted: int = 0
    _server: asyncio.Server | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Its URL."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.port)
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                self.counted += len(data)
                writer.write(data)
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def busy_once(lists: int, etag: bool) -> AsyncIterator[tuple[Sandbox, Counter, str]]:
    """A workspace with sequences that were busy for some days and are idle now, behind a counter."""
    profile = {"profile": 1, "operations": {"*": {"etag": True}}} if etag else None
    async with AsyncExitStack() as stack:
        sandbox = Sandbox("wire", populate="small", profile=profile, reply_rate=0, journal_limit=0)
        await stack.enter_async_context(sandbox)
        contacts = [row.id for row in sandbox.state.rows("contacts")][:5]
        for number in range(lists // len(KINDS)):
            sequence = sandbox.state.create_sequence(f"Sequence {number}", delays=[0, 1])
            sandbox.state.enroll(sequence.id, contacts)
        await sandbox.clock.advance(days=3)
        counter = Counter(urlsplit(sandbox.url).port or 0)
        yield sandbox, counter, await stack.enter_async_context(counter.running())


async def recipe(lists: int, etag: bool) -> int:
    """Bytes of an hour by the vendor's recipe."""
    async with busy_once(lists, etag) as (sandbox, counter, url):
        headers = {"x-api-key": sandbox.api_key}
        async with aiohttp.ClientSession(url, headers=headers) as session:

            async def get(path: str, **params: str) -> list[dict[str, Any]]:
                async with session.get(path, params=params) as answer:
                    rows: list[dict[str, Any]] = orjson.loads(await answer.read())
                    return rows

            moments = {"enrollments": "updatedAt", "sends": "emailDate"}
            newest: dict[str, str] = {}
            for sequence in await get("/api/agent/sequences"):
                for kind in KINDS:
                    path = f"/api/agent/sequences/{sequence['id']}/{kind}"
                    newest[path] = max((row[moments[kind]] for row in await get(path)), default="")
            before = counter.counted
            for path, since in newest.items():
                await get(path, **({"since": since} if since else {}))
            return (counter.counted - before) * int(HOUR / INTERVAL)


async def watching(lists: int, etag: bool) -> int:
    """Bytes of an hour of `crm.watch`."""
    async with busy_once(lists, etag) as (sandbox, counter, url):
        clock = LoopClock()
        async with (
            AsyncClient(sandbox.api_key, base_url=url, clock=clock) as crm,
            crm.watch(KINDS, since=NOW, interval=INTERVAL) as events,
        ):
            waiting = asyncio.ensure_future(anext(events))
            await clock.sleep(2.5 * INTERVAL)  # what was there is known
            before = counter.counted
            await clock.sleep(HOUR)
            counted = counter.counted - before
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        return counted


async def lateness() -> list[float]:
    """Seconds from the appearing of each row to its delivery."""
    dice, delays = random.Random(1), list[float]()
    async with Sandbox("late", populate="none", journal_limit=0) as sandbox:
        clock = LoopClock()
        appeared: dict[str, float] = {}

        async def change() -> None:
            number = 0
            while True:
                pause = dice.expovariate(CHANGES / 60)
                await clock.sleep(pause)
                await sandbox.clock.advance(seconds=pause)
                number += 1
                appeared[sandbox.state.add("deals", {"name": f"Deal {number}"}).id] = clock.monotonic()

        async with AsyncClient(sandbox.api_key, base_url=sandbox.url, clock=clock) as crm:
            changing = asyncio.create_task(change())
            feed = crm.zapier.deals.watch(since=NOW, interval=EVERY)
            async for deal in feed:
                delays.append(clock.monotonic() - appeared[deal.id])
                if clock.monotonic() > FOLLOWED:
                    break
            await feed.aclose()
            changing.cancel()
            await asyncio.gather(changing, return_exceptions=True)
    return delays


def results(_: int) -> list[Result]:
    """Bytes with and without `ETag`, and the lateness."""
    found = []
    for lists, etag in ((LISTS, True), (FEWER, False)):
        theirs, ours = simulated(recipe(lists, etag)), simulated(watching(lists, etag))
        title = f"{lists:,} idle lists for an hour, bytes on the wire, {'with' if etag else 'without'} ETags"
        bounds = {"gate": GATE, "aim": AIM} if etag else {}
        found.append(_row(title, ours / theirs, "x", base="the vendor's recipe", **bounds))
        found.append(_row(f"{title}: ours", ours / 1e6, "MB"))
    delays = simulated(lateness())
    title = f"{CHANGES} changes a minute, interval {EVERY:.0f} s: from appearing to delivery"
    return [
        *found,
        _row(f"{title}, median", statistics.median(delays), "s"),
        _row(f"{title}, p99", statistics.quantiles(delays, n=100)[98], "s"),
    ]


def _row(
    title: str, value: float, unit: str, base: str = "", gate: float | None = None, aim: float | None = None
) -> Result:
    return Result(benchmark=title, base=base, value=value, low=value, high=value, gate=gate, aim=aim, unit=unit)


if __name__ == "__main__":
    sys.exit(main(results, __doc__))
