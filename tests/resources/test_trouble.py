"""Answers that are lost: what has arrived is counted at the server, and what is said about it is true."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import attrs
import pytest

from impactive_async import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncClient,
    ContactDraft,
    DecodeError,
    ServerError,
)
from impactive_async.sandbox import Sandbox
from tests.resources.cases import Case, Ids, name_of
from tests.resources.endpoints import CASES
from tests.support import client_of, outcome, time_jumps

AUTH = "GET /api/zapier/auth/test"
UNENROLL = "DELETE /api/agent/sequences/:id/contacts/:contactId"

NEVER = [case for case in CASES if case.repeat == "never"]
WRITES = [case for case in CASES if case.repeat in ("write", "delete")]


@attrs.frozen
class Trouble:
    """A way to lose an answer, whether the request takes effect, and what a call that is not repeated raises."""

    name: str
    fault: dict[str, Any]
    commits: bool
    error: type[APIError]
    hangs: bool = False


TROUBLES = [
    Trouble("disconnect", {"disconnect": True}, False, APIConnectionError),
    Trouble("drop after commit", {"drop_after_commit": True}, True, APIConnectionError),
    Trouble("die mid-body", {"die_mid_body": True}, True, APIConnectionError),
    Trouble("500", {"status": 500}, False, ServerError),
    Trouble("502 after commit", {"status": 502, "commit": True}, True, ServerError),
    Trouble("503", {"status": 503}, False, ServerError),
    Trouble("504 after commit", {"status": 504, "commit": True}, True, ServerError),
    Trouble("HTML page", {"status": 502, "body": b"<html>", "content_type": "text/html"}, False, ServerError),
    Trouble("time-out", {}, False, APITimeoutError, hangs=True),
    Trouble("time-out after commit", {"commit": True}, True, APITimeoutError, hangs=True),
    Trouble("lost with the kept-alive connection", {}, False, APIConnectionError),
]


@asynccontextmanager
async def troubled(case: Case, trouble: Trouble) -> AsyncIterator[tuple[Sandbox, AsyncClient, Ids]]:
    """A sandbox that will strike the case's request once, on a connection that has been used before."""
    async with Sandbox() as sandbox, client_of(sandbox, timeout=9) as crm:
        ids = await prepare(crm, sandbox)
        if trouble.fault or trouble.hangs:
            hold = asyncio.Event() if trouble.hangs else None  # which nobody ever sets
            sandbox.fail(case.route, hold=hold, **trouble.fault)
        else:
            sandbox.fail(AUTH, drop_keepalive="on_reuse")
        await crm.zapier.auth_test()
        yield sandbox, crm, ids


async def prepare(crm: AsyncClient, sandbox: Sandbox) -> Ids:
    state = sandbox.state
    sequence = state.create_sequence("Welcome", delays=(0, 2))
    person, other = (row.id for row in state.rows("contacts")[:2])
    state.enroll(sequence.id, [person])
    ids = Ids(
        contact=person,
        company=state.rows("companies")[0].id,
        sequence=sequence.id,
        step=state.steps(sequence.id)[0].id,
        tag=state.add_tag("Fresh", [other]).id,
        stage=next(iter(state.deal_stages)),
    )
    await crm.zapier.auth_test()
    return ids


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
@pytest.mark.parametrize("case", NEVER, ids=name_of)
def test_what_is_not_repeatable_arrives_once_and_says_so(case: Case, trouble: Trouble) -> None:
    """A create whose answer is lost is sent exactly once, and its error says that the outcome is unknown."""

    @time_jumps
    async def law() -> None:
        async with troubled(case, trouble) as (sandbox, crm, ids):
            error = await outcome(case.call(crm, ids))
            assert type(error) is trouble.error
            assert (error.outcome_unknown, error.attempts) == (True, 1)
            assert "look before you repeat it" in str(error)
            assert [r.committed for r in sandbox.requests_to(case.route)] == [trouble.commits]

    law()


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
@pytest.mark.parametrize("case", WRITES, ids=name_of)
def test_what_is_repeatable_is_repeated_and_succeeds(case: Case, trouble: Trouble) -> None:
    """Enroll, pause, PATCH of absolute values and DELETE come through, by one repetition of ours."""

    @time_jumps
    async def law() -> None:
        async with troubled(case, trouble) as (sandbox, crm, ids):
            result = await case.call(crm, ids)
            assert not isinstance(result, APIError)
            assert len(sandbox.requests_to(case.route)) == 2
            assert crm.stats().retries == 1

    law()


