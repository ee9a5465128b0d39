"""Prism, a validating proxy that knows the OpenAPI document alone, stands between client and sandbox.

Schemathesis holds the sandbox to the same document, in `tests/sandbox/api/test_openapi.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from impactive_async import APIStatusError, AsyncClient, AuthenticationError, BadRequestError, NotFoundError
from impactive_async.sandbox import Sandbox
from tests.evidence.parts import ROOT, free_port, prism, serving
from tests.resources.cases import Case, Ids
from tests.resources.endpoints import CASES
from tests.support import outcome

DOCUMENT = ROOT / "impactive_async" / "sandbox" / "api" / "openapi.json"


@pytest.fixture
async def proxied(impactive_sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[AsyncClient]:
    """A client that reaches the sandbox through Prism, which refuses what is not by the document, both ways."""
    port = free_port()
    command = [prism(), "proxy", "--errors", "--port", str(port), str(DOCUMENT), impactive_sandbox.url]
    async with (
        serving(port, *command, log=tmp_path / "prism.log"),
        AsyncClient(impactive_sandbox.api_key, base_url=f"http://127.0.0.1:{port}", max_retries=0) as client,
    ):
        yield client


def fresh_ids(sandbox: Sandbox, case: Case) -> Ids:
    """Rows that a case may use up."""
    state = sandbox.state
    sequence = state.create_sequence("Welcome", delays=(0, 2))
    contact = state.rows("contacts")[0].id
    state.enroll(sequence.id, [contact])
    state.add_reply(contact)
    return Ids(
        contact=contact,
        company=state.rows("companies")[0].id,
        sequence=sequence.id,
        step=state.steps(sequence.id)[0].id,
        account=next(iter(state.sending_accounts)),
        tag=next(iter(state.tags)),
        stage=next(iter(state.deal_stages)),
    )


async def test_every_call_and_every_answer_is_by_the_document(
    proxied: AsyncClient, impactive_sandbox: Sandbox
) -> None:
    """The client's whole endpoint table passes, successes and 404s: Prism finds nothing wrong with any of it."""
    violations = {}
    for number, case in enumerate(CASES):
        result = await outcome(case.call(proxied, fresh_ids(impactive_sandbox, case)))
        if isinstance(result, Exception):
            violations[number, case.route] = str(result), getattr(result, "body", "")
        await impactive_sandbox.clock.advance(hours=1)
    assert violations == {}
    assert len(impactive_sandbox.requests) == len(CASES)
    assert {request.route for request in impactive_sandbox.requests} == {case.route for case in CASES}


async def test_every_404_is_by_the_document(proxied: AsyncClient, impactive_sandbox: Sandbox) -> None:
    """What the sandbox says of ids that do not exist is as documented, for each endpoint that takes one."""
    for case in CASES:
        if case.lost is not None:
            result = await outcome(case.lost(proxied, fresh_ids(impactive_sandbox, case)))
            assert type(result) is NotFoundError, (case.route, result)


async def test_every_refusal_is_by_the_document(proxied: AsyncClient, impactive_sandbox: Sandbox) -> None:
    """What Prism does not refuse by the document is refused with a 400 that is in the document."""
    refused_by = {}
    for case in CASES:
        if case.bad is not None:
            before = len(impactive_sandbox.requests)
            result = await outcome(case.bad(proxied, fresh_ids(impactive_sandbox, case)))
            arrived = len(impactive_sandbox.requests) > before
            refused_by[case.route] = (getattr(result, "status", result), arrived)
    assert set(refused_by.values()) == {(422, False), (400, True)}, refused_by


async def test_every_refused_key_is_by_the_document(proxied: AsyncClient, impactive_sandbox: Sandbox) -> None:
    """The 401 of each endpoint is documented, body and all."""
    impactive_sandbox.revoke_key()
    for case in CASES:
        result = await outcome(case.call(proxied, fresh_ids(impactive_sandbox, case)))
        assert type(result) is AuthenticationError, (case.route, result)


async def test_prism_would_have_said_so(proxied: AsyncClient, impactive_sandbox: Sandbox) -> None:
    """A request without a required field does not get through, nor does an answer of the wrong type."""
    with pytest.raises(APIStatusError, match="422") as refused:
        await proxied.request("POST", "/api/agent/contacts", json={"firstName": "Ada"})
    assert "lastName" in refused.value.body
    assert not isinstance(refused.value, BadRequestError)
    assert impactive_sandbox.requests == ()
    impactive_sandbox.fail("GET /api/zapier/auth/test", status=200, body=b'{"id": 7}')
    with pytest.raises(APIStatusError, match="500") as caught:
        await proxied.zapier.auth_test()
    assert "VIOLATIONS" in caught.value.body
