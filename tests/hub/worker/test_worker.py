"""The worker's loop on a hub and a clock that tests control: whatever happens, the other feeds go on."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

import attrs
import pytest

from impactive_async import NOW, AsyncClient
from impactive_async.errors import (
    AuthenticationError,
    ConfigurationError,
    DecodeError,
    NotFoundError,
    PermissionDeniedError,
)
from impactive_async.hub import HubError, WorkerStats, run_worker
from impactive_async.hub.contract.settings import identity
from impactive_async.hub.reaching.refusals import CancelledByEngineError
from impactive_async.hub.worker.reports import (
    Died,
    Discovered,
    Draining,
    Fenced,
    GapFound,
    Healed,
    Polled,
    PollFailed,
    RateLimited,
    Recovered,
    Report,
    Revived,
    Started,
    Trimmed,
    WorkerTrouble,
)
from impactive_async.sandbox import Sandbox
from tests.hub.memory import MemoryHub, RestingFeed, broken
from tests.support import JumpingLoop, LoopClock, client_of, until

DEALS = ("deals",)
LIST_DEALS = "GET /api/zapier/deals"
LIST_SEQUENCES = "GET /api/agent/sequences"


@attrs.define(eq=False)
class TestersClock(LoopClock):
    """The loop's time, which a test may set forward, and what was waited for."""

    __test__ = False

    ahead: float = 0.0
    waits: list[float] = attrs.field(factory=list)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await super().sleep(seconds)


@attrs.define(eq=False)
class Bench:
    """A worker's surroundings, and what it has reported."""

    sandbox: Sandbox
    crm: AsyncClient
    hub: MemoryHub
    clock: TestersClock
    told: list[Any] = attrs.field(factory=list)
    stop: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def work(self, last: Callable[[Report], bool], **options: Any) -> WorkerStats:
        """Let a worker work until a report is the last one wanted."""

        def hear(report: Report) -> None:
            self.told.append(report)
            if last(report):
                self.stop.set()

        self.stop.clear()
        chosen: dict[str, Any] = {"kinds": DEALS, "interval": 10.0, "lease": 8.0, **options}
        async with asyncio.timeout(500):
            return await run_worker(self.crm, self.hub, on_report=hear, stop=self.stop, clock=self.clock, **chosen)

    def of(self, kind: type[Any]) -> list[Any]:
        return [report for report in self.told if isinstance(report, kind)]


