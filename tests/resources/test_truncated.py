"""Lists that may be cut say so, and `list_all` gathers what can be reached."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from impactive_async import AsyncClient, Gap, Profile, RowList
from impactive_async.sandbox import Sandbox
from tests.support import client_of

LISTS: dict[str, Callable[[AsyncClient, str, str], Awaitable[RowList[Any]]]] = {
    "bookings.list": lambda crm, _, __: crm.bookings.list(),
    "contacts.list": lambda crm, _, __: crm.contacts.list(),
    "contacts.replies": lambda crm, _, contact: crm.contacts.replies(contact),
    "sending_accounts.list": lambda crm, _, __: crm.sending_accounts.list(),
    "sequences.list": lambda crm, _, __: crm.sequences.list(),
    "sequences.enrollments": lambda crm, sequence, _: crm.sequences.enrollments(sequence),
    "sequences.sends": lambda crm, sequence, _: crm.sequences.sends(sequence),
    "sequences.replies": lambda crm, sequence, _: crm.sequences.replies(sequence),
    "zapier.companies.list": lambda crm, _, __: crm.zapier.companies.list(),
    "zapier.contacts.list": lambda crm, _, __: crm.zapier.contacts.list(),
    "zapier.deals.list": lambda crm, _, __: crm.zapier.deals.list(),
    "zapier.invoices.list": lambda crm, _, __: crm.zapier.invoices.list(),
    "zapier.projects.list": lambda crm, _, __: crm.zapier.projects.list(),
}


@pytest.fixture
def sequence(sandbox: Sandbox) -> tuple[str, str]:
    """A sequence with two contacts, each with a send and a reply, and the id of one of them."""
    made = sandbox.state.create_sequence("Welcome", [0]).id
    people = [one.id for one in sandbox.state.rows("contacts")[:2]]
    sandbox.state.enroll(made, people)
    for person in people:
        sandbox.state.add_reply(person)
    return made, people[0]


def add_deals(sandbox: Sandbox, count: int) -> None:
    for number in range(count):
        moment = sandbox.clock.now() - timedelta(minutes=number)
        sandbox.state.add("deals", {"name": f"Deal {number}", "value": 1}, at=moment)


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was said of the lists' length: that the shape of an answer deviates is another matter."""
    return [one.getMessage() for one in caplog.records if one.name == "impactive_async.lists"]


