"""`create_many`, on a model of a workspace: what happens to every row, whatever happens to its batch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from impactive_async._http.caller import Answer
from impactive_async.bulk.create.call import WINDOW
from impactive_async.bulk.create.creating import PREPARED
from impactive_async.bulk.journal.batch import ContactBatch
from impactive_async.bulk.journal.created import created_ids
from impactive_async.bulk.journal.journal import Journal
from impactive_async.bulk.progress import Progress
from impactive_async.bulk.reconcile.pairing import ListedContact
from impactive_async.bulk.report import CreateReport, Outcome
from impactive_async.errors import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    BulkError,
    ConfigurationError,
    DecodeError,
    JournalError,
    RateLimitError,
    ServerError,
)
from tests.bulk.model import Model, people
from tests.support import outcome, spin, turns_of_others, until


def each_once(model: Model, rows: list[dict[str, Any]]) -> bool:
    return model.emails() == {row["email"]: 1 for row in rows}


async def test_creates_every_row_in_batches() -> None:
    """95 rows in batches of ten are ten requests, and each person is there once."""
    model, rows = Model(), people(95)
    report = await model.run(rows)
    assert (report.rows, report.created, report.ok) == (95, 95, True)
    assert sorted(map(len, model.sent)) == [5] + [10] * 9
    assert each_once(model, rows)
    report.raise_for_failures()


async def test_rows_that_are_not_sent_hold_up_nobody_else() -> None:
    """Between batches of bad rows others get their turn, although nothing is waited for."""
    turns = await turns_of_others(Model().run([{"first_name": "Ada"}] * 1000))
    assert turns > 1000 / 10 / (4 + PREPARED), "one for each round of the workers"


async def test_nothing_to_create_is_no_error() -> None:
    """An empty input is a report of zeros."""
    model = Model()
    assert await model.run([]) == CreateReport(
        rows=0, created=0, already_created=0, found=0, failed=(), unknown=()
    )
    assert model.sent == []


async def test_results_are_in_input_order_on_request() -> None:
    """Every row is there at its place, with its own contact's id, however the batches ended."""
    model, rows = Model(), people(60)
    rows[17] = {"first_name": "Nobody"}
    report = await model.run(rows, keep_results=True)
    assert report.results is not None
    assert [result.index for result in report.results] == list(range(60))
    by_id = {contact["id"]: contact["email"] for contact in model.contacts}
    for result, row in zip(report.results, rows, strict=True):
        if result.index == 17:
            assert (result.contact_id, result.outcome) == (None, Outcome.FAILED)
        else:
            assert (by_id[result.contact_id or ""], result.outcome) == (row["email"], Outcome.CREATED)
    assert report.contact_ids == tuple(result.contact_id for result in report.results if result.contact_id)
    assert len(report.contact_ids) == 59
    nothing_kept = await model.run(people(3, 100))
    assert (nothing_kept.results, nothing_kept.contact_ids) == (None, None)


async def test_bad_rows_are_reported_and_stop_nobody() -> None:
    """Ill-typed rows are not sent, a refused one is found; each is named by its index, with reason and row."""
    model, rows = Model(), people(50)
    rows[3] = {"first_name": "Ada"}
    rows[7] = {**rows[7], "emial": "x"}
    rows[21]["title"] = "bad"
    report = await model.run(rows)
    assert [failure.index for failure in report.failed] == [3, 7, 21]
    assert [failure.row for failure in report.failed] == [rows[3], rows[7], rows[21]]
    assert "last_name is missing" in report.failed[0].reason
    assert "HTTP 400" in report.failed[2].reason
    assert report.created == 47
    assert each_once(model, [row for place, row in enumerate(rows) if place not in (3, 7, 21)])
    with pytest.raises(
        BulkError, match=r"50 rows: 47 created, .* 3 failed, 0 unknown. Row 3: last_name"
    ) as caught:
        report.raise_for_failures()
    assert caught.value.report is report


async def test_an_input_of_nothing_but_bad_rows_is_read_to_its_end() -> None:
    """All are reported, and no request is made but the first look."""
    model = Model()
    report = await model.run([{"first_name": "Ada"}] * 35)
    assert len(report.failed) == 35
    assert model.sent == []