def on_a_bench(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Give a test a `Bench`, on a loop whose time jumps; its other arguments are pytest's."""

    async def prepared(**arguments: Any) -> None:
        clock = TestersClock()
        async with Sandbox(populate="small") as sandbox, client_of(sandbox, clock=clock) as crm:
            await test(Bench(sandbox, crm, MemoryHub(clock), clock), **arguments)

    @functools.wraps(test)
    def run(**arguments: Any) -> None:
        with asyncio.Runner(loop_factory=JumpingLoop) as runner:
            runner.run(prepared(**arguments))

    _, *others = inspect.signature(test).parameters.values()
    run.__signature__ = inspect.Signature(others)  # type: ignore[attr-defined]
    return run


def polled(times: int, feed: str = "zapier/deals") -> Callable[[Report], bool]:
    """When so many polls of the feed have been committed."""
    left = iter(range(times, 0, -1))
    return lambda report: isinstance(report, Polled) and report.feed == feed and next(left, 1) == 1


def is_a(kind: type[Report]) -> Callable[[Report], bool]:
    return lambda report: isinstance(report, kind)


# -- its daily work ---------------------------------------------------------------------------------------------


@on_a_bench
async def test_rows_become_events_once(bench: Bench) -> None:
    """Each row is one event in the log, however often its list is polled; a new version is a new event."""
    await bench.work(polled(2))
    deals = bench.sandbox.state.rows("deals")
    assert [event.data["name"] for event in bench.hub.log.values()] == [row.fields["name"] for row in deals]
    await bench.sandbox.clock.advance(minutes=1)
    bench.sandbox.state.touch("deals", deals[0].id, {"name": "Bigger pilot"})
    await bench.work(polled(2))
    assert len(bench.hub.log) == len(deals) + 1
    assert [event.data["name"] for event in bench.hub.log.values()][-1] == "Bigger pilot"


@on_a_bench
async def test_a_worker_reports_from_beginning_to_end(bench: Bench) -> None:
    """It says where it works, what it adds, what it polls, and that it stops; the counts agree with that."""
    stats = await bench.work(polled(2))
    kinds = [type(report) for report in bench.told]
    assert kinds[0] is Started
    assert kinds[-1] is Draining
    assert kinds.count(Discovered) >= 1
    assert stats.polls == kinds.count(Polled) == 2
    assert stats.events == len(bench.hub.log)
    assert (stats.failures, stats.fenced, stats.troubles) == (0, 0, 0)


@on_a_bench
async def test_a_list_is_polled_at_its_interval(bench: Bench) -> None:
    """A quiet feed is due again after its interval, less at most a tenth."""
    await bench.work(polled(4))
    assert all(9.0 <= report.next_in <= 10.0 for report in bench.of(Polled))
    assert len(bench.sandbox.requests_to(LIST_DEALS)) == 4


@on_a_bench
async def test_gaps_are_events_and_reports(bench: Bench) -> None:
    """What the API makes unreachable stands in the log, for consumers, and is reported, for operators."""
    for number in range(100):
        bench.sandbox.state.add("deals", {"name": f"Deal {number}"})
    stats = await bench.work(polled(1))
    (gap,) = bench.of(GapFound)
    assert (gap.feed, gap.gap) == ("zapier/deals", "history")
    assert next(iter(bench.hub.log.values())).type == "com.impactiveai.feed.gap"
    assert stats.gaps == 1


# -- discovering ------------------------------------------------------------------------------------------------


@on_a_bench
async def test_new_sequences_are_discovered(bench: Bench) -> None:
    """Feeds of sequences that appear while a worker works are added at its next look; archived ones are not."""
    bench.sandbox.state.create_sequence("Old", status="archived")
    first = bench.sandbox.state.create_sequence("First")
    await bench.work(is_a(Polled), kinds=("sends", "replies"))
    assert set(bench.hub.slots) == {f"sequences/{first.id}/sends", f"sequences/{first.id}/replies"}
    second = bench.sandbox.state.create_sequence("Second")
    await bench.work(polled(1, f"sequences/{second.id}/sends"), kinds=("sends", "replies"))
    assert len(bench.hub.slots) == 4


@on_a_bench
async def test_a_row_of_the_list_of_sequences_that_nobody_can_read(bench: Bench) -> None:
    """It is told once, however often it is listed, and its neighbours are followed."""
    one = bench.sandbox.state.create_sequence("One")
    body = f'[{{"id": 01}}, {{"id": "{one.id}", "name": "One", "status": "active"}}]'.encode()
    bench.sandbox.fail(LIST_SEQUENCES, status=200, body=body, times=None)
    await bench.work(polled(3, f"sequences/{one.id}/replies"), kinds=("replies",))
    assert set(bench.hub.slots) == {f"sequences/{one.id}/replies"}
    assert len(bench.sandbox.requests_to(LIST_SEQUENCES)) > 1
    assert [(report.feed, "cannot be read" in report.error) for report in bench.of(Died)] == [("sequences", True)]


@on_a_bench
async def test_no_list_of_sequences_is_asked_for_in_vain(bench: Bench) -> None:
    """A worker that follows the workspace's lists only does not list sequences."""
    await bench.work(polled(1))
    assert not bench.sandbox.requests_to(LIST_SEQUENCES)


@on_a_bench
async def test_now_counts_in_an_empty_hub(bench: Bench) -> None:
    """With `NOW` what is there already is passed over, and what comes after is delivered."""
    await bench.work(polled(1), since=NOW)
    assert not bench.hub.log
    await bench.sandbox.clock.advance(minutes=1)
    bench.sandbox.state.add("deals", {"name": "New"})
    await bench.work(polled(2), since=NOW)
    assert [event.data["name"] for event in bench.hub.log.values()] == ["New"]


@on_a_bench
async def test_now_passes_over_nothing_that_came_while_no_worker_worked(bench: Bench) -> None:
    """A worker restarted with `NOW` follows a sequence that is new since then from its beginning."""
    await bench.work(polled(1), since=NOW, kinds=("deals", "replies"))
    sequence = bench.sandbox.state.create_sequence("While away")
    contact = bench.sandbox.state.rows("contacts")[0].id
    bench.sandbox.state.enroll(sequence.id, [contact])
    bench.sandbox.state.add_reply(contact)
    await bench.work(polled(1, f"sequences/{sequence.id}/replies"), since=NOW, kinds=("deals", "replies"))
    assert [event.type for event in bench.hub.log.values()] == ["com.impactiveai.reply.created"]


@on_a_bench
async def test_feeds_that_the_hub_has_lost_are_added_again(bench: Bench) -> None:
    """A hub that was emptied under a running worker has its feeds again after the worker's next look."""
    polls = 0

    def losing(report: Report) -> bool:
        nonlocal polls
        polls += isinstance(report, Polled)
        if isinstance(report, Polled) and polls == 1:
            bench.hub.slots.clear()
        return polls == 3

    await bench.work(losing)
    assert len(bench.of(Discovered)) >= 2


@on_a_bench
async def test_a_feed_that_the_hub_has_lost_is_added_again_whatever_else_there_is(bench: Bench) -> None:
    """What is missing is added, not what a count makes likely: a lost feed beside a new one is found."""
    kinds = ("companies", "deals")

    def losing(report: Report) -> bool:
        if isinstance(report, Polled) and "zapier/invoices" not in bench.hub.slots:
            del bench.hub.slots["zapier/deals"]
            bench.hub.slots["zapier/invoices"] = RestingFeed("", float("inf"))
        return len(bench.of(Discovered)) == 2

    await bench.work(losing, kinds=kinds)
    assert [report.feeds for report in bench.of(Discovered)] == [2, 1]
    assert "zapier/deals" in bench.hub.slots


@on_a_bench
async def test_a_hub_that_lost_its_terms_is_told_them_again(bench: Bench) -> None:
    """Each look binds the hub to its workspace anew; one that is another's by then ends the worker."""
    bound: list[str] = []

    async def bind(workspace: str) -> None:
        bound.append(workspace)
        if len(bound) == 3:
            raise ConfigurationError("another workspace")

    bench.hub.bind = bind  # type: ignore[method-assign]
    with pytest.raises(ConfigurationError, match="another workspace"):
        await bench.work(lambda report: False)
    assert set(bound) == {identity(bench.of(Started)[0].workspace, bench.crm.base_url)}


@on_a_bench
async def test_a_passing_404_ends_no_feed_of_a_sequence_that_is_listed(bench: Bench) -> None:
    """What a lost proxy has killed is revived by the next look; what is not listed, or died otherwise, is not."""
    sequence = bench.sandbox.state.create_sequence("Here")
    feed = f"sequences/{sequence.id}/replies"
    bench.hub.slots["sequences/gone/replies"] = RestingFeed("", float("inf"), error="not found: x", dead=True)
    bench.hub.slots[f"sequences/{sequence.id}/sends"] = RestingFeed("", float("inf"), error="damaged", dead=True)
    bench.sandbox.fail("GET /api/agent/sequences/:id/replies", status=404)
    await bench.work(polled(1, feed), kinds=("replies", "sends"))
    assert [report.feed for report in bench.of(Died)] == [feed]
    assert bench.of(Revived) == [Revived(feeds=1)]
    assert [slot.dead for name, slot in bench.hub.slots.items() if name != feed] == [True, True]


@on_a_bench
async def test_an_id_that_no_url_can_hold_stops_nobody(bench: Bench) -> None:
    """A sequence with an impossible id is reported, once, and the other feeds are followed."""
    bench.sandbox.fail(LIST_SEQUENCES, status=200, body=b'[{"id":"..","name":"x"}]', times=None)
    await bench.work(polled(3), kinds=("deals", "replies"))
    assert len(bench.sandbox.requests_to(LIST_SEQUENCES)) > 1
    assert [report.feed for report in bench.of(Died)] == ["sequences/../replies"]


@on_a_bench
async def test_an_id_that_no_engine_can_index_stops_nobody(bench: Bench) -> None:
    """A sequence whose id is longer than any engine takes is reported, once, and those behind it are followed."""
    long = "m" * 3_000
    listed = f'[{{"id":"{long}","name":"x"}},{{"id":"z","name":"y"}}]'
    bench.sandbox.fail(LIST_SEQUENCES, status=200, body=listed.encode(), times=None)
    await bench.work(polled(3), kinds=("deals", "replies"))
    assert [report.feed for report in bench.of(Died)].count(f"sequences/{long}/replies") == 1
    assert sorted(bench.hub.slots) == ["sequences/z/replies", "zapier/deals"]


@on_a_bench
async def test_old_events_are_trimmed(bench: Bench) -> None:
    """Workers keep the log in bounds: each look deletes what is old and acknowledged."""
    bench.hub.trimmable = 7
    await bench.work(is_a(Trimmed))
    assert bench.of(Trimmed) == [Trimmed(events=7)]


# -- feeds that fail --------------------------------------------------------------------------------------------


@on_a_bench
async def test_a_failing_feed_is_tried_again_less_and_less_often(bench: Bench) -> None:
    """Pauses double from 2 s up to the interval, and a success begins anew."""
    bench.sandbox.fail(LIST_DEALS, status=503, times=4)
    stats = await bench.work(polled(1), interval=10.0)
    assert [report.again_in for report in bench.of(PollFailed)] == [2.0, 4.0, 8.0, 10.0]
    assert [report.failures for report in bench.of(PollFailed)] == [1, 2, 3, 4]
    assert stats.failures == 4
    assert bench.hub.slots["zapier/deals"].failures == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 403},
        {"status": 404},
        {"disconnect": True},
        {"body": b"<html>", "status": 200},
        {"redirect_to": "https://elsewhere.example/"},
    ],
)
@on_a_bench
async def test_what_may_pass_kills_no_feed(bench: Bench, fault: dict[str, Any]) -> None:
    """A firewall's 403, a lost proxy's 404, a maintenance page, a redirect: the feed is tried again."""
    bench.sandbox.fail(LIST_DEALS, times=2, **fault)
    await bench.work(polled(1))
    assert bench.of(PollFailed)
    assert not bench.of(Died)


