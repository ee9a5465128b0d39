"""OpenTelemetry's spans and measurements, as its SDK's exporters in memory get them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import attrs
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from impactive_async import AsyncClient, NotFoundError, RequestEvent
from impactive_async.otel import instrument
from impactive_async.sandbox import Sandbox
from tests.support import client_of, outcome, until
from tests.test_import import python

CONTACTS = "GET /api/agent/contacts"


@attrs.define
class Telemetry:
    """A program's own set-up of OpenTelemetry."""

    tracers: TracerProvider
    meters: MeterProvider
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return self.exporter.get_finished_spans()

    def instrument(self, crm: AsyncClient) -> AsyncClient:
        instrument(crm, tracer_provider=self.tracers, meter_provider=self.meters)
        return crm

    def points(self) -> list[HistogramDataPoint]:
        data = self.reader.get_metrics_data()
        assert data is not None
        ((metric,),) = [[*scope.metrics] for resource in data.resource_metrics for scope in resource.scope_metrics]
        assert (metric.name, metric.unit) == ("http.client.request.duration", "s")
        return [point for point in metric.data.data_points if isinstance(point, HistogramDataPoint)]


@pytest.fixture
def telemetry() -> Telemetry:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    return Telemetry(tracers, MeterProvider([reader]), exporter, reader)


def attributes(span: ReadableSpan | HistogramDataPoint) -> dict[str, Any]:
    return dict(span.attributes or {})


async def test_a_request_is_a_span_of_the_conventions(telemetry: Telemetry, impactive_sandbox: Sandbox) -> None:
    """It is a client's, under the span of the caller, and its context goes out with the request."""
    sequence = impactive_sandbox.state.create_sequence("Welcome")
    async with client_of(impactive_sandbox) as crm:
        telemetry.instrument(crm)
        with telemetry.tracers.get_tracer("test").start_as_current_span("mine") as mine:
            await crm.sequences.get(sequence.id)
    span, parent = telemetry.spans
    host, port = impactive_sandbox.url.removeprefix("http://").split(":")
    common = {
        "http.request.method": "GET",
        "url.template": "/api/agent/sequences/:id",
        "server.address": host,
        "server.port": int(port),
        "http.response.status_code": 200,
    }
    url = f"{impactive_sandbox.url}/api/agent/sequences/{sequence.id}"
    assert attributes(span) == {**common, "url.full": url}
    assert (span.name, span.kind) == ("GET /api/agent/sequences/:id", SpanKind.CLIENT)
    assert span.status.status_code is StatusCode.UNSET
    assert span.context is not None
    assert span.parent == parent.context == mine.get_span_context()
    sent = impactive_sandbox.requests[-1].headers["traceparent"]
    assert sent.split("-")[1:3] == [f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}"]
    (point,) = telemetry.points()
    assert (point.count, attributes(point)) == (1, common)
    assert point.explicit_bounds[0] == 0.005  # seconds: the SDK's own boundaries are of milliseconds


async def test_each_attempt_is_a_span(telemetry: Telemetry, impactive_sandbox: Sandbox) -> None:
    """A repetition is counted, and what failed is an error with its kind."""
    impactive_sandbox.fail(CONTACTS, status=503)
    async with client_of(impactive_sandbox) as crm:
        await telemetry.instrument(crm).contacts.list()
    failed, done = telemetry.spans
    assert (failed.status.status_code, done.status.status_code) == (StatusCode.ERROR, StatusCode.UNSET)
    assert attributes(failed)["error.type"] == "503"
    assert "http.request.resend_count" not in attributes(failed)
    assert attributes(done)["http.request.resend_count"] == 1
    counts = {attributes(point)["http.response.status_code"]: point.count for point in telemetry.points()}
    assert counts == {503: 1, 200: 1}


async def test_a_refusal_is_an_error(telemetry: Telemetry, impactive_sandbox: Sandbox) -> None:
    """To a client 4xx are failures, whatever they are to the server."""
    async with client_of(impactive_sandbox) as crm:
        with pytest.raises(NotFoundError):
            await telemetry.instrument(crm).sequences.get("seq_gone")
    (span,) = telemetry.spans
    assert (span.status.status_code, attributes(span)["error.type"]) == (StatusCode.ERROR, "404")