@pytest.mark.parametrize("fate", ["lost", "dropped", "502", "garbled", "late:20", "stamped:20"])
async def test_a_lost_answer_makes_nobody_twice_and_leaves_nobody_out(fate: str) -> None:
    """Whether the server had acted, had not, or does so later: in the end each person is there once."""
    model, rows = Model(), people(200)
    model.script = ["ok"] * 5 + [fate] + ["ok"] * 3 + [fate]
    report = await model.run(rows)
    assert (report.created, report.ok) == (200, True)
    assert report.found == (0 if fate == "lost" else 20)
    assert each_once(model, rows)


async def test_a_server_that_acts_after_the_time_allowed_makes_contacts_twice() -> None:
    """The documented limit: without idempotency keys, absence can only be believed some time later."""
    model, rows = Model(), people(200)
    model.script = ["ok"] * 5 + ["late:20"]
    await model.run(rows, settle=5.0)
    model.clock.now += 60
    assert sorted(set(model.emails().values())) == [1, 2]


async def test_many_lost_at_once_are_looked_for_together() -> None:
    """All requests under way fail at once: one search finds them all."""
    model, rows = Model(), people(200)
    model.script = ["ok"] * 4 + ["dropped"] * 4
    report = await model.run(rows)
    assert (report.created, report.found) == (200, 40)
    assert each_once(model, rows)


async def test_equal_rows_are_as_many_contacts() -> None:
    """Rows that equal each other within and across lost batches are each created, and none of them twice."""
    model = Model()
    rows = [{"first_name": "John", "last_name": "Smith"}] * 30 + people(1) * 30
    model.script = ["ok", "dropped", "lost", "dropped", "ok", "lost"]
    report = await model.run(rows)
    assert report.created == 60
    assert len(model.contacts) == 60
    assert model.emails() == {"ada.0@example.com": 30}


async def test_people_who_were_there_before_are_not_mistaken_for_new_ones() -> None:
    """`create_many` creates: a namesake with the same address from before does not make a lost row a found one."""
    model, rows = Model(), people(20)
    for row in rows:
        model.add({"firstName": row["first_name"], "lastName": row["last_name"], "email": row["email"]})
    model.clock.now += 3600
    model.script = ["lost"]
    report = await model.run(rows)
    assert (report.created, report.found) == (20, 0)
    assert set(model.emails().values()) == {2}


async def test_rows_that_slipped_off_the_lists_are_unknown_and_not_sent_again() -> None:
    """When others create more than the lists show while a batch is lost, its rows are reported, not guessed."""
    model, rows = Model(), people(100)
    model.add({"firstName": "Known", "lastName": "Contact"})
    model.script = ["ok"] * 3 + ["crowd"]
    create = model._create

    def crowded(bodies: list[dict[str, Any]], fate: str) -> Any:
        if fate != "crowd":
            return create(bodies, fate)
        answer = outcome_of(lambda: create(bodies, "dropped"))
        for number in range(600):
            model.add({"firstName": "Other", "lastName": str(number)})
        raise answer

    model._create = crowded  # type: ignore[method-assign]
    report = await model.run(rows, concurrency=1)
    assert (report.created, len(report.unknown), report.failed) == (90, 10, ())
    assert [failure.index for failure in report.unknown] == list(range(30, 40))
    assert each_once(model, rows)
    assert not report.ok
    with pytest.raises(BulkError, match=r"10 unknown. Row 30: may have been created"):
        report.raise_for_failures()


def outcome_of(call: Any) -> Exception:
    try:
        call()
    except APIConnectionError as error:
        return error
    raise AssertionError


async def test_a_server_that_shows_other_addresses_is_not_searched_by_address() -> None:
    """If answers show that addresses are altered, a lost batch is unknown rather than taken for missing."""
    model, rows = Model(), people(60)
    add = model.add
    model.add = lambda body, at=None: add({**body, "email": f"{len(model.contacts)}@hidden"}, at)  # type: ignore[method-assign]
    model.script = ["ok"] * 3 + ["dropped"]
    report = await model.run(rows, concurrency=1)
    assert (report.created, len(report.unknown)) == (50, 10)
    assert len(model.contacts) == 60


@pytest.mark.parametrize("count", [0, 9, 11])
async def test_an_answer_that_is_not_one_contact_a_row_is_looked_into(count: int) -> None:
    """A success that does not add up is a lost answer: the lists tell what was created."""
    model, rows = Model(), people(30)
    create = model.create

    async def miscounting(bodies: list[dict[str, Any]]) -> Any:
        answer = await create(bodies)
        if len(model.sent) == 2:
            answer.value[:] = (answer.value * 2)[:count]
        return answer

    model.create = miscounting  # type: ignore[method-assign]
    report = await model.run(rows, concurrency=1)
    assert (report.created, report.found) == (30, 10)
    assert each_once(model, rows)