@pytest.mark.parametrize("names", ["", "A", "ABC"])
async def test_a_batch_that_comes_back_incomplete_is_not_taken_for_whole(names: str) -> None:
    """Two drafts and another number of contacts: one may not exist, and whoever zips them would mix them up."""
    rows = [{"id": f"c_{name}", "firstName": name, "lastName": "L"} for name in names]
    async with Sandbox() as sandbox, client_of(sandbox) as crm:
        sandbox.fail("POST /api/agent/contacts", status=201, body=json.dumps(rows).encode())
        drafts = [ContactDraft(first_name=name, last_name="L") for name in "AB"]
        with pytest.raises(DecodeError, match=f"2 drafts were sent, and {len(names)} rows came back") as caught:
            await crm.contacts.create_batch(drafts)
        assert (caught.value.outcome_unknown, len(sandbox.requests)) == (True, 1)


@pytest.mark.parametrize("status", [300, 301, 303, 304, 308])
async def test_a_redirected_create_is_sent_once_and_says_that_it_may_have_happened(status: int) -> None:
    """A 303 usually means that the row was made: nobody is told to repeat it unseen."""
    async with Sandbox() as sandbox, client_of(sandbox) as crm:
        sandbox.fail("POST /api/agent/contacts", status=status, headers={"Location": "/x"}, commit=True)
        with pytest.raises(APIStatusError, match="look before you repeat it") as caught:
            await crm.contacts.create(first_name="A", last_name="L")
        assert (caught.value.outcome_unknown, len(sandbox.requests)) == (True, 1)
        sandbox.fail("GET /api/agent/contacts", status=status, headers={"Location": "/x"})
        with pytest.raises(APIStatusError) as caught:
            await crm.contacts.list()
        assert caught.value.outcome_unknown is False


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_a_repeated_enroll_enrolls_once_and_counts_its_attempts(trouble: Trouble) -> None:
    """Nobody is on the sequence twice; where the first sending took effect, the second says `already_enrolled`."""

    @time_jumps
    async def law() -> None:
        (case,) = (case for case in CASES if case.row == 13)
        async with troubled(case, trouble) as (sandbox, crm, ids):
            fresh = sandbox.state.rows("contacts")[2].id
            result = await crm.sequences.enroll(ids.sequence, contact_ids=[fresh])
            assert result.attempts == 2
            enrolled = [row.contact_id for row in sandbox.state.enrollments(ids.sequence)]
            assert enrolled.count(fresh) == 1
            if trouble.commits:
                assert result.enrolled_count == 0
                assert [(s.contact_id, s.reason) for s in result.skipped] == [(fresh, "already_enrolled")]
            else:
                assert (result.enrolled_count, result.skipped) == (1, ())

    law()


@pytest.mark.parametrize("case", NEVER, ids=name_of)
async def test_an_answer_that_cannot_be_read_leaves_the_outcome_unknown(case: Case) -> None:
    """Half a JSON document of the right length: the create was carried out, and is not sent again."""
    async with troubled(case, Trouble("truncated", {"truncate": True}, True, DecodeError)) as (sandbox, crm, ids):
        error = await outcome(case.call(crm, ids))
        assert (type(error), error.outcome_unknown) == (DecodeError, True)
        assert [r.committed for r in sandbox.requests_to(case.route)] == [True]


