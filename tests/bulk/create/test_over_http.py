"""Bulk calls of a client, against the sandbox: the wire, the retries and the faults are real."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from impactive_async import AsyncClient
from impactive_async.bulk.journal.created import created_ids
from impactive_async.bulk.progress import Progress
from impactive_async.errors import (
    APITimeoutError,
    AuthenticationError,
    BulkError,
    JournalError,
    NotFoundError,
)
from impactive_async.models import ContactDraft
from impactive_async.sandbox import CHAOS_KINDS, DEFAULT_NOW, Armed, Sandbox
from tests.bulk.model import people
from tests.support import FakeClock, client_of, outcome, spin, time_jumps, until

CREATE = "POST /api/agent/contacts"
ENROLL = "POST /api/agent/sequences/:id/enroll"
# An answer that cannot be read is not asked for again; where that matters it is sent on purpose. Delays take time.
KINDS = [kind for kind in CHAOS_KINDS if kind not in ("truncate", "delay")]


def emails(sandbox: Sandbox) -> Counter[str]:
    """How often each address of `people` is there."""
    fields = (row.fields for row in sandbox.state.rows("contacts"))
    return Counter(row["email"] for row in fields if row["email"].endswith("@example.com"))


def each_once(sandbox: Sandbox, rows: list[dict[str, Any]]) -> bool:
    counts = emails(sandbox)
    return {row["email"]: counts[row["email"]] for row in rows} == {row["email"]: 1 for row in rows}


@pytest.mark.every_dialect
async def test_people_are_created_and_enrolled(crm: AsyncClient, sandbox: Sandbox, tmp_path: Path) -> None:
    """From drafts through a journal onto a sequence, everybody once; the ids are handed on without being held."""
    drafts = [ContactDraft(**row) for row in people(120)]
    report = await crm.contacts.create_many(drafts, journal=tmp_path / "journal")
    assert (report.created, report.ok) == (120, True)
    assert each_once(sandbox, people(120))
    sequence = sandbox.state.create_sequence("Welcome")
    enrolled = await crm.sequences.enroll_many(sequence.id, created_ids(tmp_path / "journal"), batch_size=25)
    assert (enrolled.enrolled, enrolled.ok) == (120, True)
    assert len(sandbox.state.enrollments(sequence.id)) == 120


@pytest.mark.parametrize("seed", range(6))
async def test_chaos_makes_nobody_twice_and_leaves_nobody_out(seed: int, tmp_path: Path) -> None:
    """Whatever the sandbox's repertoire of faults does to a fifth of all requests, or cuts short."""
    rows = people(400)
    async with Sandbox(str(seed)) as sandbox, client_of(sandbox) as crm:
        sandbox.chaos(0.2, KINDS)
        sandbox.fail(CREATE, truncate=True, times=2, after=3)
        armed: list[Armed] = []

        def told(_: Progress) -> None:
            if not armed:  # not earlier: the first look, before anything is done, may fail like any call
                armed.append(sandbox.fail("GET /api/agent/contacts", truncate=True, times=2))

        journal = tmp_path / "journal" if random.Random(seed).random() < 0.5 else None
        report = await crm.contacts.create_many(
            rows, journal=journal, on_progress=told, keep_results=True, max_retries=20
        )
        sandbox.clear_faults()
        assert report.ok, str(report)
        assert each_once(sandbox, rows)
        by_id = {row.id: row.fields["email"] for row in sandbox.state.rows("contacts")}
        assert [by_id[result.contact_id or ""] for result in report.results or ()] == [
            row["email"] for row in rows
        ]


@pytest.mark.parametrize("seed", range(4))
async def test_chaos_enrolls_everybody_and_counts_them(seed: int) -> None:
    """Repeated requests are told from first ones, and the counts add up to what the sandbox knows."""
    async with Sandbox(str(seed)) as sandbox, client_of(sandbox) as crm:
        ids = [sandbox.state.create_contact("Ada", str(number)).id for number in range(600)]
        sequence = sandbox.state.create_sequence("Welcome")
        before = set(ids[:100])
        sandbox.state.enroll(sequence.id, before)
        sandbox.chaos(0.3, KINDS)
        report = await crm.sequences.enroll_many(sequence.id, ids, max_retries=20, batch_size=20)
        assert report.ok, str(report)
        assert report.rows == report.enrolled + report.already_enrolled + report.perhaps_enrolled_now == 600
        assert report.already_enrolled <= 100 <= report.already_enrolled + report.perhaps_enrolled_now
        assert len(sandbox.state.enrollments(sequence.id)) == 600