async def test_a_batch_that_is_lost_every_time_fails_in_the_end() -> None:
    """It is sent again as often as retries allow, then reported as certainly not created; the others are."""
    model, rows = Model(), people(40)
    model.fate_of = lambda bodies: "lost" if bodies[0]["email"] == rows[10]["email"] else None
    report = await model.run(rows, resends=2)
    assert [failure.index for failure in report.failed] == list(range(10, 20))
    assert "looked for after each of 3 attempts, and not there" in report.failed[0].reason
    assert report.created == 30


async def test_a_429_that_outlasts_the_retries_fails_its_batch_alone() -> None:
    """The server refused before acting: nothing to look for, and the others go on."""
    model, rows = Model(), people(40)
    model.script = ["ok", "429"]
    report = await model.run(rows, concurrency=1)
    assert [failure.index for failure in report.failed] == list(range(10, 20))
    assert isinstance(report.failed[0].error, RateLimitError)
    assert model.calls.count("newest") == 1


async def test_ten_failed_batches_in_a_row_stop_the_work() -> None:
    """A server that takes nothing is not sent a million rows."""
    model = Model()
    model.chance = lambda: "429"
    error = await outcome(model.run(people(1000)))
    assert isinstance(error, RateLimitError), "nothing was done: the cause itself"
    assert len(model.sent) <= 10 + 4


@pytest.mark.parametrize(
    "cause",
    [
        AuthenticationError("HTTP 401.", status=401),
        APIStatusError("HTTP 405.", status=405),
        ConfigurationError("This client is closed."),
    ],
)
async def test_what_would_fail_all_stops_the_reading_and_says_what_was_done(cause: Exception) -> None:
    """No more is read; what was created is in the report, and so is what was not."""
    model, create, refused = Model(), Model.create, list[int]()

    async def refusing(bodies: list[dict[str, Any]]) -> Any:
        if len(model.sent) == 5:
            refused.append(len(bodies))
            raise cause
        return await create(model, bodies)

    model.create = refusing  # type: ignore[method-assign]
    error = await outcome(model.run(iter(people(1000))))
    assert isinstance(error, BulkError)
    assert error.__cause__ is cause
    assert isinstance(error.report, CreateReport)
    assert error.report.created == 50
    assert error.report.rows == 50 + len(error.report.failed) <= 50 + (4 + PREPARED) * 10
    assert len(model.emails()) == 50
    assert len(refused) <= 4, "what was prepared is not sent"


async def test_an_error_nobody_expected_leaves_the_rows_unknown() -> None:
    """Whatever a key source or a hook raises, the rows may have been sent: they are not called failed."""
    model, create = Model(), Model.create

    async def broken(bodies: list[dict[str, Any]]) -> Any:
        answer = await create(model, bodies)
        if len(model.sent) == 2:
            raise KeyError("what?")
        return answer

    model.create = broken  # type: ignore[method-assign]
    error = await outcome(model.run(people(40), concurrency=1))
    assert isinstance(error, BulkError)
    assert isinstance(error.__cause__, KeyError)
    assert [failure.index for failure in error.report.unknown] == list(range(10, 20))  # type: ignore[union-attr]


async def test_a_search_that_fails_stops_the_work_and_leaves_the_rows_unknown() -> None:
    """If the lists cannot be had, nothing more is sent that would push the lost batch off them."""
    model = Model()
    model.script = ["ok", "dropped"]
    model.list_failures = []
    newest = model.newest

    async def failing(limit: int) -> Any:
        if model.sent:
            raise ServerError("HTTP 503.", status=503)
        return await newest(limit)

    model.newest = failing  # type: ignore[method-assign]
    error = await outcome(model.run(people(100), concurrency=1))
    assert isinstance(error, BulkError)
    assert isinstance(error.__cause__, ServerError)
    assert isinstance(error.report, CreateReport)
    assert [failure.index for failure in error.report.unknown] == list(range(10, 20))
    assert "could not be looked for" in error.report.unknown[0].reason
    assert len(model.sent) == 2
    assert {failure.reason for failure in error.report.failed} == {"not sent: the call was stopped before"}


