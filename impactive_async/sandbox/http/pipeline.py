"""From a request to its answer: record it, apply a fault, check key and route, handle it."""

import asyncio
import math
import weakref
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from aiohttp import web
from attrs import define, evolve, field

from impactive_async.sandbox.api.exchange import Call
from impactive_async.sandbox.api.routes import Found, RouteTable
from impactive_async.sandbox.dialect.answers import Printed, shift
from impactive_async.sandbox.dialect.dialect import Dialect
from impactive_async.sandbox.dialect.errors import Failure
from impactive_async.sandbox.dialect.profile.settings import OperationSettings
from impactive_async.sandbox.http.documents import ReceivedBody, RenderedAnswer, encode, receive, with_etag
from impactive_async.sandbox.http.faults import Fault, FaultPlan
from impactive_async.sandbox.http.journal import RateMeter, RecordedRequest, RequestJournal
from impactive_async.sandbox.http.responses import (
    ClosingResponse,
    PlainResponse,
    StreamedResponse,
    close,
    disconnect,
)
from impactive_async.sandbox.world.errors import InvalidRequestError, RefusalError
from impactive_async.sandbox.world.times import http_date
from impactive_async.sandbox.world.world import World

__all__ = ["Pipeline"]


@define(eq=False)
class Pipeline:
    """The request handler of the server.

    A request is recorded as soon as it has arrived whole. Handling it never awaits, so each write is atomic.
    """

    world: World
    dialect: Dialect
    keys: set[str]
    plan: FaultPlan
    journal: RequestJournal
    rate_limit: float | None
    monotonic: Callable[[], float]
    routes: RouteTable = field(init=False)
    arrivals: RateMeter = field(init=False, factory=RateMeter)
    in_flight: set[asyncio.Task[Any]] = field(init=False, factory=set)
    peak_in_flight: int = field(init=False, default=0)
    accepted: RateMeter = field(init=False, factory=RateMeter)
    _to_drop: weakref.WeakSet[Any] = field(init=False, factory=weakref.WeakSet)

    def __attrs_post_init__(self) -> None:
        self.speak(self.dialect)

    def speak(self, dialect: Dialect) -> None:
        """Answer in this dialect from the next request on."""
        self.dialect = dialect
        self.routes = RouteTable(dialect)

    def begin_anew(self, world: World, dialect: Dialect, plan: FaultPlan, requests: int | None = None) -> None:
        """Serve another workspace from the next request on; `requests`: as if so many had arrived."""
        self.world, self.plan = world, plan
        self.speak(dialect)
        if requests is None:
            self.journal.forget()
        else:
            self.journal.begin_at(requests)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; the task that does it can be cancelled at any time."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self.in_flight.add(task)
        self.peak_in_flight = max(self.peak_in_flight, len(self.in_flight))
        try:
            return await self._exchange(request, await request.read())
        except ConnectionError:  # the client left in the middle of its request
            return disconnect(request)
        finally:
            self.in_flight.discard(task)

    async def _exchange(self, request: web.BaseRequest, raw: bytes) -> web.StreamResponse:
        found = self.routes.find(request.method, request.rel_url.raw_path)
        route = found.route.name if found else f"{request.method} {request.rel_url.raw_path}"
        body = receive(raw)
        number = self._record(request, route, body)
        self.arrivals.hit(self.monotonic())
        if request.transport in self._to_drop:
            return disconnect(request)
        fault = self.plan.take(route)
        exchange = _Exchange(self, request, body, found, number)
        return exchange.reply(exchange.answer()) if fault is None else await exchange.with_fault(fault)

    def _record(self, request: web.BaseRequest, route: str, body: ReceivedBody) -> int:
        record = RecordedRequest(
            number=self.journal.next_number(),
            method=request.method,
            route=route,
            path=request.rel_url.raw_path,
            query=dict(request.query),
            headers={name.lower(): _masked(name, value) for name, value in request.headers.items()},
            body=body.value,
            at=self.world.clock.now(),
        )
        self.journal.add(record)
        return record.number

    def refuse_rate(self) -> int | None:
        """Whole seconds to wait if this request is over the rate limit; else it counts against it."""
        now = self.monotonic()
        if self.rate_limit is not None and self.accepted.count(now) >= self.rate_limit:
            return max(1, math.ceil(self.accepted.wait(now)))
        self.accepted.hit(now)
        return None

    def drop_next(self, request: web.BaseRequest) -> None:
        """Close this connection when its next request arrives, without handling that request."""
        self._to_drop.add(request.transport)


