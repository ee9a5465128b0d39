"""Prometheus' own tool reads our alert rules and our metrics."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from prometheus_client import CollectorRegistry

from impactive_async import AsyncClient
from impactive_async.forward.reports import EventDelivered
from impactive_async.hub import SqliteHub
from impactive_async.hub.worker.reports import GapFound, Polled
from impactive_async.operations.activity import Activity
from impactive_async.operations.deliveries import ForwardActivity
from impactive_async.operations.metrics import ShownCollector, exposition, instrument, measure_deliveries
from impactive_async.operations.probes import HubView
from impactive_async.operations.shown import Shown
from tests.evidence.parts import ROOT, promtool
from tests.operations.test_activity import WELL
from tests.support import KEY

ABOUT = {"id": "msg_1", "type": "com.impactiveai.deal.updated", "subject": "deals/deal_1"}
ALERTS = ROOT / "docs" / "operations" / "alerts.yml"


def run(*arguments: str, given: bytes = b"") -> str:
    """What promtool says, if it fails."""
    done = subprocess.run([promtool(), *arguments], input=given, capture_output=True, check=False)
    return "" if done.returncode == 0 else (done.stdout + done.stderr).decode()


def test_the_alert_rules_are_rules() -> None:
    """Every expression is read, and a broken one would be refused."""
    assert run("check", "rules", str(ALERTS)) == ""


def test_a_broken_rule_is_told(tmp_path: Path) -> None:
    """The check above can fail."""
    broken = tmp_path / "alerts.yml"
    broken.write_text(ALERTS.read_text().replace("max(", "max((", 1))
    assert "parse error" in run("check", "rules", str(broken))


def test_the_queries_of_the_board_are_queries(tmp_path: Path) -> None:
    """Each panel's expression is one that Prometheus can read."""
    panels = json.loads((ALERTS.parent / "grafana.json").read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    records = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    rules = tmp_path / "rules.yml"
    rules.write_text(json.dumps({"groups": [{"name": "board", "rules": records}]}))
    assert queries
    assert run("check", "rules", str(rules)) == ""


async def test_the_metrics_follow_the_conventions() -> None:
    """Names, units and help are as Prometheus' linter wants them."""
    registry, activity = CollectorRegistry(), Activity(per_sequence=True)
    activity.record(Polled(feed="zapier/deals", events=1, gaps=1, next_in=1.0))
    activity.record(Polled(feed="sequences/seq_1/replies", events=1, gaps=0, next_in=1.0))
    activity.record(GapFound(feed="zapier/deals", gap="overflow", after=None, before=None))
    deliveries = ForwardActivity()
    collector = ShownCollector(Shown(HubView(SqliteHub("unused.db")), activity, deliveries))
    collector.hub = WELL
    registry.register(collector)
    measure_deliveries(deliveries, registry)
    deliveries.record(EventDelivered(destination="shop", **ABOUT, attempt=1, status=204, seconds=0.1))
    async with AsyncClient(KEY) as crm:
        instrument(crm, registry=registry)
        text = exposition(registry)
    assert run("check", "metrics", given=text) == ""
