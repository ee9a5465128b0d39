"""Metrics for Prometheus. It needs the extra `metrics`.

What the client, the worker and the hub count anyway is read when Prometheus asks. Only requests are measured as
they end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from impactive_async import AsyncClient, ResponseEvent, RetryEvent
from impactive_async.errors import HubError
from impactive_async.hub import HubStatus
from impactive_async.operations.deliveries import ForwardActivity
from impactive_async.operations.series import DURATION, DURATION_SAYS, SERIES
from impactive_async.operations.shown import Shown

__all__ = [
    "CONTENT_TYPE_LATEST",
    "CollectorRegistry",
    "ShownCollector",
    "exposition",
    "instrument",
    "measure_deliveries",
]

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds."""
_OTHER: Final = "other"
_METHODS: Final = frozenset({"DELETE", "GET", "PATCH", "POST", "PUT"})


def instrument(client: AsyncClient, *, registry: CollectorRegistry = REGISTRY) -> None:
    """Count and measure all requests of a client and of its views, for Prometheus.

    Labels hold templates of routes, never ids. Paths that a program gives to `crm.request` count as `other`.

    Args:
        client: The client, before its first call.
        registry: Where the metrics are found; default: the registry of the process. One client each.

    Raises:
        ValueError: The registry has a client already.
    """
    requests = _RequestMetrics(registry)
    client.observe(on_response=requests.ended, on_retry=requests.repeated)
    registry.register(_ClientCollector(client))


def exposition(registry: CollectorRegistry) -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(registry)


class _RequestMetrics:
    """Requests as they end."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "impactive_requests",
            "Requests that ended, repetitions among them. `status` is `none` where no whole answer arrived.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "impactive_request_duration_seconds",
            "From sending a request to the last byte of its answer.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._retries = Counter(
            "impactive_retries",
            "Requests that were sent again, by what the one before came to.",
            ("method", "route", "reason"),
            registry=registry,
        )

    def ended(self, event: ResponseEvent) -> None:
        method, route = _place(event.request.method, event.request.route)
        self._requests.labels(method, route, str(event.status or "none")).inc()
        self._seconds.labels(method, route).observe(event.elapsed)

    def repeated(self, event: RetryEvent) -> None:
        self._retries.labels(*_place(event.method, event.route), event.reason).inc()


def _place(method: str, route: str) -> tuple[str, str]:
    return (method if method in _METHODS else _OTHER, route if route.startswith("/") else _OTHER)


class _ClientCollector(Collector):
    """What a client counts of itself."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    def collect(self) -> Iterator[Metric]:
        stats = self._client.stats()
        yield _counter("impactive_rate_limited", "Answers 429 that made the client wait.", stats.rate_limited)
        yield _counter("impactive_failures", "Calls that ended in an error.", stats.failures)
        yield _gauge("impactive_requests_in_flight", "Requests under way.", stats.in_flight)
        yield _gauge("impactive_requests_waiting", "Calls that wait for their turn.", stats.waiting)


class ShownCollector(Collector):
    """What a process has done, and the hub as it was when it was last asked."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self.hub: HubStatus | HubError | None = None

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; those of the hub only if its engine has answered."""
        for series in SERIES:
            make = CounterMetricFamily if series.rises else GaugeMetricFamily
            family = make(series.prometheus, series.says, labels=series.labels)
            for labels, value in series.values(self._shown, self.hub):
                family.add_metric(labels, value)
            yield family


def measure_deliveries(deliveries: ForwardActivity, registry: CollectorRegistry) -> None:
    """Measure how long deliveries take."""
    seconds = Histogram(
        f"{DURATION.replace('.', '_')}_seconds",
        DURATION_SAYS,
        ("destination",),
        buckets=_BUCKETS,
        registry=registry,
    )
    deliveries.listeners.append(lambda destination, took: seconds.labels(destination).observe(took))


def _counter(name: str, says: str, value: float) -> Metric:
    return CounterMetricFamily(name, says, value=value)


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)
