"""A receiver of webhooks that says what it is told to, and remembers what arrived."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from attrs import define, field

from impactive_async.forward import Destination, ForwardReport, ForwardStats, RetrySchedule, run_forwarder
from impactive_async.hub import Hub, HubEvent, event_id
from impactive_async.webhooks import WebhookSecret, verify
from tests.hub.engines import claimed, moment
from tests.support import PATIENCE

SECRET = WebhookSecret(b"s" * 32)
SOON = RetrySchedule(retries=5, first=0.01, longest=0.02)
Answer = Callable[[web.Request, HubEvent], Awaitable[web.StreamResponse]]


async def accept(_: web.Request, __: HubEvent) -> web.StreamResponse:
    return web.Response(status=204)


def answering(*statuses: int, **headers: str) -> Answer:
    """Answer each event with these statuses in turn, and then with the last of them."""
    seen: Counter[str] = Counter()

    async def answer(_: web.Request, event: HubEvent) -> web.StreamResponse:
        seen[event.id] += 1
        return web.Response(status=statuses[min(seen[event.id], len(statuses)) - 1], headers=headers)

    return answer


@define(eq=False)
class Receiver:
    url: str = ""
    answer: Answer = accept
    secrets: Any = SECRET
    attempts: list[HubEvent] = field(factory=list)
    accepted: list[HubEvent] = field(factory=list)
    headers: list[Any] = field(factory=list)
    bodies: list[bytes] = field(factory=list)
    _changed: asyncio.Event = field(factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        event = verify(body, request.headers, self.secrets)
        self.attempts.append(event)
        self.headers.append(request.headers.copy())
        self.bodies.append(body)
        self._changed.set()
        answer = await self.answer(request, event)
        if 200 <= answer.status < 300:
            self.accepted.append(event)
        self._changed.set()
        return answer

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def numbers(self) -> list[int]:
        return [event.data["n"] for event in self.accepted]


@asynccontextmanager
async def receiving(answer: Answer = accept, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver(answer=answer)
    app = web.Application()
    app.router.add_post("/hooks", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"{'https' if tls else 'http'}://{'localhost' if tls else host}:{port}/hooks"
    yield receiver
    await runner.cleanup()


def about(number: int, row: str | None = None, **data: Any) -> HubEvent:
    """An event of a deal."""
    name = row or f"deal_{number}"
    return HubEvent(
        id=event_id("zapier/deals", name, str(number)),
        source="/workspaces/wsp_1",
        type="com.impactiveai.deal.updated",
        subject=f"deals/{name}",
        time=moment(),
        data={"id": name, "n": number, **data},
    )


async def log(hub: Hub, *events: HubEvent) -> None:
    """Put events into a hub's log."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "", events, 0)


def to(url: str, **changes: Any) -> Destination:
    return Destination(**{"name": "shop", "url": url, "secrets": (SECRET,), "schedule": SOON, **changes})


@define(eq=False)
class Running:
    """A forwarder in this process."""

    reports: list[ForwardReport]
    stop: asyncio.Event
    task: asyncio.Task[ForwardStats]
    _told: asyncio.Event

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                assert not self.task.done(), self.task
                self._told.clear()
                await self._told.wait()

    def kinds(self) -> list[str]:
        return [report.kind for report in self.reports]

    async def reported(self, kind: str, times: int = 1) -> ForwardReport:
        await self.until(lambda: self.kinds().count(kind) >= times)
        return [report for report in self.reports if report.kind == kind][times - 1]

    async def ended(self) -> ForwardStats:
        self.stop.set()
        return await asyncio.wait_for(self.task, PATIENCE)


@asynccontextmanager
async def forwarding(hub: Hub, *destinations: Destination, **options: Any) -> AsyncIterator[Running]:
    """Run a forwarder; what is left of it at the end is cut off, as if it were killed."""
    reports: list[ForwardReport] = []
    told = asyncio.Event()

    def listen(report: ForwardReport) -> None:
        reports.append(report)
        told.set()

    stop = asyncio.Event()
    task = asyncio.create_task(run_forwarder(hub, destinations, stop=stop, on_report=listen, **options))
    task.add_done_callback(lambda _: told.set())
    try:
        yield Running(reports, stop, task, told)
    finally:
        task.cancel()
        await asyncio.wait([task])
