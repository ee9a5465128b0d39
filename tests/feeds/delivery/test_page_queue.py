"""Pages on their way to a consumer: what is queued, what names it, when the cursor may be saved."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any, NoReturn

import attrs
import pytest

from impactive_async import NOW, BadRow
from impactive_async._http.caller import Answer
from impactive_async.errors import DecodeError
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.server_clock import LEEWAY, OwnClocks
from impactive_async.feeds.delivery.opening import open_cursor
from impactive_async.feeds.delivery.page_queue import PageQueue
from impactive_async.feeds.delivery.source import FeedOptions
from impactive_async.models import Gap, Send
from tests.feeds.lists import (
    CAP,
    NAME,
    RULES,
    START,
    FakeList,
    Sibling,
    StopsAt,
    feed_of,
    ids,
    iso,
    row,
    source_of,
)
from tests.support import FakeClock


def intake_of(listed: FakeList, *, began: Any = None, rules: Any = RULES, **options: Any) -> PageQueue[Send]:
    source = source_of(listed, FakeClock(), rules=rules)
    return PageQueue(source, open_cursor(source, FeedOptions(**options), None), start=began)


async def emptied(queue: PageQueue[Send]) -> list[str]:
    """All that is to be delivered, handled: ids of rows, kinds of gaps."""
    found = []
    while (head := queue.head()) is not None:
        found.append("bad" if isinstance(head, BadRow) else head.kind if isinstance(head, Gap) else head.id)
        queue.handled()
    return found


@pytest.mark.parametrize("rules", [RULES, attrs.evolve(RULES, immutable=False), None])
async def test_a_row_changed_by_its_consumer_is_handled_all_the_same(rules: Any) -> None:
    """What a consumer, or a callback for bad rows, does to the raw row does not change which row it was."""
    listed = FakeList()
    listed.rows = [row(1), row(2, contactId=5)]  # the second decodes to a bad row
    pristine = copy.deepcopy(listed.rows)
    queue = intake_of(listed, rules=rules)
    await queue.fetch()
    for _ in pristine:
        queue.head()
        taken = queue.take()
        key = queue.key_of(taken)
        for raw in listed.rows:
            raw.clear()
        assert queue.key_of(taken) == key
        queue.handled(taken)
    assert queue.cursor.pending == 0
    listed.rows = pristine
    await queue.fetch()
    assert queue.idle


async def test_handling_what_is_not_in_flight_is_an_error() -> None:
    """A cursor that lost track of a row says so, instead of delivering it for ever."""
    listed = FakeList()
    listed.add(1)
    queue = intake_of(listed)
    await queue.fetch()
    assert queue.cursor.ack(("e1", ""))
    with pytest.raises(RuntimeError, match="in flight"):
        queue.handled()


async def test_the_head_stays_until_it_is_handled() -> None:
    """Asking for the head again gives the same row; only `handled` brings the next one."""
    listed = FakeList()
    listed.add(1, 2)
    queue = intake_of(listed)
    await queue.fetch()
    assert queue.head() == queue.head()
    assert await emptied(queue) == ["e1", "e2"]
    assert queue.idle


async def test_trouble_comes_before_the_rows() -> None:
    """First what is wrong with a page, then its rows; until it is delivered the cursor may not be saved."""
    listed = FakeList()
    listed.add(*range(CAP + 1))
    listed.rows.append({"id": "bad"})
    queue = intake_of(listed)
    await queue.fetch()
    assert not queue.may_be_saved
    found = await emptied(queue)
    assert found[:2] == ["bad", "history"]
    assert queue.may_be_saved


@pytest.mark.parametrize(
    ("rules", "names_version"), [(RULES, False), (attrs.evolve(RULES, immutable=False), True), (None, True)]
)
async def test_a_key_names_a_version_for_good(rules: Any, names_version: bool) -> None:
    """A key is the same at every delivery of a version; of rows that change, each version has its own."""
    listed = FakeList()
    listed.add(1)
    keys = []
    for changed in (False, False, True):
        if changed:
            listed.rows[0] = row(1, subject="new", emailDate=iso(START + timedelta(seconds=50)))
        queue = intake_of(listed, rules=rules)
        await queue.fetch()
        keys.append(queue.key_of(queue.take()))
    assert keys[0] == keys[1]
    assert (keys[2] != keys[0]) == names_version
    assert all(key.startswith(f"{NAME}/e1") for key in keys)


async def test_an_idle_poll_leaves_nothing_to_save() -> None:
    """A poll that brings nothing and moves nothing asks for no save; the first one always does."""
    listed = FakeList()
    listed.add(1, 2, 3)
    queue = intake_of(listed)
    await queue.fetch()
    await emptied(queue)
    changes = []
    for _ in range(4):
        queue.changed = False
        listed.now += timedelta(hours=1)
        await queue.fetch()
        changes.append(queue.changed)
    assert changes[-1] is False
    fresh = intake_of(FakeList())
    await fresh.fetch()
    assert fresh.changed


async def test_a_snapshot_is_saved_when_a_row_is_gone() -> None:
    """A list without `since` that has lost a row is another state: for how long is counted."""
    listed = FakeList()
    listed.add(1, 2)
    queue = intake_of(listed, rules=None)
    await queue.fetch()
    await emptied(queue)
    queue.changed = False
    del listed.rows[0]
    await queue.fetch()
    assert queue.changed


async def test_now_may_mean_an_earlier_moment() -> None:
    """A feed first polled after its `NOW` knows the rows of before and delivers those since.

    A row that tells no date may be of either: it is reported.
    """
    listed = FakeList()
    listed.add(1, 5)
    listed.rows.append({"id": "bad"})
    queue = intake_of(listed, since=NOW, began=START + timedelta(seconds=3))
    await queue.fetch()
    assert await emptied(queue) == ["bad", "e5"]
    await queue.fetch()
    assert await emptied(queue) == []


async def test_what_an_earlier_now_cannot_show_is_told_before_it_is_saved() -> None:
    """A page full of rows of before hides late ones: the gap that makes is delivered like any other."""
    listed = FakeList()
    listed.add(*range(50, 60))
    queue = intake_of(listed, since=NOW, began=START + timedelta(seconds=61))
    await queue.fetch()
    assert not queue.may_be_saved
    assert await emptied(queue) == ["lookback"]
    assert isinstance(queue.cursor, Cursor)
    assert [gap.kind for gap in queue.cursor.known_gaps] == ["lookback"]


async def test_an_earlier_now_has_no_history_recovered() -> None:
    """What a first page full of new rows hides is looked for from `NOW` on, and as far before as rows are late."""
    listed = FakeList()
    listed.add(*range(70, 80))
    sibling = Sibling(*(row(number) for number in (1, 2, 3)), *listed.rows)
    source = source_of(listed, FakeClock(), recover=sibling)
    cursor = open_cursor(source, FeedOptions(since=NOW), None)
    queue: PageQueue[Send] = PageQueue(source, cursor, start=START + timedelta(seconds=65))
    await queue.fetch()
    await queue.recover()
    assert await emptied(queue) == [f"e{number}" for number in range(70, 80)]
    assert [gap.after for gaps in sibling.asked for gap in gaps] == [START + timedelta(seconds=5)]


@pytest.mark.parametrize(("complete", "told"), [(True, []), (False, ["overflow"])])
async def test_a_full_first_page_from_a_moment_is_recovered_or_told(complete: bool, told: list[str]) -> None:
    """Rows from the moment on were asked for: what the first page cannot show of them is an overflow."""
    listed, gaps = FakeList(), list[Gap]()
    listed.add(*range(10, 22))
    sibling = Sibling(*listed.rows, row(-1), complete=complete)
    feed = feed_of(listed, StopsAt(), recover=sibling, since=START, on_gap=gaps.append)
    assert await ids(feed) == [f"e{number}" for number in range(10, 22)]
    assert [gap.kind for gap in gaps] == told
    assert [gap.after for gaps in sibling.asked for gap in gaps] == [START]


async def test_a_late_row_of_before_now_is_still_found() -> None:
    """A row dated before `NOW` that becomes visible after the first poll came after: it is delivered."""
    listed = FakeList()
    listed.add(1, 2, 3)
    queue = intake_of(listed, since=NOW, began=START + timedelta(seconds=4))
    await queue.fetch()
    listed.rows.append(row(2, id="late"))
    await queue.fetch()
    assert await emptied(queue) == ["late"]


async def test_a_list_without_since_knows_no_earlier_now() -> None:
    """For a snapshot, `NOW` is its first page."""
    listed = FakeList()
    listed.add(1, 5)
    queue = intake_of(listed, rules=None, since=NOW, began=START)
    await queue.fetch()
    assert await emptied(queue) == []


async def test_the_same_id_twice_in_a_page() -> None:
    """Equal copies are one row; a contradiction delivers one of them and tells the other."""
    listed = FakeList()
    listed.rows = [row(1), row(1), row(2), row(2, subject="another")]
    queue = intake_of(listed)
    await queue.fetch()
    assert sorted(await emptied(queue)) == ["bad", "e1", "e2"]


async def test_rows_of_a_clock_that_fell_back_which_a_full_page_hides_are_a_gap_nobody_can_fill() -> None:
    """They are asked for, and rows from before the jump push them off: told, and no sibling list is believed."""
    listed, clock, sibling = FakeList(), StopsAt(), Sibling()
    told: list[Gap] = []
    listed.add(40, 50, 60, 70, 95)
    feed = feed_of(listed, clock, recover=sibling, on_gap=told.append, rules=attrs.evolve(RULES, overlap=0))
    await ids(feed)
    listed.now -= timedelta(seconds=90)
    clock.sleeps_left = 1
    await ids(feed)
    listed.now += timedelta(seconds=2)
    listed.add(11)
    clock.sleeps_left = 1
    await ids(feed)
    hidden = START + timedelta(seconds=11)
    assert told[0].kind == "history"
    assert any((gap.after or hidden) <= hidden <= (gap.before or hidden) for gap in told[1:])
    assert sibling.asked == []


class Stopwatch:
    """A steady clock in the test's hands; `latency` passes with each look at it."""

    def __init__(self) -> None:
        self.now = 50.0
        self.latency = 0.0

    def __call__(self) -> float:
        self.now += self.latency
        return self.now


