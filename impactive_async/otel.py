"""OpenTelemetry for a client: a span and a measurement for each request, by the semantic conventions for HTTP.

And for workers and forwarders: what they do and how their hub is, as Prometheus gets it.

It needs the extra `otel`, which is OpenTelemetry's API alone. A program sets up the SDK for itself; without it,
calls of the API do nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from opentelemetry import propagate
from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation, get_meter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider, get_tracer, set_span_in_context
from yarl import URL

from impactive_async import AsyncClient, RequestEvent, ResponseEvent, __version__
from impactive_async.operations.series import DURATION, DURATION_SAYS, SERIES, Series
from impactive_async.operations.shown import Shown

__all__ = ["instrument", "instrument_process"]

_SCHEMA: Final = "https://opentelemetry.io/schemas/1.27.0"
_BOUNDARIES: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Seconds: what the conventions advise for the histogram."""

_METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_OTHER: Final = "_OTHER"
"""What the conventions call every other method."""

_Attributes = dict[str, str | int]


def instrument(
    client: AsyncClient,
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
) -> None:
    """Make spans and measurements of every request of a client and of its views.

    Each attempt of a call is a span of its own, a child of the span that is current where the call is made. Its
    context goes out with the request (`traceparent`). The histogram is `http.client.request.duration`. Neither has
    headers, bodies or queries; spans have the URL with its ids.

    Args:
        client: The client, before its first call.
        tracer_provider: Where spans go; default: the global provider.
        meter_provider: Where measurements go; default: the global provider.
    """
    requests = _Requests(client.base_url, tracer_provider, meter_provider)
    client.observe(on_request=requests.started, on_response=requests.ended)


class _Requests:
    """The spans of the requests that are under way."""

    def __init__(self, base_url: str, tracers: TracerProvider | None, meters: MeterProvider | None) -> None:
        url = URL(base_url)
        self._base_url = base_url
        self._server: _Attributes = {"server.address": url.host or "", "server.port": url.port or 0}
        self._spans: dict[RequestEvent, Span] = {}
        self._tracer = get_tracer("impactive_async", __version__, tracers, _SCHEMA)
        self._duration = get_meter("impactive_async", __version__, meters, _SCHEMA).create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_BOUNDARIES,
        )

    def started(self, event: RequestEvent) -> None:
        """Open a span, and let its context go out with the request."""
        common = self._common(event)
        attributes = {**common, "url.full": f"{self._base_url}{event.path}"}
        if event.attempt > 1:
            attributes["http.request.resend_count"] = event.attempt - 1
        if event.method not in _METHODS:
            attributes["http.request.method_original"] = event.method
        name = " ".join(str(common[key]) for key in ("http.request.method", "url.template") if key in common)
        span = self._tracer.start_span(name.replace(_OTHER, "HTTP"), kind=SpanKind.CLIENT, attributes=attributes)
        self._spans[event] = span
        propagate.inject(event.headers, set_span_in_context(span))

    def ended(self, event: ResponseEvent) -> None:
        """Close the span and measure the request."""
        outcome = _outcome(event)
        span = self._spans.pop(event.request, None)
        if span is not None:
            span.set_attributes(outcome)
            if "error.type" in outcome:
                span.set_status(Status(StatusCode.ERROR))
            span.end()
        self._duration.record(
            event.elapsed,
            {**self._common(event.request), **outcome},
            None if span is None else set_span_in_context(span),
        )

    def _common(self, event: RequestEvent) -> _Attributes:
        """Return what span and measurement share: few different values, so that they can be counted."""
        method = event.method if event.method in _METHODS else _OTHER
        template = {"url.template": event.route} if event.route.startswith("/") else {}  # none of `crm.request`
        return {"http.request.method": method, **template, **self._server}


def _outcome(event: ResponseEvent) -> _Attributes:
    """Return what came of a request, as attributes. To a client, 4xx are errors too."""
    outcome: _Attributes = {}
    if event.status is not None:
        outcome["http.response.status_code"] = event.status
    error = event.error or (str(event.status) if (event.status or 0) >= 400 else None)
    return outcome if error is None else {**outcome, "error.type": error}


def instrument_process(shown: Shown, *, meter_provider: MeterProvider | None = None) -> None:
    """Measure what a worker or forwarder does, and the hub that it works with.

    Names begin with `impactive.`, and so do the attributes. Their values are read when the SDK collects them. The
    engine is asked then too, and its answer is seen at the next collection.

    Args:
        shown: What the reports of the process go to.
        meter_provider: Where measurements go; default: the global provider.

    Raises:
        RuntimeError: It was not called in the event loop of the process.
    """
    meter = get_meter("impactive_async", __version__, meter_provider, _SCHEMA)
    loop = asyncio.get_running_loop()
    for series in SERIES:
        create = meter.create_observable_counter if series.rises else meter.create_observable_gauge
        create(series.name, [_reading(series, shown, loop)], unit=series.unit, description=series.says)
    if shown.deliveries is not None:
        seconds = meter.create_histogram(
            DURATION, unit="s", description=DURATION_SAYS, explicit_bucket_boundaries_advisory=_BOUNDARIES
        )
        shown.deliveries.listeners.append(
            lambda destination, took: seconds.record(took, {"impactive.destination": destination})
        )


def _reading(
    series: Series, shown: Shown, loop: asyncio.AbstractEventLoop
) -> Callable[[CallbackOptions], Iterable[Observation]]:
    names = [f"impactive.{label}" for label in series.labels]

    def read(_: CallbackOptions) -> Iterable[Observation]:
        if series.source == "engine" and not loop.is_closed():
            for asked in (shown.view.status(), shown.view.lists.ask()):
                asyncio.run_coroutine_threadsafe(asked, loop)  # the SDK reads in a thread of its own
        for labels, value in series.values(shown, shown.view.latest):
            yield Observation(value, dict(zip(names, labels, strict=True)))

    return read
