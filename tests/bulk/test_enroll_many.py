"""`enroll_many`: what becomes of every id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from impactive_async.bulk.enroll import EnrollCall, EnrollOutcomes
from impactive_async.bulk.progress import Progress
from impactive_async.bulk.report import EnrollReport, Outcome
from impactive_async.errors import (
    APIConnectionError,
    BadRequestError,
    BulkError,
    NotFoundError,
    ServerError,
)
from impactive_async.models import EnrollResult, SkippedContact
from tests.support import FakeClock, outcome, turns_of_others, until


def ids(count: int, first: int = 0) -> list[str]:
    return [f"con_{number}" for number in range(first, first + count)]


class Server:
    """Enrolls whoever exists, once; `fail` may raise instead."""

    def __init__(self, existing: int = 10_000) -> None:
        self.enrolled: set[str] = set()
        self.existing = set(ids(existing))
        self.batches: list[list[str]] = []
        self.attempts = 1
        self.under_way = self.most = 0

    def fail(self, batch: list[str]) -> None:
        """Nothing fails."""

    async def send(self, batch: list[str]) -> EnrollResult:
        self.batches.append(batch)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            for _ in range(20 + len(self.batches) % 5):
                await asyncio.sleep(0)
            self.fail(batch)
            return self._enroll(batch)
        finally:
            self.under_way -= 1

    def _enroll(self, batch: list[str]) -> EnrollResult:
        skipped = [
            SkippedContact(contact_id=i, reason="already_enrolled" if i in self.enrolled else "not_found")
            for i in batch
            if i in self.enrolled or i not in self.existing
        ]
        fresh = set(batch) - {contact.contact_id for contact in skipped}
        self.enrolled |= fresh
        return EnrollResult(enrolled_count=len(fresh), skipped=tuple(skipped), attempts=self.attempts)


async def enroll(server: Server, contact_ids: Any, **options: Any) -> EnrollReport:
    defaults: dict[str, Any] = {"batch_size": 10, "concurrency": 4, "on_progress": None, "keep_results": False}
    return await EnrollCall(contact_ids, server.send, FakeClock(), **{**defaults, **options}).run()


def balanced(report: EnrollReport) -> bool:
    counted = report.enrolled + report.already_enrolled + report.perhaps_enrolled_now + report.duplicates
    return report.rows == counted + report.unaccounted + len(report.skipped) + len(report.failed)


async def test_a_reason_that_is_a_word_of_ours_is_the_servers() -> None:
    """Whatever the server calls its reason: it counts as skipped, and nothing else does."""

    class Odd(Server):
        def _enroll(self, batch: list[str]) -> EnrollResult:
            words = ["enrolled", "duplicate", "unaccounted", "failed", "perhaps_enrolled_now"]
            skipped = tuple(
                SkippedContact(contact_id=i, reason=word) for i, word in zip(batch, words, strict=True)
            )
            return EnrollResult(enrolled_count=0, skipped=skipped)

    report = await enroll(Odd(), ids(5), keep_results=True)
    assert balanced(report)
    assert (report.enrolled, report.duplicates, len(report.skipped), report.failed) == (0, 0, 5, ())


async def test_enrolls_everybody_in_batches() -> None:
    """95 ids in batches of ten are ten requests, four at a time at the most."""
    server = Server()
    report = await enroll(server, ids(95))
    assert (report.rows, report.enrolled, report.ok) == (95, 95, True)
    assert sorted(map(len, server.batches)) == [5] + [10] * 9
    assert server.enrolled == set(ids(95))
    assert server.most == 4
    report.raise_for_failures()


async def test_running_again_is_safe_and_says_so() -> None:
    """Whoever is on the sequence is counted as already enrolled, which is no failure."""
    server = Server()
    await enroll(server, ids(40))
    report = await enroll(server, ids(60))
    assert (report.enrolled, report.already_enrolled, report.ok) == (20, 40, True)
    assert report.skipped_by_reason == {"already_enrolled": 40}


async def test_already_enrolled_after_a_repeated_request_is_counted_apart() -> None:
    """It may have been this very call that enrolled them."""
    server = Server()
    server.attempts = 2
    server.enrolled = set(ids(5))
    report = await enroll(server, ids(20), keep_results=True)
    assert (report.enrolled, report.already_enrolled, report.perhaps_enrolled_now) == (15, 0, 5)
    assert report.ok
    assert [result.outcome for result in report.results or ()][:6] == ["perhaps_enrolled_now"] * 5 + ["enrolled"]


async def test_who_is_not_found_is_named() -> None:
    """The server's reasons are kept with their contacts, and are failures."""
    report = await enroll(Server(existing=25), ids(30))
    assert [contact.contact_id for contact in report.skipped] == ids(5, 25)
    assert report.skipped_by_reason == {"not_found": 5}
    with pytest.raises(BulkError, match=r"30 contacts: 25 enrolled, .* 5 skipped") as caught:
        report.raise_for_failures()
    assert caught.value.report is report