@pytest.mark.parametrize(
    ("feed", "cursor"),
    [
        ("sequences/seq_gone/replies", ""),
        ("zapier/deals", "{damaged"),
        ("zapier/unheard-of", ""),
        ("sequences/./sends", ""),
    ],
)
@on_a_bench
async def test_what_will_not_pass_kills_its_feed_alone(bench: Bench, feed: str, cursor: str) -> None:
    """A deleted sequence, a damaged cursor, a name nobody knows: dead with the reason, and the others go on."""
    await bench.hub.add(feed, cursor)
    await bench.work(polled(2, "zapier/companies"), kinds=("companies", "deals"))
    assert bench.hub.slots[feed].dead
    assert bench.hub.slots[feed].error == bench.of(Died)[0].error != ""
    assert bench.hub.calls.count("fail") == 1


@on_a_bench
async def test_a_poison_row_stops_its_feed_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a row sets off, even a bug of ours, is its feed's failure: logged, backed off, the others go on."""
    from impactive_async.hub.worker.events import rows

    sound = rows.row_event

    def poisoned(source: str, feed: str, row: Any, now: Any, **options: Any) -> Any:
        if feed == "zapier/deals":
            raise ZeroDivisionError("poison")
        return sound(source, feed, row, now, **options)

    monkeypatch.setattr(rows, "row_event", poisoned)
    await bench.work(polled(2, "zapier/companies"), kinds=("companies", "deals"))
    assert "ZeroDivisionError: poison" in bench.of(PollFailed)[0].error
    assert bench.hub.slots["zapier/deals"].failures > 0
    assert not bench.hub.slots["zapier/deals"].dead
    assert "please report" in caplog.text


