"""The two web services, on real ports, against the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from impactive_async import Contact, PauseResult, Sequence, from_dict
from impactive_async.sandbox import Sandbox
from tests.examples.programs import load, serving

ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com"}


@pytest.fixture
def _configured(impactive_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPACTIVE_API_KEY", impactive_sandbox.api_key)
    monkeypatch.setenv("IMPACTIVE_BASE_URL", impactive_sandbox.url)


@pytest.fixture
async def fastapi(_configured: None) -> AsyncIterator[aiohttp.ClientSession]:
    """The FastAPI service under uvicorn, and a session whose base it is."""
    async with serving(load("fastapi_service").app) as url, aiohttp.ClientSession(url) as session:
        yield session


@pytest.fixture
async def service(_configured: None) -> AsyncIterator[TestClient[Any, Any]]:
    """The aiohttp service."""
    async with TestClient(TestServer(load("aiohttp_service").make_app())) as client:
        yield client


async def test_fastapi_signs_up(fastapi: aiohttp.ClientSession, impactive_sandbox: Sandbox) -> None:
    """The contact exists and is on the sequence."""
    sequence = impactive_sandbox.state.create_sequence("Welcome")
    async with fastapi.post(f"/sequences/{sequence.id}/signups", json=ADA) as response:
        answer = await response.json()
    assert (response.status, answer["enrolled"]) == (201, True)
    (enrollment,) = impactive_sandbox.state.enrollments(sequence.id)
    contact = from_dict(Contact, answer["contact"])
    assert (contact.id, contact.first_name) == (enrollment.contact_id, "Ada")


async def test_fastapi_returns_rows(fastapi: aiohttp.ClientSession, impactive_sandbox: Sandbox) -> None:
    """A sequence is put out whole, and described in the OpenAPI document with every key."""
    sequence = impactive_sandbox.state.create_sequence("Welcome", delays=[0, 2])
    async with fastapi.get(f"/sequences/{sequence.id}") as response:
        row = from_dict(Sequence, await response.json())
    assert (row.id, len(row.steps or ())) == (sequence.id, 2)
    async with fastapi.get("/openapi.json") as response:
        schemas = (await response.json())["components"]["schemas"]
    assert {"Contact", "ContactDraft", "Sequence", "SignedUp"} <= {*schemas}
    assert "enrollment_counts" in schemas["Sequence"]["required"]


async def test_fastapi_refuses_a_person_without_a_name(
    fastapi: aiohttp.ClientSession, impactive_sandbox: Sandbox
) -> None:
    """The body is checked as the draft that it is, and nothing is sent."""
    async with fastapi.post("/sequences/seq_1/signups", json={"first_name": "Ada"}) as response:
        assert (response.status, "last_name" in await response.text()) == (422, True)
    assert not impactive_sandbox.requests


@pytest.mark.parametrize(
    ("fault", "status", "answer", "retry_after"),
    [
        ({"status": 400}, 422, {"error": "The CRM refuses these values."}, None),
        ({"status": 404}, 404, {"error": "There is no such sequence."}, None),
        ({"status": 429, "retry_after": 17}, 503, {"error": "Busy, please try again."}, "17"),
        ({"status": 401}, 502, {"error": "The CRM failed.", "outcome_unknown": False}, None),
        ({"drop_after_commit": True}, 502, {"error": "The CRM failed.", "outcome_unknown": True}, None),
    ],
    ids=["400", "404", "429", "401", "lost"],
)
async def test_fastapi_explains(
    fastapi: aiohttp.ClientSession,
    impactive_sandbox: Sandbox,
    fault: dict[str, Any],
    status: int,
    answer: dict[str, Any],
    retry_after: str | None,
) -> None:
    """Each failure has its answer, soon, and none repeats a create whose outcome is unknown."""
    sequence = impactive_sandbox.state.create_sequence("Welcome")
    impactive_sandbox.fail("POST /api/agent/contacts", **fault)
    async with fastapi.post(f"/sequences/{sequence.id}/signups", json=ADA) as response:
        assert (response.status, await response.json()) == (status, answer)
    assert response.headers.get("Retry-After") == retry_after
    assert len(impactive_sandbox.requests_to("POST /api/agent/contacts")) == 1


@pytest.mark.parametrize(("sequence_id", "status"), [("seq_gone", 404), ("%20seq_1", 422), ("seq_1%00", 422)])
async def test_fastapi_creates_nobody_for_an_id_that_is_wrong(
    fastapi: aiohttp.ClientSession, impactive_sandbox: Sandbox, sequence_id: str, status: int
) -> None:
    """The sequence is looked at first: a mistyped id is the caller's error, and the contact is not created."""
    url = URL(f"/sequences/{sequence_id}/signups", encoded=True)
    async with fastapi.post(url, json=ADA) as response:
        assert response.status == status
        assert "error" in await response.json()
    assert not impactive_sandbox.requests_to("POST /api/agent/contacts")


