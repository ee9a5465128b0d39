"""Arguments: what can never be right is refused before any request, and what is given arrives as given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NoReturn

import pytest

from impactive_async import (
    NOW,
    UNSET,
    AsyncClient,
    ContactDraft,
    InvalidArgumentError,
    NotFoundError,
    StepDraft,
    Unset,
)
from impactive_async.sandbox import Sandbox

Call = Callable[[AsyncClient, Any], Awaitable[Any]]

TAKING_IDS: dict[str, Call] = {
    "contacts.update": lambda crm, x: crm.contacts.update(x, title="t"),
    "contacts.replies": lambda crm, x: crm.contacts.replies(x),
    "sequences.get": lambda crm, x: crm.sequences.get(x),
    "sequences.update": lambda crm, x: crm.sequences.update(x, name="n"),
    "sequences.enroll": lambda crm, x: crm.sequences.enroll(x, contact_ids=["c"]),
    "sequences.enroll contact": lambda crm, x: crm.sequences.enroll("s", contact_ids=["c", x]),
    "sequences.enroll tag": lambda crm, x: crm.sequences.enroll("s", tag_ids=[x]),
    "sequences.enroll list": lambda crm, x: crm.sequences.enroll("s", list_ids=[x]),
    "sequences.pause": lambda crm, x: crm.sequences.pause(x),
    "sequences.pause contact": lambda crm, x: crm.sequences.pause("s", contact_ids=[x]),
    "sequences.unenroll": lambda crm, x: crm.sequences.unenroll(x, "c"),
    "sequences.unenroll contact": lambda crm, x: crm.sequences.unenroll("s", x),
    "sequences.enrollments": lambda crm, x: crm.sequences.enrollments(x),
    "sequences.sends": lambda crm, x: crm.sequences.sends(x),
    "sequences.replies": lambda crm, x: crm.sequences.replies(x),
    "steps.create": lambda crm, x: crm.sequences.steps.create(x, subject="s", body="b"),
    "steps.update": lambda crm, x: crm.sequences.steps.update(x, "t", subject="s"),
    "steps.update step": lambda crm, x: crm.sequences.steps.update("s", x, subject="s"),
    "steps.delete": lambda crm, x: crm.sequences.steps.delete(x, "t"),
    "steps.delete step": lambda crm, x: crm.sequences.steps.delete("s", x),
}

TAKING_SINCE: dict[str, Call] = {
    "sequences.enrollments": lambda crm, x: crm.sequences.enrollments("s", since=x),
    "sequences.sends": lambda crm, x: crm.sequences.sends("s", since=x),
    "sequences.replies": lambda crm, x: crm.sequences.replies("s", since=x),
    "zapier.companies": lambda crm, x: crm.zapier.companies.list(since=x),
    "zapier.contacts": lambda crm, x: crm.zapier.contacts.list(since=x),
    "zapier.deals": lambda crm, x: crm.zapier.deals.list(since=x),
    "zapier.invoices": lambda crm, x: crm.zapier.invoices.list(since=x),
    "zapier.projects": lambda crm, x: crm.zapier.projects.list(since=x),
}


async def refused(call: Awaitable[Any], sandbox: Sandbox, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        await call
    assert sandbox.requests == ()


@pytest.mark.silent
@pytest.mark.parametrize("call", TAKING_IDS.values(), ids=TAKING_IDS)
@pytest.mark.parametrize("bad", ["", " ", "..", "a/b", "a\nb", None, 7])
async def test_a_malformed_id_is_refused(call: Call, bad: Any, crm: AsyncClient, sandbox: Sandbox) -> None:
    """Wherever an id is taken, an empty or malformed one is a `ValueError` before any request."""
    await refused(call(crm, bad), sandbox, "id")


@pytest.mark.silent
@pytest.mark.parametrize("call", TAKING_SINCE.values(), ids=TAKING_SINCE)
@pytest.mark.parametrize("bad", [datetime(2026, 5, 1), "2026-05-01T12:00:00", "2026-05-01", "yesterday", ""])
async def test_a_naive_or_unreadable_since_is_refused(
    call: Call, bad: Any, crm: AsyncClient, sandbox: Sandbox
) -> None:
    """Which moment a naive datetime means depends on the machine, so nobody guesses."""
    await refused(call(crm, bad), sandbox, "^since is ")


@pytest.mark.silent
@pytest.mark.parametrize("call", TAKING_SINCE.values(), ids=TAKING_SINCE)
@pytest.mark.parametrize("bad", [date(2026, 5, 1), 1777636800, 1.5, NOW, UNSET, b"2026-05-01T12:00:00Z"])
async def test_since_is_a_moment(call: Call, bad: Any, crm: AsyncClient, sandbox: Sandbox) -> None:
    """What is neither a datetime nor a string is named, with what would do; `NOW` is for feeds."""
    await refused(call(crm, bad), sandbox, "since is an aware datetime or an ISO 8601 string, not ")


class NoMoment(datetime):
    """What an empty cell of pandas is: a `datetime` whose methods fail."""

    def utcoffset(self) -> NoReturn:
        """Fail as `NaT` does."""
        raise ValueError("NaTType does not support utcoffset")

    def __repr__(self) -> str:
        """Return what `NaT` is printed as."""
        return "NaT"


async def test_an_empty_cell_is_no_moment(crm: AsyncClient, sandbox: Sandbox) -> None:
    """`NaT` is named wherever a moment is taken, by calls and by feeds, with the argument that it was."""
    empty = NoMoment(2026, 5, 1)
    await refused(crm.zapier.deals.list(since=empty), sandbox, "^since is .*, not NaT")
    await refused(crm.bookings.create(title="x", start_time=empty), sandbox, "^start_time is NaT, .* no moment")
    for watch in (crm.zapier.deals.watch, crm.watch):
        with pytest.raises(InvalidArgumentError, match=r"^since is .*, not NaT"):
            watch(since=empty)


@pytest.mark.parametrize("bad", ["abc", "", "2026-13-01T00:00:00Z"])
async def test_a_feed_names_its_unreadable_since(bad: str, crm: AsyncClient) -> None:
    """An unreadable text is found when the feed is made, and said to be `since`."""
    with pytest.raises(ValueError, match=r"^since is an aware datetime or an ISO 8601 string, not "):
        crm.zapier.deals.watch(since=bad)
    with pytest.raises(ValueError, match=r"^since is an aware datetime or an ISO 8601 string, not "):
        crm.watch(since=bad)


@pytest.mark.parametrize(
    ("since", "sent"),
    [
        (datetime(2026, 5, 1, 12, tzinfo=UTC), "2026-05-01T12:00:00Z"),
        (datetime(2026, 5, 1, 12, 0, 0, 123456, timezone(timedelta(hours=2))), "2026-05-01T10:00:00.123456Z"),
        ("2026-05-01T12:00:00+02:00", "2026-05-01T12:00:00+02:00"),
        ("2026-05-01T12:00:00.1234567Z", "2026-05-01T12:00:00.1234567Z"),
    ],
)
async def test_since_arrives_without_a_loss(since: Any, sent: str, crm: AsyncClient, sandbox: Sandbox) -> None:
    """A datetime is sent in UTC to the microsecond, never rounded up; a string is sent as it is."""
    await crm.zapier.deals.list(since=since)
    assert sandbox.requests[0].query == {"since": sent}


@pytest.mark.parametrize("limit", [0, -1, 501, True, 1.0, "7", None])
async def test_a_limit_out_of_its_range_is_refused(limit: Any, crm: AsyncClient, sandbox: Sandbox) -> None:
    """`limit` is a whole number from 1 to 500."""
    await refused(crm.contacts.list(limit=limit), sandbox, "limit is a whole number from 1 to 500")


@pytest.mark.parametrize("limit", [1, 500])
async def test_a_limit_within_its_range_is_sent(limit: int, crm: AsyncClient, sandbox: Sandbox) -> None:
    """Both ends are within; left out, it is 100."""
    await crm.contacts.list(limit=limit)
    await crm.contacts.list()
    assert [request.query["limit"] for request in sandbox.requests] == [str(limit), "100"]


async def test_an_empty_list_never_means_everyone(crm: AsyncClient, sandbox: Sandbox) -> None:
    """`pause` and `enroll` with an empty list, or with nothing, are refused; `pause(None)` alone is everyone."""
    await refused(crm.sequences.pause("s", contact_ids=[]), sandbox, "contact_ids is empty")
    await refused(crm.sequences.pause("s", contact_ids=iter(())), sandbox, "contact_ids is empty")
    await refused(crm.sequences.enroll("s"), sandbox, "nobody to enroll")
    await refused(
        crm.sequences.enroll("s", contact_ids=[], tag_ids=(), list_ids=iter(())), sandbox, "nobody to enroll"
    )
    await refused(crm.sequences.enroll("s", extra={"contactIds": ["c"]}), sandbox, "nobody to enroll")


@pytest.mark.parametrize("name", ["contact_ids", "tag_ids", "list_ids"])
async def test_one_string_is_no_list_of_ids(name: str, crm: AsyncClient, sandbox: Sandbox) -> None:
    """A string given for a list would be taken apart into letters."""
    wrong: Any = {name: "con_1"}
    await refused(crm.sequences.enroll("s", **wrong), sandbox, f"{name} is a list of ids, not one string")


async def test_a_change_of_nothing_is_refused(crm: AsyncClient, sandbox: Sandbox) -> None:
    """An update that names no field is a mistake; UNSET is the same as leaving out."""
    await refused(crm.contacts.update("c"), sandbox, "nothing to change")
    await refused(crm.contacts.update("c", title=UNSET, extra={}), sandbox, "nothing to change")
    await refused(crm.sequences.update("s"), sandbox, "nothing to change")
    await refused(crm.sequences.steps.update("s", "t"), sandbox, "nothing to change")


async def test_an_empty_batch_is_refused(crm: AsyncClient, sandbox: Sandbox) -> None:
    """A batch of no contacts is a mistake of whoever made it."""
    await refused(crm.contacts.create_batch([]), sandbox, "the batch is empty")


@pytest.mark.parametrize("bad", [{"first_name": "A"}, "A", None, StepDraft(subject="s", body="b")])
async def test_drafts_are_drafts(bad: Any, crm: AsyncClient, sandbox: Sandbox) -> None:
    """What is no draft is named by its place, and a lone one is no list."""
    good = ContactDraft(first_name="A", last_name="B")
    await refused(crm.contacts.create_batch([good, bad]), sandbox, r"drafts\[1\] is a ContactDraft, not ")
    lone: Any = good
    await refused(crm.contacts.create_batch(lone), sandbox, "drafts is a list of ContactDraft, not ContactDraft")
    await refused(crm.sequences.create(name="n", steps=[good]), sandbox, r"steps\[0\] is a StepDraft, not")  # type: ignore[list-item]
    for wrong in ({"subject": "s"}, "steps", 7, None):
        steps: Any = wrong
        await refused(crm.sequences.create(name="n", steps=steps), sandbox, "steps is a list of StepDraft, not")


NEVER_NULL: dict[str, Call] = {
    "contacts.create first_name": lambda crm, x: crm.contacts.create(first_name=x, last_name="B"),
    "contacts.create last_name": lambda crm, x: crm.contacts.create(first_name="A", last_name=x),
    "contacts.update first_name": lambda crm, x: crm.contacts.update("c", first_name=x),
    "contacts.update last_name": lambda crm, x: crm.contacts.update("c", last_name=x),
    "sequences.create name": lambda crm, x: crm.sequences.create(name=x),
    "sequences.create status": lambda crm, x: crm.sequences.create(name="n", status=x),
    "sequences.update name": lambda crm, x: crm.sequences.update("s", name=x),
    "sequences.update status": lambda crm, x: crm.sequences.update("s", status=x),
    "steps.create subject": lambda crm, x: crm.sequences.steps.create("s", subject=x, body="b"),
    "steps.create body": lambda crm, x: crm.sequences.steps.create("s", subject="s", body=x),
    "steps.create delay_days": lambda crm, x: crm.sequences.steps.create("s", subject="s", body="b", delay_days=x),
    "steps.create position": lambda crm, x: crm.sequences.steps.create("s", subject="s", body="b", position=x),
    "steps.update subject": lambda crm, x: crm.sequences.steps.update("s", "t", subject=x),
    "steps.update body": lambda crm, x: crm.sequences.steps.update("s", "t", body=x),
    "steps.update delay_days": lambda crm, x: crm.sequences.steps.update("s", "t", delay_days=x),
    "steps.update position": lambda crm, x: crm.sequences.steps.update("s", "t", position=x),
    "bookings.create start_time": lambda crm, x: crm.bookings.create(start_time=x),
    "bookings.create end_time": lambda crm, x: crm.bookings.create(end_time=x),
    "bookings.create status": lambda crm, x: crm.bookings.create(status=x),
    "companies.create name": lambda crm, x: crm.zapier.companies.create(name=x),
    "zapier.contacts.create first_name": lambda crm, x: crm.zapier.contacts.create(first_name=x, last_name="B"),
    "zapier.contacts.create last_name": lambda crm, x: crm.zapier.contacts.create(first_name="A", last_name=x),
    "deals.create name": lambda crm, x: crm.zapier.deals.create(name=x),
    "deals.create stage_id": lambda crm, x: crm.zapier.deals.create(name="d", stage_id=x),
}


@pytest.mark.silent
@pytest.mark.parametrize(("name", "call"), NEVER_NULL.items(), ids=NEVER_NULL)
async def test_what_cannot_be_cleared_takes_no_none(
    name: str, call: Call, crm: AsyncClient, sandbox: Sandbox
) -> None:
    """A field that the API cannot null does not accept `None`, and is named."""
    await refused(call(crm, None), sandbox, f"^{name.split()[1]} cannot be cleared")


async def test_naive_datetimes_in_bodies_are_refused(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Bookings and deals name moments, not wall clocks."""
    naive = datetime(2026, 5, 1)
    await refused(crm.bookings.create(start_time=naive), sandbox, "start_time is a naive datetime")
    await refused(crm.zapier.deals.create(name="d", expected_close_date=naive), sandbox, "naive datetime")
    await refused(crm.contacts.update("c", extra={"bornAt": naive}), sandbox, "naive datetime")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("0.1234567890123456789")])
