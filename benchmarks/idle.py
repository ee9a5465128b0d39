"""A worker's poll of a list on which nothing has changed, against a bare aiohttp GET of the same page.

    python -m benchmarks.idle

The sandbox runs in a process of its own. A feed (`crm.zapier.deals.watch`) keeps its cursor in memory and
polls. A hub's worker does more for each poll: a claim, reading the cursor that another worker may have left, and a
commit to SQLite. The bare GET sends the same URL, checks the status and reads the body. All are taken in turn;
times are CPU seconds of all threads of the process. With an `ETag` the server answers 304, for which all ask.

That is one feed at a time. `benchmarks/due.py` measures a whole worker with many feeds that are due at once.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import attrs

from benchmarks import due
from benchmarks._run import Result, compare, main
from benchmarks.due import BARE, WORKER
from benchmarks.metrics import DueHub, poller
from impactive_async import NOW, AsyncClient, Feed
from impactive_async.hub.worker.polling import Poller
from impactive_async.sandbox import Sandbox

POLLS: Final = 50
"""In one turn."""
TURNS: Final = 7
FEED: Final = "a feed"
AT_ONCE: Final = {4: (8.0, 3.5), 16: (6.0, 3.5)}
"""How many polls of many due feeds are under way together, with gate and aim: by default, and as many as go to
a hub in one step."""
GATES: Final = {FEED: (2.0, 1.5), WORKER: (8.0, 3.5)}
"""A worker's poll of a feed alone has two transactions besides, each in a thread of its own."""
Work = Callable[[], Coroutine[Any, Any, None]]


async def serve(etag: bool) -> None:
    """Be the API: print URL and key."""
    profile = {"profile": 1, "operations": {"*": {"etag": True}}} if etag else None
    async with Sandbox("benchmark", populate="large", profile=profile) as sandbox:
        print(sandbox.url, sandbox.api_key, flush=True)
        await asyncio.Event().wait()


@asynccontextmanager
async def server(etag: bool) -> AsyncIterator[tuple[str, str]]:
    """Its URL and key."""
    command = (sys.executable, "-m", "benchmarks.idle", "serve-tagged" if etag else "serve")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    if process.stdout is None:
        raise RuntimeError("the sandbox has no output")
    try:
        url, key = (await process.stdout.readline()).decode().split()
        yield url, key
    finally:
        process.kill()
        await process.wait()


async def poll(polling: Poller) -> None:
    """Claim the feed, poll it and commit."""
    while (claim := await polling.hub.claim(60.0)) is None:  # noqa: ASYNC110 - only the engine knows
        await asyncio.sleep(0.001)
    if error := await polling.serve(claim, polling.clock.monotonic() + 60.0, 30.0):
        raise error


async def last_request(url: str, key: str, hub: DueHub) -> tuple[str, dict[str, str]]:
    """The URL and the conditional header of a poll, as they went over the wire."""
    seen: list[aiohttp.TraceRequestStartParams] = []

    async def keep(_: Any, __: Any, params: aiohttp.TraceRequestStartParams) -> None:
        seen.append(params)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(keep)
    async with (
        aiohttp.ClientSession(trace_configs=[trace]) as session,
        AsyncClient(key, base_url=url, session=session) as crm,
    ):
        await poll(poller(crm, hub))
    tag = seen[-1].headers.get("If-None-Match")
    return str(seen[-1].url), {} if tag is None else {"If-None-Match": tag}


class TurnClock:
    """Sleeps of a feed, of which each poll has one, take no time; but some last until it is the feed's turn."""

    def __init__(self) -> None:
        self._turn, self._over = asyncio.Event(), asyncio.Event()
        self._left = 0
        self._now = 0.0

    def monotonic(self) -> float:
        """The seconds that were slept."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Return at once during a turn. The last sleep of it ends with the next turn."""
        if not self._left:
            self._over.set()
            await self._turn.wait()
        self._left -= 1
        self._now += seconds

    async def turn(self, polls: int) -> None:
        """Let the feed poll so many times."""
        self._left = polls
        self._over.clear()
        self._turn.set()
        self._turn.clear()  # whoever waits goes on all the same
        await self._over.wait()

    async def asleep(self) -> None:
        """Wait until the feed sleeps for the first time."""
        await self._over.wait()