async def test_malformed_ids_are_reported_and_stop_nobody() -> None:
    """What is no id is not sent; its place, the id and the reason are in the report."""
    rows: list[Any] = ids(20)
    rows[3], rows[7], rows[11] = "", 7, "a/b"
    report = await enroll(Server(), rows)
    assert [(failure.index, failure.row) for failure in report.failed] == [(3, ""), (7, 7), (11, "a/b")]
    assert report.enrolled == 17
    with pytest.raises(BulkError, match="Row 3: '' is not an id"):
        report.raise_for_failures()


async def test_ids_that_are_not_sent_hold_up_nobody_else() -> None:
    """Between batches of malformed ids others get their turn, although nothing is waited for."""
    assert await turns_of_others(enroll(Server(), [""] * 1000)) > 1000 / 10 / 4, (
        "one for each round of the workers"
    )


async def test_an_id_given_twice_is_sent_once_a_batch() -> None:
    """Within a batch it is a duplicate, across batches the server knows."""
    server = Server()
    report = await enroll(server, [*ids(5), *ids(5), *ids(5)], concurrency=1, keep_results=True)
    assert (report.enrolled, report.duplicates, report.already_enrolled) == (5, 5, 5)
    assert report.ok
    assert [result.outcome for result in report.results or ()] == [
        *[Outcome.ENROLLED] * 5, *[Outcome.DUPLICATE] * 5, *[Outcome.ALREADY_ENROLLED] * 5,
    ]  # fmt: skip


async def test_an_id_that_the_server_refuses_is_found_and_sinks_nobody() -> None:
    """An id of another workspace makes the server refuse the batch; its halves find it."""
    server = Server()

    def refuse(batch: list[str]) -> None:
        if "con_13" in batch:
            raise BadRequestError("HTTP 400.", status=400)

    server.fail = refuse  # type: ignore[method-assign]
    report = await enroll(server, ids(30))
    assert [failure.row for failure in report.failed] == ["con_13"]
    assert report.enrolled == 29


async def test_a_failed_batch_stops_nobody() -> None:
    """Its ids are in the report with its error; all others are enrolled."""
    server = Server()

    def drop(batch: list[str]) -> None:
        if "con_13" in batch:
            raise APIConnectionError("dropped", outcome_unknown=True)

    server.fail = drop  # type: ignore[method-assign]
    report = await enroll(server, ids(50), keep_results=True)
    assert [failure.row for failure in report.failed] == ids(10, 10)
    assert all(isinstance(failure.error, APIConnectionError) for failure in report.failed)
    assert report.enrolled == 40
    assert [result.outcome for result in report.results or ()] == [
        *["enrolled"] * 10, *["failed"] * 10, *["enrolled"] * 30,
    ]  # fmt: skip


async def test_who_the_server_does_not_account_for_is_reported() -> None:
    """If its counts do not add up, the difference is a failure, and nobody of that request is called enrolled."""
    server = Server()
    send = server.send

    async def forgetful(batch: list[str]) -> EnrollResult:
        result = await send(batch)
        return EnrollResult(enrolled_count=(result.enrolled_count or 0) - (2 if "con_0" in batch else 0))

    server.send = forgetful  # type: ignore[method-assign]
    report = await enroll(server, ids(20), keep_results=True)
    assert (report.enrolled, report.unaccounted, report.ok) == (18, 2, False)
    assert [result.outcome for result in report.results or ()] == ["unaccounted"] * 10 + ["enrolled"] * 10
    assert balanced(report)


async def test_an_unknown_sequence_is_that_error() -> None:
    """Nothing was done: no report to read, no request after those under way."""
    server = Server()

    def unknown(batch: list[str]) -> None:
        assert batch
        raise NotFoundError("HTTP 404.", status=404)

    server.fail = unknown  # type: ignore[method-assign]
    with pytest.raises(NotFoundError):
        await enroll(server, iter(ids(1000)))
    assert len(server.batches) <= 8


async def test_ten_failed_batches_in_a_row_stop_the_work() -> None:
    """Later ones are not sent; the report says who was enrolled before, and the cause is the last error."""
    server = Server()

    def die(batch: list[str]) -> None:
        if batch and len(server.batches) > 8:
            raise ServerError("HTTP 503.", status=503)

    server.fail = die  # type: ignore[method-assign]
    error = await outcome(enroll(server, ids(1000)))
    assert isinstance(error, BulkError)
    assert isinstance(error.__cause__, ServerError)
    assert isinstance(error.report, EnrollReport)
    assert error.report.enrolled == len(server.enrolled) > 0
    assert balanced(error.report)
    assert len(server.batches) <= 8 + 10 + 4


