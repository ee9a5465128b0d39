"""What the console shows: threads, sequences with counts, what is due, requests with their answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from impactive_async.sandbox import Sandbox, SandboxControl


class Seen:
    """Reads the control API of a sandbox."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    async def get(self, path: str, status: int = 200, **query: str) -> Any:
        async with self.session.get(f"/_sandbox/{path}", params=query) as answer:
            assert answer.status == status
            return await answer.json()


@pytest.fixture
async def seen() -> AsyncIterator[Seen]:
    async with Sandbox(populate="small", reply_rate=0) as sandbox, aiohttp.ClientSession(sandbox.url) as session:
        yield Seen(sandbox, session)


async def test_people_are_listed_with_their_mails(seen: Seen) -> None:
    """Whoever has the latest mail stands first; texts of mails are searched; a deleted contact's mails stay."""
    state = seen.sandbox.state
    ada, alan = (row.id for row in state.rows("contacts")[:2])
    sequence = state.create_sequence("Welcome").id
    state.enroll(sequence, [ada, alan])
    await seen.sandbox.clock.advance(hours=1)
    state.add_reply(alan, body="Tell me MORE", subject="Re: Welcome 1")
    found = await seen.get("threads")
    assert [one["contact"]["id"] for one in found[:2]] == [alan, ada]
    assert (found[0]["mails"], found[0]["last"]["direction"]) == (2, "in")
    assert (len(found), found[2]["last"]) == (12, None)
    assert [one["contact"]["id"] for one in await seen.get("threads", contains="more")] == [alan]
    assert [one["contact"]["id"] for one in await seen.get("threads", contains="lovelace")] == [ada]
    thread = await seen.get(f"threads/{alan}")
    assert [(mail["direction"], mail["subject"]) for mail in thread["mails"]] == [
        ("out", "Welcome 1"),
        ("in", "Re: Welcome 1"),
    ]
    assert [(one["sequence"], one["status"]) for one in thread["enrollments"]] == [("Welcome", "completed")]
    state.remove("contacts", alan)
    assert (await seen.get(f"threads/{alan}"))["contact"]["name"] == "A contact that was deleted"
    assert "no contact nobody" in (await seen.get("threads/nobody", 404))["error"]


async def test_sequences_are_counted_and_what_is_due_is_listed(seen: Seen) -> None:
    """The next email stands first, and one of a sequence that is not active is marked."""
    state = seen.sandbox.state
    ada, alan = (row.id for row in state.rows("contacts")[:2])
    first, second = state.create_sequence("First", [2]).id, state.create_sequence("Second", [1, 1]).id
    state.enroll(first, [ada])
    state.enroll(second, [alan])
    state.set_sequence_status(second, "paused")
    one, two = await seen.get("sequences")
    assert (one["enrollments"], one["sends"], len(two["steps"])) == ({"active": 1}, 0, 2)
    found = await seen.get("due")
    assert [(row["contact"]["id"], row["subject"], row["sends"]) for row in found["due"]] == [
        (alan, "Second 1", False),
        (ada, "First 1", True),
    ]
    assert found["due"][1]["at"] == "2026-05-03T09:00:00.000000Z"
    assert len((await seen.get("due", limit="1"))["due"]) == 1


async def test_the_client_reads_them(seen: Seen) -> None:
    """What a page shows, a test of another process asks for by name."""
    ada = seen.sandbox.state.rows("contacts")[0].id
    seen.sandbox.state.enroll(seen.sandbox.state.create_sequence("Welcome").id, [ada])
    async with SandboxControl(seen.sandbox.url) as control:
        assert [one["subject"] for one in await control.due()] == ["Welcome 1"]
        await control.advance(hours=1)
        assert [one["contact"]["id"] for one in await control.threads(contains="welcome")] == [ada]
        assert [mail["subject"] for mail in (await control.thread(ada))["mails"]] == ["Welcome 1"]
        assert await control.due() == []


async def test_an_answer_is_kept_for_a_while(seen: Seen) -> None:
    """A request is shown with its answer; the journal keeps the latest answers, and the beginning of long ones."""
    headers = {"x-api-key": seen.sandbox.api_key}
    async with seen.session.get("/api/zapier/deals", headers=headers) as answer:
        body = await answer.text()
    found = await seen.get("requests/1")
    assert found["request"]["route"] == "GET /api/zapier/deals"
    assert (found["answer"]["status"], found["answer"]["body"], found["answer"]["cut"]) == (200, body, False)
    seen.sandbox.fail("*", body=b"x" * 60_000)
    for _ in range(2):
        await (await seen.session.get("/api/zapier/deals", headers=headers)).read()
    found = await seen.get("requests/2")
    assert (len(found["answer"]["body"]), found["answer"]["cut"]) == (50_000, True)
    for _ in range(200):
        await (await seen.session.get("/api/zapier/deals")).read()
    assert (await seen.get("requests/1"))["answer"] is None
    assert (await seen.get("requests/9999", 404))["error"] == "there is no request 9999"
