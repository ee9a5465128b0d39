"""Metrics for Prometheus. It needs the extra `metrics`.

What the client, the worker and the hub count anyway is read when Prometheus asks. Only requests are measured as
they end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from impactive_async import AsyncClient, ResponseEvent, RetryEvent
from impactive_async.errors import HubError
from impactive_async.hub import HubStatus
from impactive_async.operations.activity import Activity

__all__ = ["CONTENT_TYPE_LATEST", "CollectorRegistry", "WorkerCollector", "exposition", "instrument"]

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


class WorkerCollector(Collector):
    """What a worker has done, and the hub as it was when it was last asked."""

    def __init__(self, activity: Activity) -> None:
        self._activity = activity
        self.hub: HubStatus | HubError | None = None

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; those of the hub only if its engine has answered."""
        done = self._activity
        polls = CounterMetricFamily(
            "impactive_worker_polls",
            "Polls of this worker: committed, failed, or fenced because they came too late.",
            labels=("kind", "outcome"),
        )
        yield _by(polls, done.polls)
        gaps = CounterMetricFamily(
            "impactive_worker_gaps", "Gaps found: rows out of the API's reach.", labels=("kind", "gap")
        )
        yield _by(gaps, done.gaps)
        events = CounterMetricFamily("impactive_worker_events", "Events committed.", labels=("kind",))
        yield _by(events, done.events)
        last = "When a poll was last committed, in seconds since 1970."
        yield _by(
            GaugeMetricFamily("impactive_worker_last_poll_timestamp_seconds", last, labels=("kind",)),
            done.last_poll,
        )
        complete = "Up to when the list of the kind that was polled last is complete, in seconds since 1970."
        yield _by(
            GaugeMetricFamily("impactive_worker_complete_until_timestamp_seconds", complete, labels=("kind",)),
            done.complete_until,
        )
        late = "How late behind their own timestamps rows became visible, at the most."
        yield _by(GaugeMetricFamily("impactive_worker_lateness_seconds", late, labels=("kind",)), done.lateness)
        troubles = GaugeMetricFamily(
            "impactive_worker_trouble", "1 for each step of the worker that fails now.", labels=("step",)
        )
        yield _by(troubles, dict.fromkeys(done.troubles, 1))
        up = isinstance(self.hub, HubStatus)
        yield _gauge("impactive_hub_up", "Whether the hub's engine has answered.", int(up))
        if isinstance(self.hub, HubStatus):
            yield from _of_hub(self.hub)


def _of_hub(hub: HubStatus) -> Iterator[Metric]:
    feeds = GaugeMetricFamily(
        "impactive_hub_feeds", "Feeds by state; a failing feed may be due or leased too.", labels=("state",)
    )
    states = {
        "all": hub.feeds,
        "leased": hub.leased,
        "due": hub.due,
        "failing": hub.failing,
        "dead": hub.dead_count,
    }
    yield _by(feeds, states)
    yield _gauge("impactive_hub_lag_seconds", "How long the most overdue feed has waited.", hub.lag)
    yield _gauge("impactive_hub_gaps", "Gaps of all feeds since they were added.", hub.gaps)
    yield _gauge("impactive_hub_log_events", "Events in the log.", hub.events)
    yield _gauge("impactive_hub_permit_wait_seconds", "Until the next permit for a request.", hub.rate_wait)
    groups = hub.groups
    behind = {group.name: group.behind for group in groups if group.behind is not None}
    yield _by(_group_gauge("backlog", "Events that it has not acknowledged."), behind)
    yield _by(_group_gauge("in_flight", "Events under way."), {g.name: g.in_flight for g in groups})
    yield _by(_group_gauge("dead_letters", "Events given up."), {g.name: g.dead_letters for g in groups})


def _group_gauge(name: str, says: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"impactive_hub_group_{name}", says, labels=("group",))


_Family = CounterMetricFamily | GaugeMetricFamily


def _by(family: _Family, numbers: Mapping[str, float] | Mapping[tuple[str, str], float]) -> _Family:
    for labels, number in numbers.items():
        family.add_metric((labels,) if isinstance(labels, str) else labels, number)
    return family


def _counter(name: str, says: str, value: float) -> Metric:
    return CounterMetricFamily(name, says, value=value)


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)
