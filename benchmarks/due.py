"""A worker that has many feeds due at once, on none of which anything has changed, against as many bare GETs.

    python -m benchmarks idle

The worker is `run_worker` on a hub in an SQLite file, whose feeds are due again as soon as they are committed. In
its turn it polls each once, as many at a time as `concurrency` allows: it claims them, asks for permits, polls,
commits and tells of it. In the other turn bare aiohttp GETs ask for the same pages, as many at a time.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson

from benchmarks.call import KEY, TINY, AnswerTo, canned_server
from benchmarks.decode import Maker
from benchmarks.metrics import DueHub
from impactive_async import AsyncClient
from impactive_async.hub import Claim, run_worker
from impactive_async.hub.worker.reports import Polled, Report

FEEDS: Final = 200
ROWS: Final = 20
TURNS: Final = 7
BARE, WORKER = "a bare aiohttp GET", "a hub's worker"
OF_WORKSPACE: Final = "zapier/deals"
"""What the worker finds by itself."""
OF_SEQUENCES: Final = [f"sequences/s{number}/enrollments" for number in range(1, FEEDS)]
PATHS: Final = [f"/api/{OF_WORKSPACE}", *(f"/api/agent/{name}" for name in OF_SEQUENCES)]


def answer_to(page: bytes, path: bytes) -> bytes:
    """An answer of now."""
    body = page if path.endswith(b"enrollments") else b"[]" if path.endswith(b"deals") else TINY
    head = (
        f"HTTP/1.1 200 OK\r\nDate: {formatdate(usegmt=True)}\r\nServer: nginx\r\n"
        f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def stamp(moment: datetime) -> str:
    """A moment as the API writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def answers() -> AnswerTo:
    """The same page of all lists."""
    make = Maker()
    now = datetime.now(UTC)
    moments = [now - timedelta(seconds=number) for number in range(ROWS)]
    page = orjson.dumps([make.enrollment(at.second) | {"updatedAt": stamp(at)} for at in moments])
    return partial(answer_to, page)


class TurnHub(DueHub):
    """A hub that gives as many claims as a turn has feeds."""

    left = 0

    async def claim_many(self, lease: float, count: int) -> list[Claim]:
        """See `Hub.claim_many`."""
        claims = await super().claim_many(lease, min(count, self.left)) if self.left else []
        self.left -= len(claims)
        return claims


class Working:
    """A worker that works in its turns only."""

    def __init__(self, hub: TurnHub) -> None:
        self._hub = hub
        self._polled = 0
        self._done = asyncio.Event()

    def note(self, report: Report) -> None:
        """Count a poll."""
        self._polled += isinstance(report, Polled)
        if self._polled == FEEDS:
            self._done.set()

    async def turn(self) -> float:
        """CPU seconds of a poll, of all threads, over one of each feed."""
        self._polled = 0
        self._done.clear()
        began, self._hub.left = time.process_time(), FEEDS
        await self._done.wait()
        return (time.process_time() - began) / FEEDS


async def bare(session: aiohttp.ClientSession, at_once: int) -> float:
    """CPU seconds of a GET."""
    paths = iter(PATHS)

    async def some() -> None:
        for path in paths:
            async with session.get(path) as answer:
                answer.raise_for_status()
                await answer.read()

    began = time.process_time()
    await asyncio.gather(*(some() for _ in range(at_once)))
    return (time.process_time() - began) / FEEDS


async def race(at_once: int) -> dict[str, list[float]]:
    """CPU seconds of a poll and of a GET, turn by turn."""
    times: dict[str, list[float]] = {WORKER: [], BARE: []}
    stop = asyncio.Event()
    options: dict[str, Any] = {"kinds": ["deals"], "interval": 3600.0, "concurrency": at_once, "stop": stop}
    with tempfile.TemporaryDirectory() as directory:
        async with (
            canned_server(answers) as url,
            AsyncClient(KEY, base_url=url, max_concurrency=at_once) as crm,
            aiohttp.ClientSession(url, headers={"x-api-key": KEY}) as session,
            TurnHub(Path(directory) / "hub.db") as hub,
        ):
            for name in (OF_WORKSPACE, *OF_SEQUENCES):
                await hub.add(name)
            working = Working(hub)
            worker = asyncio.create_task(run_worker(crm, hub, on_report=working.note, **options))
            for turn in range(-2, TURNS):
                ours, theirs = await working.turn(), await bare(session, at_once)
                if turn >= 0:  # what the first ones make once
                    times[WORKER].append(ours)
                    times[BARE].append(theirs)
            stop.set()
            await worker
    return times