# -- the API says stop ------------------------------------------------------------------------------------------


@on_a_bench
async def test_a_429_silences_the_worker_for_as_long_as_it_asks(bench: Bench) -> None:
    """After a 429 no poll of any feed is started before `Retry-After` is over."""
    bench.sandbox.fail(LIST_DEALS, status=429, retry_after=33, times=1)
    for feed in ("a", "b"):
        bench.hub.slots[f"sequences/{feed}/replies"] = RestingFeed("", bench.clock.monotonic() + 5.0)
    struck: list[float] = []

    def noting(report: Report) -> bool:
        if isinstance(report, RateLimited):
            struck.append(bench.clock.monotonic())
        return isinstance(report, Polled)

    await bench.work(noting, concurrency=1)
    assert bench.of(RateLimited) == [RateLimited(pause=33.0)]
    assert bench.of(PollFailed)[0].again_in == 33.0
    assert bench.clock.monotonic() >= struck[0] + 33.0
    first_after = bench.told.index(bench.of(RateLimited)[0]) + 1
    assert not [r for r in bench.told[:first_after] if isinstance(r, Died)]


@on_a_bench
async def test_429s_without_a_date_are_met_less_and_less_often(bench: Bench) -> None:
    """From the second kind of list on that meets one, a worker doubles its silence with each 429."""
    bench.sandbox.fail("*", status=429, times=4, after=1)
    await bench.work(is_a(Polled), kinds=("companies", "contacts", "deals", "invoices"), concurrency=1)
    assert [report.pause for report in bench.of(RateLimited)] == [2.0, 4.0, 8.0]


@pytest.mark.parametrize("concurrency", [1, 4])
@on_a_bench
async def test_a_revoked_key_ends_the_worker(bench: Bench, concurrency: int) -> None:
    """A 401 is raised, when the other polls have ended; it is no feed's fault, and nothing stays leased."""

    def revoke(report: Report) -> bool:
        if isinstance(report, Polled):
            bench.sandbox.revoke_key()
        return False

    with pytest.raises(AuthenticationError):
        await bench.work(revoke, kinds=("companies", "contacts", "deals"), concurrency=concurrency)
    slots = bench.hub.slots.values()
    assert [(slot.leased, slot.failures, slot.dead) for slot in slots] == [(False, 0, False)] * 3