@define(eq=False)
class _Exchange:
    """One request and everything known about it."""

    pipeline: Pipeline
    request: web.BaseRequest
    body: ReceivedBody
    found: Found | None
    number: int
    ahead: timedelta = timedelta()

    @property
    def settings(self) -> OperationSettings:
        return self.pipeline.dialect.settings(self.found.route.operation if self.found else None)

    def answer(self) -> RenderedAnswer:
        """What the API answers without a fault."""
        wait = self.pipeline.refuse_rate()
        if wait is not None:
            headers = {"Retry-After": str(wait)}
            return self._failed(Failure(kind="rate_limited", message="Too many requests", headers=headers))
        if self.request.headers.get("x-api-key") not in self.pipeline.keys:
            return self._failed(Failure(kind="unauthorized", message="Missing or invalid x-api-key header"))
        if self.found is None:
            return self._no_such_route()
        return self._handled(self.found)

    def _no_such_route(self) -> RenderedAnswer:
        verbs = self.pipeline.routes.verbs_of(self.request.rel_url.raw_path)
        if not verbs:
            return self._failed(Failure(kind="no_route", message="No such endpoint"))
        status = self.pipeline.dialect.options_status
        if self.request.method == "OPTIONS" and status is not None:
            return encode(Printed(status=status, kind="none", headers={"Allow": ", ".join(verbs)}))
        return self._failed(Failure(kind="no_method", message="Method not allowed", allow=verbs))

    def _handled(self, found: Found) -> RenderedAnswer:
        try:
            answer = found.route.handler(self._call(found))
        except RefusalError as refusal:
            return self._failed(Failure(kind=refusal.kind, message=str(refusal), details=refusal.details))
        if self.request.method != "GET":
            self.pipeline.journal.note(self.number, committed=True)
        printer = self.pipeline.dialect.printer(answer.operation or found.route.operation)
        document = shift(answer.document, self.ahead) if self.ahead else answer.document
        rendered = encode(printer(document, self.request.rel_url.raw_path))
        if self.settings.etag and self.request.method == "GET":
            return with_etag(rendered, self.request.headers.get("If-None-Match"))
        return rendered

    def _failed(self, failure: Failure) -> RenderedAnswer:
        return encode(self.pipeline.dialect.error(failure, self.request.method, self.request.rel_url.raw_path))

    def _call(self, found: Found) -> Call:
        dialect, route = self.pipeline.dialect, found.route
        query = self._query(found)
        body = dialect.read_ids(self._body(found))
        return Call(self.pipeline.world, dialect, route.operation, found.params, query, body)

    def _query(self, found: Found) -> dict[str, str]:
        query, known = self.request.query, found.route.query
        for name in query:
            if name not in known and self.settings.unknown_parameters == "refused":
                raise InvalidRequestError(f"{name} is not a query parameter of this endpoint")
            if name in known and len(query.getall(name)) > 1:
                raise InvalidRequestError(f"{name} is given more than once")
        return {name: value for name, value in query.items() if name in known}

    def _body(self, found: Found) -> Any:
        kind, body = found.route.body, self.body
        if kind == "none" or (kind == "optional" and body.empty):
            return None
        if not body.valid:
            raise InvalidRequestError("the body is not valid JSON")
        if body.value is None:
            raise InvalidRequestError("the body must not be null")
        return body.value

    async def with_fault(self, fault: Fault) -> web.StreamResponse:
        """Answer the request with a fault applied."""
        self.ahead = timedelta(seconds=fault.ahead)
        answer = self.answer() if fault.commit else None
        await fault.wait()
        if fault.disconnect:
            return disconnect(self.request)
        if fault.answers:
            return self._damaged(fault, self._answer_of(fault))
        answer = answer or self.answer()
        return await self._half(answer) if fault.die_mid_body else self._damaged(fault, answer)

    def _answer_of(self, fault: Fault) -> RenderedAnswer:
        status = fault.status or (302 if fault.redirect_to else 200)
        if fault.body is not None:
            headers = {"Content-Type": fault.content_type, **fault.answer_headers()}
            return RenderedAnswer(status, fault.body, headers)
        answer = self._failed(Failure(kind="injected", message=f"Injected {status}", status=status))
        return evolve(answer, headers={**answer.headers, **fault.answer_headers()})

    def _damaged(self, fault: Fault, answer: RenderedAnswer) -> web.StreamResponse:
        if fault.truncate:
            answer = evolve(answer, body=answer.body[: len(answer.body) // 2])
        if fault.drop_keepalive == "on_reuse":
            self.pipeline.drop_next(self.request)
        if fault.drop_keepalive == "at_once":
            return ClosingResponse(self.request, **self._parts(answer))
        return self.reply(answer)

    async def _half(self, answer: RenderedAnswer) -> web.StreamResponse:
        self.pipeline.journal.note(self.number, status=answer.status)
        headers = {**self._headers(answer), "Content-Length": str(len(answer.body))}
        response = StreamedResponse(status=answer.status, headers=headers)
        await response.prepare(self.request)
        await response.write(answer.body[: len(answer.body) // 2])
        close(self.request)
        return response

    def reply(self, answer: RenderedAnswer) -> web.StreamResponse:
        """Put the answer into a response."""
        return PlainResponse(**self._parts(answer))

    def _parts(self, answer: RenderedAnswer) -> dict[str, Any]:
        headers = self._headers(answer)
        self.pipeline.journal.keep_answer(self.number, answer.status, headers, answer.body)
        self.pipeline.journal.note(self.number, status=answer.status)
        return {"status": answer.status, "body": answer.body, "headers": headers}

    def _headers(self, answer: RenderedAnswer) -> dict[str, str]:
        return {
            **self._date(),
            "Server": "impactive-sandbox",
            "x-request-id": f"req_{self.number:08d}",
            "x-impactive-sandbox": "1",
            **self.settings.headers,
            **answer.headers,
        }

    def _date(self) -> dict[str, str]:
        settings = self.settings
        if not settings.date:
            return {}
        ahead = timedelta(seconds=settings.date_ahead) + self.ahead
        return {"Date": http_date(self.pipeline.world.clock.now() + ahead)}


def _masked(name: str, value: str) -> str:
    return "***" if name.lower() == "x-api-key" else value
