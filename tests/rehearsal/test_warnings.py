"""What a rehearsal warns of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from impactive_async import AsyncClient, ContactDraft
from impactive_async.rehearsal import WarningKind
from impactive_async.sandbox import Sandbox
from tests.rehearsal.support import kinds, person, rehearsed, sequence
from tests.support import client_of


async def test_nothing_to_warn_of(crm: AsyncClient, sandbox: Sandbox) -> None:
    """A plain sequence and people with addresses, on weekdays, are told without a warning."""
    welcome = await sequence(crm, 0, 3, subject="Hi {{firstName}}", body="Hello {{ contact.full_name }}")
    told = await rehearsed(crm, sandbox, welcome, [person(sandbox)])
    assert [(mail.subject, mail.body) for mail in told.mails] == [("Hi Ada", "Hello Ada Lovelace")] * 2
    assert list(told.all_warnings()) == []
    assert told.counts() == {}


@pytest.mark.parametrize(
    ("email", "kind", "mails"),
    [
        (None, WarningKind.NO_ADDRESS, 0),
        ("", WarningKind.NO_ADDRESS, 0),
        (" ", WarningKind.NO_ADDRESS, 0),
        ("ada at example", WarningKind.BAD_ADDRESS, 1),
    ],
)
async def test_somebody_cannot_be_reached(
    crm: AsyncClient, sandbox: Sandbox, email: str | None, kind: WarningKind, mails: int
) -> None:
    """Without an address no mail goes out; with a wrong one, one goes out and does not arrive."""
    told = await rehearsed(crm, sandbox, await sequence(crm, 0), [person(sandbox, email=email)])
    assert kinds(told.people[0].warnings) == [kind]
    assert len(told.mails) == mails


async def test_an_id_is_not_known(crm: AsyncClient, sandbox: Sandbox) -> None:
    """The others are rehearsed; where lists are cut, it says that the contact may exist all the same."""
    welcome, ada = await sequence(crm, 0), person(sandbox)
    told = await rehearsed(crm, sandbox, welcome, [ada, "con_nobody"])
    (warning,) = told.people[1].warnings
    assert (warning.kind, warning.message) == (
        WarningKind.UNKNOWN_CONTACT,
        "con_nobody is no contact of this workspace.",
    )
    assert len(told.mails) == 1
    for number in range(600):
        sandbox.state.create_contact("More", str(number))
    told = await rehearsed(crm, sandbox, welcome, ["con_nobody"])
    assert "does not list all" in told.people[0].warnings[0].message


async def test_somebody_is_there_twice(crm: AsyncClient, sandbox: Sandbox) -> None:
    """The same id counts once; two contacts of one address both get everything."""
    ada, twin, ben = (
        person(sandbox),
        person(sandbox, "Adah", "ADA@example.com"),
        person(sandbox, "Ben", "b@b.example"),
    )
    told = await rehearsed(crm, sandbox, await sequence(crm, 0), [ada, ben, ada, twin])
    assert [one.contact_id for one in told.people] == [ada, ben, twin]
    assert [kinds(one.warnings) for one in told.people] == [
        [WarningKind.DUPLICATE_PERSON] * 2,
        [],
        [WarningKind.DUPLICATE_PERSON],
    ]
    assert twin in told.people[0].warnings[1].message
    assert ada in told.people[2].warnings[0].message
    shared = [mail.contact_id for mail in told.mails if WarningKind.TWO_MAILS_IN_A_DAY in kinds(mail.warnings)]
    assert shared == [ada, twin]


async def test_equal_drafts_are_one_person(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Two lines of a file that say the same are the same person; others with the same name are not."""
    draft = ContactDraft(first_name="Ada", last_name="Lovelace", email="a@example.com")
    other = ContactDraft(first_name="Ada", last_name="Lovelace", email="b@example.com")
    told = await rehearsed(crm, sandbox, await sequence(crm, 0), [draft, draft, other])
    assert [(one.email, len(one.warnings)) for one in told.people] == [("a@example.com", 1), ("b@example.com", 0)]