# -- the permit -------------------------------------------------------------------------------------------------


@on_a_bench
async def test_every_request_has_a_permit(bench: Bench) -> None:
    """One permit is taken for each request, the first and the looks for sequences among them."""
    await bench.work(polled(3), kinds=("deals", "replies"))
    assert len(bench.sandbox.requests) == bench.hub.calls.count("permit")


@on_a_bench
async def test_a_claim_waits_for_its_permit_only_so_long(bench: Bench) -> None:
    """A claim whose permit would take more than a quarter of the lease is given back, and no busy loop follows."""
    bench.hub.permits = [0.0, 0.5, 0.5, 30.0, 0.0]
    await bench.work(polled(1), lease=8.0)
    assert bench.hub.calls.count("release") == 1
    assert bench.clock.waits.count(30.0) == 1
    assert bench.hub.slots["zapier/deals"].failures == 0


@on_a_bench
async def test_only_one_claim_at_a_time_waits_for_a_permit(bench: Bench) -> None:
    """However many polls may be under way, a worker claims the next feed when the last has got its permit."""
    waiting: list[int] = []
    permit = bench.hub.permit

    async def slow_permit() -> float:
        waiting.append(sum(slot.leased for slot in bench.hub.slots.values()))
        return await permit()

    bench.hub.permit = slow_permit  # type: ignore[method-assign]
    bench.hub.permits = [0.0] + [0.1, 0.0] * 3
    await bench.work(polled(1), kinds=("companies", "contacts", "deals"), concurrency=8)
    claims = bench.hub.calls.count("claim")
    assert claims <= bench.hub.calls.count("permit") + bench.hub.calls.count("claim") - 3
    assert len(waiting) == 7


# -- the hub's engine -------------------------------------------------------------------------------------------


@on_a_bench
async def test_a_commit_of_unknown_outcome_is_sent_again(bench: Bench) -> None:
    """A commit is repeated, as the hub recognises one that did get through; the rows are polled only once."""
    bench.hub.trouble["commit"] = broken(4)
    stats = await bench.work(polled(1))
    assert (stats.polls, stats.troubles, stats.failures) == (1, 4, 0)


@on_a_bench
async def test_a_commit_that_the_engine_refuses_is_a_failure_of_its_feed(bench: Bench) -> None:
    """What cannot be committed at all is seen in the status: the feed fails, and is polled again."""
    bench.hub.trouble["commit"] = broken(5)
    stats = await bench.work(polled(1))
    assert stats.failures == 1
    assert "the engine is away" in bench.of(PollFailed)[0].error
    assert len(bench.sandbox.requests_to(LIST_DEALS)) == 2


@pytest.mark.parametrize("method", ["check", "bind", "claim", "permit", "add", "feeds", "trim"])
@on_a_bench
async def test_an_engine_that_is_away_for_a_while_ends_nothing(bench: Bench, method: str) -> None:
    """Whatever the engine does not answer is asked again, at start-up too."""
    bench.hub.trouble[method] = broken(3)
    stats = await bench.work(lambda _: bool(bench.of(Recovered)) and bool(bench.of(Polled)))
    assert stats.polls > 0
    assert stats.troubles == 3
    (trouble,), (recovered,) = bench.of(WorkerTrouble), bench.of(Recovered)
    assert (trouble.step, recovered.failures) == (recovered.step, 3)


@pytest.mark.parametrize("method", ["claim", "commit"])
@on_a_bench
async def test_an_engine_that_refuses_for_long_is_one_line(bench: Bench, method: str) -> None:
    """It is asked less and less often, up to every half minute, and a line says each reason and the end."""
    bench.hub.trouble[method] = [*broken(10), HubError("it is full"), *broken(4)]
    began = bench.clock.monotonic()
    await bench.work(lambda report: isinstance(report, Recovered) and report.step == method)
    assert [report.error for report in bench.of(WorkerTrouble)] == [
        "the engine is away", "it is full", "the engine is away",
    ]  # fmt: skip
    if method == "claim":
        assert bench.clock.monotonic() - began > 8 * 30.0


@on_a_bench
async def test_a_log_that_cannot_be_trimmed_keeps_no_list_from_being_found(bench: Bench) -> None:
    """Trimming is apart from discovery, and so is its failure."""
    bench.hub.trouble["trim"] = broken(1000)
    sequence = bench.sandbox.state.create_sequence("Here")
    await bench.work(polled(1, f"sequences/{sequence.id}/replies"), kinds=("replies",))
    assert bench.hub.calls.count("trim") > 0


