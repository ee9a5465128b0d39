"""The console of the sandbox in a real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from impactive_async import AsyncClient
from impactive_async.sandbox import Sandbox, dialect_profile
from tests.evidence.browser.running import chromium_running, page_in
from tests.support import PATIENCE

VIEWS = ("overview", "people", "sequences", "faults", "requests")
EVIL = '"\'><img src=x onerror="window.struck=1"><script>window.struck=1</script>&amp;'


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    async with chromium_running() as running:
        yield running


@pytest.fixture
async def page(browser: Any) -> AsyncIterator[Any]:
    async with page_in(browser) as page:
        yield page


async def opened(page: Any, sandbox: Sandbox, view: str) -> None:
    """Go to a view, and wait until the sandbox has answered."""
    await page.goto(f"{sandbox.url}/_sandbox/ui#/{view}")
    await page.locator("#now").wait_for()
    await page.locator("main h2:visible").first.wait_for()


async def test_a_mail_is_seen_answered_and_delivered(page: Any) -> None:
    """Enrolled by the SDK, sent by the console's clock, answered there, and handed to the program that watches."""
    async with (
        Sandbox(populate="small", reply_rate=0) as sandbox,
        AsyncClient(sandbox.api_key, base_url=sandbox.url) as crm,
    ):
        (ada, *_) = await crm.contacts.list()
        sequence = sandbox.state.create_sequence("Welcome").id
        await crm.sequences.enroll(sequence, contact_ids=[ada.id])
        async with aclosing(crm.sequences.watch_replies(sequence, interval=0.05)) as replies:
            arrival = asyncio.ensure_future(anext(replies))
            await opened(page, sandbox, "people")
            await page.get_by_role("button", name="Move the clock on by one hour").click()
            await page.locator(".people").get_by_text("→ Welcome 1").click()
            await page.get_by_text("Step 1 of Welcome").wait_for()
            await page.get_by_label("What they write").fill("Tell me <more>")
            await page.get_by_role("button", name="Send").click()
            await page.locator(".mail.in").get_by_text("Tell me <more>").wait_for()
            async with asyncio.timeout(PATIENCE):
                assert (await arrival).body == "Tell me <more>"


def evil_sandbox() -> Sandbox:
    """A sandbox with markup in everything that is somebody's text."""
    profile = {**dialect_profile("contract"), "name": EVIL}
    sandbox = Sandbox(EVIL, profile=profile, populate=False, reply_rate=0)
    state = sandbox.state
    person = state.create_contact(EVIL, EVIL, email=EVIL, extra={"title": EVIL, "phone": EVIL, EVIL: EVIL}).id
    for kind in ("companies", "deals", "invoices", "projects", "bookings"):
        state.add(kind, dict.fromkeys(("name", "title", "invoiceNumber", "status", "notes"), EVIL))
    state.add_tag(EVIL, [person])
    account = state.add_sending_account(EVIL, EVIL).id
    state.enroll(state.create_sequence(EVIL, [0, 5], sending_account_id=account).id, [person])
    state.add_reply(person, body=EVIL, subject=EVIL)
    sandbox.fail("GET /api/zapier/deals", times=None, body=EVIL.encode(), headers={"x-evil": EVIL})
    return sandbox


async def test_markup_in_any_field_is_text(page: Any) -> None:
    """No element and no script comes out of a row, a request, an answer, a fault, or the profile."""
    async with evil_sandbox() as sandbox, AsyncClient(sandbox.api_key, base_url=sandbox.url, max_retries=0) as crm:
        await sandbox.clock.advance(hours=1)
        await crm.contacts.create(first_name=EVIL, last_name=EVIL, email=EVIL)
        await asyncio.gather(crm.zapier.deals.list(), crm.bookings.create(title=EVIL), return_exceptions=True)
        person = sandbox.state.rows("contacts")[0].id
        for view in (*VIEWS, f"people/{person}"):
            await opened(page, sandbox, view)
            if view == "requests":
                for summary in await page.locator("summary").all():
                    await summary.click()
                await page.locator(".detail pre").first.wait_for()
                assert await page.locator("summary").count() == 3
            elif view != "faults":
                await page.get_by_text(EVIL).first.wait_for()
            assert await page.evaluate("document.querySelectorAll('img, main script').length") == 0
            assert await page.evaluate("window.struck") is None