async def watched(listed: FakeList, steady: Stopwatch, sibling: Sibling | None = None) -> PageQueue[Send]:
    """A feed that has handled a few rows, with its floor at 40 seconds."""
    listed.add(40, 50, 110)
    listed.now = START + timedelta(seconds=110)
    source = attrs.evolve(source_of(listed, FakeClock(), recover=sibling), own=OwnClocks(steady=steady))
    queue: PageQueue[Send] = PageQueue(source, open_cursor(source, FeedOptions(), None))
    await queue.fetch()
    assert await emptied(queue) == ["e40", "e50", "e110"]
    return queue


async def test_a_row_stamped_during_a_jump_back_made_up_for_before_the_next_poll_is_found() -> None:
    """A server's clock that has advanced by less than the time that passed was behind meanwhile.

    A row stamped then, where the feed no longer asked, comes with the poll after, once.
    """
    listed, steady, sibling = FakeList(), Stopwatch(), Sibling()
    queue = await watched(listed, steady, sibling)
    steady.now += 300
    listed.now += timedelta(seconds=200)
    listed.add(30)
    found = []
    for _ in range(3):
        await queue.fetch()
        found += await emptied(queue)
        steady.now += 100
        listed.now += timedelta(seconds=100)
    assert found == ["e30"]
    assert sibling.asked == []


