"""Filling gaps through sibling lists: what they show is delivered, and what they cannot show is reported."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest

from impactive_async import AsyncClient, FeedGapError, MemoryCursorStore
from impactive_async._codec.page import RawPage, page_of
from impactive_async.errors import ConfigurationError, ServerError
from impactive_async.feeds.delivery.source import Recovery
from impactive_async.models import Gap
from impactive_async.resources.watching.recovery import Replies, ReplyRecovery, filled_by, reaches
from impactive_async.sandbox import Sandbox
from tests.feeds.lists import CAP, FakeList, Over, Sibling, StopsAt, feed_of, ids, iso, row
from tests.support import client_of

REPLIES = 500  # the cap of a sequence's replies
CONTACTS = 100  # and of Zapier's contacts
PER_CONTACT = 60


class Mailbox:
    """A sequence whose contacts write more between two polls than its list of replies shows."""

    def __init__(self, sandbox: Sandbox, people: int = 12) -> None:
        self.state, self.clock = sandbox.state, sandbox.clock
        self.people = [self.state.create_contact("P", str(number)).id for number in range(people)]
        self.sequence = self.state.create_sequence("Welcome", ()).id
        self.state.enroll(self.sequence, self.people)

    async def write(self, each: int) -> list[str]:
        """Everybody writes so often; the ids in order."""
        found = []
        for _ in range(each):
            for person in self.people:
                await self.clock.advance(seconds=0.05)
                found.append(self.state.add_reply(person).id)
        return found


async def pull(feed: Any, count: int) -> tuple[list[str], list[Gap]]:
    """So many rows, and the gaps raised before them."""
    rows: list[str] = []
    gaps: list[Gap] = []
    while len(rows) < count:
        try:
            rows.append((await anext(feed)).id)
        except FeedGapError as error:
            gaps.append(error.gap)
    return rows, gaps


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
@pytest.mark.contract("tells rows of one second apart by their order", "numbers")
async def test_replies_past_the_cap_are_fetched_from_the_contacts(sandbox: Sandbox, crm: AsyncClient) -> None:
    """More replies than a page shows are all delivered, in order and once, and nothing is in doubt."""
    mail = Mailbox(sandbox)
    feed = crm.sequences.watch_replies(mail.sequence)
    first = await mail.write(2)
    assert await pull(feed, len(first)) == (first, [])
    burst = await mail.write(PER_CONTACT)
    assert len(burst) > REPLIES
    rows, gaps = await pull(feed, len(burst))
    assert (rows, gaps) == (burst, [])
    assert (await feed.poll(feed.cursor)).rows[1:] == []


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
async def test_recovered_replies_look_like_the_others(sandbox: Sandbox, crm: AsyncClient) -> None:
    """A reply that came through its contact's list is like one of the sequence's own list."""
    mail = Mailbox(sandbox)
    feed = crm.sequences.watch_replies(mail.sequence)
    await pull(feed, len(await mail.write(2)))
    await mail.write(PER_CONTACT)
    recovered = await anext(feed)
    enrolled = {one.contact_id: one.id for one in sandbox.state.enrollments(mail.sequence)}
    assert recovered.enrollment_id == enrolled[recovered.contact_id]


@pytest.mark.parametrize("fault", [{"status": 404}, {"status": 400}, {"status": 500}, {"truncate": True}], ids=str)
@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
async def test_what_one_contact_withholds_is_reported(sandbox: Sandbox, fault: dict[str, Any]) -> None:
    """If contacts' lists cannot be had or read, what the others show is delivered, and the gaps are reported."""
    mail = Mailbox(sandbox)
    async with client_of(sandbox, max_retries=0) as crm:
        told: list[Any] = []
        feed = crm.sequences.watch_replies(mail.sequence, on_bad_row=told.append)
        await mail.write(1)
        await pull(feed, len(mail.people))
        burst = await mail.write(PER_CONTACT)
        sandbox.fail("GET /api/agent/contacts/:id/replies", times=2, **fault)
        rows, gaps = await pull(feed, REPLIES)
        while rows[-1] != burst[-1]:
            rows.append((await anext(feed)).id)
    assert [gap.kind for gap in gaps] == ["lookback", "overflow"]
    assert len(rows) == len(set(rows)) > REPLIES
    missing = [one for one in sandbox.state.replies if one.id in burst and one.id not in rows]
    assert all(any(within(gap, one.email_date) for gap in gaps) for one in missing)