@attrs.define
class Follower:
    """A feed that is followed in a task, for some polls at a time."""

    feed: Feed[Any]
    clock: TurnClock
    _task: asyncio.Task[None] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        async for _ in self.feed:
            pass

    async def polls(self) -> float:
        """CPU seconds of a poll, over many."""
        await self.clock.asleep()
        first, began = self.feed.stats.polls, time.process_time()
        await self.clock.turn(POLLS)
        return (time.process_time() - began) / (self.feed.stats.polls - first)

    async def stop(self) -> None:
        """End the task."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def race(etag: bool) -> tuple[dict[str, list[float]], int]:
    """CPU seconds of a poll of each kind and of the GET, turn by turn, and the bytes of the body."""
    async with AsyncExitStack() as stack:
        url, key = await stack.enter_async_context(server(etag))
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        hub = await stack.enter_async_context(DueHub(Path(directory) / "hub.db"))
        await hub.add("zapier/deals")
        clock = TurnClock()
        crm = await stack.enter_async_context(AsyncClient(key, base_url=url, clock=clock))
        polling = poller(crm, hub)
        for _ in range(POLLS):  # what the first ones make once
            await poll(polling)
        page, headers = await last_request(url, key, hub)
        connector = aiohttp.TCPConnector(limit=0)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(headers={"x-api-key": key, **headers}, connector=connector)
        )
        size = 0

        async def get() -> None:
            nonlocal size
            async with session.get(page) as answer:
                answer.raise_for_status()
                size = len(await answer.read())

        async def ours() -> None:
            await poll(polling)

        feed = crm.zapier.deals.watch(since=NOW, interval=1.0, max_interval=1.0)
        follower = Follower(feed, clock)
        await cpu(get)
        await follower.polls()
        times: dict[str, list[float]] = {FEED: [], WORKER: [], BARE: []}
        for _ in range(TURNS):
            times[WORKER].append(await cpu(ours))
            times[FEED].append(await follower.polls())
            times[BARE].append(await cpu(get))
        await follower.stop()
        return times, size


async def cpu(work: Work) -> float:
    """CPU seconds of one, over many."""
    began = time.process_time()
    for _ in range(POLLS):
        await work()
    return (time.process_time() - began) / POLLS


def results(_: int) -> list[Result]:
    """The ratios, and both times."""
    found = []
    for etag in (False, True):
        times, size = asyncio.run(race(etag))
        page = "answered 304" if etag else f"a page of {size / 1000:.0f} kB"
        for name, bounds in GATES.items():
            gate, aim = (None, None) if etag else bounds
            found.append(compare(times, f"idle poll of {name}, {page}", name, BARE, gate, aim))
            found.append(_micros(f"idle poll of {name}, {page}: CPU time", times[name]))
    for at_once, (gate, aim) in AT_ONCE.items():
        times, title = asyncio.run(due.race(at_once)), f"idle poll of {WORKER}, {due.FEEDS} due, {at_once} at once"
        found.append(compare(times, title, WORKER, BARE, gate, aim))
        found.append(_micros(f"{title}: CPU time", times[WORKER]))
    return found


def _micros(title: str, seconds: list[float]) -> Result:
    low, middle, high = (one * 1e6 for one in statistics.quantiles(seconds, n=4))
    return Result(benchmark=title, base="", value=middle, low=low, high=high, unit="us")


if __name__ == "__main__":
    if "serve" in sys.argv[-1]:
        asyncio.run(serve(sys.argv[-1] == "serve-tagged"))
    else:
        sys.exit(main(results, __doc__))