class Nonsense(list[Any]):
    """A page that turns out to be unreadable when its rows are looked at."""

    def __iter__(self) -> NoReturn:
        raise DecodeError("no JSON")


class GarbledList(FakeList):
    """Answers every second request with nonsense, under a `Date` all the same."""

    async def page(self, since: str | None) -> Answer[list[Any]]:
        answer = await super().page(since)
        return answer if len(self.asked) % 2 else attrs.evolve(answer, value=Nonsense(answer.value))


async def test_an_unreadable_page_does_not_hide_a_jump_back() -> None:
    """The time that has passed is measured from the page whose date is compared, and from no later one."""
    listed, steady = GarbledList(), Stopwatch()
    queue = await watched(listed, steady)
    steady.now += 300
    listed.now += timedelta(seconds=200)
    with pytest.raises(DecodeError):
        await queue.fetch()
    steady.now += 300
    listed.now += timedelta(seconds=300)
    await queue.fetch()
    assert await emptied(queue) == []
    assert queue.cursor.since() is None  # asks again for all that the slow clock may have stamped


@pytest.mark.parametrize(("waited", "latency"), [(200, 0), (201, 0), (150, 0), (200, 60)])
async def test_a_clock_that_keeps_up_is_no_gap(waited: float, latency: float) -> None:
    """A date cut to the second, a machine that slept, or a slow request are no jump of the server's clock."""
    listed, steady = FakeList(), Stopwatch()
    queue = await watched(listed, steady)
    steady.now += waited - latency
    steady.latency = latency
    listed.now += timedelta(seconds=200)
    await queue.fetch()
    assert await emptied(queue) == []


