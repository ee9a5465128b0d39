"""A plain HTTP client for the tests: it knows nothing but aiohttp."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
from attrs import frozen

from impactive_async.sandbox import Sandbox

MakeApi = Callable[..., AbstractAsyncContextManager["Api"]]


@frozen
class Got:
    """An answer, read whole."""

    status: int
    headers: Mapping[str, str]
    text: str
    json: Any


@frozen
class Api:
    """Sends requests to a sandbox with its key, and reads the answers whole."""

    sb: Sandbox
    session: aiohttp.ClientSession

    async def send(self, method: str, path: str, body: Any = None, **more: Any) -> Got:
        if body is not None:
            more["json"] = body
        async with self.session.request(method, self.sb.url + path, allow_redirects=False, **more) as response:
            is_json = response.content_type == "application/json"
            text = await response.text()
            document = await response.json() if is_json and response.status < 500 else None
            return Got(response.status, response.headers, text, document)

    async def ok(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The document of a request that must succeed."""
        got = await self.send(method, path, body, **more)
        assert got.status in (200, 201), got.text
        return got.json

    async def get(self, path: str, **query: Any) -> Any:
        return await self.ok("GET", path, params=query)

    async def post(self, path: str, body: Any = None) -> Any:
        return await self.ok("POST", path, body)

    async def patch(self, path: str, body: Any) -> Any:
        return await self.ok("PATCH", path, body)

    async def delete(self, path: str) -> Any:
        return await self.ok("DELETE", path)

    async def refused(self, status: int, method: str, path: str, body: Any = None, **more: Any) -> str:
        """The error text of a request that must be refused with this status."""
        got = await self.send(method, path, body, **more)
        assert got.status == status, got.text
        return str(got.json["error"])
