"""`crm.watch`: which feeds there are, in whose hands each page is, and what closing or failing leaves behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from attrs import Factory, define

from impactive_async import NOW, AsyncClient, BadRow, FeedGapError
from impactive_async._http.caller import Answer
from impactive_async.errors import (
    AuthenticationError,
    CursorError,
    DecodeError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
)
from impactive_async.feeds.cursor.server_clock import THIS_MACHINE, OwnClocks
from impactive_async.feeds.delivery.source import FeedOptions, Source
from impactive_async.feeds.workspace.events import AnyEvent
from impactive_async.feeds.workspace.failures import PAUSE
from impactive_async.feeds.workspace.followed_lists import FeedId, FollowedLists, SequenceList, read_sequences
from impactive_async.feeds.workspace.seen_sequences import KEY
from impactive_async.feeds.workspace.sequence_discovery import START_KEY
from impactive_async.feeds.workspace.stream import WorkspaceWatch
from impactive_async.models import Gap, Send
from impactive_async.sandbox import Sandbox
from impactive_async.sandbox.world.rows import Kind as SandboxKind
from tests.feeds.lists import CAP, RULES, START, FakeList, Sibling, Store, row
from tests.support import PATIENCE, FakeClock, ManualClock, client_of, spin, until

INTERVAL = 300.0


@define
class FakeWorkspace:
    """Sequences by id with their status, and one list of sends for each."""

    clock: Any = Factory(ManualClock)
    sequences: dict[str, str] = Factory(dict)
    lists: dict[str, FakeList] = Factory(dict)
    trouble: list[Exception] = Factory(list)
    answers: Callable[[], Any] | None = None
    siblings: dict[str, Sibling] = Factory(dict)
    plain: tuple[str, ...] = ()
    own: OwnClocks = THIS_MACHINE
    emails: tuple[str, ...] = ()
    distinct: bool = True

    def add(self, *names: str, rows: tuple[int, ...] = ()) -> None:
        for name in names:
            self.sequences[name] = "active"
            self.lists[name] = FakeList()
            self.lists[name].add(*rows)

    async def listed(self) -> Answer[SequenceList]:
        await asyncio.sleep(0)
        if self.trouble:
            raise self.trouble.pop(0)
        rows = [{"id": name, "status": status} for name, status in self.sequences.items()]
        listed = read_sequences(self.answers() if self.answers else rows)
        return Answer(listed, 1, format_datetime(START, usegmt=True))

    def source(self, feed: FeedId) -> Source[Send]:
        name = feed.sequence_id or feed.kind
        page, recover = self.lists[name].page, self.siblings.get(name)
        if recover is not None:
            recover.listed = self.lists[name]
        return Source(name=name, row=Send, rules=RULES, page=page, clock=self.clock, own=self.own, recover=recover)

    def watch(self, concurrency: int = 4, **options: Any) -> WorkspaceWatch:
        plain = [FeedId(kind) for kind in self.plain]
        lists = FollowedLists(
            source=self.source,
            of_workspace=plain,
            of_each_sequence=["sends"],
            sequences=self.listed,
            emails=self.emails,
        )
        chosen = FeedOptions(**{"interval": INTERVAL, **options})
        return WorkspaceWatch(lists, chosen, clock=self.clock, concurrency=concurrency, distinct=self.distinct)

    async def pass_time(self, seconds: float = INTERVAL) -> None:
        """Let so much time pass, and all that then happens happen."""
        for _ in range(10):
            self.clock.advance(seconds / 10)
            await spin(20)

    @property
    def polls(self) -> int:
        return sum(len(each.asked) for each in self.lists.values())


async def take(events: WorkspaceWatch, count: int, world: FakeWorkspace | None = None) -> list[AnyEvent]:
    """So many events; first, whatever a fake workspace has to poll at its start is polled."""
    if world is not None:
        await spin()
        await world.pass_time(1)
    async with asyncio.timeout(PATIENCE):  # by the real clock: what never comes shall fail, not hang
        return [await anext(events) for _ in range(count)]


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """Whatever happens within leaves no task behind."""
    before = _tasks()
    yield
    assert _tasks() == before


def _tasks() -> set[asyncio.Task[Any]]:
    """All tasks but those of the sandbox's server, which is in this loop too."""
    return {task for task in asyncio.all_tasks() if "RequestHandler" not in repr(task.get_coro())}


def name_and_row(event: AnyEvent) -> tuple[str | None, str]:
    return event.sequence_id, event.row.id


# -- which feeds there are -------------------------------------------------------------------------------------


@pytest.mark.every_dialect
async def test_everything_in_the_workspace_is_one_stream(sandbox: Sandbox, crm: AsyncClient) -> None:
    """Rows of all kinds arrive as events that name their kind and sequence, each under a key of its own."""
    people = [one.id for one in sandbox.state.rows("contacts")[:2]]
    sequence = sandbox.state.create_sequence("Welcome").id
    sandbox.state.enroll(sequence, people)
    await sandbox.clock.advance(minutes=1)
    sandbox.state.add_reply(people[0])
    plain: tuple[SandboxKind, ...] = ("companies", "contacts", "deals", "invoices", "projects")
    expected: set[tuple[str, str | None, str]]
    expected = {(kind, None, one.id) for kind in plain for one in sandbox.state.rows(kind)}
    expected |= {("enrollments", sequence, one.id) for one in sandbox.state.enrollments(sequence)}
    expected |= {("sends", sequence, one.id) for one in sandbox.state.sends}
    expected |= {("replies", sequence, one.id) for one in sandbox.state.replies}
    async with nothing_left(), crm.watch() as events:
        found = await take(events, len(expected))
        assert events.feeds == 9
    assert {(event.kind, event.sequence_id, event.row.id) for event in found} == expected
    assert len({event.key for event in found}) == len(expected)