@pytest.mark.parametrize("operation", LISTS)
async def test_every_list_says_whether_it_may_be_cut(
    sandbox: Sandbox, sequence: tuple[str, str], operation: str, caplog: pytest.LogCaptureFixture
) -> None:
    """By its length, where a profile names the cap, and by a marker of more; a warning names the endpoint once."""
    method = LISTS[operation]
    async with client_of(sandbox) as crm:
        rows = await method(crm, *sequence)
    assert isinstance(rows, list)
    assert not rows.truncated
    assert warnings_of(caplog) == []
    if rows:
        profile = Profile(operations={operation: {"cap": len(rows)}})
        async with client_of(sandbox, profile=profile) as crm:
            assert [(await method(crm, *sequence)).truncated for _ in range(2)] == [True, True]
        assert len(warnings_of(caplog)) == 1
        assert f"{len(rows)} rows came" in warnings_of(caplog)[0]
    caplog.clear()
    sandbox.change({operation: {"list": {"data": "$rows", "hasMore": True}}})
    async with client_of(sandbox) as crm:
        assert (await method(crm, *sequence)).truncated
    assert any("GET /api/" in one and "there may be more" in one for one in warnings_of(caplog))


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
async def test_a_page_as_long_as_its_cap_may_be_cut(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """245 deals: 100 come, and the list and the log say that this may not be all."""
    add_deals(sandbox, 245)
    async with client_of(sandbox) as crm:
        deals = await crm.zapier.deals.list()
        assert (len(deals), deals.truncated) == (100, True)
        await crm.with_options(timeout=5).zapier.deals.list()
        assert len(warnings_of(caplog)) == 1
        few = await crm.zapier.deals.list(since=sandbox.clock.now() - timedelta(minutes=5))
        assert not few.truncated


async def test_whoever_asks_for_few_contacts_is_not_warned(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The list says that there may be more all the same."""
    async with client_of(sandbox) as crm:
        assert (await crm.contacts.list(limit=1)).truncated
        assert not (await crm.contacts.list(limit=500)).truncated
    assert warnings_of(caplog) == []


def test_a_row_list_is_a_list() -> None:
    """It equals one, and keeps what it knows when it is copied or pickled."""
    gap = Gap("zapier/deals", "history", None, None)
    rows = RowList([1, 2], truncated=True, gap=gap)
    assert rows == [1, 2]
    for other in (copy.copy(rows), pickle.loads(pickle.dumps(rows))):
        assert (other, other.truncated, other.gap) == (rows, True, gap)


async def test_all_rows_are_gathered_where_the_oldest_come_first(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Page by page, each since the last row of the one before."""
    add_deals(sandbox, 245)
    sandbox.change({"zapier.deals.list": {"order": "oldest"}})
    whole = {one.id for one in sandbox.state.rows("deals")}
    async with client_of(sandbox) as crm:
        deals = await crm.zapier.deals.list_all()
    assert {one.id for one in deals} == whole
    assert len(deals) == len(whole)
    assert (deals.truncated, deals.gap) == (False, None)
    moments = [one.updated_at for one in deals if one.updated_at is not None]
    assert moments == sorted(moments, reverse=True)
    assert not any("all that can be reached" in one for one in warnings_of(caplog))


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
async def test_what_cannot_be_reached_is_told(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """Where the newest come first, older deals stay out of reach: the list, its gap and the log say so."""
    add_deals(sandbox, 245)
    async with client_of(sandbox) as crm:
        deals = await crm.zapier.deals.list_all()
    assert (len(deals), deals.truncated) == (100, True)
    assert deals.gap is not None
    assert (deals.gap.feed, deals.gap.kind, deals.gap.after) == ("zapier/deals", "history", None)
    assert deals.gap.before == deals[-1].updated_at
    assert any("zapier/deals: 100 rows are all that can be reached" in one for one in warnings_of(caplog))


async def test_a_whole_list_costs_one_request(sandbox: Sandbox) -> None:
    """Nothing else is asked for where the first answer has everything."""
    async with client_of(sandbox) as crm:
        deals = await crm.zapier.deals.list_all()
        assert crm.stats().requests == 1
    assert {one.id for one in deals} == {one.id for one in sandbox.state.rows("deals")}
    assert not deals.truncated


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
async def test_contacts_are_gathered_from_the_other_list_too(sandbox: Sandbox) -> None:
    """Up to 500 contacts come; where that is all of them, nothing is missing."""
    for number in range(200):
        moment = sandbox.clock.now() - timedelta(minutes=number)
        sandbox.state.create_contact("Ada", str(number), at=moment)
    whole = {one.id for one in sandbox.state.rows("contacts")}
    async with client_of(sandbox) as crm:
        contacts = await crm.zapier.contacts.list_all()
        assert {one.id for one in contacts} == whole
        assert (contacts.truncated, contacts.gap) == (False, None)
        since = sandbox.clock.now() - timedelta(minutes=150)
        later = await crm.zapier.contacts.list_all(since=since)
        assert {one.id for one in later} == {
            one.id for one in sandbox.state.rows("contacts") if one.updated_at > since
        }
    for number in range(400):
        sandbox.state.create_contact("Bob", str(number), at=sandbox.clock.now() - timedelta(seconds=number))
    async with client_of(sandbox) as crm:
        contacts = await crm.zapier.contacts.list_all()
    assert contacts.truncated
    assert contacts.gap is not None
    assert len(contacts) >= 500


async def test_a_page_of_one_moment_ends_the_gathering(sandbox: Sandbox) -> None:
    """More rows of one moment than a page shows cannot be passed by; that is told."""
    moment = sandbox.clock.now()
    for number in range(150):
        sandbox.state.add("deals", {"name": f"Deal {number}", "value": 1}, at=moment)
    sandbox.change({"zapier.deals.list": {"order": "oldest"}})
    async with client_of(sandbox) as crm:
        deals = await crm.zapier.deals.list_all()
        assert crm.stats().requests < 6
    assert deals.truncated
    sandbox.change({"zapier.deals.list": {"order": "shuffled"}})
    async with client_of(sandbox) as crm:
        deals = await crm.zapier.deals.list_all()
    assert deals.truncated


async def test_what_is_missing_after_the_rows_is_said_so(sandbox: Sandbox) -> None:
    """Where the oldest come first and the gathering ends early, what cannot be reached is newer than what was."""
    early, late = sandbox.clock.now() - timedelta(hours=2), sandbox.clock.now() - timedelta(hours=1)
    for number, moment in enumerate([early, *[late] * 150]):
        sandbox.state.add("deals", {"name": f"Deal {number}", "value": 1}, at=moment)
    sandbox.change({"zapier.deals.list": {"order": "oldest"}})
    async with client_of(sandbox) as crm:
        deals = await crm.zapier.deals.list_all(since=early - timedelta(seconds=1))
        assert deals.truncated
        assert deals.gap is None, "the last page is of one moment: its order is not known"
        late_deals = await crm.zapier.deals.list(since=early - timedelta(seconds=1))
    assert {one.id for one in late_deals} <= {one.id for one in deals}