async def failing_input(count: int) -> AsyncIterator[dict[str, Any]]:
    for row in people(count):
        yield row
    raise OSError("the file is gone")


@pytest.mark.parametrize("count", [30, 35])
async def test_an_input_that_raises_has_all_its_rows_created_before(count: int) -> None:
    """Everything it gave is dealt with and reported; its error is the cause."""
    model = Model()
    error = await outcome(model.run(failing_input(count)))
    assert isinstance(error, BulkError)
    assert isinstance(error.__cause__, OSError)
    assert isinstance(error.report, CreateReport)
    assert (error.report.rows, error.report.created) == (count, count)
    assert each_once(model, people(count))


async def test_an_input_that_raises_at_once_raises_that() -> None:
    """Nothing was done, so there is nothing to report."""
    with pytest.raises(OSError, match="the file is gone"):
        await Model().run(failing_input(0))


async def test_stopping_interrupts_a_slow_input_and_reports_what_it_had_given() -> None:
    """Rows that were read and not sent are reported as such."""
    model = Model()
    model.script = ["ok", "ok"]

    waiting = asyncio.Event()

    async def slow() -> AsyncIterator[dict[str, Any]]:
        for row in people(23):
            yield row
        waiting.set()
        await asyncio.Event().wait()

    async def told(progress: Progress) -> None:
        if progress.done == 20:
            await waiting.wait()
            raise OSError("enough")

    error = await outcome(model.run(slow(), on_progress=told, keep_results=True))
    assert isinstance(error, BulkError)
    assert isinstance(error.report, CreateReport)
    assert [failure.index for failure in error.report.failed] == [20, 21, 22]
    assert [result.outcome for result in error.report.results or ()] == ["created"] * 20 + ["failed"] * 3


async def test_progress_counts_up_to_the_end() -> None:
    """Told after each batch, never backwards, and the last time everything is done."""
    model, told = Model(), list[Progress]()
    rows = people(95)
    rows[5] = {}
    await model.run(rows, on_progress=told.append)
    assert len(told) == 10
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert (told[-1].done, told[-1].total, told[-1].failed, told[-1].eta) == (95, 95, 1, 0)


async def test_reads_ahead_no_further_than_it_can_send() -> None:
    """At no time are more rows held than fit the requests under way and the two being prepared."""
    model, read, done = Model(), 0, 0

    def counted() -> Iterator[dict[str, Any]]:
        nonlocal read
        for row in people(1000):
            read += 1
            assert read - done <= (4 + PREPARED) * 10
            yield row

    def told(progress: Progress) -> None:
        nonlocal done
        done = progress.done

    await model.run(counted(), on_progress=told)
    assert read == 1000


async def test_no_more_requests_are_under_way_than_asked_for() -> None:
    """`concurrency` bounds them, whatever the client itself would allow."""
    model, most = Model(), 0
    create = Model.create

    async def watched(bodies: list[dict[str, Any]]) -> Any:
        nonlocal most
        most = max(most, model.under_way + 1)
        return await create(model, bodies)

    model.create = watched  # type: ignore[method-assign]
    await model.run(people(500), concurrency=3)
    assert most == 3


async def test_batches_that_would_not_fit_the_list_together_wait_for_each_other() -> None:
    """A hundred times eight may be asked for; a lost batch is found all the same."""
    model, rows = Model(), people(4000)
    model.chance = lambda: model.random.choice(["ok", "ok", "ok", "dropped", "lost"])
    report = await model.run(rows, batch_size=100, concurrency=8, resends=20)
    assert (report.created, report.unknown) == (4000, ())
    assert each_once(model, rows)


async def test_a_batch_that_takes_long_is_found_among_those_sent_after_it() -> None:
    """While its answer is out, no more is sent than leaves it on the list."""
    model, rows = Model(), people(4000)
    model.add({"firstName": "Known", "lastName": "Contact"})
    create, first = model.create, True

    async def one_is_slow(bodies: list[dict[str, Any]]) -> Any:
        nonlocal first
        if not first:
            return await create(bodies)
        first = False
        await create(bodies)
        await spin(2000)  # which would do for all the others
        raise APIConnectionError("dropped", outcome_unknown=True)

    model.create = one_is_slow  # type: ignore[method-assign]
    report = await model.run(rows, batch_size=40)
    assert (report.created, report.found, report.unknown) == (4000, 40, ())
    assert each_once(model, rows)