@time_jumps
async def test_a_request_that_is_carried_out_after_it_was_given_up_is_found() -> None:
    """The server holds a create beyond the time-out and then acts: the search waits for it, and finds it."""
    rows = people(200)

    async with Sandbox() as sandbox:
        hold = asyncio.Event()
        sandbox.fail(CREATE, hold=hold, after=1)

        class Releasing(FakeClock):
            async def sleep(self, seconds: float) -> None:
                hold.set()
                await asyncio.sleep(0.05)
                await super().sleep(seconds)

        async with client_of(sandbox, clock=Releasing(), timeout=2.0) as crm:
            report = await crm.contacts.create_many(rows)
        assert (report.created, report.found, report.ok) == (200, 40, True)
        assert each_once(sandbox, rows)


async def test_a_batch_larger_than_the_server_takes_is_halved(tmp_path: Path) -> None:
    """The largest batch is not documented (A8): a smaller one goes through all the same."""
    async with Sandbox(max_batch=20) as sandbox, client_of(sandbox) as crm:
        report = await crm.contacts.create_many(people(200))
        assert (report.created, report.ok) == (200, True)
        assert each_once(sandbox, people(200))


async def test_a_row_the_server_refuses_is_the_only_one_that_fails(crm: AsyncClient, sandbox: Sandbox) -> None:
    """A company of another workspace: its row is named, the others of its batch are created."""
    rows = people(60)
    rows[33]["company_id"] = "com_of_somebody_else"
    report = await crm.contacts.create_many(rows)
    assert [failure.index for failure in report.failed] == [33]
    assert "companyId does not belong to this workspace" in report.failed[0].reason
    assert each_once(sandbox, [row for row in rows if row is not rows[33]])


async def test_a_key_revoked_on_the_way_stops_the_work(crm: AsyncClient, sandbox: Sandbox) -> None:
    """What was created is in the report; the rest was not read."""

    def told(progress: Progress) -> None:
        if progress.done >= 200:
            sandbox.revoke_key()

    error = await outcome(crm.contacts.create_many(people(1000), on_progress=told))
    assert isinstance(error, BulkError)
    assert isinstance(error.__cause__, AuthenticationError)
    assert len(emails(sandbox)) == error.report.created >= 200  # type: ignore[union-attr]
    assert error.report.rows < 1000


async def test_an_enrollment_whose_answer_cannot_be_read_is_done_and_safe_to_repeat(
    crm: AsyncClient, sandbox: Sandbox
) -> None:
    """The server has reported success: nobody is failed for its words, and the next call finds all of them."""
    ids = [sandbox.state.create_contact("Ada", str(number)).id for number in range(30)]
    sequence = sandbox.state.create_sequence("Welcome")
    sandbox.fail(ENROLL, truncate=True)
    report = await crm.sequences.enroll_many(sequence.id, ids, batch_size=10)
    assert (report.enrolled, len(report.failed)) == (30, 0)
    again = await crm.sequences.enroll_many(sequence.id, ids)
    assert (again.already_enrolled, again.ok) == (30, True)