async def test_somebody_is_on_the_sequence(crm: AsyncClient, sandbox: Sandbox) -> None:
    """By the id they are skipped; by the address it is another contact's enrollment."""
    ada, welcome = person(sandbox), await sequence(crm, 0, 3)
    await crm.sequences.enroll(welcome, contact_ids=[ada])
    draft = ContactDraft(first_name="A", last_name="L", email="Ada@Example.com")
    told = await rehearsed(crm, sandbox, welcome, [ada])
    assert kinds(told.people[0].warnings) == [WarningKind.ALREADY_ENROLLED]
    assert "(active, next mail Fri 01 May 2026, 09:00)" in told.people[0].warnings[0].message
    told = await rehearsed(crm, sandbox, welcome, [draft])
    assert kinds(told.people[0].warnings) == [WarningKind.DUPLICATE_PERSON]
    assert ada in told.people[0].warnings[0].message


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("active", WarningKind.ENROLLED_ELSEWHERE),
        ("paused", WarningKind.ENROLLED_ELSEWHERE),
        ("unsubscribed", WarningKind.UNSUBSCRIBED),
        ("completed", None),
    ],
)
async def test_somebody_is_on_another_sequence(
    crm: AsyncClient, sandbox: Sandbox, state: str, kind: WarningKind | None
) -> None:
    """It says on which, and what becomes of them there; who is through with it is no news."""
    ada = person(sandbox)
    other = await sequence(crm, *([0] if state == "completed" else [0, 9]), name="News")
    await crm.sequences.enroll(other, contact_ids=[ada])
    await sandbox.clock.advance(hours=1)
    if state == "paused":
        await crm.sequences.pause(other)
    if state == "unsubscribed":
        sandbox.state.unsubscribe(other, ada)
    told = await rehearsed(crm, sandbox, await sequence(crm, 0), [ada])
    assert kinds(told.people[0].warnings) == ([] if kind is None else [kind])
    assert all("'News'" in warning.message for warning in told.people[0].warnings)
    assert len(told.elsewhere) == (state == "active")