async def test_cancelling_leaves_no_task() -> None:
    """Ctrl-C ends everything that was under way, and the journal is free again."""
    model = Model()
    before = asyncio.all_tasks()
    running = asyncio.create_task(model.run(people(1000)))
    await until(lambda: len(model.contacts) > 100)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size is a whole number of at least 1"),
        ({"batch_size": WINDOW + 1}, f"batch_size is at most {WINDOW}"),
        ({"concurrency": True}, "concurrency is a whole number of at least 1"),
        ({"settle": -1}, "settle is a number of seconds"),
        ({"settle": float("nan")}, "settle is a number of seconds"),
        ({"match_on": ""}, "match_on is the name of a field"),
    ],
)
async def test_arguments_out_of_range_are_refused_before_anything_is_read(
    options: dict[str, Any], message: str
) -> None:
    """A `ValueError` that names the argument, and no request."""
    model = Model()

    rows = iter(people(3))
    with pytest.raises(ValueError, match=message):
        await model.run(rows, **options)
    assert model.calls == []
    assert len(list(rows)) == 3


# With a journal.


async def test_a_finished_import_run_again_creates_nobody(tmp_path: Path) -> None:
    """All rows are skipped, and counted as created already; the results still know their ids."""
    model, rows = Model(), people(95)
    first = await model.run(rows, journal=tmp_path / "journal", keep_results=True)
    again = await model.run(rows, journal=tmp_path / "journal", keep_results=True)
    assert (again.created, again.already_created, again.ok) == (0, 95, True)
    assert [r.contact_id for r in again.results or ()] == [r.contact_id for r in first.results or ()]
    assert {r.outcome for r in again.results or ()} == {Outcome.ALREADY_CREATED}
    assert each_once(model, rows)


async def test_rows_that_failed_are_tried_again(tmp_path: Path) -> None:
    """What was put right on the server's side is created by the next run; nobody else is touched."""
    model, rows = Model(), people(40)
    model.script = ["ok", "429"]
    rows[35]["title"] = "bad"
    assert len((await model.run(rows, journal=tmp_path / "journal", concurrency=1)).failed) == 11
    model._create = lambda bodies, fate: create_any(model, bodies)  # type: ignore[method-assign]
    report = await model.run(rows, journal=tmp_path / "journal")
    assert (report.created, report.already_created, report.ok) == (11, 29, True)
    assert each_once(model, rows)


def create_any(model: Model, bodies: list[dict[str, Any]]) -> Any:
    return type(model)._create(model, [{**body, "title": "fine"} for body in bodies], "ok")


async def test_rows_may_be_added_at_the_end(tmp_path: Path) -> None:
    """A longer input that begins with the same rows goes on where the journal ends."""
    model = Model()
    await model.run(people(35), journal=tmp_path / "journal")
    report = await model.run(people(60), journal=tmp_path / "journal", batch_size=7)
    assert (report.created, report.already_created) == (25, 35)
    assert each_once(model, people(60))


@pytest.mark.parametrize("size", [3, 10, 25])
async def test_another_batch_size_does_not_matter(tmp_path: Path, size: int) -> None:
    """The journal's own cuts count where it has been before, with bad rows and whole bad batches in between."""
    model, rows = Model(), people(80)
    for place in (4, 11, *range(20, 45)):
        rows[place] = {"first_name": "Nobody"}
    model.script = ["ok", "ok", "429", "429", "ok"]
    await model.run(rows, journal=tmp_path / "journal", concurrency=1)
    report = await model.run(rows, journal=tmp_path / "journal", batch_size=size)
    good = [row for row in rows if "email" in row]
    assert report.created + report.already_created == len(good) == 53
    assert each_once(model, good)


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: [*rows[:5], {**rows[5], "phone": "1"}, *rows[6:]],
        lambda rows: rows[1:],
        lambda rows: [rows[1], rows[0], *rows[2:]],
        lambda rows: rows[:30],
        lambda rows: rows[:35],
        lambda rows: [],
        lambda rows: [*rows[:5], {}, *rows[6:]],
    ],
)
async def test_the_journal_of_another_input_is_refused(tmp_path: Path, change: Any) -> None:
    """Changed, missing, swapped or fewer rows: nothing is sent, and the error says what to do."""
    model, rows = Model(), people(60)
    await model.run(rows, journal=tmp_path / "journal")
    sent = len(model.sent)
    with pytest.raises(JournalError, match=r"This journal is of another input.* with a new journal"):
        await model.run(change(rows), journal=tmp_path / "journal")
    assert len(model.sent) == sent
    assert (await model.run(rows, journal=tmp_path / "journal")).already_created == 60


