"""The two web services, on real ports, against the sandbox."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import uvicorn
from aiohttp.test_utils import TestClient, TestServer

from impactive_async.sandbox import Sandbox
from tests.examples.programs import load

ADA = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com"}


@pytest.fixture
def _configured(impactive_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPACTIVE_API_KEY", impactive_sandbox.api_key)
    monkeypatch.setenv("IMPACTIVE_BASE_URL", impactive_sandbox.url)


@pytest.fixture
async def fastapi(_configured: None) -> AsyncIterator[aiohttp.ClientSession]:
    """The FastAPI service under uvicorn, and a session whose base it is."""
    server = uvicorn.Server(uvicorn.Config(load("fastapi_service").app, log_level="warning", lifespan="on"))
    with socket.create_server(("127.0.0.1", 0)) as door:
        serving = asyncio.create_task(server.serve([door]))
        while not server.started:  # noqa: ASYNC110 - what is waited for does not know of us
            await asyncio.sleep(0)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{door.getsockname()[1]}") as session:
            yield session
        server.should_exit = True
        await serving


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
    assert enrollment.contact_id == answer["contact_id"]


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
    impactive_sandbox.fail("POST /api/agent/contacts", **fault)
    async with fastapi.post("/sequences/seq_1/signups", json=ADA) as response:
        assert (response.status, await response.json()) == (status, answer)
    assert response.headers.get("Retry-After") == retry_after
    assert len(impactive_sandbox.requests) == 1


async def test_aiohttp_shows_and_pauses(service: TestClient[Any, Any], impactive_sandbox: Sandbox) -> None:
    """A sequence is shown with its counts, and pausing it holds who is active."""
    state = impactive_sandbox.state
    sequence = state.create_sequence("Welcome", delays=(0, 2))
    state.enroll(sequence.id, [row.id for row in state.rows("contacts")[:3]])
    shown = await service.get(f"/sequences/{sequence.id}")
    assert await shown.json() == {"name": "Welcome", "people": 3, "steps": 2}
    paused = await service.post(f"/sequences/{sequence.id}/pause")
    assert await paused.json() == {"paused": 3}
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
