"""Names of feeds, events of rows, and what a failure means for its feed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from impactive_async import NOW, AsyncClient, BadRow, Gap, Poll, from_dict, to_dict
from impactive_async._codec.codec import decode_row, to_wire
from impactive_async.errors import (
    APIConnectionError,
    APIStatusError,
    BadRequestError,
    CursorError,
    DecodeError,
    InvalidArgumentError,
    NotFoundError,
    RateLimitError,
    ServerError,
)
from impactive_async.feeds.cursor.quarantine import digest
from impactive_async.feeds.delivery.home import without_home
from impactive_async.hub import HubEvent, SqliteHub, event_id
from impactive_async.hub.contract.waiting import LONGEST, back_off
from impactive_async.hub.worker.events.rows import events_of
from impactive_async.hub.worker.failures import is_final, is_gone, pause_after, reason_for
from impactive_async.hub.worker.feeds import UnknownFeedError, feed_names, open_feed
from impactive_async.models import Booking, Enrollment
from impactive_async.resources.watching.kinds import KINDS
from impactive_async.sandbox import Sandbox
from tests.support import client_of

SOURCE = "/workspaces/wsp_1"
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


async def test_a_feeds_name_is_its_own(crm: AsyncClient) -> None:
    """The name in the hub is the feed's, so that cursors, gaps and logs speak of the same; no two are alike."""
    names = list(feed_names(KINDS, ["seq_1", "seq_2", "v1.2", "a/b", "é ü"]))
    assert len(set(names)) == len(names) == 6 + 5 * 3
    assert [open_feed(crm, name, since=None, interval=60).name for name in names] == names


@pytest.mark.parametrize(
    "name",
    ["", "deals", "zapier/", "zapier/leads", "sequences/1", "sequences/1/opens", "sequences//sends", "a/b/c/d"],
)
async def test_a_name_of_no_feed_is_refused(crm: AsyncClient, name: str) -> None:
    """What a newer version, or somebody by hand, has put into the hub is told from what failed."""
    with pytest.raises(UnknownFeedError, match="no feed is called"):
        open_feed(crm, name, since=None, interval=60)


# -- events -----------------------------------------------------------------------------------------------------


async def polled(crm: AsyncClient, feed: str) -> list[HubEvent]:
    poll = await open_feed(crm, feed, since=None, interval=60).poll()
    return list(events_of(SOURCE, feed, poll, WHEN))


@pytest.fixture
def sequence(sandbox: Sandbox) -> str:
    """A sequence with one contact, who has been written to and has replied."""
    made = sandbox.state.create_sequence("Welcome", [0])
    contact = sandbox.state.create_contact("Ada", "Lovelace", email="ada@example.com")
    sandbox.state.enroll(made.id, [contact.id])
    sandbox.state.add_reply(contact.id)
    return made.id


TYPES = {
    "sequences/{}/enrollments": "enrollment.updated",
    "sequences/{}/sends": "send.created",
    "sequences/{}/replies": "reply.created",
    "zapier/companies": "company.updated",
    "zapier/contacts": "contact.updated",
    "zapier/deals": "deal.updated",
    "zapier/invoices": "invoice.updated",
    "zapier/projects": "project.updated",
    "bookings": "booking.updated",
}


@pytest.mark.parametrize("feed", TYPES)
async def test_every_row_is_an_event(crm: AsyncClient, sandbox: Sandbox, sequence: str, feed: str) -> None:
    """Rows of each kind become events whose ids are unique, stable, and survive JSON with all that is in them."""
    await sandbox.clock.advance(minutes=1)
    await crm.bookings.create(title="Demo")
    feed = feed.format(sequence)
    events = await polled(crm, feed)
    assert events
    assert {each.type for each in events} == {f"com.impactiveai.{TYPES[feed.replace(sequence, '{}')]}"}
    assert {each.source for each in events} == {SOURCE}
    assert len({each.id for each in events}) == len(events)
    assert [HubEvent.from_json(each.to_json()) for each in events] == events
    assert [each.id for each in await polled(crm, feed)] == [each.id for each in events]
    assert all(each.subject == f"{feed.rpartition('/')[2]}/{each.data['id']}" for each in events)