async def test_any_id_that_the_server_gives_is_asked_for(
    sandbox: Sandbox, crm: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Ids are percent-encoded; one that no URL can hold is told once, and costs no other sequence."""
    listing, replies = "GET /api/agent/sequences", "GET /api/agent/sequences/:id/replies"
    ids = ["v1.2", "a/b", "..", " é", "plain"]
    body = json.dumps([{"id": one, "name": "x", "status": "active"} for one in ids]).encode()
    sandbox.fail(listing, status=200, body=body, times=None)
    sandbox.fail(replies, status=200, body=b"[]", times=None)
    async with nothing_left(), crm.watch(["replies"], interval=0.05) as events:
        waiting = asyncio.ensure_future(anext(events))
        async with asyncio.timeout(PATIENCE):
            await until(lambda: len(sandbox.requests_to(listing)) > 2)
            await until(lambda: len({one.path for one in sandbox.requests_to(replies)}) == 4)
        assert events.feeds == 4
        waiting.cancel()
    asked = {one.path.split("/")[4] for one in sandbox.requests_to(replies)}
    assert asked == {"v1.2", "a%2Fb", "%20%C3%A9", "plain"}
    assert sum("no URL can hold its id" in record.message for record in caplog.records) == 1


async def test_new_sequences_are_discovered_and_archived_ones_dropped() -> None:
    """A sequence is followed from when it is listed until it is archived, and again when it is active again."""
    world = FakeWorkspace()
    world.add("old", rows=(1,))
    async with nothing_left(), world.watch() as events:
        assert name_and_row(await anext(events)) == ("old", "e1")
        world.add("new", rows=(2,))
        world.sequences["old"] = "archived"
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(2 * INTERVAL)
        assert name_and_row(await waiting) == ("new", "e2")
        assert events.feeds == 1
        polled = len(world.lists["old"].asked)
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(5 * INTERVAL)
        assert len(world.lists["old"].asked) == polled
        world.sequences["old"] = "active"
        world.lists["old"].add(3)
        await world.pass_time(2 * INTERVAL)
        assert name_and_row(await waiting) == ("old", "e3")  # and not e1 again


async def test_a_sequence_archived_while_its_rows_wait() -> None:
    """Rows shown before their sequence was archived are delivered, and it is polled just once more."""
    world = FakeWorkspace()
    world.add("a", rows=(1, 2))
    async with nothing_left(), world.watch() as events:
        await spin()
        world.sequences["a"] = "archived"
        await world.pass_time()
        assert [one.row.id for one in await take(events, 2, world)] == ["e1", "e2"]
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(5 * INTERVAL)
        assert len(world.lists["a"].asked) == 2
        world.sequences["a"] = "active"
        world.lists["a"].add(3)
        await world.pass_time(2 * INTERVAL)
        assert (await waiting).row.id == "e3"


async def test_rows_of_just_before_the_archival_are_delivered(caplog: pytest.LogCaptureFixture) -> None:
    """What a sequence got between its last poll and its archival comes by a last poll, though that fails first."""
    caplog.set_level("INFO", "impactive_async.feed")
    world = FakeWorkspace()
    world.add("a", rows=(1,))
    async with nothing_left(), world.watch() as events:
        await anext(events)
        world.lists["a"].add(2)
        world.lists["a"].trouble = [ServerError("down", status=503)] * 3
        world.sequences["a"] = "archived"
        waiting = asyncio.ensure_future(anext(events))
        for _ in range(4):
            await world.pass_time(INTERVAL)
        assert (await waiting).row.id == "e2"
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(5 * INTERVAL)
        assert len(world.lists["a"].asked) == 5
        assert events.feeds == 0
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert caplog.text.count("polled once more") == 1


async def test_a_poll_under_way_at_the_archival_is_not_the_last() -> None:
    """A request made before the archival was seen proves nothing; another follows it."""
    world = FakeWorkspace()
    world.add("a")
    async with nothing_left(), world.watch() as events:
        await spin()
        world.lists["a"].turns = 2_000
        waiting = asyncio.ensure_future(anext(events))
        while len(world.lists["a"].asked) < 2:
            await world.pass_time(INTERVAL / 10)
        world.sequences["a"] = "archived"
        world.lists["a"].add(7)
        for _ in range(3):
            await world.pass_time(INTERVAL)
        assert events.feeds == 0
        assert len(world.lists["a"].asked) == 2
        world.lists["a"].turns = 0
        assert (await waiting).row.id == "e7"
        world.lists["a"].add(8)
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(2 * INTERVAL)
        assert (await waiting).row.id == "e8"
        assert len(world.lists["a"].asked) == 3


async def test_a_sequence_archived_while_the_program_was_down() -> None:
    """One that an earlier run followed is polled once more; others that are archived already are left alone."""
    world, store = FakeWorkspace(), Store()
    world.add("a", "b", rows=(1,))
    world.sequences["b"] = "archived"
    async with nothing_left(), world.watch(store=store) as events:
        assert name_and_row(await anext(events)) == ("a", "e1")
        events.ack()
    world.sequences["a"] = "archived"
    world.lists["a"].add(2)
    async with nothing_left(), world.watch(store=store) as events:
        assert name_and_row(await anext(events)) == ("a", "e2")
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(5 * INTERVAL)
        assert len(world.lists["a"].asked) == 2
        assert world.lists["b"].asked == []
        world.sequences["b"] = "active"
        await world.pass_time(2 * INTERVAL)
        assert name_and_row(await waiting) == ("b", "e1")


async def test_a_sequence_created_and_archived_while_the_program_was_down() -> None:
    """What no earlier run has seen is polled once, though it is archived; what its page hides is a gap."""
    for options in ({}, {"since": NOW}, {"since": START}):
        world, store, gaps = FakeWorkspace(), Store(), list[Gap]()
        world.add("old")
        async with nothing_left(), world.watch(store=store, **options):
            await spin()
            await world.pass_time(1)
        world.add("brief", rows=tuple(range(1, 2 * CAP)))
        world.sequences["brief"] = "archived"
        async with nothing_left(), world.watch(store=store, on_gap=gaps.append, **options) as events:
            found = [name_and_row(event) for event in await take(events, CAP, world)]
            events.ack()
            waiting = asyncio.ensure_future(anext(events))
            await world.pass_time(5 * INTERVAL)
            assert len(world.lists["brief"].asked) == 1
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        assert found == [("brief", f"e{number}") for number in range(CAP, 2 * CAP)], options
        assert {gap.kind for gap in gaps} == {"overflow"}, options


async def test_a_sequence_that_no_run_came_to_poll_is_polled_when_archived() -> None:
    """One that an earlier run has seen, but could not poll, is owed a poll; what it hides is history."""
    world, store, gaps = FakeWorkspace(), Store(), list[Gap]()
    world.add("a", rows=tuple(range(-2 * CAP, 0)))
    world.lists["a"].trouble = [ServerError("down", status=503)] * 100
    async with nothing_left(), world.watch(store=store):
        await spin()
        await world.pass_time(1)
    world.lists["a"].trouble = []
    world.sequences["a"] = "archived"
    async with nothing_left(), world.watch(store=store, on_gap=gaps.append) as events:
        assert [event.row.id for event in await take(events, CAP, world)] == [f"e{n}" for n in range(-CAP, 0)]
    assert [gap.kind for gap in gaps] == ["history"]


async def test_a_sequence_created_while_the_program_was_down_has_no_history() -> None:
    """Rows that the first page of a sequence new to the second run cannot show are reported as a gap."""
    world, store, gaps = FakeWorkspace(), Store(), list[Gap]()
    async with nothing_left(), world.watch(store=store):
        await spin()
    world.add("new", rows=tuple(range(1, 2 * CAP)))
    async with nothing_left(), world.watch(store=store, on_gap=gaps.append) as events:
        assert name_and_row(await anext(events)) == ("new", f"e{CAP}")
    assert [gap.kind for gap in gaps] == ["overflow"]


async def test_a_late_sequence_that_no_run_came_to_poll_has_no_history_either() -> None:
    """What a sequence found after the first look hides is a gap, even if the run that found it got no page."""
    for status in ("active", "archived"):
        world, store, gaps = FakeWorkspace(), Store(), list[Gap]()
        async with nothing_left(), world.watch(store=store):
            await spin()
            world.add("late", rows=tuple(range(1, 2 * CAP)))
            world.sequences["late"] = status
            world.lists["late"].trouble = [ServerError("down", status=503)] * 100
            await world.pass_time(2 * INTERVAL)
            assert world.lists["late"].asked
        world.lists["late"].trouble = []
        async with nothing_left(), world.watch(store=store, on_gap=gaps.append) as events:
            assert len(await take(events, CAP, world)) == CAP
        assert [gap.kind for gap in gaps] == ["overflow"], status


async def test_what_is_known_of_sequences_is_kept_by_kind_and_refused_when_damaged() -> None:
    """A record of the sequences that cannot be used is an error that says where it is and what to do."""
    world, store = FakeWorkspace(), Store()
    world.add("a")
    async with world.watch(store=store):
        await spin()
    saved = store.cursors[f"{KEY}sends"]
    assert '"followed":["a"]' in saved
    for damaged in ("", saved[:-5], saved.replace('"a"', '"b"')):
        store.cursors[f"{KEY}sends"] = damaged
        async with nothing_left(), world.watch(store=store) as events:
            with pytest.raises(
                CursorError, match=r"Store\('somewhere'\), key 'workspace/sequences/sends'.*delete it"
            ):
                await anext(events)


async def test_a_sequence_created_and_archived_between_two_looks() -> None:
    """One that was never seen active is polled once, for what it got meanwhile."""
    world = FakeWorkspace()
    async with nothing_left(), world.watch() as events:
        await spin()
        world.add("brief", rows=(1,))
        world.sequences["brief"] = "archived"
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(2 * INTERVAL)
        assert name_and_row(await waiting) == ("brief", "e1")
        assert len(world.lists["brief"].asked) == 1


async def test_a_sequence_back_before_it_was_missed_is_polled_once_a_round() -> None:
    """One archived and activated again between two polls is neither lost nor scheduled twice."""
    world = FakeWorkspace()
    world.add("a")
    async with nothing_left(), world.watch(max_interval=100 * INTERVAL) as events:
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(3 * INTERVAL)
        for status in ("archived", "active", "archived", "active"):
            world.sequences["a"] = status
            await world.pass_time(INTERVAL)
        await world.pass_time(300 * INTERVAL)
        assert len(world.lists["a"].asked) <= 20
        world.lists["a"].add(1)
        await world.pass_time(100 * INTERVAL)
        assert (await waiting).row.id == "e1"


async def test_a_deleted_sequence_ends_its_own_feeds_only(caplog: pytest.LogCaptureFixture) -> None:
    """A 404 is logged; when the list of sequences agrees, the feed is gone, and the others go on."""
    world = FakeWorkspace()
    world.add("gone", "there", rows=(1,))
    async with nothing_left(), world.watch() as events:
        await take(events, 2, world)
        del world.sequences["gone"]
        world.lists["gone"].trouble = [NotFoundError("no such sequence", status=404)] * 3
        world.lists["there"].add(2)
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(3 * INTERVAL)
        assert name_and_row(await waiting) == ("there", "e2")
        assert events.feeds == 1
    polls = len(world.lists["gone"].asked)
    assert polls <= 3


async def test_a_sequence_left_out_of_the_list_for_once_is_not_started_anew() -> None:
    """A list that omits a sequence for one round costs no row and repeats none, without a store too."""
    world = FakeWorkspace()
    world.add("a", rows=(1, 2))
    async with nothing_left(), world.watch() as events:
        assert (await anext(events)).row.id == "e1"
        left_out = world.sequences.pop("a")
        await world.pass_time(INTERVAL)
        world.sequences["a"] = left_out
        await world.pass_time(3 * INTERVAL)
        assert len(world.lists["a"].asked) == 1  # its page is still in the consumer's hands
        assert (await anext(events)).row.id == "e2"
        world.lists["a"].add(3)
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(2 * INTERVAL)
        assert (await waiting).row.id == "e3"
        assert events.feeds == 1


async def test_a_404_that_passes_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A sequence that the server denies once, though it lists it, goes on where it was."""
    world = FakeWorkspace()
    world.add("a", rows=(1,))
    async with nothing_left(), world.watch() as events:
        await anext(events)
        world.lists["a"].trouble = [NotFoundError("no such sequence", status=404)]
        world.lists["a"].add(2)
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(4 * INTERVAL)
        assert (await waiting).row.id == "e2"
    assert "no such sequence" in caplog.text


NONSENSE = ([7], [{"status": "active"}], [{"id": None}], ["a"])


@pytest.mark.parametrize("nonsense", NONSENSE, ids=str)
async def test_an_unreadable_list_of_sequences_drops_nothing(nonsense: list[Any]) -> None:
    """A list of sequences that makes no sense, or cannot be had, leaves all feeds as they are."""
    world = FakeWorkspace()
    world.add("a", rows=(1,))
    async with nothing_left(), world.watch() as events:
        await anext(events)
        world.answers = lambda: nonsense
        world.trouble = [ServerError("down", status=503)]
        world.lists["a"].add(2)
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(3 * INTERVAL)
        assert (await waiting).row.id == "e2"
        assert events.stats.errors >= 2


async def test_a_sequence_found_later_with_more_than_a_page_is_a_gap() -> None:
    """Rows that the first page of a new sequence cannot show were never history: they are reported as a gap."""
    world = FakeWorkspace()
    gaps: list[Gap] = []
    async with nothing_left(), world.watch(on_gap=gaps.append) as events:
        await spin()
        world.add("late", rows=tuple(range(1, 2 * CAP)))
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(2 * INTERVAL)
        assert name_and_row(await waiting) == ("late", f"e{CAP}")
    assert "overflow" in [gap.kind for gap in gaps]


# -- where NOW is ----------------------------------------------------------------------------------------------


async def test_now_is_one_moment_for_all_sequences() -> None:
    """From `NOW`, rows of before are known and rows of after new, however late a feed is first polled."""
    world = FakeWorkspace()
    world.add(*(f"s{number}" for number in range(400)), rows=(-1,))
    async with nothing_left(), world.watch(since=NOW) as events:
        await spin()
        for each in world.lists.values():
            each.add(1)
        found: list[AnyEvent] = []
        pulling = asyncio.ensure_future(_collect(events, found))
        await world.pass_time()
        await until(lambda: len(found) == 400)
        pulling.cancel()
        await asyncio.gather(pulling, return_exceptions=True)
    assert {one.row.id for one in found} == {"e1"}


async def _collect(events: WorkspaceWatch, found: list[AnyEvent]) -> None:
    async for event in events:
        found.append(event)


async def test_a_sequence_found_later_has_no_history_to_hide() -> None:
    """With `NOW`, what a sequence created afterwards shows when it is found is new, but for rows of before."""
    world = FakeWorkspace()
    async with nothing_left(), world.watch(since=NOW) as events:
        await spin()
        world.add("late", rows=(-5, 5))
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(2 * INTERVAL)
        assert name_and_row(await waiting) == ("late", "e5")


async def test_now_means_the_first_run() -> None:
    """A sequence created while the program was down is followed from the first run's `NOW`."""
    world, store = FakeWorkspace(), Store()
    async with world.watch(since=NOW, store=store):
        await spin()
    world.add("meanwhile", rows=(5,))
    async with world.watch(since=NOW, store=store) as events:
        assert name_and_row(await anext(events)) == ("meanwhile", "e5")


@pytest.mark.parametrize("damaged", ["", "yesterday", "2026-05-01T09:00:00"])
async def test_a_damaged_start_is_an_error(damaged: str) -> None:
    """A start in the store that is no moment is an error that says what to do, not another now."""
    world = FakeWorkspace()
    store = Store()
    store.cursors[START_KEY] = damaged
    async with nothing_left(), world.watch(since=NOW, store=store) as events:
        with pytest.raises(CursorError, match=r"workspace/start.*delete it"):
            await anext(events)


@pytest.mark.every_dialect
async def test_now_over_a_server(sandbox: Sandbox, crm: AsyncClient) -> None:
    """From `NOW` a populated workspace delivers nothing until something happens in it."""
    async with crm.watch(["deals", "bookings"], since=NOW) as events:
        waiting = asyncio.ensure_future(anext(events))
        await until(lambda: events.stats.polls >= 4)
        assert not waiting.done()
        await sandbox.clock.advance(minutes=5)
        deal = sandbox.state.add("deals", {"name": "Pilot"})
        assert (await waiting).row.id == deal.id


# -- in whose hands a page is ----------------------------------------------------------------------------------


async def test_an_event_is_handled_when_the_next_is_asked_for_or_by_ack() -> None:
    """What was in hand at the end comes again, unless it was acked."""
    for ack, again in ((False, "e2"), (True, "e3")):
        world, store = FakeWorkspace(), Store()
        world.add("a", rows=(1, 2, 3))
        async with nothing_left(), world.watch(store=store) as events:
            await take(events, 2, world)
            if ack:
                events.ack()
        async with nothing_left(), world.watch(store=store) as events:
            assert (await anext(events)).row.id == again


async def test_handled_pages_are_saved_and_not_delivered_again() -> None:
    """A second run over the same store gets what the first did not."""
    world, store = FakeWorkspace(), Store()
    world.add("a", "b", rows=(1, 2))
    async with world.watch(store=store) as events:
        await take(events, 4, world)
        events.ack()
    world.lists["b"].add(3)
    async with world.watch(store=store) as events:
        assert [name_and_row(event) for event in await take(events, 1, world)] == [("b", "e3")]


async def test_a_slow_consumer_holds_up_the_polling() -> None:
    """While pages wait, no more than `concurrency` are held, and nothing is polled however much time passes."""
    world = FakeWorkspace()
    world.add(*(f"s{number}" for number in range(20)), rows=(1, 2))
    async with nothing_left(), world.watch(concurrency=3) as events:
        await spin()
        await world.pass_time(50 * INTERVAL)
        assert world.polls == 3
        found = await take(events, 40, world)
        assert len(set(map(name_and_row, found))) == 40


async def test_a_busy_feed_starves_no_other() -> None:
    """Feeds are polled in the order in which they are due, though one of them has always news."""
    world = FakeWorkspace(clock=FakeClock())
    world.add("busy", "quiet")
    numbers = iter(range(1, 10_000))
    world.lists["busy"].on_request = lambda: world.lists["busy"].add(*(next(numbers) for _ in range(CAP)))
    async with nothing_left(), world.watch(concurrency=1, on_gap="continue") as events:
        while len(world.lists["quiet"].asked) < 3:
            await anext(events)
        world.lists["quiet"].add(1)
        async for event in events:
            if event.sequence_id == "quiet":
                break


async def test_a_recovery_holds_up_no_other_feed() -> None:
    """While a gap's rows are looked for, the stream goes on; then they come in order, before those behind them."""
    world = FakeWorkspace()
    world.add("a", "b", rows=(1, 2))
    sibling = world.siblings["a"] = Sibling(*(row(number) for number in (10, 11, 12)))
    sibling.held = asyncio.Event()
    async with nothing_left(), world.watch(concurrency=1) as events:
        await take(events, 4, world)
        waiting = asyncio.ensure_future(anext(events))
        world.lists["a"].add(*range(10, 13 + CAP))
        await world.pass_time(2 * INTERVAL)
        assert sibling.asked
        assert not waiting.done()
        for number in (3, 4):
            world.lists["b"].add(number)
            await world.pass_time(2 * INTERVAL)
            assert waiting.done()  # at once, and not after the recovery
            assert name_and_row(await waiting) == ("b", f"e{number}")
            waiting = asyncio.ensure_future(anext(events))
        sibling.held.set()
        await spin()
        found = [await waiting, *[await anext(events) for _ in range(2 + CAP)]]
    assert [name_and_row(event) for event in found] == [("a", f"e{number}") for number in range(10, 13 + CAP)]


async def test_recoveries_without_end_take_up_no_more_places_than_there_are() -> None:
    """As many pages as `concurrency` may wait for their recovery beside those of others: memory stays bounded."""
    world = FakeWorkspace()
    world.add(*"abcd", rows=(1, 2))
    held = asyncio.Event()
    for name in "abcd":
        world.siblings[name] = Sibling(*(row(number) for number in (10, 11, 12)))
        world.siblings[name].held = held
    async with nothing_left(), world.watch(concurrency=1) as events:
        await take(events, 8, world)
        waiting = asyncio.ensure_future(anext(events))
        before = world.polls
        for each in world.lists.values():
            each.add(*range(10, 13 + CAP))
        await world.pass_time(5 * INTERVAL)
        assert world.polls - before == 2  # one being recovered, one waiting for that
        held.set()
        found = [await waiting]
        pulling = asyncio.ensure_future(_collect(events, found))
        await world.pass_time(5 * INTERVAL)
        pulling.cancel()
        await asyncio.gather(pulling, return_exceptions=True)
    assert len(set(map(name_and_row, found))) == len(found) == 4 * (3 + CAP)


async def test_closing_amid_a_recovery_leaves_nothing_behind() -> None:
    """A stream that is left while a gap is being filled leaves no task, and the next run gets all of it."""
    world, store = FakeWorkspace(), Store()
    world.add("a", rows=(1, 2))
    sibling = world.siblings["a"] = Sibling(*(row(number) for number in (10, 11, 12)))
    sibling.held = asyncio.Event()
    async with nothing_left(), world.watch(store=store) as events:
        await take(events, 2, world)
        waiting = asyncio.ensure_future(anext(events))
        world.lists["a"].add(*range(10, 13 + CAP))
        await world.pass_time(2 * INTERVAL)
        assert sibling.asked
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    sibling.held = None
    async with nothing_left(), world.watch(store=store) as events:
        found = await take(events, 3 + CAP, world)
    assert [event.row.id for event in found] == [f"e{number}" for number in range(10, 13 + CAP)]


async def test_a_clock_that_fell_back_between_two_polls_is_noticed() -> None:
    """A feed at rest keeps what a jump back of the server's clock is recognised by."""
    steady = iter(range(0, 10_000, 100))
    world, gaps = FakeWorkspace(own=OwnClocks(steady=lambda: next(steady))), list[Gap]()
    world.add("a", rows=(1, 2, 90))
    async with nothing_left(), world.watch(on_gap=gaps.append) as events:
        await take(events, 3, world)
        waiting = asyncio.ensure_future(anext(events))
        world.lists["a"].now += timedelta(seconds=1)
        await world.pass_time(2 * INTERVAL)
        world.lists["a"].add(20)
        await world.pass_time(2 * INTERVAL)
        assert (await waiting).row.id == "e20"
    assert gaps == []


async def test_one_consumer_at_a_time() -> None:
    """Two tasks cannot pull from one stream, which would tell nothing of who handled what."""
    world = FakeWorkspace()
    world.add("a")
    async with nothing_left(), world.watch() as events:
        first = asyncio.ensure_future(anext(events))
        await spin()
        with pytest.raises(RuntimeError, match="has a consumer already"):
            await anext(events)
        world.lists["a"].add(1)
        await world.pass_time(2 * INTERVAL)
        assert (await first).row.id == "e1"


async def test_a_stream_is_opened_once_and_before_it_is_used() -> None:
    """Using a stream that was not opened, or opening it twice, is an error that says what to do."""
    events = FakeWorkspace().watch()
    with pytest.raises(RuntimeError, match="async with"):
        await anext(events)
    async with nothing_left(), events:
        with pytest.raises(RuntimeError, match="make a new one"):
            await events.__aenter__()
    with pytest.raises(RuntimeError, match="make a new one"):
        await events.__aenter__()
    assert [event async for event in events] == []


# -- the end ---------------------------------------------------------------------------------------------------


async def test_closing_from_another_task_ends_the_loop() -> None:
    """`aclose` ends a consumer that waits; one that works finishes its event, which is saved."""
    world, store = FakeWorkspace(), Store()
    world.add("a", rows=(1, 2))
    async with nothing_left(), world.watch(store=store) as events:
        found: list[AnyEvent] = []
        async for event in events:
            found.append(event)
            await events.aclose()
        assert len(found) == 1
    async with nothing_left(), world.watch(store=store) as events:
        assert (await anext(events)).row.id == "e2"
        waiting = asyncio.ensure_future(_collect(events, found))
        await spin()
        await events.aclose()
        await waiting


async def test_an_exception_in_the_consumer_passes_through() -> None:
    """What a consumer raises leaves the `async with` as it is, and no task behind."""
    world, store = FakeWorkspace(), Store()
    world.add("a", rows=(1, 2))

    async def consume() -> None:
        async with world.watch(store=store) as events:
            await take(events, 2, world)
            raise ZeroDivisionError

    async with nothing_left():
        with pytest.raises(ZeroDivisionError):
            await consume()
    async with world.watch(store=store) as events:
        assert (await anext(events)).row.id == "e2"


async def test_cancelling_at_any_turn_loses_and_repeats_nothing() -> None:
    """Wherever an `anext` is cancelled, the next one goes on, and the feeds are still polled afterwards."""
    for turn in range(40):
        world, store = FakeWorkspace(clock=FakeClock()), Store()
        store.turns = 2
        world.add("a", "b", rows=(1, 2))
        found: list[AnyEvent] = []
        cut = False
        async with nothing_left(), world.watch(store=store) as events:
            while len(found) < 6:
                pulling = asyncio.ensure_future(events.__anext__())
                await spin(turn)
                pulling.cancel()
                await asyncio.gather(pulling, return_exceptions=True)
                cut = cut or pulling.cancelled()
                found.append(await anext(events) if pulling.cancelled() else pulling.result())
                world.clock.now += 1
                if len(found) == 4:
                    world.lists["a"].add(3)
                    world.lists["b"].add(3)
        assert sorted(map(str, map(name_and_row, found))) == sorted(
            str((name, f"e{number}")) for name in "ab" for number in (1, 2, 3)
        ), turn
        if not cut:
            assert turn > 3
            return
    raise AssertionError("there are more turns than this test has tried")


async def test_a_revoked_key_ends_the_stream(sandbox: Sandbox) -> None:
    """A key revoked while all is watched is an `AuthenticationError`, at every further attempt too."""
    async with client_of(sandbox) as crm, nothing_left():
        count = len(sandbox.state.rows("deals"))
        async with crm.watch(["deals", "replies"]) as events:
            await take(events, count)
            sandbox.revoke_key()
            for _ in range(2):
                with pytest.raises(AuthenticationError):
                    await anext(events)


DENIED = PermissionDeniedError("the key has no such module", status=403)


async def test_a_list_that_is_denied_is_done_without(caplog: pytest.LogCaptureFixture) -> None:
    """A 403 costs that list alone: warned of once, told by `denied` and `stats`, and mended when it is granted."""
    world = FakeWorkspace()
    world.add("a", "b", "c", rows=(1,))
    for name in "ab":
        world.lists[name].trouble = [DENIED] * 2
    async with nothing_left(), world.watch() as events:
        assert name_and_row((await take(events, 1, world))[0]) == ("c", "e1")
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(4 * INTERVAL)
        assert (events.denied, events.stats.denied, events.stats.errors) == (("a", "b"), 2, 0)
        assert [len(world.lists[name].asked) for name in "ab"] == [1, 1]
        world.lists["c"].add(2)
        await world.pass_time(2 * INTERVAL)
        assert name_and_row(await waiting) == ("c", "e2")
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(2 * PAUSE)
        assert {name_and_row(await waiting), name_and_row(await anext(events))} == {("a", "e1"), ("b", "e1")}
        assert (events.denied, events.stats.denied) == ((), 0)
    assert [record.levelname for record in caplog.records if "may not read" in record.message].count(
        "WARNING"
    ) == 1


async def test_from_now_what_a_list_got_while_it_was_denied_is_new() -> None:
    """A list that is granted only later has missed nothing since it was first asked for."""
    clock = ManualClock()
    world = FakeWorkspace(clock=clock, plain=("companies",), own=OwnClocks(steady=clock.monotonic))
    world.add("a")
    world.lists["companies"] = FakeList(trouble=[DENIED])
    world.lists["companies"].add(1, 90)
    async with nothing_left(), world.watch(since=NOW) as events:
        await spin()
        await world.pass_time(1)
        assert events.denied == ("companies",)
        world.lists["companies"].add(130)
        world.lists["companies"].now += timedelta(seconds=PAUSE)
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(2 * PAUSE)
        found = [waiting.result().row.id] if waiting.done() else []
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert found == ["e130"]


async def test_a_list_of_sequences_that_is_denied_is_done_without() -> None:
    """Without the list of sequences, the other lists are followed."""
    world = FakeWorkspace(plain=("deals",), trouble=[DENIED])
    world.lists["deals"] = FakeList()
    world.lists["deals"].add(1)
    async with nothing_left(), world.watch() as events:
        assert (await anext(events)).kind == "deals"
        assert events.denied == ("sequences",)


@pytest.mark.parametrize("what", ["lists", "sequences"])
async def test_a_key_that_may_read_nothing_ends_the_stream(what: str) -> None:
    """If every list is denied, there is nothing to go on with, and the error is raised."""
    world = FakeWorkspace()
    if what == "lists":
        world.add("a", "b", "old")
        world.sequences["old"] = "archived"
        for name in "ab":
            world.lists[name].trouble = [DENIED]
    else:
        world.trouble = [DENIED]
    async with nothing_left(), world.watch() as events:
        waiting = asyncio.ensure_future(anext(events))
        await spin()
        await world.pass_time(INTERVAL)
        for _ in range(2):
            with pytest.raises(PermissionDeniedError):
                await waiting
            waiting = asyncio.ensure_future(anext(events))
        with pytest.raises(PermissionDeniedError):
            await waiting


async def test_a_module_the_key_lacks_over_a_server(sandbox: Sandbox) -> None:
    """With one surface denied, rows of the other arrive."""
    async with client_of(sandbox) as crm:
        sandbox.fail("GET /api/zapier/deals", status=403, times=None)
        count = len(sandbox.state.rows("companies"))
        async with crm.watch(["deals", "companies"]) as events:
            assert {event.kind for event in await take(events, count)} == {"companies"}
            await until(lambda: events.denied == ("zapier/deals",))


async def test_what_ends_the_polling_comes_after_what_was_polled() -> None:
    """Pages that had arrived are delivered before the failure of another feed is raised."""
    world = FakeWorkspace()
    world.add("a", rows=(1, 2))
    world.add("b")
    world.lists["b"].trouble = [AuthenticationError("revoked", status=401)]
    async with nothing_left(), world.watch() as events:
        await spin()
        await world.pass_time()
        assert [one.row.id for one in await take(events, 2, world)] == ["e1", "e2"]
        with pytest.raises(AuthenticationError):
            await anext(events)


async def test_429s_to_two_lists_hold_up_the_whole_client(sandbox: Sandbox) -> None:
    """While the server wants to be left alone, no feed of the stream makes a request."""
    clock = FakeClock()
    async with client_of(sandbox, clock=clock) as crm:
        sandbox.fail("*", status=429, retry_after=60, times=2)
        async with crm.watch(["companies", "deals", "contacts"], concurrency=1) as events:
            await anext(events)
        assert crm.stats().rate_limited == 2
        assert sum(clock.waits) >= 60


async def test_transient_trouble_is_lived_through() -> None:
    """Feeds, and the discovery of sequences, outlast a server that is down, and lose nothing."""
    world = FakeWorkspace(trouble=[ServerError("down", status=503)] * 5)
    world.add("a", rows=(1,))
    world.lists["a"].trouble = [ServerError("down", status=503)] * 5
    async with nothing_left(), world.watch() as events:
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(5 * INTERVAL)
        await world.pass_time(5 * INTERVAL)
        assert (await waiting).row.id == "e1"
        assert events.stats.errors == 10


# -- reports ---------------------------------------------------------------------------------------------------


async def test_gaps_and_bad_rows_are_raised_and_passed() -> None:
    """What would be raised by a feed is raised by the stream, which goes on behind it."""
    world = FakeWorkspace()
    world.add("a", rows=(1, 2))
    async with nothing_left(), world.watch() as events:
        await take(events, 2, world)
        world.lists["a"].add(*range(10, 10 + 2 * CAP))
        world.lists["a"].rows.append(row(80, subject=7))
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(2 * INTERVAL)
        raised: list[type[Exception]] = []
        found: list[str] = []
        while len(found) < CAP - 1:
            try:
                found.append((await waiting).row.id)
            except (FeedGapError, DecodeError) as error:
                raised.append(type(error))
            waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(INTERVAL)
        with pytest.raises(DecodeError):
            await waiting
    assert raised == [FeedGapError, FeedGapError]
    assert found == [f"e{number}" for number in range(11 + CAP, 10 + 2 * CAP)]


async def test_gaps_and_bad_rows_may_be_handed_over() -> None:
    """Callables get the gaps and the bad rows of all feeds, and nothing is raised."""
    gaps: list[Gap] = []
    bad: list[BadRow] = []
    world = FakeWorkspace()
    world.add("a", rows=tuple(range(CAP + 1)))
    world.lists["a"].rows.append({"id": "bad"})
    async with nothing_left(), world.watch(on_gap=gaps.append, on_bad_row=bad.append) as events:
        assert len(await take(events, CAP - 1, world)) == CAP - 1
    assert [gap.kind for gap in gaps] == ["history"]
    assert [one.row for one in bad] == [{"id": "bad"}]


async def test_a_damaged_cursor_ends_the_stream() -> None:
    """A stored cursor that cannot be used is an error that says where it is, never a start from zero."""
    world = FakeWorkspace()
    world.add("a", rows=(1,))
    async with nothing_left(), world.watch(store=Store(a="{")) as events:
        with pytest.raises(CursorError, match=r"Store\('somewhere'\), key 'a'"):
            await anext(events)


async def test_a_store_that_fails_ends_the_stream() -> None:
    """A store that cannot save any feed's cursor is not ignored."""
    world, store = FakeWorkspace(), Store()
    world.add("a")
    store.trouble = [CursorError("disk full")] * 2
    async with nothing_left(), world.watch(store=store) as events:
        with pytest.raises(CursorError, match="disk full"):
            await anext(events)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kinds": ["invoice"]},
        {"kinds": "deals"},
        {"kinds": []},
        {"overlap": -1.0, "kinds": ["bookings"]},
        {"concurrency": 0},
        {"interval": -1.0},
    ],
    ids=str,
)
async def test_arguments_that_can_never_be_right(crm: AsyncClient, wrong: dict[str, Any]) -> None:
    """A wrong argument is a `ValueError` when the stream is made."""
    with pytest.raises(ValueError):
        crm.watch(**wrong)


async def test_a_kind_named_twice_is_watched_once(crm: AsyncClient) -> None:
    """Kinds are a set, however they are written."""
    async with crm.watch(["deals", "deals"]) as events:
        await anext(events)
        assert events.feeds == 1


async def test_the_moment_of_start(sandbox: Sandbox, crm: AsyncClient) -> None:
    """From a moment, every feed leaves out what is older."""
    since = sandbox.clock.now() - timedelta(hours=9)
    recent = [one.id for one in sandbox.state.rows("invoices") if one.updated_at >= since]
    async with crm.watch(["invoices"], since=since) as events:
        assert [one.row.id for one in await take(events, len(recent))] == recent
