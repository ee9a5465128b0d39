"""The port of a worker at work: metrics, probes and page, over HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from attrs import define
from prometheus_client.parser import text_string_to_metric_families

from impactive_async import AsyncClient
from impactive_async.hub import SqliteHub, run_worker
from impactive_async.operations.activity import Activity
from impactive_async.operations.health_file import keep_health_file
from impactive_async.operations.probes import HubView
from impactive_async.operations.server import serving
from impactive_async.operations.shown import Shown
from impactive_async.sandbox import Sandbox
from tests.support import PATIENCE, client_of, until


@define
class Watched:
    """A worker at work, and its port."""

    crm: AsyncClient
    hub: SqliteHub
    activity: Activity
    url: str
    session: aiohttp.ClientSession

    async def get(self, path: str) -> tuple[int, str]:
        async with self.session.get(f"{self.url}{path}") as response:
            return response.status, await response.text()

    async def samples(self) -> dict[tuple[str, tuple[str, ...]], float]:
        families = text_string_to_metric_families((await self.get("/metrics"))[1])
        return {
            (sample.name, tuple(sample.labels.values())): sample.value
            for family in families
            for sample in family.samples
        }


@asynccontextmanager
async def watched(sandbox: Sandbox, path: Path) -> AsyncIterator[Watched]:
    activity, stop = Activity(), asyncio.Event()
    async with client_of(sandbox) as crm, SqliteHub(path / "hub.db") as hub, aiohttp.ClientSession() as session:
        await hub.init()
        crm.observe(on_response=activity.answered)
        shown = Shown(HubView(hub), activity)
        async with serving(shown, client=crm, host="127.0.0.1", port=0) as port:
            work = asyncio.create_task(
                run_worker(crm, hub, kinds=["deals"], interval=0.05, stop=stop, on_report=activity.record)
            )
            try:
                yield Watched(crm, hub, activity, f"http://127.0.0.1:{port}", session)
            finally:
                stop.set()
                await work


@pytest.fixture
async def worker(impactive_sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Watched]:
    async with watched(impactive_sandbox, tmp_path) as running:
        await until(lambda: bool(running.activity.polls["deals", "committed"]))
        yield running


async def test_metrics_tell_of_requests_polls_and_the_hub(worker: Watched, impactive_sandbox: Sandbox) -> None:
    """In Prometheus' own format, by templates of routes and by kinds."""
    samples = await worker.samples()
    assert samples["impactive_requests_total", ("GET", "/api/zapier/deals", "200")] >= 1
    assert samples["impactive_request_duration_seconds_count", ("GET", "/api/zapier/deals")] >= 1
    assert samples["impactive_worker_polls_total", ("deals", "committed")] >= 1
    assert samples["impactive_worker_events_total", ("deals",)] == len(impactive_sandbox.state.rows("deals"))
    assert samples["impactive_hub_up", ()] == 1
    assert samples["impactive_hub_feeds", ("all",)] == 1
    assert samples["impactive_worker_last_poll_timestamp_seconds", ("deals",)] > 1e9
    assert samples["impactive_worker_complete_until_timestamp_seconds", ("deals",)] > 1e9
    assert samples["impactive_worker_lateness_seconds", ("deals",)] >= 0


async def test_a_failing_api_leaves_the_worker_alive(worker: Watched, impactive_sandbox: Sandbox) -> None:
    """`/livez` stays well, `/readyz` says why not, the page shows which feed."""
    assert await worker.get("/readyz") == (200, "ok\n")
    impactive_sandbox.fail("GET /api/zapier/deals", status=503, times=None)
    await until(lambda: worker.activity.api_is_down)
    assert await worker.get("/livez") == (200, "ok\n")
    assert await worker.get("/readyz") == (503, "the API fails: HTTP 503\n")
    status, page = await worker.get("/")
    assert status == 200
    assert "Not ready: the API fails: HTTP 503" in page
    assert '<td data-head="Feed">zapier/deals</td>' in page


async def test_the_page_needs_nothing_from_elsewhere(worker: Watched) -> None:
    """Its style and its script are its own files, and nothing else may be loaded or sent."""
    async with worker.session.get(f"{worker.url}/") as response:
        policy = response.headers["Content-Security-Policy"]
        text = await response.text()
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'")
    assert "http://" not in text
    assert "https://" not in text
    for name in ("page.css", "page.js"):
        assert f'"{name}"' in text
        assert (await worker.get(f"/{name}"))[0] == 200
    async with worker.session.post(f"{worker.url}/") as refused:
        assert refused.status == 405


async def test_the_page_is_live(worker: Watched) -> None:
    """Server-sent events bring what has changed, and end with the worker."""
    async with worker.session.get(f"{worker.url}/live") as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        first = (await asyncio.wait_for(response.content.readuntil(b"\n\n"), PATIENCE)).decode()
    assert first.startswith("data: ")
    assert "Working" in first


async def test_a_taken_port_is_an_error(worker: Watched) -> None:
    """It is raised before any work begins."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        shown = Shown(HubView(worker.hub), worker.activity)
        with pytest.raises(OSError, match="in use"):
            async with serving(shown, host="127.0.0.1", port=taken.getsockname()[1]):
                pass


async def test_the_health_file_says_how_the_worker_is(worker: Watched, tmp_path: Path) -> None:
    """It is there whole as soon as the worker works."""
    file = tmp_path / "health"
    task = asyncio.create_task(keep_health_file(file, Shown(HubView(worker.hub), worker.activity)))
    await until(file.exists)
    task.cancel()
    assert file.read_text() == "ready\n"
