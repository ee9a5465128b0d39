"""OpenTelemetry gets what Prometheus gets, under its own names."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from impactive_async.forward.reports import EventDelivered
from impactive_async.hub import SqliteHub
from impactive_async.operations.activity import Activity
from impactive_async.operations.deliveries import ForwardActivity
from impactive_async.operations.probes import HubView
from impactive_async.operations.series import SERIES
from impactive_async.operations.shown import Shown
from impactive_async.otel import instrument_process
from tests.operations.test_activity import POLLED
from tests.support import until

DELIVERED = EventDelivered(
    destination="shop", id="msg_1", type="t", subject="deals/1", attempt=1, status=204, seconds=0.25
)


def read(reader: InMemoryMetricReader) -> dict[str, Any]:
    """All metrics by name."""
    data: Any = reader.get_metrics_data()
    if data is None:
        return {}
    return {
        metric.name: metric
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


async def test_what_a_process_does_is_measured(tmp_path: Path) -> None:
    """Counters, gauges with attributes and units, the histogram, and the hub once its engine has answered."""
    reader = InMemoryMetricReader()
    async with SqliteHub(tmp_path / "hub.db") as hub:
        await hub.init()
        await hub.add("zapier/deals")
        shown = Shown(HubView(hub), Activity(), ForwardActivity())
        instrument_process(shown, meter_provider=MeterProvider([reader]))
        shown.record(POLLED)
        shown.record(DELIVERED)
        with ThreadPoolExecutor(1) as exporter:  # the loop waits for it: the engine cannot have answered before
            first = exporter.submit(read, reader).result()
        (polls,) = first["impactive.worker.polls"].data.data_points
        assert (polls.value, dict(polls.attributes)) == (
            1,
            {"impactive.kind": "deals", "impactive.outcome": "committed"},
        )
        assert first["impactive.worker.polls"].data.is_monotonic
        assert first["impactive.worker.last_poll.timestamp"].unit == "s"
        (took,) = first["impactive.forward.delivery.duration"].data.data_points
        assert (took.sum, dict(took.attributes)) == (0.25, {"impactive.destination": "shop"})
        assert first["impactive.hub.up"].data.data_points[0].value == 0
        await until(lambda: shown.view.latest is not None)
        feeds = {
            point.attributes["impactive.state"]: point.value
            for point in read(reader)["impactive.hub.feeds"].data.data_points
        }
        assert feeds["all"] == feeds["due"] == 1


@pytest.mark.parametrize("series", SERIES, ids=lambda series: series.name)
def test_names_follow_both_conventions(series: Any) -> None:
    """Words between dots, UCUM for units, and no unit in the name but for Prometheus."""
    assert series.name.startswith("impactive.")
    assert series.name == series.name.lower()
    assert "seconds" not in series.name
    assert series.unit == "s" or (series.unit[0], series.unit[-1]) == ("{", "}")
    assert series.prometheus.endswith("_seconds") == (series.unit == "s")