@pytest.mark.parametrize("fault", [{"status": 500, "times": None}, {"status": 400}], ids=["500", "400"])
async def test_fastapi_says_who_is_created_though_not_enrolled(
    fastapi: aiohttp.ClientSession, impactive_sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    """Where the enrollment fails the contact exists: the answer is a success, so that nobody creates it again."""
    sequence = impactive_sandbox.state.create_sequence("Welcome")
    impactive_sandbox.fail("POST /api/agent/sequences/:id/enroll", **fault)
    async with fastapi.post(f"/sequences/{sequence.id}/signups", json=ADA) as response:
        answer = await response.json()
    assert (response.status, answer["enrolled"]) == (201, False)
    assert impactive_sandbox.state.get("contacts", answer["contact"]["id"]).fields["firstName"] == "Ada"


async def test_aiohttp_shows_and_pauses(service: TestClient[Any, Any], impactive_sandbox: Sandbox) -> None:
    """A sequence is shown with its counts, and pausing it holds who is active."""
    state = impactive_sandbox.state
    sequence = state.create_sequence("Welcome", delays=[0, 2])
    state.enroll(sequence.id, [row.id for row in state.rows("contacts")[:3]])
    shown = await service.get(f"/sequences/{sequence.id}")
    row = from_dict(Sequence, await shown.json())
    assert (row.name, row.enrollment_counts and row.enrollment_counts.total) == ("Welcome", 3)
    assert [step.delay_days for step in row.steps or ()] == [0, 2]
    paused = await service.post(f"/sequences/{sequence.id}/pause")
    assert from_dict(PauseResult, await paused.json()).paused_count == 3
    assert {one.status for one in state.enrollments(sequence.id)} == {"paused"}


@pytest.mark.parametrize(
    ("fault", "status"),
    [({"status": 404}, 404), ({"status": 429, "retry_after": 999}, 503), ({"status": 403}, 502)],
    ids=["404", "429", "403"],
)
async def test_aiohttp_explains(
    service: TestClient[Any, Any], impactive_sandbox: Sandbox, fault: dict[str, Any], status: int
) -> None:
    """Each failure has its answer."""
    impactive_sandbox.fail("GET /api/agent/sequences/:id", **fault)
    assert (await service.get("/sequences/seq_1")).status == status


@pytest.mark.parametrize("sequence_id", ["%20seq_1", "seq_1%00", "..%2Fcontacts"])
async def test_aiohttp_refuses_an_id_that_can_never_be_right(
    service: TestClient[Any, Any], impactive_sandbox: Sandbox, sequence_id: str
) -> None:
    """Nothing is sent for it, and the answer is the caller's to mend."""
    for method, end in (("GET", ""), ("POST", "/pause")):
        answer = await service.request(method, URL(f"/sequences/{sequence_id}{end}", encoded=True))
        assert answer.status == 422
        assert "id" in (await answer.json())["error"]
    assert not impactive_sandbox.requests


@pytest.mark.usefixtures("_configured")
async def test_the_live_page_shows_deals(impactive_sandbox: Sandbox) -> None:
    """A browser that listens gets a deal that is created; the server ends while browsers listen."""
    async with TestClient(TestServer(load("live_page").make_app(0.05))) as client:
        async with client.get("/") as response:
            assert "EventSource" in await response.text()
        async with client.get("/events") as response:
            await response.content.readuntil(b"\n\n")
            deal = impactive_sandbox.state.add("deals", {"name": "<b>Engine</b>"})
            text = b""
            while deal.id.encode() not in text:
                text = await response.content.readuntil(b"\n\n")
            assert text.startswith(b"id: zapier/deals/")
            assert b"event: deals\n" in text
