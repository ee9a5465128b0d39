"""A worker goes on from what it has committed itself; what the hub says comes first."""

from __future__ import annotations

from typing import Any

import pytest

from impactive_async.feeds.feed import progress_of
from impactive_async.hub import Claim
from impactive_async.hub.worker import kept, polling
from impactive_async.hub.worker.kept import INTERVALS, KeptFeeds
from impactive_async.hub.worker.reports import Polled, PollFailed, Report
from tests.hub.worker.test_worker import Bench, TestersClock, on_a_bench, polled

FEED = "zapier/deals"


def claim(cursor: str, feed: str = FEED) -> Claim:
    return Claim(feed=feed, cursor=cursor, token=1, failures=0, lease=60.0)


def progress(name: str = "") -> Any:
    return f"progress {name}"


class StillClock(TestersClock):
    def monotonic(self) -> float:
        return self.ahead


def test_a_feed_is_taken_up_by_the_cursor_that_was_committed_with_it() -> None:
    """And by one poll: while that is under way, or where it failed, nothing is kept."""
    feeds = KeptFeeds(StillClock(), 10.0)
    feeds.keep(FEED, progress(), "one")
    assert feeds.take(claim("one")) == progress()
    assert feeds.take(claim("one")) is None
    feeds.keep(FEED, progress(), "one")
    assert feeds.take(claim("another worker's")) is None
    assert feeds.take(claim("one")) is None


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are kept stay, so that their turn finds them; those that nobody claims make room."""
    monkeypatch.setattr(kept, "MOST", 2 * (kept.BESIDE + 10))
    clock = StillClock()
    feeds = KeptFeeds(clock, 10.0)
    for name in ("a", "b", "c", "c"):
        feeds.keep(name, progress(name), "ten chars.")
    assert [feeds.take(claim("ten chars.", name)) for name in "abc"] == [progress("a"), progress("b"), None]
    feeds.keep("a", progress("a"), "ten chars.")
    clock.ahead += 10.0 * INTERVALS
    feeds.keep("b", progress("b"), "ten chars.")
    feeds.keep("c", progress("c"), "ten chars.")
    assert [feeds.take(claim("ten chars.", name)) for name in "abc"] == [None, progress("b"), progress("c")]
    large = "x" * kept.MOST
    feeds.keep("large", progress(), large)
    assert feeds.take(claim(large, "large")) is None


@on_a_bench
async def test_a_cursor_is_read_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until another one is in the hub: then what is in the hub counts, and its rows come again."""
    read: list[str] = []
    last = polled(6)

    async def reading(feed: Any, cursor: Any) -> Any:
        read.append(cursor)
        return await progress_of(feed, cursor)

    def rewinding(report: Report) -> bool:
        if isinstance(report, Polled) and len(bench.of(Polled)) == 4:
            bench.hub.slots[FEED].cursor = ""
        return last(report)

    monkeypatch.setattr(polling, "progress_of", reading)
    await bench.work(rewinding)
    assert len(read) == 2
    assert read[1] == ""
    events = [report.events for report in bench.of(Polled)]
    assert events[0] == events[4] > 0
    assert events[1:4] == [0, 0, 0]


@on_a_bench
async def test_a_poll_that_is_not_committed_is_not_gone_on_from(bench: Bench) -> None:
    """What it brought would be passed over: the next poll begins at the cursor that the hub has."""
    last = polled(2)

    def changing(report: Report) -> bool:
        if isinstance(report, Polled) and len(bench.of(Polled)) == 1:
            bench.hub.trouble["commit"] = [ValueError("a bug")]
            bench.sandbox.state.touch("deals", bench.sandbox.state.rows("deals")[0].id, {"name": "Bigger pilot"})
        return last(report)

    await bench.work(changing)
    assert len(bench.of(PollFailed)) == 1
    assert [event.data["name"] for event in bench.hub.log.values()][-1] == "Bigger pilot"
