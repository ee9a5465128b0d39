"""Each endpoint against the sandbox: it succeeds, and it fails in each way that the contract names."""

from __future__ import annotations

from typing import Any

import pytest

from impactive_async import (
    APIError,
    AsyncClient,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    RateLimitError,
    RowList,
    ServerError,
)
from impactive_async.sandbox import ROUTES, Sandbox
from tests.resources.cases import Case, Ids, name_of
from tests.resources.endpoints import CASES
from tests.sandbox.dialect.spoken import served
from tests.support import outcome

each_case = pytest.mark.parametrize("case", CASES, ids=name_of)
FAILING = [case for case in CASES if case.bad]
LOSABLE = [case for case in CASES if case.lost]
TAKING_A_BODY = {2, 3, 6, 9, 10, 11, 13, 20, 23, 25, 27}
TAKING_AN_ID = {3, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}


@pytest.fixture
def ids(sandbox: Sandbox) -> Ids:
    """Rows of the sandbox: a sequence with two steps, and a contact that is on it."""
    state = sandbox.state
    sequence = state.create_sequence("Welcome", delays=(0, 2))
    contact = state.rows("contacts")[0].id
    state.enroll(sequence.id, [contact])
    return Ids(
        contact=contact,
        company=state.rows("companies")[0].id,
        sequence=sequence.id,
        step=state.steps(sequence.id)[0].id,
        account=next(iter(state.sending_accounts)),
        tag=next(iter(state.tags)),
        stage=next(iter(state.deal_stages)),
    )


def test_the_tables_agree() -> None:
    """The client's idea of each route is the sandbox's, and every failure that the contract names is covered."""
    assert {(case.row, case.route) for case in CASES} == {(route.number, route.name) for route in ROUTES}
    assert {case.row for case in FAILING} == TAKING_A_BODY
    assert {case.row for case in LOSABLE} == TAKING_AN_ID


@each_case
@pytest.mark.every_dialect
async def test_it_succeeds(case: Case, crm: AsyncClient, sandbox: Sandbox, ids: Ids) -> None:
    """One request, answered with success, whose answer is read without a loss of type."""
    result = await case.call(crm, ids)
    (request,) = served(sandbox)
    assert request.route == case.route
    assert request.status in (200, 201, 204)
    assert request.committed is (case.method != "GET")
    assert type(result) is (RowList if case.method == "GET" and type(case.result) is list else type(case.result))
    if isinstance(result, list):
        assert {type(row) for row in result} <= {type(case.result[0])}


@each_case
async def test_a_revoked_key_is_an_authentication_error(
    case: Case, crm: AsyncClient, sandbox: Sandbox, ids: Ids
) -> None:
    """401 at once, without a repetition, and with advice."""
    sandbox.revoke_key()
    with pytest.raises(AuthenticationError, match="not revoked") as caught:
        await case.call(crm, ids)
    assert (caught.value.status, caught.value.outcome_unknown, len(sandbox.requests)) == (401, False, 1)


@each_case
async def test_a_429_is_waited_out_whatever_the_method(
    case: Case, crm: AsyncClient, sandbox: Sandbox, ids: Ids
) -> None:
    """The server refused before acting, so even a create is sent again; it takes effect once."""
    sandbox.fail(case.route, status=429, retry_after=3)
    await case.call(crm, ids)
    assert [request.status == 429 for request in served(sandbox)] == [True, False]
    assert sum(request.committed for request in served(sandbox)) == (case.method != "GET")


@each_case
async def test_every_method_takes_max_retries_and_timeout(
    case: Case, crm: AsyncClient, sandbox: Sandbox, ids: Ids
) -> None:
    """Each call's own `max_retries` and `timeout` reach the request."""
    sandbox.fail(case.route, status=429, retry_after=3)
    with pytest.raises(RateLimitError) as caught:
        await case.call(crm, ids, max_retries=0)
    assert (caught.value.retry_after, len(served(sandbox))) == (3.0, 1)
    with pytest.raises(ValueError, match="timeout"):
        await case.call(crm, ids, timeout=0)


@pytest.mark.parametrize("case", FAILING, ids=name_of)
async def test_what_the_api_refuses_is_a_bad_request(
    case: Case, crm: AsyncClient, sandbox: Sandbox, ids: Ids
) -> None:
    """An invalid field, or a foreign id: 400 in the server's own words, and nothing has happened."""
    assert case.bad is not None
    with pytest.raises(BadRequestError, match="The server says") as caught:
        await case.bad(crm, ids)
    assert caught.value.outcome_unknown is False
    assert [(request.route, request.committed) for request in served(sandbox)] == [(case.route, False)]


@pytest.mark.parametrize("case", LOSABLE, ids=name_of)
@pytest.mark.every_dialect
async def test_an_unknown_id_is_not_found(case: Case, crm: AsyncClient, sandbox: Sandbox, ids: Ids) -> None:
    """404 at once, for deletes too: nobody has deleted it in this call."""
    assert case.lost is not None
    with pytest.raises(NotFoundError, match="no such id in this workspace") as caught:
        await case.lost(crm, ids)
    assert caught.value.outcome_unknown is False
    assert [(request.route, request.status) for request in served(sandbox)] == [(case.route, 404)]


@each_case
async def test_an_unclear_failure_is_repeated_where_the_contract_allows_it(
    case: Case, crm: AsyncClient, sandbox: Sandbox, ids: Ids
) -> None:
    """Carried out, but answered with 502: repeatable requests succeed, the others are sent once and say so."""
    sandbox.fail(case.route, status=502, commit=True)
    result: Any = await outcome(case.call(crm, ids))
    if case.repeat == "never":
        assert type(result) is ServerError
        assert (result.outcome_unknown, len(served(sandbox))) == (True, 1)
    else:
        assert not isinstance(result, APIError)
        assert len(served(sandbox)) == 2
