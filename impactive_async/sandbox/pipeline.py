"""From a request to its answer: record it, let a fault strike, check key and route, handle it."""

import asyncio
import math
import weakref
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler
from attrs import define, field

from . import _json
from .errors import BadRequestError, RefusalError
from .exchange import Answer, Call
from .faults import Fault, FaultPlan
from .journal import Journal, RateMeter, RecordedRequest
from .routes import Found, find_route, methods_of
from .times import http_date
from .world import World

__all__ = ["Pipeline", "roomy_request"]

_MOST_BYTES = 32 * 1024**2  # of a request body; aiohttp's own bound is 1 MiB
_JSON = {"Content-Type": "application/json"}


def roomy_request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: RequestHandler,
    writer: AbstractStreamWriter,
    task: "asyncio.Task[None]",
) -> web.BaseRequest:
    """A request that may be as large as a batch of tens of thousands of contacts."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_MOST_BYTES)


class _ClosingResponse(web.Response):
    """A response after which the connection closes, without a `Connection: close` that would announce it."""

    def __init__(self, request: web.BaseRequest, **parts: Any) -> None:
        super().__init__(**parts)
        self._connection_of = request

    async def write_eof(self, data: bytes = b"") -> None:
        await super().write_eof(data)
        _close(self._connection_of)


@define(eq=False)
class Pipeline:
    """The server's one request handler.

    A request is journalled when it has arrived whole, before anything can happen to it. Handling itself never
    awaits, so each write is atomic.
    """

    world: World
    keys: set[str]
    plan: FaultPlan
    journal: Journal
    rate_limit: float | None
    monotonic: Callable[[], float]
    arrivals: RateMeter = field(init=False, factory=RateMeter)
    in_flight: set[asyncio.Task[Any]] = field(init=False, factory=set)
    peak_in_flight: int = field(init=False, default=0)
    _accepted: RateMeter = field(init=False, factory=RateMeter)
    _doomed: weakref.WeakSet[Any] = field(init=False, factory=weakref.WeakSet)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; the task that does it can be cancelled at any time."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self.in_flight.add(task)
        self.peak_in_flight = max(self.peak_in_flight, len(self.in_flight))
        try:
            return await self._exchange(request, await request.read())
        except ConnectionError:  # the client left in the middle of its request
            return _vanish(request)
        finally:
            self.in_flight.discard(task)

    async def _exchange(self, request: web.BaseRequest, raw: bytes) -> web.StreamResponse:
        found = find_route(request.method, request.rel_url.raw_path)
        route = found.route.name if found else f"{request.method} {request.rel_url.raw_path}"
        document = _parse(raw)
        number = self._record(request, route, document)
        self.arrivals.hit(self.monotonic())
        if request.transport in self._doomed:
            return _vanish(request)
        fault = self.plan.take(route)
        exchange = _Exchange(self, request, document, found, number)
        return exchange.reply(exchange.answer()) if fault is None else await exchange.struck_by(fault)

    def _record(self, request: web.BaseRequest, route: str, document: "_Document") -> int:
        record = RecordedRequest(
            number=self.journal.next_number(),
            method=request.method,
            route=route,
            path=request.rel_url.raw_path,
            query=dict(request.query),
            headers={name.lower(): _masked(name, value) for name, value in request.headers.items()},
            body=document.value,
            at=self.world.clock.now(),
        )
        self.journal.add(record)
        return record.number

    def refuse_rate(self) -> int | None:
        """Whole seconds to wait if this request is over the rate limit; else it counts against it."""
        now = self.monotonic()
        if self.rate_limit is not None and self._accepted.count(now) >= self.rate_limit:
            return max(1, math.ceil(self._accepted.wait(now)))
        self._accepted.hit(now)
        return None

    def doom(self, request: web.BaseRequest) -> None:
        """Lose the next request on this connection."""
        self._doomed.add(request.transport)


@define(eq=False)
class _Exchange:
    """One request with all that is known about it."""

    pipeline: Pipeline
    request: web.BaseRequest
    document: "_Document"
    found: Found | None
    number: int

    def answer(self) -> "_Reply":
        """What the API answers when nothing goes wrong on the way."""
        wait = self.pipeline.refuse_rate()
        if wait is not None:
            return _Reply(429, _error("Too many requests"), {**_JSON, "Retry-After": str(wait)})
        if self.request.headers.get("x-api-key") not in self.pipeline.keys:
            return _Reply(401, _error("Missing or invalid x-api-key header"), _JSON)
        if self.found is None:
            return self._no_such_route()
        return self._handled(self.found)

    def _no_such_route(self) -> "_Reply":
        methods = methods_of(self.request.rel_url.raw_path)
        if not methods:
            return _Reply(404, _error("No such endpoint"), _JSON)
        return _Reply(405, _error("Method not allowed"), {**_JSON, "Allow": ", ".join(methods)})

    def _handled(self, found: Found) -> "_Reply":
        try:
            answer = found.route.handler(self._call(found))
        except RefusalError as refusal:
            return _Reply(refusal.status, _json.dumps(refusal.body), _JSON)
        if self.request.method != "GET":
            self.pipeline.journal.note(self.number, committed=True)
        return _reply_with(answer)

    def _call(self, found: Found) -> Call:
        query = self.request.query
        for name in query:
            if name not in found.route.query:
                raise BadRequestError(f"{name} is not a query parameter of this endpoint")
            if len(query.getall(name)) > 1:
                raise BadRequestError(f"{name} is given more than once")
        return Call(self.pipeline.world, found.params, dict(query), self._body(found))

    def _body(self, found: Found) -> Any:
        kind, document = found.route.body, self.document
        if kind == "none" or (kind == "optional" and document.empty):
            return None
        if not document.valid:
            raise BadRequestError("the body is not valid JSON")
        if document.value is None:
            raise BadRequestError("the body must not be null")
        return document.value

    async def struck_by(self, fault: Fault) -> web.StreamResponse:
        """The same request, in trouble."""
        answer = self.answer() if fault.commit else None
        await fault.wait()
        if fault.disconnect:
            return _vanish(self.request)
        if fault.answers:
            return self._mangled(fault, _reply_of(fault))
        return await self._damaged(fault, answer or self.answer())

    async def _damaged(self, fault: Fault, answer: "_Reply") -> web.StreamResponse:
        if fault.die_mid_body:
            return await self._half(answer)
        return self._mangled(fault, answer)

    def _mangled(self, fault: Fault, answer: "_Reply") -> web.StreamResponse:
        if fault.truncate:
            answer = _Reply(answer.status, answer.body[: len(answer.body) // 2], answer.headers)
        if fault.drop_keepalive == "on_reuse":
            self.pipeline.doom(self.request)
        if fault.drop_keepalive == "at_once":
            return _ClosingResponse(self.request, **self._parts(answer))
        return self.reply(answer)

    async def _half(self, answer: "_Reply") -> web.StreamResponse:
        self.pipeline.journal.note(self.number, status=answer.status)
        headers = {**self._headers(answer), "Content-Length": str(len(answer.body))}
        response = web.StreamResponse(status=answer.status, headers=headers)
        await response.prepare(self.request)
        await response.write(answer.body[: len(answer.body) // 2])
        _close(self.request)
        return response

    def reply(self, answer: "_Reply") -> web.StreamResponse:
        """Put the answer into a response."""
        return web.Response(**self._parts(answer))

    def _parts(self, answer: "_Reply") -> dict[str, Any]:
        self.pipeline.journal.note(self.number, status=answer.status)
        return {"status": answer.status, "body": answer.body, "headers": self._headers(answer)}

    def _headers(self, answer: "_Reply") -> dict[str, str]:
        return {
            "Date": http_date(self.pipeline.world.clock.now()),
            "Server": "impactive-sandbox",
            "x-request-id": f"req_{self.number:08d}",
            "x-impactive-sandbox": "1",
            **answer.headers,
        }


@define
class _Reply:
    """An answer in bytes."""

    status: int
    body: bytes
    headers: dict[str, str]


def _reply_with(answer: Answer) -> _Reply:
    return _Reply(answer.status, _json.dumps(answer.document), _JSON)


def _reply_of(fault: Fault) -> _Reply:
    status = fault.status or (302 if fault.redirect_to else 200)
    body = _error(f"Injected {status}") if fault.body is None else fault.body
    return _Reply(status, body, fault.answer_headers())


def _error(message: str) -> bytes:
    return _json.dumps({"error": message})


def _vanish(request: web.BaseRequest) -> web.StreamResponse:
    _close(request)
    return web.Response()  # nothing of it can be written any more


def _close(request: web.BaseRequest) -> None:
    request.protocol.force_close()


def _masked(name: str, value: str) -> str:
    return "***" if name.lower() == "x-api-key" else value


@define
class _Document:
    """A request body, parsed once: for the journal and for the handler, neither of which changes it."""

    value: Any
    valid: bool = True
    empty: bool = False


def _parse(raw: bytes) -> _Document:
    if not raw:
        return _Document(None, valid=False, empty=True)
    try:
        return _Document(_json.loads(raw))
    except ValueError:
        return _Document(raw.decode("utf-8", "replace"), valid=False)
