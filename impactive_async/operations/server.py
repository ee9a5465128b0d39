"""The port of a worker: `/metrics`, `/livez`, `/readyz` and the page at `/`. All of it only reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from impactive_async import AsyncClient
from impactive_async.operations.activity import Activity
from impactive_async.operations.metrics import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    WorkerCollector,
    exposition,
    instrument,
)
from impactive_async.operations.page import SCRIPT, STYLE, render_main, render_page
from impactive_async.operations.probes import HubView, why_dead, why_not_ready

TICK: Final = 2.0
"""Seconds between two looks for a page that is open."""
FAREWELL: Final = 1.0
"""Seconds that answers under way have when the worker stops."""

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@asynccontextmanager
async def serving(
    client: AsyncClient,
    activity: Activity,
    view: HubView,
    *,
    host: str,
    port: int,
    fail_after: float | None = None,
) -> AsyncIterator[int]:
    """Serve a worker's metrics, probes and page for as long as the block lasts; yield the port.

    Args:
        client: The worker's client, before its first call.
        activity: What the worker's reports go to.
        view: The hub's status.
        host: Where to listen.
        port: 0 for any free one.
        fail_after: As for `why_dead`.

    Raises:
        OSError: The port is taken, or the address is not one of this machine.
    """
    registry = CollectorRegistry()
    instrument(client, registry=registry)
    pages = _Pages(activity, view, registry, fail_after)
    runner = web.AppRunner(pages.app(), access_log=None, shutdown_timeout=FAREWELL)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        pages.closing.set()
        await runner.cleanup()


class _Pages:
    """The answers."""

    def __init__(
        self, activity: Activity, view: HubView, registry: CollectorRegistry, fail_after: float | None
    ) -> None:
        self._activity = activity
        self._view = view
        self._registry = registry
        self._fail_after = fail_after
        self._collector = WorkerCollector(activity)
        registry.register(self._collector)
        self.closing = asyncio.Event()

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/metrics", self._metrics),
                web.get("/livez", self._livez),
                web.get("/readyz", self._readyz),
                web.get("/", self._page),
                web.get("/page.css", self._style),
                web.get("/page.js", self._script),
                web.get("/live", self._live, allow_head=False),
            ]
        )
        app.on_response_prepare.append(_add_headers)
        return app

    async def _metrics(self, request: web.Request) -> web.Response:
        self._collector.hub = await self._view.status()
        return web.Response(body=exposition(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _livez(self, request: web.Request) -> web.Response:
        return _verdict(why_dead(self._activity, self._fail_after))

    async def _readyz(self, request: web.Request) -> web.Response:
        return _verdict(why_not_ready(self._activity, await self._view.status()))

    async def _page(self, request: web.Request) -> web.Response:
        text = render_page(self._activity, await self._view.status())
        return web.Response(text=text, content_type="text/html")

    async def _style(self, request: web.Request) -> web.Response:
        return web.Response(text=STYLE, content_type="text/css")

    async def _script(self, request: web.Request) -> web.Response:
        return web.Response(text=SCRIPT, content_type="text/javascript")

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """Send what changes on the page, as server-sent events, until the browser or the worker leaves."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while not self.closing.is_set():
            main = render_main(self._activity, await self._view.status())
            lines = "".join(f"data: {line}\n" for line in main.splitlines())
            await response.write(f"{lines}\n".encode())
            try:
                async with asyncio.timeout(TICK):
                    await self.closing.wait()
            except TimeoutError:
                pass
        return response


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


def _verdict(reason: str | None) -> web.Response:
    return web.Response(text="ok\n" if reason is None else f"{reason}\n", status=200 if reason is None else 503)
