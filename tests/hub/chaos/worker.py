"""A worker process that keeps a diary: what it claimed, and how each claim ended, written down at once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from attrs import evolve, frozen

from impactive_async import AsyncClient
from impactive_async.errors import FencedError
from impactive_async.hub import Claim, Hub, HubEvent, SqliteHub, connect, run_worker
from impactive_async.hub.contract.claim import IdlePoll
from impactive_async.hub.worker.reports import Report
from tests.hub.observing import feel_pulse
from tests.hub.processes import children
from tests.support import often

KINDS = ("enrollments", "sends", "replies", "companies", "contacts", "deals", "bookings")
INTERVAL = often(1.0, 2.0)
LEASE = 3.0
CONCURRENCY = 2
RATE = 40.0

children.set_forkserver_preload([__name__])


@frozen
class Orders:
    """What a worker process is told."""

    number: int
    hub_url: str
    api_url: str
    api_key: str
    diary: str


class Diary:
    """Lines of JSON in a file, each written by one call: a killed process leaves no half of one."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(self, deed: str, **details: Any) -> None:
        os.write(self._file, (json.dumps({"deed": deed, **details}) + "\n").encode())


def kept(hub: Hub, diary: Diary) -> Hub:
    """Let a hub's claims, permits and commits be noted, and each event say under which token it was committed."""
    commit, permit, fail, release = hub.commit, hub.permit, hub.fail, hub.release
    claim_many, commit_idle = hub.claim_many, hub.commit_idle

    async def noted_claims(lease: float, count: int) -> list[Claim]:
        got = await claim_many(lease, count)
        for claim in got:
            diary.note("claimed", feed=claim.feed, token=claim.token)
            if claim.permitted:
                diary.note("permitted")
        return got

    async def noted_idle(polls: Sequence[IdlePoll]) -> list[FencedError | None]:
        for poll in polls:
            diary.note("committing", feed=poll.claim.feed, token=poll.claim.token)
        outcomes = await commit_idle(polls)
        for poll, fenced in zip(polls, outcomes, strict=True):
            diary.note("fenced" if fenced else "committed", feed=poll.claim.feed, token=poll.claim.token)
        return outcomes

    async def noted_commit(
        held: Claim, cursor: str, events: Sequence[HubEvent], again_in: float, *, gaps: int = 0
    ) -> None:
        diary.note("committing", feed=held.feed, token=held.token)
        marked = [evolve(event, data={**event.data, "token": held.token}) for event in events]
        await ending("committed", held, commit(held, cursor, marked, again_in, gaps=gaps))

    async def noted_fail(held: Claim, error: str, again_in: float | None) -> None:
        diary.note("failing", feed=held.feed, token=held.token)
        await ending("failed", held, fail(held, error, again_in))

    async def noted_release(held: Claim) -> None:
        diary.note("releasing", feed=held.feed, token=held.token)
        await ending("released", held, release(held))

    async def ending(deed: str, held: Claim, settled: Any) -> None:
        try:
            await settled
        except FencedError:
            diary.note("fenced", feed=held.feed, token=held.token)
            raise
        diary.note(deed, feed=held.feed, token=held.token)

    async def noted_permit() -> float:
        wait = await permit()
        if not wait:
            diary.note("permitted")
        return wait

    noted: Any = hub
    noted.claim_many, noted.commit, noted.permit = noted_claims, noted_commit, noted_permit
    noted.commit_idle = noted_idle
    noted.fail, noted.release = noted_fail, noted_release
    return hub


class DyingHub(SqliteHub):
    """Dies within the transaction of its first commit, when all is written and nothing is committed."""

    async def commit(self, *arguments: Any, **options: Any) -> None:
        self._write = self._write_and_die  # type: ignore[method-assign]
        await super().commit(*arguments, **options)

    async def _write_and_die(
        self, work: Callable[[sqlite3.Connection, float], Any], *, lasting: bool = True
    ) -> Any:
        def die(connection: sqlite3.Connection) -> None:
            work(connection, 0.0)
            os.kill(os.getpid(), signal.SIGKILL)

        return await self._database.write(die)


def main(orders: Orders, dying: bool = False) -> None:
    """Work until SIGTERM."""

    async def work() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        diary = Diary(orders.diary)
        url = orders.hub_url
        hub = DyingHub(url.removeprefix("sqlite:///"), rate_limit=RATE) if dying else connect(url, rate_limit=RATE)

        def tell(report: Report) -> None:
            diary.note("told", report=report.kind, line=str(report))

        pulse = asyncio.create_task(feel_pulse(lambda span: diary.note("stalled", begin=span.begin, end=span.end)))
        async with kept(hub, diary), AsyncClient(orders.api_key, base_url=orders.api_url) as crm:
            await run_worker(
                crm, hub, kinds=KINDS, interval=INTERVAL, lease=LEASE, concurrency=CONCURRENCY, stop=stop,
                on_report=tell,
            )  # fmt: skip
        pulse.cancel()
        diary.note("drained")

    asyncio.run(work())