async def test_the_journal_of_another_workspace_is_refused(tmp_path: Path) -> None:
    """Nothing is sent to a workspace that the journal knows nothing about."""
    model, other = Model(), Model()
    await model.run(people(20), journal=tmp_path / "journal")

    async def elsewhere() -> Any:
        workspace = await Model.workspace(other)
        return type(workspace)(id="wsp_2", name="Elsewhere")

    other.workspace = elsewhere  # type: ignore[method-assign]
    with pytest.raises(
        JournalError, match=r"into the workspace wsp_1 at .*, and this client opens wsp_2 \(Elsewhere\)"
    ):
        await other.run(people(20), journal=tmp_path / "journal")
    assert other.calls == []


async def test_a_cancelled_import_is_taken_up_where_it_was(tmp_path: Path) -> None:
    """Ctrl-C at any moment, and again: each person is there once, and the journal knows every id."""
    model, rows = Model(), people(300)
    for stop_at in (1, 40, 41, 130, 220):
        await cancelled_at(stop_at, model, rows, tmp_path)
    report = await model.run(rows, journal=tmp_path / "journal")
    assert report.ok
    assert each_once(model, rows)
    by_id = {contact["id"]: contact["email"] for contact in model.contacts}
    assert [by_id[i] async for i in created_ids(tmp_path / "journal")] == [row["email"] for row in rows]


async def cancelled_at(bound: int, model: Model, rows: list[dict[str, Any]], tmp_path: Path) -> None:
    running = asyncio.create_task(model.run(rows, journal=tmp_path / "journal"))
    await until(lambda: len(model.contacts) >= bound or running.done())
    running.cancel()
    await asyncio.wait([running])


async def test_a_second_import_with_the_same_journal_is_refused_while_the_first_runs(tmp_path: Path) -> None:
    """In one process as in two: the journal is in use."""
    model = Model()
    running = asyncio.create_task(model.run(people(500), journal=tmp_path / "journal"))
    await until(lambda: len(model.contacts) > 20)
    with pytest.raises(JournalError, match="is in use"):
        await model.run(people(500), journal=tmp_path / "journal")
    assert (await running).created == 500


async def test_unknown_rows_are_reported_again_and_sent_only_on_request(tmp_path: Path) -> None:
    """A later run repeats what nobody knows; `resend_unknown` sends it."""
    model, rows = Model(), people(60)
    model.script = ["ok"] * 3 + ["lost"]
    newest = model.newest

    async def blind(limit: int) -> Any:
        answer = await newest(limit)
        return Answer(
            [ListedContact(contact.id, {**contact.fields, "createdAt": None}) for contact in answer.value], 1, None
        )

    async def full(since: Any) -> Any:
        assert since
        answer = await newest(500)
        answer.value.extend(answer.value * 5)
        return answer

    model.newest, model.changed = blind, full  # type: ignore[method-assign]
    model.add({"firstName": "Known", "lastName": "Contact"})
    first = await model.run(rows, journal=tmp_path / "journal", concurrency=1)
    assert [failure.index for failure in first.unknown] == list(range(30, 40))
    again = await model.run(rows, journal=tmp_path / "journal")
    assert [failure.index for failure in again.unknown] == list(range(30, 40))
    assert "resend_unknown=True" in again.unknown[0].reason
    assert len(model.emails()) == 50
    last = await model.run(rows, journal=tmp_path / "journal", resend_unknown=True)
    assert (last.created, last.already_created, last.ok) == (10, 50, True)
    assert each_once(model, rows)


async def test_that_addresses_are_altered_is_remembered(tmp_path: Path) -> None:
    """A run that follows a killed one does not search by what the killed one knew to be useless."""
    model, rows = Model(), people(60)
    add = model.add
    model.add = lambda body, at=None: add({**body, "email": f"{len(model.contacts)}@hidden"}, at)  # type: ignore[method-assign]
    model.script = ["ok"] * 3 + ["dropped"]
    await crash_while_searching(model, rows, tmp_path)
    report = await model.run(rows, journal=tmp_path / "journal")
    assert [failure.index for failure in report.unknown] == list(range(30, 40))
    assert len(model.contacts) == 60


