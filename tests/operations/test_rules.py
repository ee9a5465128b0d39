"""The alert rules and the documentation name metrics that exist."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from impactive_async import AsyncClient
from impactive_async.hub import SqliteHub
from impactive_async.operations.activity import Activity
from impactive_async.operations.deliveries import ForwardActivity
from impactive_async.operations.metrics import ShownCollector, exposition, instrument, measure_deliveries
from impactive_async.operations.probes import HubView
from impactive_async.operations.shown import Shown
from tests.docs.pages import ROOT
from tests.operations.test_activity import WELL
from tests.support import KEY

_METRIC = re.compile(r"impactive_(?:hub|worker|forward|requests?|retries|rate_limited|failures)_?[a-z_]*\b")


def everything() -> Shown:
    """A worker and forwarder in one."""
    return Shown(HubView(SqliteHub("unused.db")), Activity(), ForwardActivity())


async def known() -> set[str]:
    """All metrics, as Prometheus reads their names."""
    registry = CollectorRegistry()
    collector = ShownCollector(everything())
    collector.hub = WELL
    registry.register(collector)
    async with AsyncClient(KEY) as crm:
        instrument(crm, registry=registry)
        measure_deliveries(ForwardActivity(), registry)
        types = re.findall(r"^# TYPE (\w+)", exposition(registry).decode(), re.MULTILINE)
    return set(types)


async def test_the_page_lists_all_metrics_and_no_others() -> None:
    """A metric that is renamed is renamed where people read of it."""
    rows = [
        line for line in (ROOT / "docs/operations.md").read_text().splitlines() if line.startswith("| `impactive_")
    ]
    assert {name for row in rows for name in _METRIC.findall(row)} == await known()


@pytest.mark.parametrize("file", ["alerts.yml", "grafana.json"])
async def test_alerts_and_board_ask_for_metrics_that_exist(file: str) -> None:
    """An alert for a metric that nobody has would never fire, and a panel would stay empty."""
    text = (ROOT / "docs/operations" / file).read_text()
    named = {name.removesuffix("_bucket") for name in _METRIC.findall(text)}
    assert named
    assert named <= await known()


def test_each_panel_says_what_to_do() -> None:
    """Whoever is woken by the board need not know the package."""
    panels = json.loads((ROOT / "docs/operations/grafana.json").read_text())["panels"]
    assert [panel["title"] for panel in panels if not panel["description"]] == []
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_documented_probe_of_the_file_goes_by_its_age(tmp_path: Path) -> None:
    """It succeeds for a file just written, and fails for an old one or none."""
    page = (ROOT / "docs/operations.md").read_text()
    (command,) = re.findall(r"\[sh, -c, '([^']+)'\]", page)
    file = tmp_path / "worker.health"
    assert "/run/worker.health" in command

    def probe() -> int:
        return subprocess.run(
            ["sh", "-c", command.replace("/run/worker.health", str(file))], check=False
        ).returncode

    assert probe() != 0
    file.touch()
    assert probe() == 0
    os.utime(file, (1_000_000_000, 1_000_000_000))
    assert probe() != 0


def test_documented_probes_ask_for_paths_that_are_served() -> None:
    """As the port serves them."""
    paths = re.findall(r"path: (/\w+), port: 9464", (ROOT / "docs/operations.md").read_text())
    served = (ROOT / "impactive_async/operations/server.py").read_text()
    assert paths == ["/livez", "/readyz"]
    assert all(f'web.get("{path}"' in served for path in paths)
