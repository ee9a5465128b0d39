"""`crm.rehearse`: the mails that would go out, and a workspace that does not notice."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import pytest

from impactive_async import (
    APIConnectionError,
    AsyncClient,
    ContactDraft,
    InvalidArgumentError,
    NotFoundError,
    StepDraft,
    to_dict,
)
from impactive_async.rehearsal import PersonOutcome, SequenceDraft
from impactive_async.sandbox import Sandbox
from tests.rehearsal.support import moment, person, rehearsed, sequence
from tests.support import KEY


async def test_mails_come_in_the_order_in_which_they_go_out(crm: AsyncClient, sandbox: Sandbox) -> None:
    """By time, and at one time in the order of the people."""
    ada, ben = person(sandbox), person(sandbox, "Ben", "ben@example.com")
    welcome = await sequence(crm, 0, 3, 4)
    told = await rehearsed(crm, sandbox, welcome, [ben, ada])
    days = [((mail.at - told.starts_at).days, mail.step, mail.name) for mail in told.mails]
    assert days == [(day, step, name) for day, step in ((0, 0), (3, 1), (7, 2)) for name in
                    ("Ben Lovelace", "Ada Lovelace")]  # fmt: skip
    assert [(one.contact_id, one.mails, one.outcome) for one in told.people] == [
        (ben, 3, PersonOutcome.ENROLLED),
        (ada, 3, PersonOutcome.ENROLLED),
    ]
    assert (told.sequence_id, told.steps, told.later) == (welcome, 3, 0)


async def test_it_only_reads(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Every request is a GET, and the workspace is as it was."""
    ada, welcome = person(sandbox), await sequence(crm, 0, 3)
    await crm.sequences.enroll(await sequence(crm, 0, 1, name="Other"), contact_ids=[ada])
    await sandbox.clock.advance(hours=1)
    before, asked = sandbox.snapshot(), len(sandbox.requests)
    told = await rehearsed(crm, sandbox, welcome, [ada, ContactDraft(first_name="Ben", last_name="Ford")])
    assert told.mails
    assert told.elsewhere
    assert {request.method for request in sandbox.requests[asked:]} == {"GET"}
    assert _rows(sandbox.snapshot()) == _rows(before)


def _rows(snapshot: bytes) -> Any:
    """The workspace in a snapshot, without the counters of requests."""
    return json.loads(snapshot)["state"]["world"]


