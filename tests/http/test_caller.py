"""The loop around every request: how often, after how long, and what the last error knows about the first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from impactive_async import (
    APIConnectionError,
    AsyncClient,
    BadRequestError,
    DecodeError,
    NotFoundError,
    RateLimitError,
    RetryPolicy,
    ServerError,
)
from impactive_async._codec.shapes import one
from impactive_async._http.wire import build_request, get
from impactive_async.models import Workspace
from impactive_async.sandbox import Sandbox
from tests.support import KEY, FakeClock, ManualClock, client_of, outcome, spin, until

AUTH = "GET /api/zapier/auth/test"
CREATE = "POST /api/agent/contacts"
ENROLL = "POST /api/agent/sequences/:id/enroll"
UNENROLL = "DELETE /api/agent/sequences/:id/contacts/:contactId"


async def test_waits_double_between_attempts(crm: AsyncClient, sandbox: Sandbox, clock: FakeClock) -> None:
    """A read is tried again after 0.5, 1, 2 and 4 seconds, and then its last error is raised."""
    sandbox.fail(AUTH, status=503, times=None)
    with pytest.raises(ServerError) as caught:
        await crm.zapier.auth_test()
    assert clock.waits == [0.5, 1, 2, 4]
    assert caught.value.attempts == len(sandbox.requests) == 5


async def test_a_call_may_have_its_own_number_of_retries(crm: AsyncClient, sandbox: Sandbox) -> None:
    """`max_retries=` of a call goes before that of a view, and that before the client's."""
    sandbox.fail("*", status=503, times=None)
    view = crm.with_options(max_retries=1)
    calls = {2: view.contacts.list(max_retries=2), 1: view.contacts.list(), 4: crm.contacts.list()}
    for count, call in calls.items():
        assert (await outcome(call)).attempts == count + 1


async def test_a_view_may_wait_differently(crm: AsyncClient, sandbox: Sandbox, clock: FakeClock) -> None:
    """`with_options(retry=…)` changes the waits of the view alone."""
    sandbox.fail(AUTH, status=503, times=2)
    await crm.with_options(retry=RetryPolicy(first=9, jitter=lambda bound: bound / 3)).zapier.auth_test()
    sandbox.fail(AUTH, status=503)
    await crm.zapier.auth_test()
    assert clock.waits == [3, 6, 0.5]


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "30", True])
async def test_a_time_out_that_is_none_is_refused(crm: AsyncClient, sandbox: Sandbox, timeout: Any) -> None:
    """A time-out is a positive number of seconds, wherever it is given; nothing is sent with another."""
    places: list[Callable[..., Any]] = [crm.contacts.list, crm.with_options, lambda **o: AsyncClient(KEY, **o)]
    for place in places:
        with pytest.raises(ValueError, match="timeout is a positive number"):
            await place(timeout=timeout)
    assert sandbox.requests == ()


@pytest.mark.parametrize("count", [-1, 1.0, "3", True, float("nan")])
async def test_a_number_of_retries_that_is_none_is_refused(crm: AsyncClient, sandbox: Sandbox, count: Any) -> None:
    """Retries are counted in whole numbers from 0 on, wherever they are given."""
    places: list[Callable[..., Any]] = [crm.contacts.list, crm.with_options, lambda **o: AsyncClient(KEY, **o)]
    for place in places:
        with pytest.raises(ValueError, match="max_retries is a whole number"):
            await place(max_retries=count)
    assert sandbox.requests == ()