async def test_a_value_that_json_would_alter_is_refused(value: Any, crm: AsyncClient, sandbox: Sandbox) -> None:
    """Money is sent exactly or not at all."""
    await refused(crm.zapier.deals.create(name="d", value=value), sandbox, "value is")


async def test_a_field_given_twice_is_refused(crm: AsyncClient, sandbox: Sandbox) -> None:
    """`extra` adds undocumented fields; it does not overrule an argument."""
    await refused(
        crm.contacts.create(first_name="A", last_name="B", extra={"firstName": "C"}), sandbox, "given twice"
    )


@pytest.mark.parametrize(("email", "sent"), [(UNSET, {}), (None, {"email": None}), ("a@b", {"email": "a@b"})])
async def test_unset_leaves_alone_and_none_clears(
    email: str | None | Unset, sent: dict[str, Any], crm: AsyncClient, sandbox: Sandbox
) -> None:
    """What is UNSET is not in the body; `None` is `null` there."""
    person = sandbox.state.rows("contacts")[0].id
    await crm.contacts.update(person, title="t", email=email)
    assert sandbox.requests[0].body == {"title": "t", **sent}


async def test_iterables_are_read_once(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Generators will do wherever a list will, also where the request is repeated."""
    people = [row.id for row in sandbox.state.rows("contacts")]
    sequence = await crm.sequences.create(name="n", steps=(StepDraft(subject="s", body="b") for _ in range(2)))
    assert sequence.steps is not None
    assert len(sequence.steps) == 2
    sandbox.fail("POST /api/agent/sequences/:id/enroll", status=503)
    result = await crm.sequences.enroll(sequence.id, contact_ids=(person for person in people))
    assert result.enrolled_count == len(people)
    await crm.contacts.create_batch(ContactDraft(first_name="A", last_name=name) for name in "BC")


async def test_dates_and_nested_values_in_extra_are_encoded(crm: AsyncClient, sandbox: Sandbox) -> None:
    """`extra` takes what bodies are made of: dates, moments, numbers, lists and objects."""
    extra = {"day": date(2026, 5, 1), "at": datetime(2026, 5, 1, tzinfo=UTC), "tags": ("a", {"b": Decimal("1.5")})}
    await crm.bookings.create(title="t", extra=extra)
    assert sandbox.requests[0].body == {
        "title": "t",
        "day": "2026-05-01",
        "at": "2026-05-01T00:00:00Z",
        "tags": ["a", {"b": 1.5}],
    }


async def test_an_id_with_odd_characters_reaches_the_server_as_one_segment(
    crm: AsyncClient, sandbox: Sandbox
) -> None:
    """What an id may hold is percent-encoded, and arrives as it was."""
    person = sandbox.state.rows("contacts")[0].id
    for odd in ("a b", "a?b", "a%2Fb", "ä#:@"):
        with pytest.raises(NotFoundError):
            await crm.contacts.replies(odd)
    assert [request.route for request in sandbox.requests] == ["GET /api/agent/contacts/:id/replies"] * 4
    assert await crm.contacts.replies(person) == []