async def test_a_request_without_an_answer(telemetry: Telemetry, impactive_sandbox: Sandbox) -> None:
    """No status is made up: the kind of the failure is named."""
    impactive_sandbox.fail("POST /api/agent/contacts", drop_after_commit=True)
    async with client_of(impactive_sandbox) as crm:
        await outcome(telemetry.instrument(crm).contacts.create(first_name="Ada", last_name="L"))
    (span,) = telemetry.spans
    assert span.status.status_code is StatusCode.ERROR
    assert "http.response.status_code" not in attributes(span)
    assert attributes(span)["error.type"].endswith("Error") or "Disconnected" in attributes(span)["error.type"]


async def test_a_cancelled_request_ends_its_span(telemetry: Telemetry, impactive_sandbox: Sandbox) -> None:
    """Nothing stays open, and the cancellation is named."""
    impactive_sandbox.fail(CONTACTS, hold=asyncio.Event())
    async with client_of(impactive_sandbox) as crm:
        call = asyncio.create_task(telemetry.instrument(crm).contacts.list())
        await until(lambda: bool(impactive_sandbox.requests))
        call.cancel()
        await asyncio.wait([call])
    (span,) = telemetry.spans
    assert attributes(span)["error.type"] == "CancelledError"


async def test_what_is_counted_by_has_few_values(telemetry: Telemetry, impactive_sandbox: Sandbox) -> None:
    """Requests of the caller's own have no template, and unheard-of methods are one value; the span says which."""
    async with client_of(impactive_sandbox) as crm:
        telemetry.instrument(crm)
        await crm.request("GET", "/api/agent/contacts", params={"limit": 1})
        await outcome(crm.request("BREW", "/api/agent/contacts"))
    read, brewed = telemetry.spans
    assert (read.name, brewed.name) == ("GET", "HTTP")
    assert "url.template" not in attributes(read)
    assert attributes(read)["url.full"].endswith("/api/agent/contacts")  # a query may hold anything
    assert attributes(brewed)["http.request.method"] == "_OTHER"
    assert attributes(brewed)["http.request.method_original"] == "BREW"
    assert {attributes(point)["http.request.method"] for point in telemetry.points()} == {"GET", "_OTHER"}


async def test_neither_key_nor_headers_nor_bodies_are_told(
    telemetry: Telemetry, impactive_sandbox: Sandbox
) -> None:
    """What spans and measurements hold is of no use to a thief."""
    async with client_of(impactive_sandbox, headers={"X-Tenant": "tenant-7"}) as crm:
        await telemetry.instrument(crm).contacts.create(first_name="Ada", last_name="Lovelace")
    told = "".join(span.to_json() for span in telemetry.spans) + str(telemetry.points())
    assert not [secret for secret in (impactive_sandbox.api_key, "tenant-7", "Lovelace") if secret in told]


async def test_a_clients_own_observers_stay(telemetry: Telemetry, impactive_sandbox: Sandbox) -> None:
    """They are called as well, and views are observed with their client."""
    seen: list[RequestEvent] = []
    async with client_of(impactive_sandbox, on_request=seen.append) as crm:
        await telemetry.instrument(crm).with_options(timeout=5).contacts.list()
    assert len(seen) == len(telemetry.spans) == 1


async def test_without_a_set_up_nothing_is_done(impactive_sandbox: Sandbox) -> None:
    """With the API alone, requests go out as they are."""
    async with client_of(impactive_sandbox) as crm:
        instrument(crm)
        await crm.contacts.list()
    assert "traceparent" not in impactive_sandbox.requests[-1].headers


def test_it_is_off_until_asked_for() -> None:
    """A client imports nothing of OpenTelemetry."""
    loaded = python(
        "import sys, impactive_async as i\n"
        "i.AsyncClient('icrm_' + 'a' * 32).contacts\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    assert loaded == "[]"
