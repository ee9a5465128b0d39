"""The two receivers of webhooks, fed by a forwarder from a hub that a worker has filled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from impactive_async import AsyncClient
from impactive_async.forward import Destination, WebhookSecret
from impactive_async.hub import SqliteHub, run_worker
from impactive_async.sandbox import Sandbox
from impactive_async.webhooks import sign
from tests.examples.programs import load, serving
from tests.forward.receiver import SOON, Running, forwarding
from tests.support import PATIENCE

SECRET = WebhookSecret(b"e" * 32)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPACTIVE_WEBHOOK_SECRET", SECRET.reveal())


@asynccontextmanager
async def fed(crm: AsyncClient, directory: Path, url: str) -> AsyncIterator[Running]:
    """Let a worker poll deals into a hub, and a forwarder post them."""
    async with SqliteHub(directory / "hub.db") as hub:
        working = asyncio.create_task(run_worker(crm, hub, kinds=["deals"], on_report=lambda _: None))
        await hub.init()
        shop = Destination(name="shop", url=f"{url}/hooks", secrets=(SECRET,), schedule=SOON)
        async with forwarding(hub, shop) as running:
            yield running
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


async def refused(url: str) -> None:
    """What nobody has signed is not taken."""
    async with aiohttp.ClientSession() as session:
        for headers in ({}, sign(b"{}", "msg_1", WebhookSecret.generate())):
            async with session.post(f"{url}/hooks", data=b"{}", headers=headers) as answer:
                assert answer.status == 401


@pytest.mark.slow
async def test_fastapi_handles_each_event_once(
    impactive_client: AsyncClient, impactive_sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A deal of the CRM is a typed row in the handler."""
    receiver = load("webhook_fastapi")
    deals = impactive_sandbox.state.rows("deals")
    async with serving(receiver.app) as url, fed(impactive_client, tmp_path, url) as running:
        await running.reported("delivered", len(deals))
        await refused(url)
    assert len(receiver.handled) == len(deals)
    told = capsys.readouterr().out
    assert all(f"deal {deal.fields['name']!r} is now " in told for deal in deals)


@pytest.mark.slow
async def test_aiohttp_keeps_each_event_once(
    impactive_client: AsyncClient, impactive_sandbox: Sandbox, tmp_path: Path
) -> None:
    """Kept before it is answered, and read back as a typed row."""
    receiver = load("webhook_aiohttp")
    deals = impactive_sandbox.state.rows("deals")
    app = receiver.make_app(str(tmp_path / "inbox.db"))
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        async with fed(impactive_client, tmp_path, url) as running:
            await running.reported("delivered", len(deals))
        await refused(url)
        async with aiohttp.ClientSession() as session, session.get(url) as answer, asyncio.timeout(PATIENCE):
            shown = await answer.text()
    assert shown.count("Deal(") == len(deals)
    assert all(deal.id in shown for deal in deals)
