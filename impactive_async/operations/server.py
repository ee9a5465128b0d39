"""The port of a worker or forwarder: `/metrics`, `/livez`, `/readyz` and the page at `/`."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Collection, Sequence
from functools import cache
from importlib.resources import files
from ipaddress import ip_address
from typing import Final, cast

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from impactive_async import AsyncClient
from impactive_async.operations import page
from impactive_async.operations.access import HostNames
from impactive_async.operations.loop_watch import BLOCKED_AFTER, watching
from impactive_async.operations.metrics import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    ShownCollector,
    exposition,
    instrument,
    measure_deliveries,
)
from impactive_async.operations.page.document import render_page, render_refusal
from impactive_async.operations.page.sections import Moment, render_sections
from impactive_async.operations.shown import Shown
from impactive_async.operations.steering import SteeringForms

TICK: Final = 2.0
"""Seconds between two looks for a page that is open."""
FAREWELL: Final = 1.0
"""Seconds that answers under way have when the process stops."""

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with `no-referrer`, forms of the page itself would come from origin `null`
    "Cache-Control": "no-store",
}
_FOR_PROGRAMS: Final = ("/metrics", "/livez", "/readyz")


@contextlib.asynccontextmanager
async def serving(
    shown: Shown,
    *,
    host: str,
    port: int,
    client: AsyncClient | None = None,
    token: str | None = None,
    names: Collection[str] = (),
    blocked_after: float = BLOCKED_AFTER,
) -> AsyncIterator[int]:
    """Serve metrics, probes and the page of a process for as long as the block lasts; yield the port.

    Args:
        shown: What the reports of the process go to.
        host: Where to listen.
        port: 0 for any free one.
        client: The worker's client, before its first call; None: its requests are not measured.
        token: Whoever knows it may act on the page; None: the port only reads.
        names: Further names by which the port is asked, as those of a proxy in front of it.
        blocked_after: Seconds without a turn of the event loop after which a thread answers 503 in its place.

    Raises:
        OSError: The port is taken, or the address is not one of this machine.
    """
    registry = CollectorRegistry()
    if client is not None:
        instrument(client, registry=registry)
    if shown.deliveries is not None:
        measure_deliveries(shown.deliveries, registry)
    known = HostNames(frozenset(name.lower() for name in (host, *names)))
    pages = _Pages(shown, registry, SteeringForms(shown, known, token))
    app = web.Application(middlewares=[known_names_only(known, everywhere=_is_loopback(host))])
    app.add_routes(pages.routes())
    app.on_response_prepare.append(_add_headers)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=FAREWELL)
    await runner.setup()
    try:
        async with _listening(runner, host, port) as sockets, watching(sockets, blocked_after):
            yield sockets[0].getsockname()[1]
    finally:
        pages.closing.set()
        await runner.cleanup()
        await shown.view.lists.aclose()


@contextlib.asynccontextmanager
async def _listening(runner: web.AppRunner, host: str, port: int) -> AsyncIterator[Sequence[socket.socket]]:
    """Let a runner's server listen for as long as the block lasts; yield the sockets."""
    assert runner.server is not None  # noqa: S101 - it is set up
    server = await asyncio.get_running_loop().create_server(runner.server, host, port)
    try:
        yield cast("Sequence[socket.socket]", server.sockets)
    finally:
        server.close()


class _Pages:
    """The answers."""

    def __init__(self, shown: Shown, registry: CollectorRegistry, steering: SteeringForms) -> None:
        self._shown = shown
        self._registry = registry
        self._steering = steering
        self._collector = ShownCollector(shown)
        registry.register(self._collector)
        self.closing = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/metrics", self._metrics),
            web.get("/livez", self._livez),
            web.get("/readyz", self._readyz),
            web.get("/", self._page),
            web.get("/page.css", _file("page.css", "text/css")),
            web.get("/page.js", _file("page.js", "text/javascript")),
            web.get("/live", self._live, allow_head=False),
            *self._steering.routes(),
        ]

    async def _metrics(self, request: web.Request) -> web.Response:
        self._collector.hub = await self._shown.view.status()
        await self._shown.view.lists.ask()
        return web.Response(body=exposition(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _livez(self, request: web.Request) -> web.Response:
        return _verdict(self._shown.why_dead())

    async def _readyz(self, request: web.Request) -> web.Response:
        return _verdict(self._shown.why_not_ready(await self._shown.view.status()))

    async def _now(self, request: web.Request) -> Moment:
        view = self._shown.view
        hub, letters = await view.status(), await view.dead_letters()
        await view.lists.ask()
        return Moment(self._shown, hub, letters, self._steering.form_key(request))

    async def _page(self, request: web.Request) -> web.Response:
        text = render_page(await self._now(request), may_sign_in=self._steering.is_allowed)
        return web.Response(text=text, content_type="text/html")

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """Send what changes on the page, as server-sent events, until the browser or the process leaves."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionResetError):  # a page was closed
            await self._send_changes(request, response)
        return response

    async def _send_changes(self, request: web.Request, response: web.StreamResponse) -> None:
        while not self.closing.is_set():
            sections = render_sections(await self._now(request))
            lines = "".join(f"data: {line}\n" for line in sections.splitlines())
            await response.write(f"{lines}\n".encode())
            try:
                async with asyncio.timeout(TICK):
                    await self.closing.wait()
            except TimeoutError:
                pass


def _file(name: str, content_type: str) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=_content(name), content_type=content_type, charset="utf-8")

    return answer


@cache
def _content(name: str) -> bytes:
    return (files(page) / "static" / name).read_bytes()


def known_names_only(names: HostNames, *, everywhere: bool) -> Middleware:
    """Refuse requests that name another host, so that no page elsewhere reads or steers by a name of its own.

    Args:
        names: The names that are known.
        everywhere: Whether also programs that measure and probe need one. On other addresses than loopback they
            ask by names of which only their network knows.
    """

    @web.middleware
    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        if names.know(request.headers.get("Host")) or (not everywhere and request.path in _FOR_PROGRAMS):
            return await handler(request)
        text = (
            f"This port is not known as {request.headers.get('Host', 'nothing')!r}. Ask it by an address or as "
            "localhost, or start it with --allow-host NAME."
        )
        return web.Response(text=render_refusal(text), content_type="text/html", status=421)

    return refuse


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


def _verdict(reason: str | None) -> web.Response:
    return web.Response(text="ok\n" if reason is None else f"{reason}\n", status=200 if reason is None else 503)
