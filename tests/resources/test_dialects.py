"""The client on services that answer otherwise than the contract says: every endpoint, in every dialect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from impactive_async import AsyncClient, ContactDraft, NotFoundError, SequenceStatus, StepDraft
from impactive_async.sandbox import Sandbox
from tests.support import client_of, outcome

DIALECTS = (
    "contract", "wrapped", "noun", "numbers", "express", "next", "microseconds", "small-pages", "no-date",
)  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_every_endpoint_works(dialect: str) -> None:
    """What is created is found again, what is changed is changed, and who is enrolled gets mail."""
    async with Sandbox(dialect=dialect) as sandbox, client_of(sandbox) as crm:
        assert (await crm.zapier.auth_test()).id
        await people(crm)
        await mail(crm, sandbox)
        await zapier(crm)
        if dialect == "contract":
            assert crm.stats().deviations == {}


async def people(crm: AsyncClient) -> None:
    ada = await crm.contacts.create(first_name="Ada", last_name="Lovelace", email="ada@example.com")
    two = await crm.contacts.create_batch([ada_draft(1), ada_draft(2)])
    changed = await crm.contacts.update(ada.id, title="Countess")
    listed = {contact.id: contact for contact in await crm.contacts.list(limit=500)}
    assert changed.title == listed[ada.id].title == "Countess"
    assert {contact.id for contact in two} <= set(listed)
    assert await crm.contacts.replies(ada.id) == []
    assert isinstance(await outcome(crm.contacts.replies("999999")), NotFoundError)


def ada_draft(number: int) -> ContactDraft:
    return ContactDraft(first_name="Ada", last_name=str(number), email=f"ada{number}@example.com")


async def mail(crm: AsyncClient, sandbox: Sandbox) -> None:
    bob = await crm.contacts.create(first_name="Bob", last_name="Byron", email="bob@example.com")
    sequence = await crm.sequences.create(name="Welcome", steps=[StepDraft(subject="Hi", body="Hello")])
    second = await crm.sequences.steps.create(sequence.id, subject="Still there?", body="…", delay_days=2)
    moved = await crm.sequences.steps.update(sequence.id, second.id, subject="Are you there?")
    assert moved.subject == "Are you there?"
    whole = await crm.sequences.get(sequence.id)
    assert [step.subject for step in whole.steps or ()] == ["Hi", "Are you there?"]
    await crm.sequences.steps.delete(sequence.id, second.id)
    await crm.sequences.update(sequence.id, description="all of it")
    assert sequence.id in {one.id for one in await crm.sequences.list()}
    await crm.sequences.enroll(sequence.id, contact_ids=[bob.id])
    again = await crm.sequences.enroll(sequence.id, contact_ids=[bob.id])
    assert [left_out.contact_id for left_out in again.skipped] in ([bob.id], [])
    await sandbox.clock.advance(hours=1)
    (send,) = await crm.sequences.sends(sequence.id)
    (enrollment,) = await crm.sequences.enrollments(sequence.id)
    assert (send.contact_id, enrollment.contact_id) == (bob.id, bob.id)
    assert send.to_addresses == ("bob@example.com",)
    assert abs(send.email_date - sandbox.clock.now()) < timedelta(days=1)
    await crm.sequences.replies(sequence.id)
    await crm.sequences.pause(sequence.id, contact_ids=[bob.id])
    await crm.sequences.unenroll(sequence.id, bob.id)
    paused = await crm.sequences.update(sequence.id, status=SequenceStatus.PAUSED)
    assert paused.status is SequenceStatus.PAUSED
    await crm.sending_accounts.list()


async def zapier(crm: AsyncClient) -> None:
    company = await crm.zapier.companies.create(name="Analytical Engines")
    person = await crm.zapier.contacts.create(first_name="Eve", last_name="Vane", company_id=company.id)
    deal = await crm.zapier.deals.create(name="Engine", value=Decimal("10.50"))
    assert company.id in {one.id for one in await crm.zapier.companies.list()}
    assert person.id in {one.id for one in await crm.zapier.contacts.list()}
    assert deal.id in {one.id for one in await crm.zapier.deals.list()}
    await crm.zapier.invoices.list()
    await crm.zapier.projects.list()
    start = datetime(2027, 1, 2, 3, tzinfo=UTC)
    booking = await crm.bookings.create(title="Call", start_time=start, end_time=start + timedelta(hours=1))
    assert booking.start_time == start
    assert booking.id in {one.id for one in await crm.bookings.list()}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_feeds_deliver_each_row_once(dialect: str) -> None:
    """Envelopes, numbers for ids and times of any print make no row new twice, and none is missed."""
    async with Sandbox(dialect=dialect) as sandbox, client_of(sandbox) as crm:
        made = [(await crm.zapier.deals.create(name=f"Deal {number}")).id for number in range(5)]
        cursor: str | None = None
        seen: list[str] = []
        for extra in range(4):
            poll = await crm.zapier.deals.watch().poll(cursor)
            assert poll.bad == []
            seen += [deal.id for deal in poll.rows]
            cursor = poll.cursor
            await sandbox.clock.advance(minutes=5)
            made.append((await crm.zapier.deals.create(name=f"Later {extra}")).id)
        assert len(seen) == len(set(seen))
        assert set(made[:-1]) <= set(seen)


async def test_a_feed_takes_the_array_of_its_noun() -> None:
    """Whatever other arrays stand beside it, as a call does."""
    answer = {"stages": ["new"], "$nouns": "$rows", "errors": []}
    spoken = {"profile": 1, "operations": {"*": {"list": answer}}}
    async with Sandbox(profile=spoken, populate="small") as sandbox, client_of(sandbox) as crm:
        assert len((await crm.zapier.deals.watch().poll()).rows) == len(await crm.zapier.deals.list()) > 0
        contact = sandbox.state.rows("contacts")[0].id
        assert (await crm.contacts.watch_replies(contact).poll()).rows == await crm.contacts.replies(contact)
        assert (await crm.bookings.watch().poll()).rows == await crm.bookings.list()
