"""A real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.evidence.parts import chromium
from tests.support import PATIENCE, give_up


@asynccontextmanager
async def chromium_running() -> AsyncIterator[Any]:
    """Start the browser, or skip."""
    if importlib.util.find_spec("playwright") is None:
        give_up("Playwright is not there: it is in the extra `evidence`")
    playwright: Any = importlib.import_module("playwright.async_api")
    path, env = chromium()
    async with playwright.async_playwright() as driver:
        running = await driver.chromium.launch(executable_path=path, args=["--no-sandbox"], env=env)
        yield running
        await running.close()


@asynccontextmanager
async def page_in(browser: Any, **options: Any) -> AsyncIterator[Any]:
    """Open a page whose errors fail the test."""
    context = await browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
    context.set_default_timeout(PATIENCE * 1000)
    page, errors = await context.new_page(), list[str]()
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []
    await context.close()