async def crash_while_searching(model: Model, rows: list[dict[str, Any]], tmp_path: Path) -> None:
    newest = model.newest

    async def failing(limit: int) -> Any:
        if limit == 500:
            raise APIConnectionError("no network")
        return await newest(limit)

    model.newest = failing  # type: ignore[method-assign]
    error = await outcome(model.run(rows, journal=tmp_path / "journal", concurrency=1))
    assert isinstance(error, BulkError)
    model.newest = newest  # type: ignore[method-assign]


@pytest.mark.parametrize("fate", ["dropped", "lost", "late:20", "stamped:20"])
async def test_what_could_not_be_looked_for_is_looked_for_by_the_next_run(tmp_path: Path, fate: str) -> None:
    """The intent stands in the journal, so nothing is lost with the network."""
    model, rows = Model(), people(60)
    model.script = ["ok"] * 3 + [fate]
    await crash_while_searching(model, rows, tmp_path)
    report = await model.run(rows, journal=tmp_path / "journal")
    assert report.ok
    assert report.found == (0 if fate == "lost" else 10)
    assert each_once(model, rows)


async def test_a_batch_whose_intent_cannot_be_recorded_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that refuses stops the work before the request; the report says what was done and what was not."""
    model, rows = Model(), people(60)
    begin, begun = Journal.begin, list[int]()

    async def refuse(self: Journal, batch: ContactBatch) -> None:
        begun.append(batch.first)
        if len(begun) > 3:
            raise JournalError("the disk is full")
        await begin(self, batch)

    monkeypatch.setattr(Journal, "begin", refuse)
    error = await outcome(model.run(rows, journal=tmp_path / "journal"))
    assert isinstance(error, BulkError)
    assert isinstance(error.__cause__, JournalError)
    assert isinstance(error.report, CreateReport)
    assert error.report.created == len(model.contacts) == 30
    assert {failure.reason for failure in error.report.failed} == {"not sent: the disk is full"}
    monkeypatch.undo()
    assert (await model.run(rows, journal=tmp_path / "journal")).ok
    assert each_once(model, rows)


async def test_results_that_cannot_be_recorded_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody is created, but the journal does not know it yet: that is not success."""
    model, rows = Model(), people(60)

    async def refuse(_: Journal) -> None:
        raise JournalError("the disk is full")

    monkeypatch.setattr(Journal, "flush", refuse)
    error = await outcome(model.run(rows, journal=tmp_path / "journal"))
    assert isinstance(error, BulkError)
    assert isinstance(error.__cause__, JournalError)
    assert isinstance(error.report, CreateReport)
    assert error.report.created == 60


async def test_a_row_that_json_cannot_carry_sinks_nobody() -> None:
    """A lone surrogate out of a badly decoded file fails its row alone."""
    model, rows = Model(), people(20)
    rows[7]["email"] = "\ud800"
    rows[9] = {}
    report = await model.run(rows)
    assert [failure.index for failure in report.failed] == [7, 9]
    assert "not representable as JSON" in report.failed[0].reason
    assert report.created == 18


async def test_stopping_while_the_journal_is_read_again_counts_no_row_twice(tmp_path: Path) -> None:
    """Rows of a recorded batch that was not read to its end are left to the next run."""
    model, waiting = Model(), asyncio.Event()
    await model.run(people(40), journal=tmp_path / "journal")

    async def slow() -> AsyncIterator[dict[str, Any]]:
        for row in people(25):
            yield row
        waiting.set()
        await asyncio.Event().wait()

    async def told(progress: Progress) -> None:
        if progress.done == 20:
            await waiting.wait()
            raise OSError("enough")

    with pytest.raises(OSError, match="enough"):
        await model.run(slow(), journal=tmp_path / "journal", on_progress=told)
    assert (await model.run(people(40), journal=tmp_path / "journal")).already_created == 40


async def test_a_decode_error_names_what_was_wrong_with_the_answer() -> None:
    """The reason of the last attempt is kept when all are lost alike."""
    model = Model()
    create = model.create

    async def empty(bodies: list[dict[str, Any]]) -> Any:
        answer = await create(bodies)
        model.contacts.clear()
        answer.value.clear()
        return answer

    model.create = empty  # type: ignore[method-assign]
    report = await model.run(people(5), resends=0)
    assert "the answer holds 0 contacts for 5 rows" in report.failed[0].reason
    error = report.failed[0].error
    assert isinstance(error, DecodeError)
    assert (error.method, error.path) == ("POST", "/api/agent/contacts")