async def test_a_new_version_is_a_new_event(crm: AsyncClient, sandbox: Sandbox) -> None:
    """A row that changes keeps its subject and gets another id; its time is that of the change."""
    (deal, *_) = sandbox.state.rows("deals")
    before = {each.subject: each for each in await polled(crm, "zapier/deals")}
    await sandbox.clock.advance(hours=1)
    changed = sandbox.state.touch("deals", deal.id, {"name": "Bigger"})
    after = {each.subject: each for each in await polled(crm, "zapier/deals")}
    assert {subject for subject in after if after[subject].id != before[subject].id} == {f"deals/{deal.id}"}
    assert after[f"deals/{deal.id}"].time == changed.updated_at


async def test_an_unchanged_list_is_a_304_for_every_worker(sandbox: Sandbox, tmp_path: Path) -> None:
    """The tag of the page lies in the hub beside the cursor: the next worker's poll costs no row."""
    sandbox.change({"*": {"etag": True}})
    statuses = []
    async with SqliteHub(tmp_path / "hub.db") as hub:
        await hub.add("zapier/companies")
        for number in range(4):
            async with client_of(sandbox) as crm:
                claim = await hub.claim(60)
                assert claim is not None
                poll = await open_feed(crm, claim.feed, since=None, interval=60).poll(without_home(claim.cursor))
                assert (poll.rows == []) is (number > 0)
                await hub.commit(claim, poll.cursor, [], 0)
                statuses.append(sandbox.requests[-1].status)
    assert statuses == [200, 304, 304, 304]


async def test_an_email_has_one_version(crm: AsyncClient, sandbox: Sandbox, sequence: str) -> None:
    """A send stays the same event when the list shows it otherwise, as it does after unenrolment."""
    await sandbox.clock.advance(minutes=1)
    before = await polled(crm, f"sequences/{sequence}/sends")
    sandbox.state.unenroll(sequence, sandbox.state.sends[0].contact_id)
    after = await polled(crm, f"sequences/{sequence}/sends")
    assert [each.id for each in after] == [each.id for each in before]
    assert after[0].data != before[0].data


async def test_fields_that_nobody_knows_travel_too(crm: AsyncClient, sandbox: Sandbox) -> None:
    """An event carries its row as it came over the wire, unknown fields included."""
    sandbox.state.add("deals", {"name": "Odd", "score": 7, "nested": {"a": [1, None]}})
    (odd,) = (each for each in await polled(crm, "zapier/deals") if each.data["name"] == "Odd")
    assert odd.data["extra"] == {"score": 7, "nested": {"a": [1, None]}}


async def test_an_event_has_its_row(crm: AsyncClient, sandbox: Sandbox) -> None:
    """It is the row that the call gives, out of this version's log and out of one of 0.1 with wire names."""
    row = sandbox.state.add("deals", {"name": "Odd", "score": 7, "ownerId": "u_1"})
    (deal,) = (each for each in await crm.zapier.deals.list() if each.id == row.id)
    (event,) = (each for each in await polled(crm, "zapier/deals") if each.data["id"] == row.id)
    assert event.data == to_dict(deal)
    assert event.row == deal
    assert evolve(event, data=to_dict(deal, wire=True)).row == deal
    with pytest.raises(InvalidArgumentError, match=r"Deal\.id"):
        _ = evolve(event, data={"id": 1, "name": []}).row


