"""The page of a worker in a real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from impactive_async.forward import RetrySchedule, run_forwarder
from impactive_async.hub import Hub, SqliteHub, connect, run_worker
from impactive_async.operations.activity import Activity
from impactive_async.operations.deliveries import ForwardActivity
from impactive_async.operations.probes import HubView
from impactive_async.operations.server import serving
from impactive_async.operations.shown import Shown
from impactive_async.sandbox import Sandbox
from tests.evidence.browser.running import chromium_running, page_in
from tests.forward.receiver import about, accept, answering, log, receiving, to
from tests.hub.support.servers import RedisServer, redis_server
from tests.support import client_of, until

TOKEN = "correct horse battery"
WHERE = {"host": "127.0.0.1", "port": 0, "token": TOKEN}


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    async with chromium_running() as running:
        yield running


@pytest.fixture
async def redis() -> AsyncIterator[RedisServer]:
    async with redis_server({}) as server:
        yield server


@asynccontextmanager
async def worker_at(sandbox: Sandbox, url: str) -> AsyncIterator[tuple[str, Hub, Activity]]:
    """A worker at work on a hub, and its page."""
    activity, stop = Activity(), asyncio.Event()
    async with client_of(sandbox) as crm, connect(url, timeout=1.0) as hub:
        await hub.init()
        crm.observe(on_response=activity.answered)
        async with serving(Shown(HubView(hub), activity), client=crm, **WHERE) as port:  # type: ignore[arg-type]
            work = asyncio.create_task(
                run_worker(
                    crm,
                    hub,
                    kinds=["deals", "companies"],
                    interval=0.2,
                    lease=5.0,
                    stop=stop,
                    on_report=activity.record,
                )
            )
            try:
                yield f"http://127.0.0.1:{port}/", hub, activity
            finally:
                stop.set()
                await work


async def sign_in(page: Any) -> None:
    await page.get_by_text("Actions", exact=True).click()
    await page.get_by_label("Token").fill(TOKEN)
    await page.get_by_role("button", name="Allow actions").click()
    await page.get_by_role("button", name="No more actions").wait_for()


async def test_a_dead_feed_is_shown_revived_and_the_engine_restarted(browser: Any, redis: RedisServer) -> None:
    """One sitting of an operator: what is dead and why, a press of a button, an engine that goes and comes."""
    async with (
        Sandbox() as sandbox,
        worker_at(sandbox, redis.url) as (url, hub, activity),
        page_in(browser) as page,
    ):
        sandbox.fail("GET /api/zapier/deals", status=400, times=None)
        await page.goto(url)
        await page.locator("#dead").get_by_text("zapier/deals", exact=True).wait_for()  # of its own accord
        assert await page.locator("#dead").get_by_text("400").count() >= 1
        assert await page.get_by_role("button", name="Revive").count() == 0
        sandbox.clear_faults()
        await sign_in(page)
        await page.locator("#dead").get_by_role("button", name="Revive").click()
        await page.locator("#taken").get_by_text("It is due now.").wait_for()
        await page.locator("#dead").wait_for(state="hidden")
        await until(lambda: activity.polls["deals", "committed"] > 0)
        await page.locator("#kinds").get_by_text("deals", exact=True).wait_for()

        await redis.crash()
        await page.get_by_text("Not ready: the hub's engine fails").wait_for()
        polls = activity.polls["companies", "committed"]
        await redis.start()
        await page.locator("#state").get_by_text("Working").wait_for()
        await until(lambda: activity.polls["companies", "committed"] > polls)
        status = await hub.status()
        assert (status.dead_count, status.feeds) == (0, 2)
        assert await page.locator("#lost").is_hidden()


async def test_any_feed_is_steered_by_keyboard(browser: Any, redis: RedisServer) -> None:
    """Paused, resumed, and rewound after a question."""
    async with (
        Sandbox() as sandbox,
        worker_at(sandbox, redis.url) as (url, hub, activity),
        page_in(browser) as page,
    ):
        await until(lambda: activity.polls["deals", "committed"] > 0)
        await page.goto(url)
        await sign_in(page)
        await page.get_by_label("Feed").fill("zapier/deals")
        await page.get_by_role("button", name="Pause").focus()
        await page.keyboard.press("Enter")
        await page.locator("#paused").get_by_text("zapier/deals").wait_for()
        found = await hub.feed("zapier/deals")
        assert found
        assert found.state == "paused"
        resume = page.get_by_role("button", name="Resume: zapier/deals")
        await resume.focus()
        await page.keyboard.press("Enter")
        await page.locator("#paused").wait_for(state="hidden")
        await page.get_by_label("Feed").fill("zapier/deals")
        await page.get_by_role("combobox").select_option("24")
        await page.get_by_role("button", name="Rewind").click()
        await page.get_by_text("It will be polled again from").wait_for()
        await page.get_by_role("button", name="Rewind").click()
        await page.locator("#taken").get_by_text("It asks for everything since").wait_for()


async def test_it_is_read_without_scripts(browser: Any, redis: RedisServer) -> None:
    """Everything that is told is told, and the page is loaded again by itself."""
    async with Sandbox() as sandbox, worker_at(sandbox, redis.url) as (url, _, activity):
        await until(lambda: activity.polls["deals", "committed"] > 0)
        async with page_in(browser, java_script_enabled=False) as page:
            await page.goto(url)
            await page.get_by_text("Working", exact=True).wait_for()
            await page.locator("#kinds").get_by_text("deals", exact=True).wait_for()
            assert await page.locator("noscript meta[http-equiv=refresh]").count() == 1
            await sign_in(page)
            await page.get_by_label("Feed").fill("zapier/deals")
            await page.get_by_role("button", name="Poll now").click()
            await (
                page.locator("#taken")
                .get_by_text("It is due now.")
                .or_(page.locator("#taken").get_by_text("It is polled once more"))
                .wait_for()
            )


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_fits_a_phone(browser: Any, redis: RedisServer, scheme: str) -> None:
    """Nothing scrolls sideways, also with long words, and the ground follows the system's scheme."""
    async with Sandbox() as sandbox, worker_at(sandbox, redis.url) as (url, hub, activity):
        long = f"sequences/{'seq' * 70}/replies"
        await hub.add(long)
        await until(lambda: long in activity.failing)
        async with page_in(browser, viewport={"width": 360, "height": 740}, color_scheme=scheme) as page:
            await page.goto(url)
            await sign_in(page)
            await page.get_by_text(long).first.wait_for()
            assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (ground == "rgb(255, 255, 255)") == (scheme == "light")