@on_a_bench
async def test_a_commit_that_the_engine_cancels_is_not_sent_again(bench: Bench) -> None:
    """What takes too long for its administrator would take too long again; the feed fails, and waits."""
    bench.hub.trouble["commit"] = [CancelledByEngineError("statement timeout")]
    stats = await bench.work(polled(1))
    assert (stats.failures, stats.troubles) == (1, 0)


@on_a_bench
async def test_a_failure_that_cannot_be_told_to_the_engine_ends_with_the_lease(bench: Bench) -> None:
    """Where a failed poll cannot be noted either, the feed comes back when its lease is over."""
    bench.sandbox.fail(LIST_DEALS, status=503)
    bench.hub.trouble["fail"] = broken()
    stats = await bench.work(polled(1))
    assert (stats.polls, stats.troubles) == (1, 1)


@on_a_bench
async def test_a_lease_that_ended_is_reported(bench: Bench) -> None:
    """A worker that comes too late commits nothing, says so, and goes on."""
    commit, late = bench.hub.commit, [True]

    async def commit_late(*arguments: Any, **options: Any) -> None:
        if late:
            late.clear()
            bench.clock.ahead += 8.0
        await commit(*arguments, **options)

    bench.hub.commit = commit_late  # type: ignore[method-assign]
    stats = await bench.work(polled(1))
    assert stats.fenced == 1
    assert bench.of(Fenced) == [Fenced(feed="zapier/deals")]


@on_a_bench
async def test_a_permit_that_came_after_the_lease_polls_nothing(bench: Bench) -> None:
    """A claim that cannot be given back any more is lost to another worker: reported, and nothing is sent."""
    permit, calls = bench.hub.permit, iter(range(100))

    async def frozen() -> float:
        if next(calls) != 1:  # the second is the first claim's
            return await permit()
        bench.clock.ahead += 8.0
        return 1.0

    bench.hub.permit = frozen  # type: ignore[method-assign]
    await bench.work(polled(1))
    assert len(bench.of(Fenced)) == 1
    assert len(bench.sandbox.requests_to(LIST_DEALS)) == 1


def freeze(bench: Bench, method: str, after: int = 0) -> asyncio.Event:
    """Let the engine answer no call of a method any more; the event says that one was made."""
    answered, calls, frozen = getattr(bench.hub, method), iter(range(1000)), asyncio.Event()

    async def call(*arguments: Any, **options: Any) -> Any:
        if next(calls) < after:
            return await answered(*arguments, **options)
        frozen.set()
        return await asyncio.Event().wait()

    setattr(bench.hub, method, call)
    return frozen


@pytest.mark.parametrize(
    ("method", "after"),
    [
        ("check", 0), ("bind", 0), ("bind", 1), ("feeds", 0), ("claim", 0), ("permit", 0), ("permit", 1),
        ("commit", 0), ("fail", 0), ("release", 0),
    ],
)  # fmt: skip
@on_a_bench
async def test_a_worker_stops_within_a_lease_though_the_engine_is_frozen(
    bench: Bench, method: str, after: int
) -> None:
    """Whichever call is never answered, a worker told to stop has ended when its lease has."""
    if method == "fail":
        bench.sandbox.fail(LIST_DEALS, status=503, times=None)
    if method == "release":
        bench.hub.permits = [0.0, 30.0]
    frozen = freeze(bench, method, after)
    working = asyncio.create_task(bench.work(lambda report: False, lease=8.0))
    await frozen.wait()
    began = bench.clock.monotonic()
    bench.stop.set()
    await working
    assert bench.clock.monotonic() - began <= 8.0 + 1.0


@on_a_bench
async def test_a_claim_whose_permit_failed_is_given_back(bench: Bench) -> None:
    """A feed does not wait for the end of its lease because the engine could not say whether it may be polled."""
    permit, calls = bench.hub.permit, iter(range(100))

    async def failing_once() -> float:
        if next(calls) == 1:
            raise HubError("the engine is away")
        return await permit()

    bench.hub.permit = failing_once  # type: ignore[method-assign]
    began = bench.clock.monotonic()
    await bench.work(polled(1), lease=60.0)
    assert bench.hub.calls.count("release") == 1
    assert bench.clock.monotonic() - began < 5.0


@on_a_bench
async def test_an_engine_that_froze_for_a_while_is_worked_on_again(bench: Bench) -> None:
    """A commit that was never answered is trouble, and no end: the feed is polled when its lease is over."""
    commit, calls = bench.hub.commit, iter(range(100))

    async def frozen_once(*arguments: Any, **options: Any) -> None:
        if next(calls) == 0:
            await asyncio.Event().wait()
        await commit(*arguments, **options)

    bench.hub.commit = frozen_once  # type: ignore[method-assign]
    stats = await bench.work(polled(1))
    assert (stats.polls, stats.troubles) == (1, 1)
    assert "no answer within" in bench.of(WorkerTrouble)[0].error