async def test_fifty_calls_wait_out_one_429_together(sandbox: Sandbox) -> None:
    """One 429 stops the whole client: while its `Retry-After` runs nothing is sent, then everything is, once."""
    clock = ManualClock()
    sandbox.fail(AUTH, status=429, retry_after=7)
    async with client_of(sandbox, clock=clock, max_concurrency=5) as crm:
        calls = [asyncio.create_task(crm.zapier.auth_test()) for _ in range(50)]
        await until(lambda: crm.stats().rate_limited == 1 and crm.stats().in_flight == 0)
        before = len(sandbox.requests)
        assert before <= 5  # those already under way when the 429 came
        clock.advance(6.99)
        await spin()
        assert len(sandbox.requests) == before
        assert crm.stats().waiting == 50 - (before - 1)
        clock.advance(0.01)
        await until(lambda: len(sandbox.requests) == before + 1)
        await spin()
        assert len(sandbox.requests) == before + 1  # the others do not start at the same moment
        while not all(call.done() for call in calls):
            clock.advance(0.05)
            await spin(20)
        assert crm.stats().rate_limited == 1
    assert len(sandbox.requests) == 51


async def test_a_429_that_is_given_up_on_still_stops_the_others(sandbox: Sandbox) -> None:
    """A call without retries raises at once; the next ones wait all the same, and do not meet the same 429."""
    clock = FakeClock()
    sandbox.fail(AUTH, status=429, retry_after=7)
    async with client_of(sandbox, clock=clock, max_retries=0) as crm:
        error = await outcome(crm.zapier.auth_test())
        assert (type(error), error.retry_after, clock.waits) == (RateLimitError, 7.0, [])
        await crm.zapier.auth_test()
    assert clock.waits == [7.0]


async def test_retry_after_in_seconds_is_waited_exactly(sandbox: Sandbox, clock: FakeClock) -> None:
    """The default policy would jitter and bound its own waits, but not the server's."""
    sandbox.fail(CREATE, status=429, retry_after=45.5)
    async with client_of(sandbox, clock=clock, retry=RetryPolicy(longest=1)) as crm:
        await crm.contacts.create(first_name="A", last_name="B")
    assert clock.waits == [45.5]
    assert [request.status for request in sandbox.requests] == [429, 201]


async def test_retry_after_as_a_date_is_waited_exactly(
    crm: AsyncClient, sandbox: Sandbox, clock: FakeClock
) -> None:
    """The date counts by the server's clock, which is not ours."""
    sandbox.fail(AUTH, status=503, retry_after=sandbox.clock.now() + timedelta(seconds=33))
    await crm.zapier.auth_test()
    assert clock.waits == [33.0]


async def test_a_429_without_retry_after_backs_off_exponentially(
    crm: AsyncClient, sandbox: Sandbox, clock: FakeClock
) -> None:
    """Without a readable `Retry-After` our own waits apply."""
    sandbox.fail(AUTH, status=429, times=2)
    sandbox.fail(AUTH, status=429, retry_after="later")
    await crm.zapier.auth_test()
    assert clock.waits == [0.5, 1, 2]


async def test_retry_after_beyond_the_cap_is_raised(crm: AsyncClient, sandbox: Sandbox, clock: FakeClock) -> None:
    """Nobody is made to wait for an hour unawares, nor is the rest of the client."""
    sandbox.fail(AUTH, status=429, retry_after=3600)
    with pytest.raises(RateLimitError) as caught:
        await crm.zapier.auth_test()
    await crm.zapier.auth_test()
    assert (caught.value.retry_after, caught.value.attempts, clock.waits) == (3600.0, 1, [])


async def test_a_404_to_a_repeated_delete_is_success(crm: AsyncClient, sandbox: Sandbox) -> None:
    """After a lost answer, "no such id" means that the first sending did it."""
    sandbox.fail(UNENROLL, drop_after_commit=True)
    seq, con = enrolled(sandbox)
    await crm.sequences.unenroll(seq, con)
    assert [(r.status, r.committed) for r in sandbox.requests_to(UNENROLL)] == [(None, True), (404, False)]


@pytest.mark.parametrize("ends", [{"disconnect": True}, {"drop_after_commit": True}])
async def test_a_lost_delete_says_what_happened_to_the_connection(
    crm: AsyncClient, sandbox: Sandbox, ends: dict[str, Any]
) -> None:
    """In words, and not by the name of a class of ours."""
    sandbox.fail(UNENROLL, **ends)
    error = await outcome(crm.sequences.unenroll(*enrolled(sandbox), max_retries=0))
    assert "whole answer arrived: the server closed the connection." in str(error)