async def test_what_is_wrong_from_the_start_is_said_as_such(
    crm: AsyncClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """No such sequence, a refused key: the plain error, and no journal in the way."""
    with pytest.raises(NotFoundError):
        await crm.sequences.enroll_many("seq_nobody", ["con_1", "con_2"])
    with pytest.raises(ValueError, match="is not an id"):
        await crm.sequences.enroll_many("", ["con_1"])
    async with client_of(sandbox, api_key="icrm_" + "0" * 32) as stranger:
        with pytest.raises(AuthenticationError):
            await stranger.contacts.create_many(people(3))
        with pytest.raises(AuthenticationError):
            await stranger.contacts.create_many(people(3), journal=tmp_path / "journal")
    assert (await crm.contacts.create_many(people(3), journal=tmp_path / "journal")).created == 3


@pytest.mark.parametrize("other", [Sandbox("other"), Sandbox()], ids=["other workspace", "same id elsewhere"])
async def test_the_journal_of_another_sandbox_is_refused(
    crm: AsyncClient, sandbox: Sandbox, tmp_path: Path, other: Sandbox
) -> None:
    """Two workspaces, one journal: the second gets an error, even if both have the id that their seed makes."""
    await crm.contacts.create_many(people(3), journal=tmp_path / "journal")
    async with other, client_of(other) as elsewhere:
        with pytest.raises(JournalError, match="Use the base_url and the key of that workspace"):
            await elsewhere.contacts.create_many(people(3), journal=tmp_path / "journal")
        assert not emails(other)


async def test_time_outs_and_retries_are_the_calls_own(crm: AsyncClient, sandbox: Sandbox) -> None:
    """`timeout` and `max_retries` reach every request of the call."""
    hold = asyncio.Event()
    sandbox.fail(ENROLL, hold=hold, times=None)
    sequence = sandbox.state.create_sequence("Welcome")
    report = await crm.sequences.enroll_many(sequence.id, ["con_1"], timeout=0.05, max_retries=0)
    assert isinstance(report.failed[0].error, APITimeoutError)
    assert report.failed[0].error.attempts == 1
    sandbox.fail(CREATE, status=429, times=None)
    created = await crm.contacts.create_many(people(1), max_retries=2)
    assert created.failed[0].error.attempts == 3  # type: ignore[union-attr]
    hold.set()


async def test_a_bulk_call_keeps_to_the_limits_of_its_client(sandbox: Sandbox) -> None:
    """Whatever `concurrency` asks for, no more requests are under way than the client allows for all its calls."""
    hold = asyncio.Event()
    for pattern in (CREATE, ENROLL):
        sandbox.fail(pattern, hold=hold, times=None)
    sequence = sandbox.state.create_sequence("Welcome")
    async with client_of(sandbox, max_concurrency=3) as crm:
        creating = asyncio.create_task(crm.contacts.create_many(people(200), batch_size=10, concurrency=6))
        enrolling = asyncio.create_task(
            crm.sequences.enroll_many(sequence.id, ["con_1"] * 200, batch_size=10, concurrency=6)
        )
        await until(lambda: sandbox.peak_in_flight == 3)
        await spin(500)
        hold.set()
        assert (await creating).created == 200
        assert (await enrolling).rows == 200
    assert sandbox.peak_in_flight == 3


def add_unordered(sandbox: Sandbox) -> None:
    """600 contacts whose dates do not follow the list's order."""
    for number in range(600):
        at = DEFAULT_NOW - timedelta(days=1 + number % 7)
        sandbox.state.create_contact("Old", str(number), email=f"old.{number}@example.org", at=at)


@pytest.mark.contract("without the server's time nothing is proven where there is no order", "no-date")
async def test_the_second_list_tells_where_the_first_has_no_order(crm: AsyncClient, sandbox: Sandbox) -> None:
    """What is missing is told by the Zapier surface."""
    add_unordered(sandbox)
    sandbox.fail(CREATE, disconnect=True, after=2)
    report = await crm.contacts.create_many(people(60), batch_size=10, concurrency=1)
    assert (report.created, report.ok) == (60, True)
    assert each_once(sandbox, people(60))
    assert sandbox.requests_to("GET /api/zapier/contacts")


async def test_nothing_is_sent_again_where_neither_order_nor_time_prove_anything() -> None:
    """Those ten may or may not be there: the report says so, and nobody is created twice."""
    async with Sandbox(dialect="no-date", populate=False) as sandbox, client_of(sandbox) as crm:
        add_unordered(sandbox)
        sandbox.fail(CREATE, disconnect=True, after=2)
        report = await crm.contacts.create_many(people(60), batch_size=10, concurrency=1)
        assert (report.created, len(report.unknown), report.ok) == (50, 10, False)
        assert set(emails(sandbox).values()) == {1}


@pytest.mark.parametrize("answer", ["$rows", {"data": "$rows", "hasMore": "$more"}], ids=["unmarked", "marked"])
@pytest.mark.parametrize("batch_size", [5, 25, 40])
async def test_lists_that_are_cut_short_make_nobody_twice(answer: Any, batch_size: int) -> None:
    """A page of 25 is no proof that the others do not exist, whether it says that there are more or not."""
    profile = {"profile": 1, "operations": {"contacts.*": {"cap": 25, "list": answer, "batch": "$rows"}}}
    async with Sandbox(profile=profile, populate=False) as sandbox, client_of(sandbox) as crm:
        sandbox.fail(CREATE, drop_after_commit=True, after=1)
        sandbox.fail(CREATE, drop_after_commit=True, after=2)
        await outcome(crm.contacts.create_many(people(80), batch_size=batch_size, concurrency=1))
        made = Counter(row.fields["email"] for row in sandbox.state.rows("contacts"))
    assert max(made.values()) == 1


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
async def test_a_lost_row_is_found_by_a_key_of_the_users_own(crm: AsyncClient, sandbox: Sandbox) -> None:
    """`match_on` may name an undocumented field that the rows carry in `extra`."""
    rows: list[dict[str, Any]] = [
        {"first_name": "Ada", "last_name": "Lovelace", "extra": {"externalId": f"x-{number}"}}
        for number in range(100)
    ]
    sandbox.fail(CREATE, drop_after_commit=True, after=1)
    report = await crm.contacts.create_many(rows, match_on="externalId")
    assert (report.created, report.found) == (100, 40)
    known = Counter(row.fields.get("externalId") for row in sandbox.state.rows("contacts"))
    assert {known[f"x-{number}"] for number in range(100)} == {1}