# -- the beginning and the end ----------------------------------------------------------------------------------


@on_a_bench
async def test_an_engine_that_would_lose_data_is_refused(bench: Bench) -> None:
    """A worker checks the hub before its first request, and a hub that does not pass ends it."""
    bench.hub.trouble["check"] = [ConfigurationError("no append-only file")]
    with pytest.raises(ConfigurationError, match="append-only"):
        await bench.work(is_a(Polled))
    assert not bench.sandbox.requests


@on_a_bench
async def test_a_short_lease_hides_no_misconfiguration(bench: Bench) -> None:
    """What a driver says only after its own tries, such as that a host is unknown, is heard whatever the lease."""

    async def told_late() -> None:
        await bench.clock.sleep(3.0)
        raise ConfigurationError("no such host")

    bench.hub.check = told_late  # type: ignore[method-assign]
    with pytest.raises(ConfigurationError, match="no such host"):
        await bench.work(is_a(WorkerTrouble), lease=0.5)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 401}, AuthenticationError),
        ({"status": 403}, PermissionDeniedError),
        ({"status": 404}, NotFoundError),
        ({"status": 200, "body": b"<html>"}, DecodeError),
    ],
)
@on_a_bench
async def test_a_server_that_is_not_the_api_is_told_at_once(
    bench: Bench, fault: dict[str, Any], error: type[Exception]
) -> None:
    """A refused key or a wrong URL ends the worker at its first request."""
    bench.sandbox.fail("GET /api/zapier/auth/test", **fault)
    with pytest.raises(error):
        await bench.work(is_a(Polled))
    assert len(bench.sandbox.requests) == 1


@on_a_bench
async def test_an_api_that_is_down_at_first_is_waited_for(bench: Bench) -> None:
    """A worker may be started before the API answers."""
    bench.sandbox.fail("GET /api/zapier/auth/test", status=503, times=3)
    stats = await bench.work(polled(1))
    assert stats.troubles == 3


@on_a_bench
async def test_a_key_that_may_not_list_sequences_ends_a_worker_that_follows_nothing_else(bench: Bench) -> None:
    """Where nothing would ever be found, a refused list of sequences is raised, not waited for."""
    bench.sandbox.fail(LIST_SEQUENCES, status=403, times=None)
    with pytest.raises(PermissionDeniedError):
        await bench.work(lambda report: False, kinds=("replies",))


@on_a_bench
async def test_a_list_of_sequences_that_is_refused_stops_no_other_list(bench: Bench) -> None:
    """With a 403 for the sequences alone the other lists are followed; it is reported, and tried again."""
    bench.sandbox.fail(LIST_SEQUENCES, status=403, times=3)
    sequence = bench.sandbox.state.create_sequence("Here")
    await bench.work(polled(1, f"sequences/{sequence.id}/replies"), kinds=("replies", "deals"))
    (trouble,) = bench.of(WorkerTrouble)
    assert "403" in trouble.error
    assert bench.told.index(bench.of(Polled)[0]) < bench.told.index(bench.of(Recovered)[0])


@on_a_bench
async def test_a_list_of_sequences_that_is_refused_later_on_ends_nothing(bench: Bench) -> None:
    """A key that could list sequences is not given up for one 403, whatever the worker follows."""
    sequence = bench.sandbox.state.create_sequence("Here")
    feed = f"sequences/{sequence.id}/replies"
    bench.sandbox.fail(LIST_SEQUENCES, status=403, after=1, times=1)
    stats = await bench.work(
        lambda report: bool(bench.of(WorkerTrouble)) and isinstance(report, Polled) and report.feed == feed,
        kinds=("replies",),
    )
    assert stats.troubles == 1


@on_a_bench
async def test_stopping_finishes_the_polls_under_way(bench: Bench) -> None:
    """A worker told to stop in mid-poll commits that poll, starts no other, and leaves nothing leased."""
    held = asyncio.Event()
    bench.sandbox.fail("*", hold=held, after=1, times=None)
    working = asyncio.create_task(bench.work(lambda report: False, kinds=("companies", "contacts"), concurrency=1))
    await bench.sandbox.arrived(count=2)
    bench.stop.set()
    await until(lambda: bool(bench.of(Draining)))
    assert not working.done()
    held.set()
    stats = await working
    assert stats.polls == 1
    assert bench.of(Draining) == [Draining(polls=1)]
    assert not any(slot.leased for slot in bench.hub.slots.values())


