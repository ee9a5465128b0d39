"""The second act of the demo: a worker, a forwarder, a receiver that fails now and then, and their page."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final, Literal

import attrs
from aiohttp import web

from impactive_async import AsyncClient
from impactive_async.cli.demo.reconcile import Reconciliation
from impactive_async.forward import Destination, RetrySchedule, WebhookSecret, run_forwarder
from impactive_async.hub import Hub, SqliteHub, run_worker
from impactive_async.operations.activity import Activity
from impactive_async.operations.deliveries import ForwardActivity
from impactive_async.operations.probes import HubView
from impactive_async.operations.server import serving
from impactive_async.operations.shown import Shown
from impactive_async.sandbox import Sandbox
from impactive_async.webhooks import verify

KINDS: Final[tuple[Literal["companies", "contacts", "deals"], ...]] = ("companies", "contacts", "deals")
SECONDS: Final = 20.0
"""For which rows are made."""
_EVERY: Final = 0.25
"""Seconds between two rows."""
PATIENCE: Final = 120.0
"""Seconds for what was made last to arrive."""
_FAILS: Final = 1 / 3
"""Of the receiver's answers."""
_CHAOS: Final = 0.1
"""Of the API's answers."""


@attrs.define
class OperationsBooks:
    """What came of the second act."""

    totals: list[Reconciliation]
    logged: int
    tries: int
    refused: int
    dead_letters: int

    @property
    def balanced(self) -> bool:
        """Whether each row arrived once, and nothing was given up."""
        return all(total.complete for total in self.totals) and not self.dead_letters


@attrs.define
class FlakyReceiver:
    """A receiver of webhooks that refuses some of them, as if it were deployed all the time."""

    secret: WebhookSecret
    chance: random.Random
    accepted: Counter[str] = attrs.field(factory=Counter)
    """How often each event was accepted, by its row and id."""
    rows: set[str] = attrs.field(factory=set)
    tries: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Take an event in, or refuse it."""
        event = verify(await request.read(), request.headers, self.secret)
        self.tries += 1
        if self.chance.random() < _FAILS:
            return web.Response(status=503)
        self.accepted[f"{event.subject} {event.id}"] += 1
        self.rows.add(event.subject)
        return web.Response(status=204)


async def run_operations(
    *,
    seed: str,
    tell: Callable[[str], None],
    stay: Callable[[], Awaitable[object]],
    seconds: float = SECONDS,
    patience: float = PATIENCE,
) -> OperationsBooks:
    """Run everything for a while, and count what came of it.

    Args:
        seed: What the sandbox and the receiver do follows from it.
        tell: Writes a line.
        stay: Waited for once the books are told, while all goes on.
        seconds: For how long rows are made.
        patience: Seconds for what was made last to arrive.
    """
    with tempfile.TemporaryDirectory(prefix="impactive-demo-") as folder:
        async with (
            Sandbox(seed, populate="small", reply_rate=0, chaos=_CHAOS, speed=60) as sandbox,
            AsyncClient(sandbox.api_key, base_url=sandbox.url) as crm,
            SqliteHub(Path(folder) / "hub.db") as hub,
        ):
            await hub.init()
            receiver = FlakyReceiver(WebhookSecret.generate(), random.Random(seed))  # noqa: S311 - made-up trouble
            async with _receiving(receiver) as url, _working(crm, hub, receiver, url, tell):
                await _make_rows(sandbox, seconds, tell)
                await _arrived(sandbox, receiver, patience)
                books = await _books(sandbox, hub, receiver)
                tell_books(books, tell)
                await stay()
    return books


def tell_books(books: OperationsBooks, tell: Callable[[str], None]) -> None:
    """Write the books as lines."""
    tell("")
    for total in books.totals:
        tell(
            f"{total.kind:<10} {total.emitted:>5,} made  {total.received:>5,} arrived  {total.missing:>3,} missing"
        )
    missing, twice = (sum(getattr(total, name) for total in books.totals) for name in ("missing", "duplicated"))
    tell(
        f"{books.logged:,} events, {books.tries:,} tries, {books.refused:,} refused by the receiver; "
        f"{missing} missing, {twice} duplicated, {books.dead_letters} given up"
    )


@contextlib.asynccontextmanager
async def _receiving(receiver: FlakyReceiver) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.post("/hooks", receiver.answer)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _working(
    crm: AsyncClient, hub: Hub, receiver: FlakyReceiver, url: str, tell: Callable[[str], None]
) -> AsyncIterator[None]:
    """Run worker, forwarder and page."""
    shown, stop, token = Shown(HubView(hub), Activity(), ForwardActivity()), asyncio.Event(), secrets.token_hex(8)
    assert shown.activity  # noqa: S101 - for type checkers
    crm.observe(on_response=shown.activity.answered)
    shop = Destination(
        name="shop",
        url=url,
        secrets=[receiver.secret],
        schedule=RetrySchedule(retries=30, first=0.2, longest=2.0),
    )
    async with serving(shown, host="127.0.0.1", port=0, client=crm, token=token) as port:
        tell(f"The page: http://127.0.0.1:{port}/ (the token for its actions: {token})")
        tasks = [
            asyncio.create_task(
                run_worker(crm, hub, kinds=KINDS, interval=1.0, stop=stop, on_report=shown.record)
            ),
            asyncio.create_task(run_forwarder(hub, [shop], stop=stop, on_report=shown.record)),
        ]
        try:
            yield
            stop.set()
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _make_rows(sandbox: Sandbox, seconds: float, tell: Callable[[str], None]) -> None:
    tell(f"For {seconds:.0f} s rows are made. One of ten requests fails, and one of three deliveries is refused.")
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number += 1
        sandbox.state.add("deals", {"name": f"Deal {number}", "value": 1000 + number, "currency": "USD"})
        if number % 3 == 0:
            sandbox.state.create_contact("Person", f"Number {number}", email=f"p{number}@demo.example")
        if number % 5 == 0:
            sandbox.state.add("companies", {"name": f"Company {number}"})
        await asyncio.sleep(_EVERY)


def _made(sandbox: Sandbox) -> dict[str, list[str]]:
    return {kind: [f"{kind}/{row.id}" for row in sandbox.state.rows(kind)] for kind in KINDS}


async def _arrived(sandbox: Sandbox, receiver: FlakyReceiver, patience: float) -> None:
    """Wait until everything has arrived, or has had time enough."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if all(row in receiver.rows for rows in _made(sandbox).values() for row in rows):
            return
        await asyncio.sleep(_EVERY)


async def _books(sandbox: Sandbox, hub: Hub, receiver: FlakyReceiver) -> OperationsBooks:
    status = await hub.status()
    twice = [key for key, times in receiver.accepted.items() if times > 1]
    totals = [
        Reconciliation(
            kind=kind,
            emitted=len(rows),
            received=sum(row in receiver.rows for row in rows),
            missing=sum(row not in receiver.rows for row in rows),
            duplicated=sum(key.startswith(f"{kind}/") for key in twice),
        )
        for kind, rows in _made(sandbox).items()
    ]
    accepted = sum(receiver.accepted.values())
    return OperationsBooks(
        totals=totals,
        logged=status.events,
        tries=receiver.tries,
        refused=receiver.tries - accepted,
        dead_letters=sum(group.dead_letters for group in status.groups),
    )
