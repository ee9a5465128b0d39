"""What probes and the page say, from what a worker has reported."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from multidict import CIMultiDict

from impactive_async import RequestEvent, ResponseEvent
from impactive_async.errors import HubError
from impactive_async.forward.reports import DeliveryFailed
from impactive_async.hub import DeadFeed, DeadLetter, GroupStatus, HubEvent, HubStatus, SqliteHub
from impactive_async.hub.worker.reports import (
    Draining,
    Fenced,
    GapFound,
    Polled,
    PollFailed,
    Recovered,
    Report,
    Started,
    WorkerTrouble,
)
from impactive_async.operations.actions import Done
from impactive_async.operations.activity import LATELY, SHOWN, Activity
from impactive_async.operations.deliveries import ForwardActivity
from impactive_async.operations.page.document import render_page
from impactive_async.operations.page.sections import Moment
from impactive_async.operations.probes import HubView, why_dead, why_not_ready
from impactive_async.operations.shown import Shown

WELL = HubStatus(
    engine="test",
    workspace="w",
    feeds=1,
    leased=0,
    due=0,
    lag=0.0,
    failing=0,
    gaps=0,
    dead_count=0,
    dead=(),
    events=0,
    groups=(),
    rate_limit=None,
    rate_wait=0.0,
)
POLLED = Polled(feed="zapier/deals", events=2, gaps=0, next_in=1.0)


def failed(feed: str = "zapier/deals") -> PollFailed:
    return PollFailed(feed=feed, error="HTTP 503", failures=1, again_in=1.0)


def answer(status: int | None, error: str | None = None) -> ResponseEvent:
    request = RequestEvent(method="GET", route="/x", path="/x", attempt=1, headers=CIMultiDict())
    return ResponseEvent(request=request, status=status, error=error, elapsed=0.1, size=0)


@attrs.define
class Time:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def at(activity: Activity, hub: HubStatus | HubError, **more: Any) -> Moment:
    """What the page shows."""
    return Moment(Shown(HubView(SqliteHub("unused.db")), activity), hub, **more)


def working(now: Any = Time()) -> Activity:  # noqa: B008
    activity = Activity(now=now)
    activity.record(Started(workspace="w"))
    activity.answered(answer(200))
    return activity


def test_a_worker_whose_api_is_down_is_alive_and_not_ready() -> None:
    """A restart would mend nothing; with the next answer it is ready again. One failure is passing trouble."""
    activity = working()
    for _ in range(2):
        assert why_not_ready(activity, WELL) is None
        activity.answered(answer(503))
    assert why_not_ready(activity, WELL) is None
    activity.answered(answer(503))
    activity.record(failed())
    assert why_dead(activity) is None
    assert why_not_ready(activity, WELL) == "the API fails: HTTP 503"
    activity.answered(answer(404))  # of one sequence: the API works
    assert why_not_ready(activity, WELL) is None


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (answer(None, "ClientConnectorError"), "the API fails: ClientConnectorError"),
        (answer(401), "the API fails: HTTP 401"),
        (answer(429), None),
        (answer(None, "CancelledError"), None),
    ],
)
def test_what_an_answer_says_of_the_api(event: ResponseEvent, reason: str | None) -> None:
    """No answer, a refused key and a failed server are bad; a 429 is an answer; a cancelled call tells nothing."""
    time = Time()
    activity = working(time)
    time.now += LATELY
    activity.answered(event)
    assert why_not_ready(activity, WELL) == reason


def test_a_refused_key_does_not_pass() -> None:
    """A 403 of one list may be about that list."""
    activity = working()
    activity.answered(answer(403))
    assert why_not_ready(activity, WELL) is None
    activity.answered(answer(401))
    assert why_not_ready(activity, WELL) == "the API fails: HTTP 401"


@pytest.mark.parametrize("step", ["start", "claim", "commit"])
def test_a_worker_that_takes_no_leases_is_not_ready(step: str) -> None:
    """Until the step works again. One that cannot trim the log is."""
    activity = working()
    activity.record(WorkerTrouble(step="trim", error="full", again_in=1.0))
    assert why_not_ready(activity, WELL) is None
    activity.record(WorkerTrouble(step=step, error="down", again_in=1.0))
    assert why_not_ready(activity, WELL) == f"{step} fails: down"
    activity.record(Recovered(step=step, failures=1, seconds=1.0))
    assert why_not_ready(activity, WELL) is None


def test_other_reasons_not_to_be_ready() -> None:
    """It has not begun, its engine fails, or it is stopping."""
    assert why_not_ready(Activity(), WELL) == "it has not begun yet"
    assert why_not_ready(working(), HubError("gone")) == "the hub's engine fails: gone"
    stopping = working()
    stopping.record(Draining(polls=0))
    assert why_not_ready(stopping, WELL) == "it is stopping"


def test_a_worker_is_dead_when_every_poll_fails_for_too_long() -> None:
    """Only if that was asked for, and not after one success."""
    clock = Time()
    activity = working(clock)
    activity.record(failed())
    clock.now += 61
    activity.record(failed())
    assert why_dead(activity) is None
    assert why_dead(activity, 60) == "every poll has failed for 61 s"
    activity.record(POLLED)
    assert why_dead(activity, 60) is None


def test_its_memory_is_bounded() -> None:
    """Ten thousand failing feeds and a year of polls leave a hundred feeds and an hour."""
    clock = Time()
    activity = working(clock)
    for number in range(300):
        activity.record(failed(f"sequences/{number}/replies"))
        activity.record(POLLED)
        clock.now += 60
    assert len(activity.failing) == SHOWN
    assert "sequences/299/replies" in activity.failing
    assert activity.polls == {("replies", "failed"): 300, ("deals", "committed"): 300}
    assert activity.last_hour() == (59, 118)


def test_reports_are_counted_by_kind() -> None:
    """Gaps by what they come from, refused commits apart from failed polls."""
    activity = working()
    reports: list[Report] = [
        GapFound(feed="zapier/deals", gap="overflow", after=None, before=None),
        Fenced(feed="zapier/deals"),
    ]
    for report in reports:
        activity.record(report)
    assert activity.gaps == {("deals", "overflow"): 1}
    assert activity.polls == {("deals", "fenced"): 1}


def test_the_page_escapes_what_comes_from_elsewhere() -> None:
    """Feeds, errors and groups are text, whatever they hold."""
    evil = "<script>alert('1')</script>\"&"
    activity = working()
    activity.record(failed(f"/{evil}"))
    activity.record(WorkerTrouble(step="trim", error=evil, again_in=1.0))
    activity.record(GapFound(feed=evil, gap="overflow", after=None, before=None))
    hub = attrs.evolve(
        WELL,
        dead_count=1,
        dead=(DeadFeed(feed=evil, failures=3, error=evil),),
        groups=(GroupStatus(name=evil, behind=None, in_flight=0),),
    )
    event = HubEvent(
        id=evil,
        source=evil,
        type=evil,
        subject=evil,
        time=datetime(2026, 5, 1, tzinfo=UTC),
        data={"row": evil},
    )
    letter = DeadLetter(
        group=evil, position=evil, event=event, text=evil, deliveries=1, reason=evil, since=event.time
    )
    shown = at(activity, hub, letters=[letter], form_key=evil)
    shown.shown.actions.append(Done(at=0.0, action=evil, what=evil, outcome=evil))
    shown.shown.deliveries = ForwardActivity()
    shown.shown.deliveries.record(
        DeliveryFailed(
            destination=evil,
            id=evil,
            type=evil,
            subject=evil,
            attempt=1,
            status=None,
            reason=evil,
            again_in=1.0,
        )
    )
    page = render_page(shown)
    told = page.count("&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;&quot;&amp;")
    assert told > 30
    assert "<script>" not in page
    assert page.count("alert(") == told
    assert "Not ready: the hub&#x27;s engine fails: &lt;b&gt;" in render_page(at(activity, HubError("<b>")))
