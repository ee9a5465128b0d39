"""A server that is less faithful than the sandbox: each path answers as a test says, or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from attrs import Factory, define

from impactive_async import AsyncClient
from tests.support import KEY, LoopClock

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

START = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


def stamp(number: int) -> str:
    return (START + timedelta(seconds=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rows(*numbers: int) -> list[dict[str, Any]]:
    """Rows of a Zapier list, the newest first."""
    return [
        {"id": f"r{one}", "name": f"Row {one}", "updatedAt": stamp(one)} for one in sorted(numbers, reverse=True)
    ]


def listed(found: Sequence[Any]) -> Answer:
    """Answer with a list."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(list(found))

    return answer


def refusal(status: int, body: str = "", kind: str = "text/html", **headers: str) -> Answer:
    """Answer with a status; underscores in the names of headers stand for dashes."""

    async def answer(_: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=body, content_type=kind, headers=named)

    return answer


async def hang(_: web.Request) -> web.Response:
    """Do not answer."""
    await asyncio.Event().wait()
    raise AssertionError


@define
class Server:
    """What each path answers, and when it was asked, by the loop's time."""

    paths: dict[str, Answer] = Factory(dict)
    asked: list[tuple[str, float]] = Factory(list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, asyncio.get_running_loop().time()))
        answer = self.paths.get(request.path) or self.paths.get(request.path.rpartition("/")[2])
        return await (answer or listed([]))(request)

    def times(self, end: str) -> list[float]:
        """When paths that end so were asked."""
        return [moment for path, moment in self.asked if path.endswith(end)]

    def sequences(self, count: int) -> None:
        """Show so many sequences."""
        shown = [{"id": f"s{number}", "name": "x", "status": "active"} for number in range(count)]
        self.paths["/api/agent/sequences"] = listed(shown)


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    """A server on a free port."""
    server, app = Server(), web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = str(site.name).rstrip("/")
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()


def client(server: Server, **options: Any) -> AsyncClient:
    """A client on the loop's time."""
    return AsyncClient(KEY, **{"base_url": server.url, "clock": LoopClock(), **options})


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()