def test_an_event_of_no_row_has_none() -> None:
    """Gaps, unreadable rows, and events that other programs have logged."""
    gap = Gap("zapier/deals", "overflow", WHEN, WHEN)
    poll: Poll[Any] = Poll(rows=[], gaps=[gap], cursor="", next_in=1.0, bad=[BadRow(3, "no id", {})])
    assert [each.row for each in events_of(SOURCE, "zapier/deals", poll, WHEN)] == [None, None]
    (first, _) = events_of(SOURCE, "zapier/deals", poll, WHEN)
    assert evolve(first, type="com.example.other", subject="others/1").row is None


def test_a_row_without_a_version_keeps_its_id() -> None:
    """The id of a row that has neither a version nor a date is the one that version 0.1 gave."""
    booking = from_dict(Booking, {"id": "bk_1", "title": "Call"})
    (event,) = events_of(SOURCE, "bookings", Poll(rows=[booking], gaps=[], cursor="", next_in=1.0, bad=[]), WHEN)
    assert event.id == f"bookings/bk_1/{digest(to_wire(booking))}"


def test_what_is_wrong_comes_first() -> None:
    """Gaps and unreadable rows are events of their own, before the rows of their poll; their ids are stable."""
    gap = Gap("zapier/deals", "overflow", WHEN, WHEN + timedelta(hours=1))
    bad = BadRow(3, "no id", {"name": "\ud800"})
    poll: Poll[Any] = Poll(rows=[], gaps=[gap], cursor="", next_in=1.0, bad=[bad])
    first, second = events_of(SOURCE, "zapier/deals", poll, WHEN)
    assert (first.type, second.type) == ("com.impactiveai.feed.gap", "com.impactiveai.feed.bad_row")
    assert json.loads(first.to_json())["data"] == {
        "feed": "zapier/deals",
        "kind": "overflow",
        "after": "2026-01-02T03:04:05+00:00",
        "before": "2026-01-02T04:04:05+00:00",
    }
    assert second.data["row"] == bad.row
    again = list(events_of(SOURCE, "zapier/deals", poll, WHEN + timedelta(days=1)))
    assert [each.id for each in again] == [first.id, second.id]
    assert first.id == event_id(
        "zapier/deals", "gap:overflow", "2026-01-02T03:04:05+00:00+2026-01-02T04:04:05+00:00"
    )


async def test_whatever_an_event_holds_can_be_committed(tmp_path: Path) -> None:
    """Lone surrogates and NULs in an unreadable row reach the log and come back."""
    bad: Poll[Any] = Poll(
        rows=[], gaps=[], cursor="", next_in=1.0, bad=[BadRow(0, "no id", {"\ud800\0": "\udfff"})]
    )
    async with SqliteHub(tmp_path / "hub.db") as hub:
        await hub.add("a")
        claim = await hub.claim(60)
        assert claim
        await hub.commit(claim, "1", list(events_of(SOURCE, "a", bad, WHEN)), 0)
        (delivery,) = await hub.receive("g")
    assert delivery.event.data["row"] == {"\ud800\0": "\udfff"}


def nested(levels: int, core: Any) -> Any:
    for level in range(levels):
        core = [core] if level % 2 else {"a": core}
    return core


def depth(value: Any) -> int:
    left, deepest = [(value, 0)], 0
    while left:
        one, level = left.pop()
        deepest = max(deepest, level)
        if isinstance(one, dict | list):
            left += [(item, level + 1) for item in (one.values() if isinstance(one, dict) else one)]
    return deepest