@on_a_bench
async def test_stopping_gives_back_a_claim_that_waits_for_its_permit(bench: Bench) -> None:
    """A feed that is not polled yet when a worker stops is released, and its request is never sent."""
    permit, calls = bench.hub.permit, iter(range(100))

    async def stopping() -> float:
        if next(calls) == 1:
            bench.stop.set()
            await asyncio.sleep(0)
            return 0.1
        return await permit() or (0.1 if bench.stop.is_set() else 0.0)

    bench.hub.permit = stopping  # type: ignore[method-assign]
    await bench.work(lambda report: False)
    assert bench.hub.calls.count("release") == 1
    assert not bench.sandbox.requests_to(LIST_DEALS)


@on_a_bench
async def test_a_worker_stopped_before_it_began_does_nothing(bench: Bench) -> None:
    """`stop` set beforehand, or while start-up waits for the engine or the API, ends the worker quietly."""
    bench.hub.trouble["check"] = broken(1000)
    stats = await bench.work(is_a(WorkerTrouble))
    assert stats.polls == 0
    assert not bench.sandbox.requests


@on_a_bench
async def test_a_listener_that_raises_ends_the_worker(bench: Bench) -> None:
    """What a listener raises comes out of `run_worker`, when the polls under way have ended."""

    def choke(report: Report) -> bool:
        if isinstance(report, Polled):
            raise BrokenPipeError
        return False

    with pytest.raises(BrokenPipeError):
        await bench.work(choke, kinds=("companies", "contacts", "deals"))
    assert not any(slot.leased for slot in bench.hub.slots.values())


@on_a_bench
async def test_cancelling_ends_at_once(bench: Bench) -> None:
    """A cancelled worker waits for nothing; what it had in hand comes back when its lease is over."""
    bench.sandbox.fail(LIST_DEALS, hold=asyncio.Event(), times=None)
    working = asyncio.create_task(bench.work(lambda report: False))
    await bench.sandbox.arrived(LIST_DEALS)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert bench.hub.slots["zapier/deals"].leased
    assert not [task for task in asyncio.all_tasks() if "/impactive_async/hub/" in str(task)]


@pytest.mark.parametrize(
    "options",
    [
        {"interval": 0}, {"lease": float("inf")}, {"lease": "60"}, {"concurrency": 0}, {"concurrency": 1.5},
        {"kinds": ()}, {"kinds": "deals"}, {"kinds": ("leads",)},
    ],
)  # fmt: skip
@on_a_bench
async def test_impossible_options_are_refused(bench: Bench, options: dict[str, Any]) -> None:
    """A number out of its range, and a kind that there is not, are a `ValueError` before anything is asked."""
    with pytest.raises(ValueError, match=next(iter(options))):
        await bench.work(is_a(Polled), **options)
    assert not bench.hub.calls


@on_a_bench
async def test_without_a_listener_reports_are_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """By default each report is a line of `impactive_async.hub` at its level; idle polls are DEBUG."""
    caplog.set_level("INFO", "impactive_async.hub")
    bench.sandbox.fail(LIST_DEALS, status=503)
    working = asyncio.create_task(
        run_worker(bench.crm, bench.hub, kinds=DEALS, interval=5.0, stop=bench.stop, clock=bench.clock)
    )
    await bench.sandbox.arrived(LIST_DEALS, 3)
    bench.stop.set()
    await working
    said = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert any(level == "WARNING" and "failed (1 in a row)" in text for level, text in said)
    assert sum("again in" in text and level == "INFO" for level, text in said) == 1


# -- what an engine has lost ------------------------------------------------------------------------------------


@on_a_bench
async def test_what_an_engine_has_lost_is_mended_and_told(bench: Bench) -> None:
    """Each look mends the hub before it compares it with the workspace, and says what was lost."""
    bench.hub.losses = [f"feed {number}" for number in range(7)]
    await bench.work(polled(2))
    (healed,) = bench.of(Healed)
    assert len(healed.losses) == 7
    assert str(healed).startswith("the hub has lost feed 0; feed 1;")
    assert str(healed).endswith("and 2 more")
    assert bench.hub.calls.index("heal") < bench.hub.calls.index("feeds")


@on_a_bench
async def test_what_was_lost_is_followed_from_its_beginning(bench: Bench) -> None:
    """Also by a worker that was just started with `NOW`: what the engine lost is not news to pass over."""
    bench.hub.losses = ["the log"]
    await bench.work(polled(1), since=NOW)
    assert len(bench.hub.log) == len(bench.sandbox.state.rows("deals"))