async def test_requests_are_shown_as_they_arrive(page: Any) -> None:
    """Also those after a restored snapshot, whose numbers were used before: they replace what is gone."""
    async with Sandbox() as sandbox, AsyncClient(sandbox.api_key, base_url=sandbox.url) as crm:
        await opened(page, sandbox, "requests")
        taken = sandbox.snapshot()
        await crm.zapier.deals.list()
        await page.get_by_text("/api/zapier/deals").wait_for()
        await crm.zapier.projects.list()
        await page.get_by_text("/api/zapier/projects").wait_for()
        await sandbox.restore(taken)
        hold = asyncio.Event()
        sandbox.fail("GET /api/zapier/invoices", hold=hold)
        asked = asyncio.ensure_future(crm.zapier.invoices.list())
        await page.get_by_text("/api/zapier/invoices").wait_for()
        hold.set()
        await asked
        await page.locator("summary .s2").wait_for()
        assert await page.locator("summary").count() == 1


async def test_it_is_used_by_keyboard_alone(page: Any) -> None:
    """Skip link, shortcut to the search, a person by Enter, a switch by Space which keeps the focus."""
    async with Sandbox() as sandbox:
        await opened(page, sandbox, "people")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        await page.keyboard.press("Enter")
        await page.keyboard.press("/")
        await page.keyboard.type("hopper")
        await page.get_by_text("1 person").wait_for()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Grace Hopper").wait_for()
        await opened(page, sandbox, "faults")
        switch = page.get_by_role("switch", name="Every request is answered 503")
        await switch.focus()
        await page.keyboard.press("Space")
        await page.locator("[role=switch][aria-checked=true]", has_text="answered 503").wait_for()
        assert [fault.fault.status for fault in sandbox.plan.armed.values()] == [503]
        assert "503" in await page.evaluate("document.activeElement.textContent")
        await page.keyboard.press("Space")
        await page.locator("[role=switch][aria-checked=false]", has_text="answered 503").wait_for()
        assert not sandbox.plan.armed


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_fits_a_phone(browser: Any, scheme: str) -> None:
    """No view scrolls sideways, with long words too, and the ground follows the system's scheme."""
    context = await browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page = await context.new_page()
    async with Sandbox(populate="large") as sandbox:
        long = sandbox.state.create_contact("A" * 200, "B" * 200, email=f"{'c' * 200}@x.example").id
        sandbox.state.add_reply(long, subject="d" * 300, body="e" * 2000)
        for view in (*VIEWS, f"people/{long}"):
            await opened(page, sandbox, view)
            assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, view
        ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(22, 24, 27)") == (scheme == "dark")


async def test_a_token_is_asked_for(page: Any) -> None:
    """Until it is right, and then no more."""
    async with Sandbox(control_token="word") as sandbox:
        words = ["word", "wrong"]
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept(words.pop())))
        await opened(page, sandbox, "people")
        await page.get_by_text("Ada Lovelace").wait_for()
        assert words == []


async def test_whoever_declines_is_asked_no_more(page: Any) -> None:
    """The page says what it needs, and shows nothing of the workspace."""
    async with Sandbox(control_token="word") as sandbox:
        asked = list[str]()

        async def decline(dialog: Any) -> None:
            asked.append(dialog.message)
            await dialog.dismiss()

        page.on("dialog", decline)
        for view in ("people", "requests"):
            await page.goto(f"{sandbox.url}/_sandbox/ui#/{view}")
            await page.get_by_text("it needs its token; reload this page").wait_for()
        assert (len(asked), await page.get_by_text("Ada Lovelace").count()) == (1, 0)