async def test_another_sequence_that_is_paused_sends_nothing(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Being on it is told all the same: it may be made active again."""
    ada, news = person(sandbox), await sequence(crm, 0, 1, name="News")
    await crm.sequences.enroll(news, contact_ids=[ada])
    await crm.sequences.update(news, status="paused")
    told = await rehearsed(crm, sandbox, await sequence(crm, 0), [ada])
    assert kinds(told.people[0].warnings) == [WarningKind.ENROLLED_ELSEWHERE]
    assert told.elsewhere == ()


async def test_others_need_not_be_looked_at(crm: AsyncClient, sandbox: Sandbox) -> None:
    """With `elsewhere=False` only the sequence itself is asked for."""
    ada, other, welcome = person(sandbox), await sequence(crm, 0, 9, name="News"), await sequence(crm, 0)
    await crm.sequences.enroll(other, contact_ids=[ada])
    told = await rehearsed(crm, sandbox, welcome, [ada], elsewhere=False)
    assert (told.people[0].warnings, told.elsewhere) == ((), ())
    assert "GET /api/agent/sequences" not in {request.route for request in sandbox.requests}


async def test_two_mails_in_one_day(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Of this sequence, or of another one that they are on; the day is that of the zone."""
    ada, ben = person(sandbox), person(sandbox, "Ben", "ben@example.com")
    news = await sequence(crm, 3, name="News")
    await crm.sequences.enroll(news, contact_ids=[ben])
    await sandbox.clock.advance(hours=10)
    told = await rehearsed(crm, sandbox, await sequence(crm, 0, 3, 0), [ada, ben], zone="Asia/Tokyo")
    two = WarningKind.TWO_MAILS_IN_A_DAY
    found = [(mail.name.split()[0], mail.step) for mail in told.mails if two in kinds(mail.warnings)]
    # News comes on the fourth at 18:00 in Tokyo, and step 1 at 04:00 of the fifth.
    assert found == [("Ada", 1), ("Ben", 1), ("Ada", 2), ("Ben", 2)]
    told = await rehearsed(crm, sandbox, await sequence(crm, 0, 3), [ada, ben], zone="UTC")
    (mail,) = [mail for mail in told.mails if two in kinds(mail.warnings)]
    (message,) = [one.message for one in mail.warnings if one.kind is two]
    assert message == (
        "Step 2 to Ben Lovelace is one of 2 mails to ben@example.com on Mon 04 May 2026: "
        "also step 1 of 'News' at 09:00."
    )


async def test_one_enrollment_elsewhere_is_one_mail(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Two people of one address do not double what goes to it from another sequence."""
    ada, twin = person(sandbox), person(sandbox, "Adah")
    await crm.sequences.enroll(await sequence(crm, 1, name="News"), contact_ids=[ada])
    told = await rehearsed(crm, sandbox, await sequence(crm, 0), [twin, ada])
    assert len(told.elsewhere) == 1


async def test_a_mail_on_a_weekend(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Saturdays and Sundays of the zone, not of UTC."""
    welcome, ada = await sequence(crm, 0, 1, 1, 1), person(sandbox)
    friday = datetime(2026, 5, 1, 23, 30, tzinfo=UTC)

    async def days(zone: str) -> list[str]:
        told = await rehearsed(crm, sandbox, welcome, [ada], start=friday, zone=zone)
        return [f"{mail.at:%a}" for mail in told.mails if WarningKind.WEEKEND in kinds(mail.warnings)]

    assert await days("UTC") == ["Sat", "Sun"]
    assert await days("Europe/Berlin") == ["Sat", "Sun"]
    assert len(await days("Pacific/Kiritimati")) == 2
    assert [mail.at.day for mail in (await rehearsed(crm, sandbox, welcome, [ada], start=friday)).mails] == [
        1,
        2,
        3,
        4,
    ]


async def test_a_placeholder_that_is_not_filled(crm: AsyncClient, sandbox: Sandbox) -> None:
    """It stays in the text, and each is told once for a mail."""
    welcome = await sequence(
        crm, 0, subject="{{title}}?", body="{{ title }} {{title}} [First Name] {{unsubscribe}}"
    )
    (mail,) = (await rehearsed(crm, sandbox, welcome, [person(sandbox)])).mails
    assert mail.unfilled == ("{{title}}", "{{ title }}", "{{unsubscribe}}", "[First Name]")
    assert kinds(mail.warnings) == [WarningKind.UNFILLED_PLACEHOLDER] * 4
    assert (mail.subject, mail.body) == ("{{title}}?", "{{ title }} {{title}} [First Name] {{unsubscribe}}")


@pytest.mark.parametrize("status", ["draft", "paused", "archived"])
async def test_a_sequence_that_is_not_active(crm: AsyncClient, sandbox: Sandbox, status: str) -> None:
    """The mails are told that it would send, and that it sends none as it is."""
    told = await rehearsed(crm, sandbox, await sequence(crm, 0, status=status), [person(sandbox)])
    assert kinds(told.warnings) == [WarningKind.NOT_ACTIVE]
    assert status in told.warnings[0].message
    assert len(told.mails) == 1


async def test_a_sequence_without_steps(crm: AsyncClient, sandbox: Sandbox) -> None:
    """There is nothing to send, and it says so."""
    told = await rehearsed(crm, sandbox, await sequence(crm), [person(sandbox)])
    assert (kinds(told.warnings), told.mails, told.later) == ([WarningKind.NO_STEPS], (), 0)


@pytest.mark.parametrize(
    ("route", "times", "told_of"),
    [
        ("GET /api/agent/sequences", 1, "list the sequences"),
        ("GET /api/agent/sequences/:id/enrollments", None, "who is on 'News'"),
        ("GET /api/agent/sending-accounts", 1, "sending accounts"),
    ],
)
async def test_what_the_key_may_not_read_is_told(
    sandbox: Sandbox, route: str, times: int | None, told_of: str
) -> None:
    """The mails are told nevertheless, with what could not be checked."""
    async with client_of(sandbox) as crm:
        ada, account = person(sandbox), sandbox.state.add_sending_account("Grace", "grace@example.com")
        welcome = await sequence(crm, 0, sending_account_id=account.id)
        await crm.sequences.enroll(await sequence(crm, 0, 9, name="News"), contact_ids=[ada])
        sandbox.fail(route, status=403, times=times, after=0 if times else 1)
        told = await rehearsed(crm, sandbox, welcome, [ada])
    assert kinds(told.warnings) == [WarningKind.NOT_CHECKED]
    assert told_of in told.warnings[0].message
    assert len(told.mails) == 1


async def test_a_list_that_is_cut_is_told(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Somebody may be on the sequence whom its list does not show."""
    welcome, ada = await sequence(crm, 0, 1), person(sandbox)
    rows = [
        sandbox.state.create_contact("P", str(number), email=f"p{number}@example.com").id for number in range(101)
    ]
    await crm.sequences.enroll(welcome, contact_ids=rows)
    sandbox.change({"sequences.enrollments": {"cap": 100}})
    told = await rehearsed(crm, sandbox, welcome, [ada])
    assert kinds(told.warnings) == [WarningKind.NOT_CHECKED]
    assert "'Welcome' is cut" in told.warnings[0].message


async def test_what_was_sent_already_that_day_counts(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Of this sequence and of others, to people who have left them, or to the address of a new person."""
    welcome, other = await sequence(crm, 0, 0), await sequence(crm, 0, name="News")
    ada, ben = person(sandbox), person(sandbox, "Ben", "ben@example.com")
    await crm.sequences.enroll(other, contact_ids=[ada, ben])
    await sandbox.clock.advance(hours=2)
    await crm.sequences.unenroll(other, ben)
    draft = ContactDraft(first_name="B", last_name="F", email="BEN@example.com")
    told = await rehearsed(crm, sandbox, welcome, [ada, draft], days=1)
    assert [kinds(mail.warnings) for mail in told.mails] == [[WarningKind.TWO_MAILS_IN_A_DAY]] * 4
    lone = await rehearsed(crm, sandbox, await sequence(crm, 0, name="One"), [ada, draft], days=1)
    assert [mail.warnings[0].message for mail in lone.mails] == [
        f"Step 1 to {name} is one of 2 mails to {to} on Fri 01 May 2026: also one of 'News', sent at 09:00"
        " already."
        for name, to in (("Ada Lovelace", "ada@example.com"), ("B F", "BEN@example.com"))
    ]
    tomorrow = sandbox.clock.now() + timedelta(hours=15)
    assert (await rehearsed(crm, sandbox, welcome, [ada], days=1, start=tomorrow)).mails[0].warnings[
        0
    ].message == ("Step 1 to Ada Lovelace goes out on a Saturday.")
    apart = await rehearsed(crm, sandbox, await sequence(crm, 0, name="Two"), [ada], days=1, elsewhere=False)
    assert kinds(apart.mails[0].warnings) == []


async def test_the_day_of_what_was_sent_is_that_of_the_zone(crm: AsyncClient, sandbox: Sandbox) -> None:
    """A mail of yesterday evening is one of today further east."""
    other, ada = await sequence(crm, 0, name="News"), person(sandbox)
    await crm.sequences.enroll(other, contact_ids=[ada])  # 09:00 in UTC, 19:00 in Sydney
    await sandbox.clock.advance(hours=9)  # 18:00 in UTC, 04:00 of the next day in Sydney
    for zone, warned in (("UTC", True), ("Australia/Sydney", False), ("America/New_York", True)):
        told = await rehearsed(crm, sandbox, await sequence(crm, 0), [ada], days=0.1, zone=zone)
        assert (WarningKind.TWO_MAILS_IN_A_DAY in kinds(told.mails[0].warnings)) is warned, zone


@pytest.mark.parametrize(("fault", "said"), [({"status": 403}, "may not read what"), ({}, "is cut")])
async def test_sends_that_cannot_be_read_are_told(
    crm: AsyncClient, sandbox: Sandbox, fault: dict[str, Any], said: str
) -> None:
    """A key that may not read them, or more of them than the API shows."""
    other, ada = await sequence(crm, 0, name="News"), person(sandbox)
    if fault:
        sandbox.fail("GET /api/agent/sequences/:id/sends", times=None, **fault)
    else:
        rows = [sandbox.state.create_contact("P", str(n), email=f"p{n}@example.com").id for n in range(501)]
        await crm.sequences.enroll(other, contact_ids=rows)
        await sandbox.clock.advance(hours=1)
    told = await rehearsed(crm, sandbox, await sequence(crm, 0), [ada])
    found = [one for one in told.warnings if said in one.message]
    assert kinds(found) == [WarningKind.NOT_CHECKED] * (2 if fault else 1)