def within(gap: Gap, date: datetime) -> bool:
    return (gap.after is None or gap.after <= date) and (gap.before is None or date <= gap.before)


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
async def test_a_recovery_that_fails_is_a_gap(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """If nobody can say who is enrolled, the gap is reported as it is, and the visible rows are delivered."""
    mail = Mailbox(sandbox)
    async with client_of(sandbox, max_retries=0) as crm:
        feed = crm.sequences.watch_replies(mail.sequence)
        await mail.write(1)
        await pull(feed, len(mail.people))
        burst = await mail.write(PER_CONTACT)
        sandbox.fail("GET /api/agent/sequences/:id/enrollments", status=503, times=None)
        rows, gaps = await pull(feed, REPLIES)
    assert rows == burst[-REPLIES:]
    assert [gap.kind for gap in gaps] == ["lookback", "overflow"]
    assert "recovering a gap failed" in caplog.text


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
async def test_a_failing_server_is_not_asked_for_every_contact(sandbox: Sandbox) -> None:
    """When contacts' lists fail, a recovery stops after the batch under way."""
    mail = Mailbox(sandbox, people=120)
    async with client_of(sandbox, max_retries=0) as crm:
        feed = crm.sequences.watch_replies(mail.sequence, on_gap="continue")
        await mail.write(1)
        await pull(feed, len(mail.people))
        await mail.write(5)
        sandbox.fail("GET /api/agent/contacts/:id/replies", status=500, times=None)
        await pull(feed, 1)
    asked = len(sandbox.requests_to("GET /api/agent/contacts/:id/replies"))
    assert asked == 50  # one batch, of two gaps together


class OneAnswer:
    """A caller whose list of enrollments is given, and whose every other call ends alike."""

    def __init__(self, enrollments: list[Any], end: list[Any] | Exception) -> None:
        self._enrollments = enrollments
        self._end = end

    async def call(self, request: Any, _: Any) -> RawPage:
        if "enrollments" in request.template:
            return page_of(self._enrollments, "id", "updatedAt")
        if isinstance(self._end, Exception):
            raise self._end
        return page_of(self._end, "id", "emailDate")


GAP = Gap("f", "overflow", datetime.fromisoformat("2026-05-01T09:00:00+00:00"), None)


@pytest.mark.parametrize("odd", [7, {}, {"contactId": []}, {"contactId": ""}, {"contactId": None}], ids=str)
async def test_an_enrollment_that_names_nobody_leaves_the_gap(odd: Any) -> None:
    """Whose replies cannot be asked for cannot be said to be complete; the others are asked."""
    caller: Any = OneAnswer([odd, {"id": "en", "contactId": "c1"}], [{"id": "r1"}, "no row"])
    recovery = await ReplyRecovery(caller, "s1")([GAP])
    assert recovery.rows == [{"id": "r1", "contactId": "c1", "enrollmentId": "en"}, "no row"]
    assert not recovery.filled


async def test_what_is_no_failure_of_the_api_is_not_hidden() -> None:
    """A client that was closed meanwhile is not taken for a contact without replies."""
    caller: Any = OneAnswer([{"contactId": "c1"}], ConfigurationError("closed"))
    with pytest.raises(ConfigurationError):
        await ReplyRecovery(caller, "s1")([GAP])


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
@pytest.mark.contract("tells rows of one second apart by their order", "numbers")
async def test_zapier_contacts_past_the_cap_come_from_the_agent_list(sandbox: Sandbox, crm: AsyncClient) -> None:
    """More contacts than a Zapier page shows are all delivered while the workspace fits the agent's list."""
    before = len(sandbox.state.rows("contacts"))
    feed = crm.zapier.contacts.watch()
    await pull(feed, before)
    await sandbox.clock.advance(minutes=1)
    burst = await contacts(sandbox, CONTACTS + 50)
    assert await pull(feed, len(burst)) == (burst, [])


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
async def test_a_large_workspace_leaves_a_gap(sandbox: Sandbox, crm: AsyncClient) -> None:
    """If the agent's list is full itself, what it shows is delivered and the gap is reported."""
    feed = crm.zapier.contacts.watch()
    await pull(feed, len(sandbox.state.rows("contacts")))
    await sandbox.clock.advance(minutes=1)
    burst = await contacts(sandbox, 600)
    rows, gaps = await pull(feed, 499)
    assert set(rows) <= set(burst)
    assert "overflow" in [gap.kind for gap in gaps]


async def contacts(sandbox: Sandbox, count: int) -> list[str]:
    found = []
    for number in range(count):
        await sandbox.clock.advance(seconds=0.02)
        found.append(sandbox.state.create_contact("C", str(number)).id)
    return found


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
async def test_a_crash_amid_a_recovery_repeats_it(sandbox: Sandbox, crm: AsyncClient) -> None:
    """A consumer that dies while it handles recovered rows gets all of the gap again, and misses none."""
    mail, store = Mailbox(sandbox), MemoryCursorStore()
    first = await mail.write(2)
    async with crm.sequences.watch_replies(mail.sequence, store=store) as feed:
        await pull(feed, len(first))
        feed.ack()
    burst = await mail.write(PER_CONTACT)
    died = crm.sequences.watch_replies(mail.sequence, store=store)
    rows, _ = await pull(died, 30)
    again, gaps = await pull(crm.sequences.watch_replies(mail.sequence, store=store), len(burst))
    assert (again, gaps) == (burst, [])
    assert rows == burst[:30]


# -- the rules of recovery -------------------------------------------------------------------------------------


async def overflowing(sibling: Sibling, **options: Any) -> tuple[list[str], list[Gap], Any]:
    listed, clock = FakeList(), StopsAt()
    gaps: list[Gap] = []
    listed.add(1, 2)
    feed = feed_of(listed, clock, recover=sibling, on_gap=gaps.append, **options)
    await ids(feed)
    listed.add(*range(10, 13 + CAP))
    clock.sleeps_left = 1
    return await ids(feed), gaps, feed


HIDDEN = [row(number) for number in (10, 11, 12)]


async def test_a_complete_recovery_leaves_no_gap_on_record() -> None:
    """All of a gap delivered: none is told, none is kept."""
    rows, gaps, feed = await overflowing(Sibling(*HIDDEN))
    assert rows == [f"e{number}" for number in range(10, 13 + CAP)]
    assert (gaps, '"gaps":[]' in feed.cursor) == ([], True)


async def test_a_partial_recovery_tells_the_gap_and_delivers() -> None:
    """Part of a gap delivered: it is told first, and kept."""
    rows, gaps, feed = await overflowing(Sibling(*HIDDEN[1:], complete=False))
    assert rows == [f"e{number}" for number in range(11, 13 + CAP)]
    assert [gap.kind for gap in gaps] == ["lookback", "overflow"]
    assert '"gaps":[]' not in feed.cursor


async def test_a_bad_row_in_a_recovery_makes_it_partial() -> None:
    """A row of the sibling list that cannot be read is told, and so is the gap it may have filled."""
    bad: list[Any] = []
    rows, gaps, _ = await overflowing(Sibling(*HIDDEN, {"id": "bad"}), on_bad_row=bad.append)
    assert rows == [f"e{number}" for number in range(10, 13 + CAP)]
    assert gaps
    assert [one.row for one in bad] == [{"id": "bad"}]


async def test_a_bad_row_may_be_of_any_gap() -> None:
    """Two gaps and one row that cannot be read: neither gap counts as filled."""
    told = list[Gap]()
    listed, clock, bad = FakeList(), StopsAt(), list[Any]()
    listed.add(1, 2)
    feed = feed_of(
        listed, clock, recover=Sibling(*HIDDEN, {"id": "bad"}), on_gap=told.append, on_bad_row=bad.append
    )
    await ids(feed)
    listed.add(*range(10, 13 + CAP))
    clock.sleeps_left = 1
    await ids(feed)
    assert [gap.kind for gap in told] == ["lookback", "overflow"]
    assert len(bad) == 1


@pytest.mark.parametrize("cut", ["a row of the page", "every row from before the gap"])
async def test_a_sibling_list_that_was_cut_off_fills_no_gap(cut: str) -> None:
    """Whatever it says: it shows all rows of the page, and one from before the gap, or the gap is told."""
    listed, clock, told = FakeList(), StopsAt(), list[Gap]()
    listed.add(1, 2)

    async def cut_off(gaps: Collection[Gap]) -> Recovery:
        shown = listed.rows[3:] if cut.startswith("every") else listed.rows[:-1]
        return Recovery(shown, filled=gaps)

    feed = feed_of(listed, clock, recover=cut_off, on_gap=told.append)
    await ids(feed)
    listed.add(*range(10, 13 + CAP))
    clock.sleeps_left = 1
    await ids(feed)
    assert "overflow" in [gap.kind for gap in told]


async def test_a_failed_recovery_tells_the_gap() -> None:
    """A sibling list that cannot be had changes nothing about the rows behind the gap."""
    rows, gaps, _ = await overflowing(Sibling(error=ServerError("down", status=503)))
    assert rows == [f"e{number}" for number in range(13, 13 + CAP)]
    assert len(gaps) == 2


async def test_the_gaps_of_a_page_are_looked_for_together() -> None:
    """An overflow and the late rows that it puts out of reach cost one look; each has its own rows and end."""
    listed, clock, asked = FakeList(), StopsAt(), list[str]()
    listed.add(1, 2)

    async def fills_the_overflow(gaps: Collection[Gap]) -> Recovery:
        asked.append(" and ".join(gap.kind for gap in gaps))
        rows = [row(0, id="hidden"), *listed.rows]
        return Recovery(rows, filled=[gap for gap in gaps if gap.kind == "overflow"])

    told = list[Gap]()
    feed = feed_of(listed, clock, recover=fills_the_overflow, on_gap=told.append)
    await ids(feed)
    listed.add(*range(10, 13 + CAP))
    clock.sleeps_left = 1
    assert await ids(feed) == ["hidden", *(f"e{number}" for number in range(10, 13 + CAP))]
    assert (asked, [gap.kind for gap in told]) == (["lookback and overflow"], ["lookback"])


async def test_somebody_enrolled_twice_is_asked_for_once() -> None:
    """Their replies would come twice, with two enrollments, and contradict each other."""
    caller: Any = OneAnswer([{"id": "new", "contactId": "c1"}, {"id": "old", "contactId": "c1"}], [{"id": "r1"}])
    recovery = await ReplyRecovery(caller, "s1")([GAP])
    assert recovery.rows == [{"id": "r1", "contactId": "c1", "enrollmentId": "new"}]
    assert recovery.filled == [GAP]


def replies(*seconds: int) -> Replies:
    start = datetime.fromisoformat("2026-05-01T09:00:00+00:00")
    return Replies([{"emailDate": iso(start + timedelta(seconds=number))} for number in seconds])


IN_GAP, SINCE_BEFORE = range(37, 0, -1), range(36, -2, -1)


@pytest.mark.parametrize(
    ("lists", "filled"),
    [
        ([replies(*IN_GAP)], False),
        ([replies(*IN_GAP), replies(*IN_GAP), replies(5)], False),
        ([replies(*IN_GAP), replies(*SINCE_BEFORE)], True),
        ([replies(*SINCE_BEFORE)], True),
        ([replies(*reversed(SINCE_BEFORE))], False),
        ([replies(3, 2, 1), replies(9)], True),
        ([Replies(replies(3, 2, 1).rows, more=True)], False),
        ([], True),
    ],
    ids=[
        "cut at 37",
        "two cut at 37",
        "one is longer",
        "from before",
        "the oldest first",
        "short",
        "more",
        "nobody",
    ],
)
def test_what_the_lists_of_contacts_prove(lists: list[Replies], filled: bool) -> None:
    """A list that lies in the gap as a whole may be cut off at any length, unless another one is longer."""
    assert filled_by(lists, [GAP]) == ([GAP] if filled else [])


def test_late_rows_are_looked_for_in_young_lists_too() -> None:
    """A list of no usual length that begins within the time of late rows is taken for a whole one."""
    late = attrs.evolve(GAP, kind="lookback")
    assert filled_by([replies(*IN_GAP)], [GAP, late]) == [late]
    assert filled_by([replies(*range(50, 0, -1))], [late]) == []


async def test_rows_outside_the_gap_are_not_taken_from_a_sibling() -> None:
    """What a sibling list shows beside the gap is the feed's own list's business."""
    rows, _, _ = await overflowing(Sibling(*HIDDEN, row(1), row(2), row(13), row(90)))
    assert rows == [f"e{number}" for number in range(10, 13 + CAP)]


async def test_history_is_not_looked_for() -> None:
    """What was there before a feed began is no loss, and costs no request."""
    listed, sibling = FakeList(), Sibling(*HIDDEN)
    listed.add(*range(10, 13 + CAP))
    assert len(await ids(feed_of(listed, StopsAt(), recover=sibling))) == CAP
    assert sibling.asked == []


def test_a_list_shows_all_above_its_oldest_row() -> None:
    """It proves nothing of what was before that row, and nothing at all if one of its moments cannot be read."""
    start = datetime.fromisoformat("2026-05-01T09:00:00+00:00")
    rows = [{"at": iso(start + timedelta(seconds=number))} for number in (2, 1, 0)]
    assert not reaches(rows, None, "at")
    assert reaches(rows, start + timedelta(seconds=1), "at")
    assert not reaches(rows, start, "at")
    assert not reaches([*rows[:2], {}], start + timedelta(seconds=2), "at")
    assert not reaches([], start, "at")


async def test_recoveries_have_a_budget() -> None:
    """Of a list that overflows at every poll, six pages an hour are looked for elsewhere; each gap is told."""
    listed, sibling, store, told, looked = FakeList(), Sibling(complete=False), MemoryCursorStore(), 0, list[int]()
    listed.add(0)
    for poll in range(60):  # every two minutes
        feed = feed_of(listed, StopsAt(), recover=sibling, store=store)
        told += await overflowed(feed)
        looked.append(len(sibling.asked))
        listed.rows = [row(120 * (poll + 1) + number) for number in range(CAP)]
        listed.now += timedelta(seconds=120)
    assert told == 59
    assert max(later - earlier for earlier, later in zip(looked, looked[29:], strict=False)) <= 6
    assert looked[-1] > 6


async def overflowed(feed: Any) -> int:
    """Take all rows of one poll; how many overflows were told before them."""
    found = 0
    while True:
        try:
            await anext(feed)
        except FeedGapError as error:
            found += error.gap.kind == "overflow"
        except Over:
            await feed.ack()
            await feed.aclose()
            return found


async def test_a_busy_mailbox_is_followed_without_a_look_elsewhere() -> None:
    """600 replies an hour, an overlap of an hour, a cap of 500: no gap, and no request but the polls."""
    async with Sandbox(populate=False) as sandbox, client_of(sandbox) as crm:
        mail = Mailbox(sandbox, people=100)
        feed, cursor = crm.sequences.watch_replies(mail.sequence, interval=300), None
        written, rows, gaps = list[str](), list[str](), list[Gap]()
        for _ in range(24):  # two hours, 50 replies every five minutes
            for number in range(50):
                await sandbox.clock.advance(seconds=6)
                written.append(sandbox.state.add_reply(mail.people[number]).id)
            poll = await feed.poll(cursor)
            cursor, gaps = poll.cursor, [*gaps, *poll.gaps]
            rows += [one.id for one in poll.rows]
        assert rows == written
        assert [gap for gap in gaps if gap.kind == "overflow"] == []
        assert len(gaps) <= 1  # told once that rows later than what the page has room for are out of reach
        assert len(sandbox.requests) == 24