async def test_the_same_rehearsal_is_the_same(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Nothing in it depends on chance."""
    people = [person(sandbox, f"P{number}", f"p{number}@example.com") for number in range(20)]
    welcome = await sequence(crm, 0, 1, 5)
    assert await rehearsed(crm, sandbox, welcome, people) == await rehearsed(crm, sandbox, welcome, people)


@pytest.mark.parametrize("delays", [(0,), (0, 3, 4), (2, 0, 1), (0, 30)])
async def test_what_is_rehearsed_is_what_happens(
    crm: AsyncClient, sandbox: Sandbox, delays: tuple[int, ...]
) -> None:
    """Enrolling for good sends the same mails at the same moments, also to those who are on it already."""
    early, paused, *late = (person(sandbox, f"P{number}", f"p{number}@example.com") for number in range(4))
    welcome = await sequence(crm, *delays)
    await crm.sequences.enroll(welcome, contact_ids=[early, paused])
    await sandbox.clock.advance(days=1, hours=5)
    await crm.sequences.pause(welcome, contact_ids=[paused])
    sent, now = len(sandbox.state.sends), sandbox.clock.now()
    told = await rehearsed(crm, sandbox, welcome, [early, paused, *late], days=9)

    await crm.sequences.enroll(welcome, contact_ids=[early, paused, *late])
    await sandbox.clock.advance(days=9)
    happened = [(send.email_date - now, send.contact_id, send.subject) for send in sandbox.state.sends[sent:]]
    assert sorted((mail.at - now, mail.contact_id or "", mail.subject) for mail in told.mails) == sorted(happened)
    assert told.people[0].outcome == told.people[1].outcome == PersonOutcome.ALREADY_ENROLLED
    assert told.people[1].mails == 0


async def test_what_is_due_already_goes_out_at_the_start(crm: AsyncClient, sandbox: Sandbox) -> None:
    """The next mail of an enrollment is not dated back."""
    ada, welcome = person(sandbox), await sequence(crm, 0, 2)
    await crm.sequences.enroll(welcome, contact_ids=[ada])
    start = sandbox.clock.now() + timedelta(hours=8)
    told = await rehearsed(crm, sandbox, welcome, [ada], start=start)
    assert [mail.at - start for mail in told.mails] == [timedelta(), timedelta(days=2)]


async def test_what_comes_later_is_counted(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Mails behind the end are told by their number; of those who have an address."""
    people = [person(sandbox), person(sandbox, "Cy", None)]
    told = await rehearsed(crm, sandbox, await sequence(crm, 0, 3, 3650), people, days=2)
    assert (len(told.mails), told.later) == (1, 2)


async def test_moments_are_in_the_zone_that_is_asked_for(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Days are counted in hours, so that the clock on the wall moves when summer time ends."""
    told = await rehearsed(
        crm, sandbox, await sequence(crm, 0, 3), [person(sandbox)],
        start=datetime(2026, 10, 23, 22, 30, tzinfo=UTC), zone="Europe/Berlin",
    )  # fmt: skip
    assert [mail.at.isoformat() for mail in told.mails] == [
        moment("2026-10-24 00:30").isoformat(),
        moment("2026-10-26 23:30").isoformat(),
    ]
    assert told.zone == "Europe/Berlin"


async def test_a_sequence_may_name_its_zone(crm: AsyncClient, sandbox: Sandbox) -> None:
    """A field that the contract does not know is believed, unless the caller names another zone."""
    welcome = await sequence(crm, 0, extra={"timeZone": "Asia/Tokyo"})
    ada = person(sandbox)
    assert (await rehearsed(crm, sandbox, welcome, [ada], zone=None)).zone == "Asia/Tokyo"
    assert (await rehearsed(crm, sandbox, welcome, [ada])).zone == "UTC"


async def test_people_and_sequence_may_be_given_themselves(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Rows and drafts are not looked up, and a sequence that was changed by hand is taken as it is."""
    welcome = await crm.sequences.get(await sequence(crm, 0, 3))
    changed = attrs.evolve(welcome, steps=(welcome.steps or ())[:1])
    ada = await crm.contacts.create(first_name="Ada", last_name="Lovelace", email="ada@example.com")
    asked = len(sandbox.requests)
    told = await crm.rehearse(
        changed, [ada, ContactDraft(first_name="Ben", last_name="Ford", email="ben@example.com")], elsewhere=False
    )
    assert [(mail.name, mail.contact_id) for mail in told.mails] == [("Ada Lovelace", ada.id), ("Ben Ford", None)]
    assert [request.route for request in sandbox.requests[asked:]] == [
        "GET /api/agent/sequences/:id/enrollments",
        "GET /api/agent/sequences/:id/sends",
    ]


async def test_a_sequence_that_is_not_created_yet(crm: AsyncClient, sandbox: Sandbox) -> None:
    """What is rehearsed of a draft is what is rehearsed of the sequence that is created of it, but for its ids."""
    account = sandbox.state.add_sending_account("Grace", "grace@example.com")
    ada, steps = (
        person(sandbox),
        [StepDraft(subject="Hi {{name}}", body="{{fromName}}", delay_days=n) for n in (0, 2)],
    )
    await crm.sequences.enroll(await sequence(crm, 0, 2, name="Other"), contact_ids=[ada])
    draft = SequenceDraft(
        name="Try us", steps=steps, sending_account_id=account.id, extra={"timeZone": "Asia/Tokyo"}
    )
    asked = len(sandbox.requests)
    told = await rehearsed(crm, sandbox, draft, [ada], zone=None)
    assert {request.method for request in sandbox.requests[asked:]} == {"GET"}
    assert (told.sequence_id, told.sequence_name, told.zone) == (None, "Try us", "Asia/Tokyo")
    assert {(mail.sequence_id, mail.step_id, mail.from_address) for mail in told.mails} == {
        (None, None, "grace@example.com")
    }
    made = await crm.sequences.create(
        name="Try us", steps=steps, sending_account_id=account.id, extra={"timeZone": "Asia/Tokyo"}
    )
    later = await rehearsed(crm, sandbox, made.id, [ada], zone=None)
    assert len(told.mails) == 2
    assert len(told.elsewhere) == 2
    assert [attrs.evolve(mail, sequence_id=None, step_id=None) for mail in later.mails] == list(told.mails)
    assert (later.elsewhere, later.people, later.warnings) == (told.elsewhere, told.people, told.warnings)


async def test_a_draft_is_warned_of_like_a_sequence(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Without steps, or as a draft, it sends nothing; steps of another kind are refused."""
    told = await rehearsed(crm, sandbox, SequenceDraft(name="Empty", status="draft"), [person(sandbox)])
    assert [str(one.kind) for one in told.warnings] == ["not_active", "no_steps"]
    with pytest.raises(InvalidArgumentError, match="StepDraft"):
        SequenceDraft(name="Wrong", steps=({"subject": "Hi"},))  # type: ignore[arg-type]


async def test_the_sender_is_that_of_the_sequence(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Its address stands on the mails, and its name fills placeholders."""
    account = sandbox.state.add_sending_account("Grace", "grace@example.com")
    welcome = await sequence(crm, 0, sending_account_id=account.id, body="Yours, {{fromName}}")
    (mail,) = (await rehearsed(crm, sandbox, welcome, [person(sandbox)])).mails
    assert (mail.from_address, mail.body) == ("grace@example.com", "Yours, Grace")


async def test_it_is_json(crm: AsyncClient, sandbox: Sandbox) -> None:
    """`to_dict` gives what any JSON library writes."""
    told = await rehearsed(crm, sandbox, await sequence(crm, 0), [person(sandbox), "con_nobody"])
    written = json.loads(json.dumps(to_dict(told)))
    assert written["mails"][0]["to"] == "ada@example.com"
    assert written["people"][1]["warnings"][0]["kind"] == "unknown_contact"


@pytest.mark.parametrize(
    ("people", "options", "reason"),
    [
        ([], {}, "nobody to rehearse with"),
        ("con_1", {}, "put it into brackets"),
        ([7], {}, "not int"),
        ([" "], {}, "is not an id"),
        (["con_1"], {"days": 0}, "days is a positive number"),
        (["con_1"], {"days": -1}, "days is a positive number"),
        (["con_1"], {"days": float("nan")}, "days is a positive number"),
        (["con_1"], {"days": 1e9}, "at most 3650"),
        (["con_1"], {"zone": "Berlin"}, "Europe/Berlin"),
        (["con_1"], {"start": datetime(2026, 5, 1)}, "start is a naive datetime"),
        (["con_1"], {"start": "2026-05-01"}, "start is '2026-05-01', without an offset"),
        (["con_1"], {"start": date(2026, 5, 1)}, "start is an aware datetime or"),
        (None, {}, "people is a list of ids"),
    ],
)
async def test_what_cannot_be_is_refused_before_anything_is_asked(
    crm: AsyncClient, sandbox: Sandbox, people: Any, options: dict[str, Any], reason: str
) -> None:
    """The message says what would be accepted, and no request is made."""
    with pytest.raises(InvalidArgumentError, match=reason):
        await crm.rehearse("seq_1", people, **options)
    assert sandbox.requests == ()


async def test_an_unknown_sequence_is_an_error(crm: AsyncClient) -> None:
    """There is nothing to rehearse."""
    with pytest.raises(NotFoundError):
        await crm.rehearse("9" * 24, [ContactDraft(first_name="Ada", last_name="Lovelace")])


async def test_a_service_that_is_down_is_an_error() -> None:
    """No half of a rehearsal is told."""
    async with AsyncClient(KEY, base_url="http://127.0.0.1:9", max_retries=0) as crm:
        with pytest.raises(APIConnectionError):
            await crm.rehearse("seq_1", ["con_1"])


async def test_a_failing_list_ends_it(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Its own error is raised, not a group of errors, and other requests are cancelled."""
    ada = person(sandbox)
    for name in ("A", "B"):
        await crm.sequences.enroll(await sequence(crm, 0, name=name), contact_ids=[ada])
    welcome = await sequence(crm, 0)
    sandbox.fail("GET /api/agent/sequences/:id/enrollments", status=400, times=None, after=1)
    with pytest.raises(Exception, match="400") as raised:
        await rehearsed(crm, sandbox, welcome, [ada])
    assert not isinstance(raised.value, ExceptionGroup)