@pytest.mark.parametrize("fault", [{"status": 429, "retry_after": 1}, {}])
async def test_a_404_to_a_delete_that_cannot_have_acted_is_an_error(
    crm: AsyncClient, sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    """A 429 came before acting: a 404 after it is as much the caller's mistake as a 404 at once."""
    seq, _ = enrolled(sandbox)
    if fault:
        sandbox.fail(UNENROLL, **fault)
    with pytest.raises(NotFoundError):
        await crm.sequences.unenroll(seq, "con_nobody")


async def test_a_404_to_another_repeated_write_is_an_error(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Only a DELETE is finished by the absence of its object; of the rest it stays unknown what the first did."""
    sandbox.fail(ENROLL, status=502)
    error = await outcome(crm.sequences.enroll("seq_gone", contact_ids=["con_1"]))
    assert type(error) is NotFoundError
    assert (error.attempts, error.outcome_unknown) == (2, True)


async def test_an_unknown_outcome_is_not_forgotten(crm: AsyncClient, sandbox: Sandbox) -> None:
    """When a first, ambiguous sending is followed by a plain refusal, the write may still have happened."""
    seq, con = enrolled(sandbox)
    sandbox.fail(ENROLL, status=502, commit=True)
    sandbox.fail(ENROLL, status=400)
    error = await outcome(crm.sequences.enroll(seq, contact_ids=[con]))
    assert type(error) is BadRequestError
    assert (error.attempts, error.outcome_unknown) == (2, True)
    assert "may or may not have carried this write out" in str(error)


async def test_the_outcome_of_a_read_is_never_unknown(crm: AsyncClient, sandbox: Sandbox) -> None:
    """A read changes nothing, whatever became of it."""
    sandbox.fail(AUTH, disconnect=True, times=None)
    error = await outcome(crm.zapier.auth_test())
    assert type(error) is APIConnectionError
    assert error.outcome_unknown is False


async def test_an_unreadable_answer_is_not_asked_for_again(crm: AsyncClient, sandbox: Sandbox) -> None:
    """What cannot be read now cannot be read in a second; of a write it is known only that it was answered."""
    sandbox.fail("*", truncate=True, times=None)
    read = await outcome(crm.contacts.list())
    write = await outcome(crm.contacts.create(first_name="A", last_name="B"))
    assert [type(read), type(write)] == [DecodeError, DecodeError]
    assert [read.outcome_unknown, write.outcome_unknown] == [False, True]
    assert len(sandbox.requests) == 2


async def test_an_answer_of_the_wrong_shape_names_request_and_place(crm: AsyncClient, sandbox: Sandbox) -> None:
    """A row without an id is an error with endpoint and path into the document, not a row without an id."""
    sandbox.fail("GET /api/agent/contacts", status=200, body=b'[{"firstName": "Ada", "lastName": "Lovelace"}]')
    error = await outcome(crm.contacts.list())
    assert type(error) is DecodeError
    assert (error.method, error.path, error.json_path) == ("GET", "/api/agent/contacts", "$[0].id")
    assert str(error).startswith("GET /api/agent/contacts: unreadable Contact at $[0].id")


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'"rows"', b"[1]", b"[[]]", b'{"a": [], "b": []}'])
async def test_what_is_no_list_is_not_taken_for_an_empty_one(
    body: bytes, crm: AsyncClient, sandbox: Sandbox
) -> None:
    """An empty body, a wrong envelope or a wrong row loses nothing in silence."""
    sandbox.fail("GET /api/agent/contacts", status=200, body=body)
    assert type(await outcome(crm.contacts.list())) is DecodeError


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b"<html>", b'{"id": "", "firstName": "A", "lastName": "B"}']
)
async def test_a_create_with_an_unreadable_answer_may_have_happened(
    body: bytes, crm: AsyncClient, sandbox: Sandbox
) -> None:
    """201 and then nonsense: the contact may be there, only its id is not known."""
    sandbox.fail(CREATE, commit=True, status=201, body=body)
    error = await outcome(crm.contacts.create(first_name="A", last_name="B"))
    assert (type(error), error.outcome_unknown, len(sandbox.requests)) == (DecodeError, True, 1)


async def test_an_answer_comes_with_attempts_and_the_servers_time(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Feeds go by the server's clock, and bulk by the number of attempts."""
    request = build_request(get("/api/zapier/auth/test"))
    sandbox.fail(AUTH, status=500)
    answer = await crm._caller.answer(request, one(Workspace))
    assert (answer.attempts, answer.server_time) == (2, sandbox.clock.now())
    sandbox.fail(AUTH, status=200, body=b'{"id": "w"}', headers={"Date": "today"})
    assert (await crm._caller.answer(request, one(Workspace))).server_time is None


async def test_counters_count(crm: AsyncClient, sandbox: Sandbox) -> None:
    """Requests include repetitions; a call that fails for good is one failure; a view counts with its client."""
    sandbox.fail(AUTH, status=500, times=2)
    sandbox.fail(AUTH, status=429, retry_after=0)
    await crm.with_options(timeout=9).zapier.auth_test()
    await outcome(crm.contacts.replies("nobody"))
    stats = crm.stats()
    assert (stats.requests, stats.retries, stats.rate_limited, stats.failures) == (5, 3, 1, 1)
    assert (stats.in_flight, stats.waiting) == (0, 0)


async def test_logs_tell_what_happened_but_not_to_whom(
    crm: AsyncClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Every answer is a DEBUG line, every repetition an INFO line, with path templates in place of ids."""
    caplog.set_level(logging.DEBUG, logger="impactive_async")
    person = sandbox.state.rows("contacts")[0].id
    sandbox.fail("GET /api/agent/contacts/:id/replies", status=503, body=b"12345")
    await crm.contacts.replies(person)
    lines = [(r.name, r.levelname, r.getMessage()) for r in caplog.records if r.name.startswith("impactive_async")]
    where = "GET /api/agent/contacts/:id/replies"
    assert [line[:2] for line in lines] == [
        ("impactive_async.http", "DEBUG"),
        ("impactive_async.retry", "INFO"),
        ("impactive_async.http", "DEBUG"),
    ]
    assert lines[0][2].startswith(f"{where} -> 503, 5 bytes in ")
    assert lines[1][2] == f"{where}: HTTP 503; sent again in 0.50 s (attempt 1 failed)"
    assert lines[2][2].startswith(f"{where} -> 200, ")
    assert lines[2][2].endswith("(attempt 2)")


async def test_the_log_names_what_was_no_status(
    crm: AsyncClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A lost connection is named by its error's class."""
    caplog.set_level(logging.INFO, logger="impactive_async.retry")
    seq, con = enrolled(sandbox)
    sandbox.fail(ENROLL, disconnect=True)
    await crm.sequences.enroll(seq, contact_ids=[con])
    assert [record.getMessage() for record in caplog.records] == [
        "POST /api/agent/sequences/:id/enroll: APIConnectionError; sent again in 0.50 s (attempt 1 failed)"
    ]


def enrolled(sandbox: Sandbox) -> tuple[str, str]:
    """A sequence, and a contact that is on it."""
    sequence = sandbox.state.create_sequence("Welcome")
    contact = sandbox.state.rows("contacts")[0]
    sandbox.state.enroll(sequence.id, [contact.id])
    return sequence.id, contact.id


def test_dates_in_these_tests_are_the_sandboxes() -> None:
    """The sandbox's clock stands years away from any machine's, so that a use of the local one shows."""
    assert abs(Sandbox().clock.now() - datetime.now(UTC)) > timedelta(days=1)
