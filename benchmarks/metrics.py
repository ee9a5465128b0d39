"""What it costs a worker to be watched: the hooks of one poll, against the poll itself.

    python -m benchmarks metrics

A poll is what a worker does for one feed of an SQLite hub: it claims it, requests a page, reads it, and commits.
Its CPU time is that of the worker's process; the API is a process of its own. The hooks are all that `--listen`
adds to it: the request is counted and measured, and the poll is noted. What Prometheus asks for once in fifteen
seconds is a row of its own.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import evolve
from multidict import CIMultiDict

from benchmarks._run import Result
from impactive_async import AsyncClient, RequestEvent, ResponseEvent
from impactive_async._clock import SystemClock
from impactive_async.errors import FencedError
from impactive_async.hub import Claim, HubEvent, SqliteHub
from impactive_async.hub.contract.claim import IdlePoll
from impactive_async.hub.worker.kept import KeptFeeds
from impactive_async.hub.worker.polling import Poller
from impactive_async.hub.worker.reports import Polled, WorkerStats
from impactive_async.hub.worker.troubles import Troubles
from impactive_async.operations.activity import Activity
from impactive_async.operations.metrics import CollectorRegistry, ShownCollector, exposition, instrument
from impactive_async.operations.probes import HubView
from impactive_async.operations.shown import Shown

POLLS: Final = 200
"""In one turn."""
HOOKS: Final = 20_000
TURNS: Final = 7
GATE: Final = 1.03
KEY: Final = "icrm_" + "0" * 32


class DueHub(SqliteHub):
    """A hub whose feeds are due again at once."""

    async def commit(
        self, claim: Claim, cursor: str, events: Sequence[HubEvent], again_in: float, *, gaps: int = 0
    ) -> None:
        """See `Hub.commit`."""
        await super().commit(claim, cursor, events, 0.0, gaps=gaps)

    async def commit_idle(self, polls: Sequence[IdlePoll]) -> list[FencedError | None]:
        """See `Hub.commit_idle`."""
        return await super().commit_idle([evolve(poll, again_in=0.0) for poll in polls])


def poller(crm: AsyncClient, hub: DueHub) -> Poller:
    """What a worker polls with."""
    clock = SystemClock()
    return Poller(
        crm=crm,
        hub=hub,
        clock=clock,
        source="/workspaces/benchmark",
        interval=300.0,
        distinct=True,
        ignore=(),
        report=lambda report: None,
        troubles=Troubles(WorkerStats(), lambda report: None, clock),
        kept=KeptFeeds(clock, 300.0),
    )


async def polls(url: str, key: str) -> list[float]:
    """CPU seconds of a poll that nobody watches, turn by turn."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as directory:
        async with AsyncClient(key, base_url=url) as crm, DueHub(Path(directory) / "hub.db") as hub:
            await hub.add("zapier/deals")
            polling = poller(crm, hub)
            await _poll(hub, polling, clock, POLLS)  # what the first ones make once
            return [await _poll(hub, polling, clock, POLLS) for _ in range(TURNS)]


async def _poll(hub: SqliteHub, poller: Poller, clock: SystemClock, count: int) -> float:
    began = time.process_time()
    for _ in range(count):
        while (claim := await hub.claim(60.0)) is None:  # noqa: ASYNC110 - only the engine knows
            await asyncio.sleep(0.001)
        if error := await poller.serve(claim, clock.monotonic() + 60.0, 30.0):
            raise error
    return (time.process_time() - began) / count


class Hooks:
    """All that is called for one poll of a worker with a port. It stands for the client that is measured."""

    def __init__(self, client: AsyncClient) -> None:
        self.stats = client.stats
        self.activity = Activity()
        self.registry = CollectorRegistry()
        self._listeners: list[Callable[[ResponseEvent], object]] = [self.activity.answered]
        measured: Any = self
        instrument(measured, registry=self.registry)
        self.registry.register(ShownCollector(Shown(HubView(SqliteHub("unused.db")), self.activity)))
        request = RequestEvent(
            method="GET", route="/api/zapier/deals", path="/api/zapier/deals", attempt=1, headers=CIMultiDict()
        )
        self._answer = ResponseEvent(request=request, status=200, error=None, elapsed=0.01, size=1000)
        self._polled = Polled(feed="zapier/deals", events=5, gaps=0, next_in=1.0)

    def observe(self, *, on_response: Callable[[ResponseEvent], object], **_: object) -> None:
        """See `AsyncClient.observe`."""
        self._listeners.append(on_response)

    def call(self) -> None:
        """Call them once."""
        for listener in self._listeners:
            listener(self._answer)
        self.activity.record(self._polled)

    def seconds(self) -> float:
        """CPU seconds of one call."""
        began = time.thread_time()
        for _ in range(HOOKS):
            self.call()
        return (time.thread_time() - began) / HOOKS

    def scrape(self) -> float:
        """CPU seconds of one look by Prometheus."""
        began = time.thread_time()
        exposition(self.registry)
        return time.thread_time() - began


async def race() -> tuple[list[float], list[float], list[float]]:
    """CPU seconds of polls, of their hooks, and of Prometheus' looks."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.metrics"), stdout=asyncio.subprocess.PIPE
    )
    if server.stdout is None:
        raise RuntimeError("the sandbox has no output")
    try:
        url, key = (await server.stdout.readline()).decode().split()
        found = await polls(url, key)
    finally:
        server.kill()
        await server.wait()
    async with AsyncClient(KEY) as client:
        hooks = Hooks(client)
        return found, [hooks.seconds() for _ in range(TURNS)], [hooks.scrape() for _ in range(TURNS)]


def results(_: int) -> list[Result]:
    """What watching adds to a poll, and both for themselves."""
    found, hooks, looks = asyncio.run(race())
    poll = statistics.median(found)
    return [
        _row("metrics: a worker's poll with its hooks", [1 + hook / poll for hook in hooks], "x", gate=GATE),
        _row("metrics: CPU time of a worker's poll", [seconds * 1e6 for seconds in found], "us"),
        _row("metrics: CPU time of the hooks of a poll", [seconds * 1e6 for seconds in hooks], "us"),
        _row("metrics: CPU time of a look by Prometheus", [seconds * 1e6 for seconds in looks], "us"),
    ]


def _row(title: str, values: list[float], unit: str, gate: float | None = None) -> Result:
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    base = "the poll" if unit == "x" else ""
    return Result(benchmark=title, base=base, value=middle, low=low, high=high, gate=gate, aim=gate, unit=unit)


async def serve() -> None:
    """Be the API: print URL and key."""
    from impactive_async.sandbox import Sandbox

    async with Sandbox("benchmark") as sandbox:
        print(sandbox.url, sandbox.api_key, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