async def test_deliveries_are_shown_and_dead_letters_replayed(browser: Any, tmp_path: Path) -> None:
    """A destination that refuses, why, and what a press of a button does once it is mended."""
    deliveries, stop = ForwardActivity(), asyncio.Event()
    async with SqliteHub(tmp_path / "hub.db") as hub, receiving(answering(500)) as receiver:
        await hub.init()
        await log(hub, *map(about, range(3)))
        once = RetrySchedule(retries=1, first=0.01, longest=0.01)
        shown = Shown(HubView(hub), deliveries=deliveries)
        delivering = asyncio.create_task(
            run_forwarder(hub, [to(receiver.url, schedule=once)], stop=stop, on_report=deliveries.record)
        )
        async with serving(shown, **WHERE) as port, page_in(browser) as page:  # type: ignore[arg-type]
            await page.goto(f"http://127.0.0.1:{port}/")
            await page.locator("#letters tbody tr").nth(2).wait_for()
            assert await page.locator("#deliveries").get_by_text("failing").count() == 1
            assert await page.locator("#letters").get_by_text("answered 500").count() == 3
            receiver.answer = accept
            await sign_in(page)
            await page.get_by_role("button", name="Replay all: forward:shop").click()
            await page.get_by_role("button", name="Replay").click()
            await receiver.until(lambda: len(receiver.accepted) == 3)
            await page.locator("#letters").wait_for(state="hidden")
            await page.locator("#deliveries").get_by_text("delivering").wait_for()
            await page.get_by_label("Events delivered").wait_for()
        stop.set()
        await delivering
