"""Answers the requests of the control API."""

import inspect
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from attrs import define

from impactive_async.sandbox.console.files import console_file, is_console
from impactive_async.sandbox.control import printing
from impactive_async.sandbox.control.call import ControlCall, RawJson
from impactive_async.sandbox.control.endpoints import MARK, PREFIX, ControlRoute, find
from impactive_async.sandbox.control.names import is_own_name
from impactive_async.sandbox.control.openapi import control_document
from impactive_async.sandbox.control.schema import check
from impactive_async.sandbox.control.steerable import Steerable
from impactive_async.sandbox.http import _json

__all__ = ["ControlServer", "is_control"]


_HEADERS = {"Cache-Control": "no-store", MARK: "1"}


def is_control(request: web.BaseRequest) -> bool:
    """Whether a request is for the control API, and not for the API that the sandbox emulates."""
    path = request.rel_url.raw_path
    return path == PREFIX or path.startswith(PREFIX + "/")


class _RefusedError(Exception):
    """A request that gets an error for its answer."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


@define(eq=False)
class ControlServer:
    """Steers a sandbox as requests say. Whoever reaches its port may use it, unless there is a token.

    Pages of other origins are refused, so that a page open in a browser steers no sandbox on the same machine; so
    are, without a token, names that such a page may have had resolved to this machine.
    """

    sandbox: Steerable
    host: str
    """Where the sandbox was told to listen."""
    token: str | None = None

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = request.rel_url.raw_path.removeprefix(PREFIX)
        if is_console(path) and request.method in ("GET", "HEAD"):
            return console_file(path) or _json_response(404, {"error": "the console has no such file"})
        try:
            self._admit(request)
            if request.rel_url.raw_path == PREFIX + "/requests/events" and request.method == "GET":
                return await self._stream(request)
            return await self._answer(request)
        except _RefusedError as refused:
            return _json_response(refused.status, {"error": str(refused)}, refused.headers)

    def _admit(self, request: web.BaseRequest) -> None:
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("://")[2] != request.headers.get("Host"):
            raise _RefusedError(403, "pages of other origins may not steer this sandbox")
        if self.token is None and not is_own_name(request.headers.get("Host"), self.host):
            raise _RefusedError(
                421,
                "without a token, this sandbox is steered only under localhost, an address, or the host that it "
                "was told to listen on: start it with a token to steer it under another name",
            )
        if self.token is not None and request.headers.get("x-sandbox-token") != self.token:
            raise _RefusedError(401, "the header x-sandbox-token is missing or wrong")

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        path = request.rel_url.raw_path.removeprefix(PREFIX).rstrip("/")
        if path == "/openapi.json" and request.method == "GET":
            return _json_response(200, control_document())
        endpoint, params, verbs = find(request.method, path)
        if endpoint is None:
            if verbs:
                raise _RefusedError(405, f"only {' and '.join(verbs)} here", Allow=", ".join(verbs))
            raise _RefusedError(404, f"no such endpoint; {PREFIX}/openapi.json lists them")
        call = ControlCall(
            self.sandbox,
            {name: unquote(value) for name, value in params.items()},
            _query(endpoint, request),
            await _body(endpoint, request),
        )
        return _json_response(endpoint.status, await _handled(endpoint, call))

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        """Send each request of the journal as a server-sent event, and again when it gets its answer."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **_HEADERS})
        await response.prepare(request)
        journal, sent = self.sandbox.journal, dict[int, Any]()
        last = request.headers.get("Last-Event-ID", "")
        after, era = int(last) if last.isdigit() else journal.count, journal.era
        while True:
            if journal.era != era:  # a snapshot was restored: its numbers may have been used before
                era, sent = journal.era, {}
                after = min((record.number for record in journal), default=journal.count + 1) - 1
            for record in list(journal):
                if record.number > after and sent.get(record.number) != record:
                    sent[record.number] = record
                    data = json.dumps(printing.request(record), ensure_ascii=False)
                    await response.write(f"id: {record.number}\nevent: request\ndata: {data}\n\n".encode())
            while len(sent) > 1000:
                after = max(after, next(iter(sent)))
                del sent[next(iter(sent))]
            await journal.change()


async def _handled(endpoint: ControlRoute, call: ControlCall) -> Any:
    try:
        answer = endpoint.handler(call)
        return await answer if inspect.isawaitable(answer) else answer
    except LookupError as error:
        raise _RefusedError(404, str(error.args[0] if error.args else error)) from None
    except (ValueError, TypeError, OverflowError) as error:
        raise _RefusedError(400, str(error)) from None


def _query(endpoint: ControlRoute, request: web.BaseRequest) -> dict[str, str]:
    unknown = sorted(request.query.keys() - endpoint.query.keys())
    if unknown:
        raise _RefusedError(400, f"unknown query parameter: {', '.join(unknown)}")
    return dict(request.query)


async def _body(endpoint: ControlRoute, request: web.BaseRequest) -> dict[str, Any]:
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise _RefusedError(413, "the body is too large: start another sandbox with --snapshot FILE") from error
    if endpoint.body is None:
        return {}
    if raw and request.content_type != "application/json":
        raise _RefusedError(415, "the body must be application/json")
    try:
        return check(endpoint.body, _json.loads(raw) if raw else {})
    except ValueError as error:
        raise _RefusedError(400, str(error)) from None


def _json_response(status: int, value: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    body = b"" if status == 204 else value.body if isinstance(value, RawJson) else _json.dumps(value)
    shown = {**_HEADERS, **(headers or {})}
    return web.Response(status=status, body=body, headers=shown, content_type="application/json")
