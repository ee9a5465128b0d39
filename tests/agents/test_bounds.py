"""No answer of any tool has more tokens than are allowed, whatever the rows are and however many there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mcp.types import CallToolResult

from impactive_async.agents.text.tokens import compact, count_tokens
from impactive_async.agents.tools.registry import TOOLS
from impactive_async.sandbox import Sandbox
from tests.agents.support import Agent, agent_of, text_of
from tests.agents.writing.test_writing import User

MOST = 1000
KINDS = {
    "huge": "x" * 12_000,
    "kanji": "語" * 3000,
    "emoji": "👩\u200d🔬" * 900,
    "brackets": "⟦⟧" * 2000,
    "quotes": '\\"' * 4000,
}


def filled(sandbox: Sandbox, text: str, people: int) -> str:
    """Fill a workspace with rows of such texts; return a sequence that everybody is on."""
    state = sandbox.state
    ids = [
        state.create_contact(
            text, text, email=f"p{n}@x.example", extra={"notes": [text] * 30, "n": {"o": text}}
        ).id
        for n in range(people)
    ]
    for n in range(8):
        state.add("companies", {"name": text, "industry": text})
        state.add("deals", {"name": text, "value": n, "currency": text[:40], "stageName": f"{n}{text}"})
        state.add("bookings", {"title": text, "notes": text, "startTime": "2026-05-06T09:00:00Z"})
        state.add("projects", {"name": text, "stageName": text})
    sequence = state.create_sequence(text, [0, 1, 2]).id
    state.enroll(sequence, ids)
    for person in ids[:8]:
        state.add_reply(person, subject=text, body=text)
    return sequence


def calls(text: str, sequence: str, people: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Calls of every tool."""
    whole, whom = {"view": "full", "limit": 200}, {"sequence_id": sequence, "contact_ids": people[:200]}
    steps = [{"subject": text, "body": text}] * 20
    lists = ("sequences", "replies", "sends", "enrollments", "companies", "deals", "bookings", "projects", "jobs")
    contacts = [{"first_name": text, "last_name": str(n), "email": f"{n}@new.example"} for n in range(40)]
    return [
        ("find_people", whole),
        ("show_person", {"person": people[0], **whole}),
        *(("list_records", {"kind": kind, **whole}) for kind in lists),
        ("show_sequence", {"sequence_id": sequence, "report": True, **whole}),
        ("pipeline", {}),
        ("rehearse_sequence", {**whom, **whole}),
        ("changes_since", {"token": "last", **whole}),
        ("save_contacts", {"contacts": contacts, "plan": True}),
        ("save_contacts", {"contacts": contacts}),
        ("list_records", {"kind": "jobs", **whole}),
        ("save_sequence", {"name": text, "steps": steps, "plan": True}),
        ("save_sequence", {"sequence_id": sequence, "name": "語" * 500, "steps": steps, "plan": True}),
        ("enroll_people", {**whom, "plan": True}),
        ("stop_people", {"action": "unenroll", **whom, "plan": True}),
        ("stop_people", {"action": "pause", **whom, "contact_ids": ["語" * 200] * 50}),
        ("book_meeting", {"title": "語" * 300, "start_time": TIME, "end_time": LATER, "plan": True}),
        ("advance_clock", {"hours": 1}),
        ("find_people", {"fields": ["語" * 5000]}),
        ("find_people", {text[:5000]: text}),
        (text, {}),
    ]


TIME, LATER = "2026-05-06T08:59:00Z", "2026-05-06T09:30:00Z"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
async def test_no_answer_is_larger_than_allowed(kind: str, tmp_path: Path) -> None:
    """Of any tool, at the smallest limit there is; and the pages that follow are no larger."""
    text, user = KINDS[kind], User()
    async with (
        Sandbox(populate="none", reply_rate=0) as sandbox,
        agent_of(sandbox, max_tokens=MOST, state=tmp_path, allow_writes=True, ask=user) as agent,
    ):
        await agent.call("changes_since")
        sequence = filled(sandbox, text, 12)
        await sandbox.clock.advance(days=2)
        people = [row.id for row in sandbox.state.rows("contacts")]
        wanted = calls(text, sequence, people)
        assert {name for name, _ in wanted} >= {tool.name for tool in TOOLS}
        for name, arguments in wanted:
            await _pages(agent, name, arguments)
    assert user.questions or kind == "brackets"  # of which nothing is left
    assert all(count_tokens(question) <= MOST for question in user.questions)


async def _pages(agent: Agent, name: str, arguments: dict[str, Any]) -> None:
    result = await agent.client.call_tool(name, arguments)
    _check(name, result)
    for _ in range(3):
        answer = result.structured_content or {}
        if "cursor" not in answer:
            return
        result = await agent.client.call_tool(name, {**arguments, "cursor": answer["cursor"]})
        assert not result.is_error
        _check(name, result)


def _check(name: str, result: CallToolResult) -> None:
    said = text_of(result)
    assert count_tokens(said) <= MOST, (name, count_tokens(said), said[:300])
    assert result.is_error or compact(result.structured_content) == said


async def test_ten_thousand_people_are_bounded(tmp_path: Path) -> None:
    """Lists of many rows are pages, and say how many there are."""
    async with (
        Sandbox(populate="none", reply_rate=0) as sandbox,
        agent_of(sandbox, max_tokens=MOST, state=tmp_path, allow_writes=True, ask=User()) as agent,
    ):
        ids = [sandbox.state.create_contact("P", str(n), email=f"p{n}@x.example").id for n in range(10_000)]
        sequence = sandbox.state.create_sequence("All", [0]).id
        sandbox.state.enroll(sequence, ids)
        listed = await agent.call("list_records", kind="enrollments", sequence_id=sequence, limit=200)
        assert listed["total"] == 10_000
        planned = await agent.call("stop_people", action="pause", sequence_id=sequence, everyone=True, plan=True)
        assert "10,000 people" in planned["plan"]
        for answer in (listed, planned, await agent.call("show_sequence", sequence_id=sequence, report=True)):
            assert count_tokens(compact(answer)) <= MOST