async def test_an_input_that_raises_has_its_ids_enrolled_before() -> None:
    """What it gave is dealt with; what it raised is the cause."""

    async def failing() -> AsyncIterator[str]:
        for contact_id in ids(25):
            yield contact_id
        raise OSError("the file is gone")

    server = Server()
    error = await outcome(enroll(server, failing()))
    assert isinstance(error, BulkError)
    assert isinstance(error.__cause__, OSError)
    assert server.enrolled == set(ids(25))


async def test_stopping_interrupts_a_slow_input_and_reports_what_it_had_given() -> None:
    """Ids that were read and not sent are reported as such."""
    waiting = asyncio.Event()

    async def slow() -> AsyncIterator[str]:
        for contact_id in ids(23):
            yield contact_id
        waiting.set()
        await asyncio.Event().wait()

    async def told(progress: Progress) -> None:
        if progress.done == 20:
            await waiting.wait()
            raise OSError("enough")

    error = await outcome(enroll(Server(), slow(), on_progress=told))
    assert isinstance(error, BulkError)
    assert isinstance(error.report, EnrollReport)
    assert [failure.row for failure in error.report.failed] == ids(3, 20)
    assert balanced(error.report)


async def test_reads_ahead_no_further_than_it_can_send() -> None:
    """No more ids are held than fit the requests under way."""
    read, done = 0, 0

    def counted() -> Iterator[str]:
        nonlocal read
        for contact_id in ids(1000):
            read += 1
            assert read - done <= 4 * 10
            yield contact_id

    def told(progress: Progress) -> None:
        nonlocal done
        done = progress.done

    report = await enroll(Server(), counted(), on_progress=told)
    assert (read, done, report.enrolled) == (1000, 1000, 1000)


async def test_cancelling_leaves_no_task() -> None:
    """Ctrl-C ends everything that was under way."""
    server = Server()
    before = asyncio.all_tasks()
    running = asyncio.create_task(enroll(server, ids(5000)))
    await until(lambda: len(server.batches) > 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("option", ["batch_size", "concurrency"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "4"])
async def test_counts_are_whole_numbers_of_at_least_one(option: str, value: Any) -> None:
    """Anything else is a `ValueError` that names the argument."""
    with pytest.raises(ValueError, match=f"{option} is a whole number of at least 1"):
        await enroll(Server(), ids(3), **{option: value})


NO_MORE_THAN: dict[str, tuple[dict[str, Any], int]] = {
    "nothing else": ({"message": "done", "errors": [], "failedCount": 0}, 4),
    "all rows": ({"body": [{"contactId": one, "status": "active", "lastSendError": None} for one in ids(4)]}, 4),
    "some rows": ({"enrollments": [{"contactId": one} for one in ids(3)]}, 3),
    "no rows": ({"data": {"enrollments": []}}, 0),
    "some ids": ({"enrolledIds": ids(3)}, 3),
    "failed people": ({"success": True, "failed": [{"contactId": "con_3", "error": "no email"}]}, 0),
    "a number of them": ({"data": {"failedCount": 1}}, 0),
    "a status each": (
        {"results": [{"id": "con_0", "status": "enrolled"}, {"id": "con_3", "status": "skipped"}]},
        0,
    ),
    "a success each": ({"body": [{"id": "con_0", "success": True}, {"id": "con_3", "success": False}]}, 0),
    "ids by reason": ({"skipped": {"not_found": ["con_3"]}}, 0),
}


@pytest.mark.parametrize(("extra", "enrolled"), NO_MORE_THAN.values(), ids=NO_MORE_THAN)
def test_nobody_is_called_enrolled_over_an_answer_that_says_otherwise(
    extra: dict[str, Any], enrolled: int
) -> None:
    """An answer without a count that shows fewer, or speaks of some who failed, leaves people unaccounted for."""
    outcomes = EnrollOutcomes(keep_results=False)
    places = {one: place for place, one in enumerate(ids(4))}
    outcomes.add_answer(ids(4), places, EnrollResult(enrolled_count=None, extra=extra))
    report = outcomes.report()
    assert (report.enrolled, report.unaccounted, report.ok) == (enrolled, 4 - enrolled, enrolled == 4)


def test_people_who_are_named_as_skipped_may_be_counted_too() -> None:
    """The others are enrolled."""
    outcomes = EnrollOutcomes(keep_results=False)
    skipped = (SkippedContact(contact_id="con_1", reason="not_found"),)
    told = {"skippedCount": 1, "data": {"enrollments": [{"contactId": "con_0"}]}}
    result = EnrollResult(enrolled_count=None, skipped=skipped, extra=told)
    outcomes.add_answer(ids(2), {"con_0": 0, "con_1": 1}, result)
    assert (outcomes.report().enrolled, outcomes.report().unaccounted) == (1, 0)


def test_a_count_below_nothing_is_nobody() -> None:
    """No report has a negative number of people."""
    outcomes = EnrollOutcomes(keep_results=False)
    outcomes.add_answer(["con_0"], {"con_0": 0}, EnrollResult(enrolled_count=-1))
    assert (outcomes.report().enrolled, outcomes.report().unaccounted) == (0, 1)
