"""Up to when a kind is complete: the least of its lists, whoever polls them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import define
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import CollectorRegistry
from prometheus_client.utils import floatToGoString

from impactive_async import Coverage
from impactive_async.hub import SqliteHub
from impactive_async.hub.worker.reports import Polled
from impactive_async.operations.activity import Activity
from impactive_async.operations.completeness import FRESH, Completeness, CompletenessView, by_kind
from impactive_async.operations.metrics import ShownCollector, exposition
from impactive_async.operations.page.document import render_page
from impactive_async.operations.page.sections import Moment
from impactive_async.operations.probes import HubView
from impactive_async.operations.shown import Shown
from impactive_async.otel import instrument_process
from impactive_async.sandbox import Sandbox
from tests.operations.test_activity import WELL, Time
from tests.operations.test_otel import read
from tests.support import client_of, until


def covered(feed: str, second: int | None) -> Coverage:
    """A list that is complete up to a second of the epoch; None: nobody knows."""
    return Coverage(feed=feed, complete_until=None if second is None else datetime.fromtimestamp(second, UTC))


def test_of_each_kind_the_least_counts() -> None:
    """In whatever order they are read; a list of which nothing is known is counted, and hides no other."""
    lists = [
        covered("sequences/a/replies", 30),
        covered("sequences/b/replies", 10),
        covered("sequences/c/replies", 20),
        covered("sequences/d/replies", None),
        covered("zapier/deals", None),
        covered("bookings", 40),
    ]
    told = Completeness(until={"replies": 10, "bookings": 40}, unknown={"replies": 1, "deals": 1})
    assert by_kind(lists) == by_kind(reversed(lists)) == told


@define
class Lists:
    """A hub whose lists are read."""

    answers: asyncio.Event
    reads: int = 0

    async def coverage(self) -> dict[str, Coverage]:
        self.reads += 1
        await self.answers.wait()
        return {"zapier/deals": covered("zapier/deals", self.reads)}


async def test_the_lists_are_read_once_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Again only after fifty times as long as it took; nobody waits for that where something is known."""
    for name in ("FIRST", "NEXT"):
        monkeypatch.setattr(f"impactive_async.operations.completeness.{name}", 0.01)
    time, hub = Time(), Lists(asyncio.Event())
    view = CompletenessView(hub, time)  # type: ignore[arg-type]
    assert set(await asyncio.gather(view.ask(), view.ask())) == {None}
    assert hub.reads == 1
    time.now += 10
    hub.answers.set()
    await until(lambda: view.latest is not None)
    known = await view.ask()
    assert known is not None
    assert known.until == {"deals": 1}
    time.now += 50 * 10 - FRESH
    await view.ask()
    assert hub.reads == 1
    hub.answers.clear()
    time.now += FRESH
    assert await view.ask() == known
    assert hub.reads == 2
    await view.aclose()


@asynccontextmanager
async def behind(folder: Path) -> AsyncIterator[SqliteHub]:
    """A hub with two lists of replies, of which the one is behind, and another that was not read yet."""
    async with Sandbox() as sandbox, client_of(sandbox) as crm, SqliteHub(folder / "hub.db") as hub:
        await hub.init()
        for sequence in list(await crm.sequences.list())[:2]:
            poll = await crm.sequences.watch_replies(sequence.id).poll()
            await hub.add(f"sequences/{sequence.id}/replies", poll.cursor)
            await sandbox.clock.advance(hours=5)
        await hub.add("sequences/unread/replies")
        yield hub


async def test_page_and_metrics_tell_the_least(tmp_path: Path) -> None:
    """Although this worker has polled the other list last, and for both Prometheus and OpenTelemetry."""
    async with behind(tmp_path) as hub:
        known = [(one.complete_until, one) for one in (await hub.coverage()).values() if one.complete_until]
        (moment, _), (later, found) = sorted(known, key=lambda one: one[0])
        assert moment < later
        least = moment.timestamp()
        shown = Shown(HubView(hub), Activity())
        shown.record(Polled(feed=found.feed, events=1, gaps=0, next_in=1.0, coverage=found))
        reader = InMemoryMetricReader()
        instrument_process(shown, meter_provider=MeterProvider([reader]))
        await asyncio.to_thread(read, reader)  # it has the lists read, which are there the next time
        await until(lambda: shown.view.lists.latest is not None)
        name = "impactive.worker.complete_until.timestamp"
        (point,) = read(reader)[name].data.data_points
        assert (point.value, point.attributes["impactive.kind"]) == (least, "replies")
        registry = CollectorRegistry()
        registry.register(ShownCollector(shown))
        text = exposition(registry).decode()
        printed = floatToGoString(least)  # type: ignore[no-untyped-call]
        assert f'complete_until_timestamp_seconds{{kind="replies"}} {printed}' in text
        assert 'impactive_worker_unread_lists{kind="replies"} 1.0' in text
        page = render_page(Moment(shown, WELL))
        assert f"{moment:%m-%d %H:%M:%SZ}; not read yet: 1" in page