@pytest.mark.parametrize("levels", [90, 260, 600, 1_020])
def test_a_row_of_any_depth_is_an_event_that_every_reader_can_take(levels: int) -> None:
    """What the parser lets in goes out, bounded, and with another id for other contents; or one row stops all."""

    def events(core: Any) -> list[HubEvent]:
        booking = decode_row(Booking, {"id": "1", "odd": nested(levels, core)})
        person = {"id": "2", "odd": nested(levels, core)}
        enrolled = {"id": "1", "contactId": "2", "status": "active", "updatedAt": "2026-01-02T03:04:05Z"}
        enrollment = decode_row(Enrollment, enrolled | {"contact": person})
        bad = [BadRow(0, "no id", nested(levels, core))]
        poll: Poll[Any] = Poll(rows=[booking], gaps=[], cursor="", next_in=1.0, bad=bad)
        other: Poll[Any] = Poll(rows=[enrollment], gaps=[], cursor="", next_in=1.0, bad=[])
        return [
            *events_of(SOURCE, "bookings", poll, WHEN),
            *events_of(SOURCE, "sequences/1/enrollments", other, WHEN),
        ]

    first, second = events(1), events(2)
    assert all(HubEvent.from_json(each.to_json()) == each and depth(each.data) <= 110 for each in first)
    assert [each.id for each in first] == [each.id for each in events(1)]
    assert not {each.id for each in first[:2]} & {each.id for each in second[:2]}
    assert all(one.data != other.data for one, other in zip(first, second, strict=True))


async def test_where_a_feed_starts_is_in_its_first_cursor(crm: AsyncClient) -> None:
    """`NOW` is kept in the cursor that a feed is added with: whoever polls it first passes over what is there."""
    name = "zapier/deals"
    assert await polled(crm, name)
    cursor = open_feed(crm, name, since=NOW, interval=60).cursor
    poll = await open_feed(crm, name, since=None, interval=60).poll(cursor)
    assert poll.rows == []


# -- failures ---------------------------------------------------------------------------------------------------


def status(cls: type[APIStatusError], code: int, retry_after: float | None = None) -> APIStatusError:
    return cls("no", status=code, retry_after=retry_after)


def test_pauses_double_and_end_somewhere() -> None:
    """From 2 s, doubled by each failure, up to the interval, and to an hour at the most."""
    assert [back_off(n, 300.0) for n in range(9)] == [2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert back_off(10**6, 86_400.0) == LONGEST
    assert back_off(5, 0.1) == 2.0


def test_a_servers_wish_is_a_command() -> None:
    """`Retry-After` is never undercut, however long it is, and never shortens a pause."""
    assert pause_after(status(RateLimitError, 429, 7200.0), 0, 300.0) == 7200.0
    assert pause_after(status(ServerError, 503, 1.0), 3, 300.0) == 16.0
    assert pause_after(APIConnectionError("gone"), 0, 300.0) == 2.0


@pytest.mark.parametrize(
    ("error", "feed", "final"),
    [
        (status(NotFoundError, 404), "sequences/1/sends", True),
        (status(NotFoundError, 404), "zapier/deals", False),
        (status(BadRequestError, 400), "zapier/deals", True),
        (CursorError("damaged"), "zapier/deals", True),
        (UnknownFeedError("a/b"), "a/b", True),
        (status(APIStatusError, 403), "sequences/1/sends", False),
        (status(APIStatusError, 418), "sequences/1/sends", False),
        (status(ServerError, 503), "sequences/1/sends", False),
        (DecodeError("nonsense"), "sequences/1/sends", False),
        (ValueError("a bug"), "sequences/1/sends", False),
    ],
)
def test_only_what_stays_is_final(error: Exception, feed: str, final: bool) -> None:
    """A feed dies of what lies in itself; of nothing that a later poll may find mended."""
    assert is_final(error, feed) is final


def test_a_reason_says_what_kind_of_failure_it_is() -> None:
    """An error whose text may be empty is named by its class; one that the API sent speaks for itself."""
    assert reason_for(TimeoutError()) == "TimeoutError: "
    assert reason_for(status(ServerError, 503)) == "no"


def test_only_what_was_not_found_can_be_refuted_by_a_list() -> None:
    """Of what feeds die of, a 404 alone is told as such, whatever its text says."""
    assert is_gone(reason_for(status(NotFoundError, 404)))
    for error in (status(BadRequestError, 400), CursorError("not found"), UnknownFeedError("a/b")):
        assert not is_gone(reason_for(error))