@pytest.mark.parametrize("case", NEVER, ids=name_of)
async def test_a_connection_that_closed_unannounced_doubles_nothing(case: Case) -> None:
    """The server hung up after its last answer: a create goes out on a new connection, or fails; never twice."""
    async with Sandbox() as sandbox, client_of(sandbox) as crm:
        ids = await prepare(crm, sandbox)
        sandbox.fail(AUTH, drop_keepalive="at_once")
        await crm.zapier.auth_test()
        result = await outcome(case.call(crm, ids))
        arrived = sandbox.requests_to(case.route)
        assert len(arrived) <= 1
        assert getattr(result, "outcome_unknown", False) or [r.committed for r in arrived] == [True]


async def pass_on(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    request.headers["X-Middleware"] = "theirs"
    return await handler(request)


@pytest.mark.parametrize("middlewares", [(), (pass_on,)], ids=["without", "with"])
async def test_a_borrowed_session_does_not_delete_behind_our_back(middlewares: tuple[Any, ...]) -> None:
    """Left alone, aiohttp sends a DELETE again and brings back a 404. The session's own middlewares still run."""
    async with Sandbox() as sandbox, aiohttp.ClientSession(middlewares=middlewares) as session:
        async with client_of(sandbox, session=session) as crm:
            ids = await prepare(crm, sandbox)
            sandbox.fail(UNENROLL, drop_after_commit=True)
            await crm.sequences.unenroll(ids.sequence, ids.contact)
            assert crm.stats().retries == 1
        sent = sandbox.requests_to(UNENROLL)
        assert [(r.status, r.committed) for r in sent] == [(None, True), (404, False)]
        assert all(("x-middleware" in r.headers) is bool(middlewares) for r in sandbox.requests)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "POST"])
async def test_a_custom_write_is_not_sent_again_behind_our_back(method: str) -> None:
    """`request` promises that only what its caller calls repeatable is sent twice, by aiohttp too."""
    async with Sandbox() as sandbox, client_of(sandbox) as crm:
        await crm.zapier.auth_test()
        sandbox.fail("*", disconnect=True, times=None)
        error = await outcome(crm.request(method, "/api/agent/beta"))
        assert (type(error), error.outcome_unknown) == (APIConnectionError, True)
        assert len(sandbox.requests) == 2
        again = await outcome(crm.request(method, "/api/agent/beta", repeatable=True, max_retries=2))
        assert (again.attempts, len(sandbox.requests)) == (3, 5)


Move = Callable[[AsyncClient, Ids], Awaitable[Any]]
BY_ARGUMENT: Move = lambda crm, ids: crm.sequences.steps.update(ids.sequence, ids.step, position=1)  # noqa: E731
BY_EXTRA: Move = lambda crm, ids: crm.sequences.steps.update(  # noqa: E731
    ids.sequence, ids.step, subject="x", extra={"position": 1}
)


@pytest.mark.parametrize("move", [BY_ARGUMENT, BY_EXTRA], ids=["argument", "extra"])
async def test_a_move_is_not_repeated_however_it_is_spelt(move: Move) -> None:
    """A `position` is relative to what others did meanwhile, also when it comes through `extra`."""
    route = "PATCH /api/agent/sequences/:id/steps/:stepId"
    async with Sandbox() as sandbox, client_of(sandbox) as crm:
        ids = await prepare(crm, sandbox)
        sandbox.fail(route, status=502, commit=True)
        error = await outcome(move(crm, ids))
        assert (type(error), error.outcome_unknown) == (ServerError, True)
        assert len(sandbox.requests_to(route)) == 1


async def test_a_lost_read_is_read_again(crm: AsyncClient, sandbox: Sandbox) -> None:
    """A list whose body breaks off is fetched anew, whole."""
    sandbox.fail("GET /api/agent/contacts", die_mid_body=True)
    rows = await crm.contacts.list()
    assert len(rows) == len(sandbox.state.rows("contacts"))
    assert len(sandbox.requests) == 2
