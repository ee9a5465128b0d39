"""The API as users write it. Type-checked by `tests/test_typing.py`, and never run.

`assert_type` holds the type checker to the exact type; each `type: ignore` to refusing the line it stands on, as
an unused one is an error itself.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, assert_never, assert_type

import aiohttp
from multidict import CIMultiDict

from impactive_async import (
    NOW,
    UNSET,
    APIError,
    APIStatusError,
    AsyncClient,
    Booking,
    ClientStats,
    Company,
    Contact,
    ContactDraft,
    CursorStore,
    Deal,
    Enrollment,
    EnrollmentStatus,
    EnrollResult,
    Event,
    Feed,
    Invoice,
    PauseResult,
    Project,
    Removed,
    Reply,
    RetryPolicy,
    RowList,
    Send,
    SendingAccount,
    Sequence,
    SequenceStatus,
    SkippedContact,
    Step,
    StepDraft,
    Unset,
    Workspace,
)


async def async_key() -> str:
    return "icrm_…"


async def make() -> None:
    AsyncClient()
    AsyncClient("icrm_…", base_url="https://crm.example", timeout=5, rate_limit=10, allow_insecure_http=True)
    AsyncClient(lambda: "icrm_…", retry=RetryPolicy(first=0.1, jitter=lambda bound: bound))
    AsyncClient(async_key, trace_configs=[aiohttp.TraceConfig()], headers={"X-Team": "blue"})
    AsyncClient(session=aiohttp.ClientSession(), max_concurrency=4, max_retries=0)
    AsyncClient(b"icrm_")  # type: ignore[arg-type]
    AsyncClient("icrm_…", "https://crm.example")  # type: ignore[call-arg]
    AsyncClient(timeout="30")  # type: ignore[arg-type]
    AsyncClient(retries=3)  # type: ignore[call-arg]
    async with AsyncClient() as crm:
        assert_type(crm, AsyncClient)
        assert_type(crm.with_options(timeout=5, max_retries=0, retry=RetryPolicy()), AsyncClient)
        assert_type(crm.stats(), ClientStats)
        assert_type(crm.stats().in_flight, int)
        assert_type(await crm.request("GET", "/api/agent/beta", params={"a": "b"}, repeatable=True), Any)


async def contacts(crm: AsyncClient) -> None:
    people = await crm.contacts.list(limit=500, timeout=5, max_retries=0)
    assert_type(people, RowList[Contact])
    assert_type(people[0].email, str | None)
    assert_type(people[0].updated_at, datetime | None)
    assert_type(people[0].extra["leadScore"], Any)
    ada = await crm.contacts.create(first_name="Ada", last_name="Lovelace", email=None, extra={"leadScore": 7})
    assert_type(ada, Contact)
    assert_type(ada.id, str)
    drafts = (ContactDraft(first_name=name, last_name="B") for name in "AC")
    assert_type(await crm.contacts.create_batch(drafts), list[Contact])
    assert_type(await crm.contacts.update(ada.id, title=None, email=UNSET), Contact)
    assert_type(await crm.contacts.replies(ada.id), RowList[Reply])
    await crm.contacts.create(first_name="Ada")  # type: ignore[call-arg]
    await crm.contacts.create(first_name=None, last_name="L")  # type: ignore[arg-type]
    await crm.contacts.update(ada.id, first_name=None)  # type: ignore[arg-type]  # the API cannot clear it
    await crm.contacts.update(ada.id, "King")  # type: ignore[call-arg]
    await crm.contacts.update(ada.id, leadScore=7)  # type: ignore[call-arg]
    await crm.contacts.list(500)  # type: ignore[call-arg]
    ada.email = "other@example.com"  # type: ignore[misc]  # rows are values


async def sequences(crm: AsyncClient) -> None:
    accounts = await crm.sending_accounts.list()
    assert_type(accounts, RowList[SendingAccount])
    assert_type(accounts[0].sync_enabled, bool | None)
    steps = [StepDraft(subject="Hi", body="…"), StepDraft(subject="Ho", body="…", delay_days=2)]
    welcome = await crm.sequences.create(name="Welcome", steps=steps, sending_account_id=None)
    assert_type(welcome, Sequence)
    assert_type(welcome.steps, tuple[Step, ...] | None)
    assert_type(welcome.status, SequenceStatus | str | None)
    assert_type(await crm.sequences.list(), RowList[Sequence])
    assert_type(await crm.sequences.get(welcome.id), Sequence)
    assert_type(await crm.sequences.update(welcome.id, status=SequenceStatus.PAUSED), Sequence)
    assert_type(await crm.sequences.update(welcome.id, status="paused", description=None), Sequence)
    await crm.sequences.update(welcome.id, name=None)  # type: ignore[arg-type]
    assert_type(await crm.sequences.steps.create(welcome.id, subject="s", body="b", position=0), Step)
    step = await crm.sequences.steps.update(welcome.id, "stp_1", delay_days=3)
    assert_type(step, Step)
    assert_type(step.position, int | None)
    await crm.sequences.steps.delete(welcome.id, step.id)
    gone = await crm.sequences.steps.delete(welcome.id, step.id)  # type: ignore[func-returns-value]
    del gone


async def people_on_a_sequence(crm: AsyncClient) -> None:
    result = await crm.sequences.enroll("seq", contact_ids={"con_1", "con_2"}, tag_ids=("tag_1",))
    assert_type(result, EnrollResult)
    assert_type(result.enrolled_count, int | None)
    assert_type(result.skipped, tuple[SkippedContact, ...])
    assert_type(result.attempts, int)
    paused = await crm.sequences.pause("seq")
    assert_type(paused, PauseResult)
    assert_type(paused.paused_count, int | None)
    await crm.sequences.unenroll("seq", "con_1")
    rows = await crm.sequences.enrollments("seq", since=datetime.now(UTC))
    assert_type(rows, RowList[Enrollment])
    assert_type(rows[0].status, EnrollmentStatus | str)
    assert_type(rows[0].updated_at, datetime)
    sends = await crm.sequences.sends("seq", since="2026-05-01T12:00:00Z")
    assert_type(sends, RowList[Send])
    assert_type(sends[0].to_addresses, tuple[str, ...])
    replies = await crm.sequences.replies("seq")
    assert_type(replies, RowList[Reply])
    assert_type(replies[0].email_date, datetime)
    await crm.sequences.enroll("seq", ["con_1"])  # type: ignore[call-arg]
    await crm.sequences.enroll(None, contact_ids=["con_1"])  # type: ignore[arg-type]
    await crm.sequences.sends("seq", since=1767323045)  # type: ignore[arg-type]


async def bookings(crm: AsyncClient) -> None:
    assert_type(await crm.bookings.list(), RowList[Booking])
    booking = await crm.bookings.create(title="Demo", start_time=datetime.now(UTC), contact_id="con_1")
    assert_type(booking, Booking)
    assert_type(booking.start_time, datetime | None)
    await crm.bookings.create(start_time="2026-05-01")  # type: ignore[arg-type]


async def zapier(crm: AsyncClient) -> None:
    assert_type(await crm.zapier.auth_test(), Workspace)
    assert_type(await crm.zapier.companies.list(), RowList[Company])
    assert_type(await crm.zapier.companies.create(name="Engines", industry=None), Company)
    assert_type(await crm.zapier.contacts.list(), RowList[Contact])
    assert_type(await crm.zapier.contacts.create(first_name="A", last_name="B"), Contact)
    deals = await crm.zapier.deals.list(since=datetime.now(UTC))
    assert_type(deals, RowList[Deal])
    assert_type(deals.truncated, bool)
    assert_type(await crm.zapier.deals.list_all(), RowList[Deal])
    assert_type(deals[0].value, Decimal | None)
    assert_type(await crm.zapier.deals.create(name="Pilot", value=Decimal("0.1"), currency="EUR"), Deal)
    assert_type(await crm.zapier.invoices.list(), RowList[Invoice])
    assert_type(await crm.zapier.projects.list(), RowList[Project])
    await crm.zapier.deals.create(name="Pilot", value="0.1")  # type: ignore[arg-type]
    await crm.zapier.invoices.create(number="1")  # type: ignore[attr-defined]


async def following(crm: AsyncClient, store: CursorStore) -> None:
    """The options of `watch*` are checked one by one, by type and by name."""
    feed = crm.sequences.watch_replies("seq", since=NOW, store=store, interval=60, on_gap="continue")
    assert_type(feed, Feed[Reply])
    assert_type(crm.sequences.watch_sends(sequence_id="seq", since="2026-05-01T00:00Z"), Feed[Send])
    assert_type(crm.sequences.watch_enrollments("seq", overlap=30), Feed[Enrollment])
    assert_type(crm.contacts.watch_replies("con", since=NOW), Feed[Reply])
    assert_type(crm.bookings.watch(key="mine"), Feed[Booking])
    assert_type(crm.zapier.companies.watch(since=datetime.now(UTC)), Feed[Company])
    assert_type(crm.zapier.deals.watch(on_bad_row=print), Feed[Deal])
    assert_type((await feed.poll()).rows, list[Reply])
    async with crm.watch(["replies", "deals"]) as events:
        assert_type(await anext(events), Event)
    crm.watch(["deal"])  # type: ignore[list-item]
    crm.sequences.watch_sends()  # type: ignore[call-arg]
    crm.sequences.watch_sends("seq", NOW)  # type: ignore[call-arg]
    crm.sequences.watch_sends("seq", sinse=NOW)  # type: ignore[call-arg]
    crm.bookings.watch(since=datetime.now(UTC))  # type: ignore[call-overload]
    crm.bookings.watch(overlap=30)  # type: ignore[call-overload]
    assert_type(await anext(crm.bookings.watch()), Booking)
    assert_type(await anext(crm.bookings.watch(removals=True)), Booking | Removed)
    assert_type(crm.sequences.watch(ignore=["enrollment_counts"]), Feed[Sequence])
    assert_type(await anext(crm.sequences.watch(removals=True)), Sequence | Removed)
    assert_type(await anext(crm.sequences.watch_enrollments("seq")), Enrollment)
    assert_type(await anext(crm.sequences.watch_enrollments("seq", removals=True)), Enrollment | Removed)
    crm.zapier.deals.watch(interval="60")  # type: ignore[arg-type]
    crm.zapier.deals.watch(on_gap="ignore")  # type: ignore[arg-type]


def narrowing(email: str | None | Unset, status: EnrollmentStatus | str) -> str | None:
    """`UNSET` and the open enums narrow as enums do."""
    if email is UNSET:
        return "left alone"
    assert_type(email, str | None)
    if isinstance(status, EnrollmentStatus):
        match status:
            case EnrollmentStatus.ACTIVE | EnrollmentStatus.PAUSED:
                return "under way"
            case EnrollmentStatus.COMPLETED | EnrollmentStatus.UNSUBSCRIBED:
                return "over"
            case _:
                assert_never(status)
    return status


async def errors(crm: AsyncClient) -> AsyncIterator[str]:
    try:
        await crm.contacts.list()
    except APIStatusError as error:
        assert_type(error.status, int)
        assert_type(error.retry_after, float | None)
        assert_type(error.request_id, str | None)
        assert_type(error.headers, CIMultiDict[str])
    except APIError as error:
        assert_type(error.outcome_unknown, bool)
        assert_type(error.attempts, int)
        assert_type(error.retry_after, float | None)
        assert_type(error.request_id, str | None)
        yield error.status  # type: ignore[attr-defined]