async def test_future_rows_of_a_server_that_tells_no_time_hide_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Without a `Date`, our own clock, less a leeway, keeps rows of the future from moving the feed."""
    caplog.set_level("INFO", "impactive_async.feed")
    listed = FakeList(tells_time=False)
    listed.add(1, 2, 10_000, 10_001, 10_002)
    own = OwnClocks(wall=lambda: START.timestamp() + 3 + LEEWAY / 1e6)  # as far ahead as it may be
    source = attrs.evolve(source_of(listed, FakeClock()), own=own, rules=attrs.evolve(RULES, cap=100))
    queue: PageQueue[Send] = PageQueue(source, open_cursor(source, FeedOptions(), None))
    await queue.fetch()
    assert await emptied(queue) == ["e1", "e2", "e10000", "e10001", "e10002"]
    listed.rows = [row(number) for number in (3, 4)]
    for _ in range(2):
        await queue.fetch()
    assert await emptied(queue) == ["e3", "e4"]
    assert caplog.text.count("tells no time") == 1


async def test_a_page_over_the_cap_is_a_full_one() -> None:
    """A server that shows more than its documented cap may still have cut the page off."""
    listed = FakeList()
    listed.add(*range(3 * CAP))
    source = attrs.evolve(source_of(listed, FakeClock()), rules=attrs.evolve(RULES, cap=CAP - 2))
    queue: PageQueue[Send] = PageQueue(source, open_cursor(source, FeedOptions(), None))
    await queue.fetch()
    assert (await emptied(queue))[0] == "history"


async def test_a_server_without_a_date_costs_no_row() -> None:
    """Without a `Date` header rows still come once each."""
    listed = FakeList(tells_time=False)
    listed.add(1, 2)
    queue = intake_of(listed)
    await queue.fetch()
    assert await emptied(queue) == ["e1", "e2"]
    await queue.fetch()
    assert await emptied(queue) == []


async def test_rows_that_the_cursor_has_let_go_of_leave_their_gap_open() -> None:
    """After a recovery that reaches further back than the feed asks by now, what was not delivered is told."""
    listed, clock = FakeList(), StopsAt()
    told: list[Gap] = []
    listed.add(1, 2)
    sibling = Sibling(*(row(number) for number in range(10, 70)))
    feed = feed_of(listed, clock, recover=sibling, on_gap=told.append)
    found = await ids(feed)
    for first in range(10, 70, 3 * CAP):
        listed.add(*range(first, first + 3 * CAP))
        clock.sleeps_left = 1
        found += await ids(feed)
    assert len(found) == len(set(found))
    for number in set(range(10, 70)) - {int(one[1:]) for one in found}:
        at = START + timedelta(seconds=number)
        assert any((gap.after or at) <= at <= (gap.before or at) for gap in told), number
