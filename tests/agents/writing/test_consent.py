"""When the user is asked: each tool that writes says it, docs/mcp says it, and the tool does it."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import pytest

from impactive_async.agents.tools.registry import TOOLS
from impactive_async.agents.tools.tool import ToolSpec
from tests.agents.support import WAYS, Agent
from tests.agents.writing.test_writing import User, at_work, people_of, welcome_of, writes
from tests.docs.pages import PAGES

WRITING = {tool.name: tool for tool in TOOLS if tool.writes}
TIMES = {"start_time": "2026-05-06T09:00:00+02:00", "end_time": "2026-05-06T09:30:00+02:00"}
STEPS = [{"subject": "One", "body": "1"}]


def contacts(count: int) -> list[dict[str, str]]:
    return [{"first_name": "New", "last_name": str(number)} for number in range(count)]


async def enrolled(agent: Agent, count: int) -> dict[str, Any]:
    sequence = await welcome_of(agent)
    rows = await agent.call("list_records", kind="enrollments", sequence_id=sequence, status="active")
    return {"sequence_id": sequence, "contact_ids": [row["contact_id"] for row in rows["rows"]][:count]}


async def made(agent: Agent, status: str) -> str:
    return str((await agent.call("save_sequence", name="Own", status=status, steps=STEPS))["sequence_id"])


async def whom(agent: Agent, count: int) -> dict[str, Any]:
    return {"sequence_id": await welcome_of(agent), "contact_ids": await people_of(agent, count)}


async def changed(agent: Agent, was: str, **change: Any) -> dict[str, Any]:
    return {"sequence_id": await made(agent, was), **change}


def given(**arguments: Any) -> Callable[[Agent], Awaitable[dict[str, Any]]]:
    async def same(_: Agent) -> dict[str, Any]:
        return arguments

    return same


CASES: dict[str, list[tuple[bool, Callable[[Agent], Awaitable[dict[str, Any]]]]]] = {
    "save_contacts": [
        (False, given(contacts=contacts(1))),
        (True, given(contacts=contacts(2))),
    ],
    "save_sequence": [
        (False, given(name="New", steps=STEPS)),
        (True, given(name="New", steps=STEPS, status="active")),
        (False, lambda agent: changed(agent, "draft", name="Other")),
        (False, lambda agent: changed(agent, "paused", steps=[])),
        (True, lambda agent: changed(agent, "draft", status="active")),
        (True, lambda agent: changed(agent, "active", name="Other")),
        (True, lambda agent: changed(agent, "active", status="paused")),
    ],
    "enroll_people": [(True, lambda agent: whom(agent, 1)), (True, lambda agent: whom(agent, 2))],
    "stop_people": [
        (False, lambda agent: _stop(agent, "pause", 1)),
        (True, lambda agent: _stop(agent, "pause", 2)),
        (True, lambda agent: _stop(agent, "unenroll", 1)),
        (True, lambda agent: _all(agent)),
    ],
    "book_meeting": [(True, given(title="Call", guest_name="Ada", **TIMES))],
    "advance_clock": [(False, given(days=1))],
}
"""Of every tool that writes: calls, and whether the user is asked."""


async def _stop(agent: Agent, action: str, count: int) -> dict[str, Any]:
    return {"action": action, **await enrolled(agent, count)}


async def _all(agent: Agent) -> dict[str, Any]:
    return {"action": "pause", "sequence_id": await welcome_of(agent), "everyone": True}


@pytest.mark.parametrize("way", [*WAYS, ("legacy", "express"), ("auto", "noun")])
async def test_each_tool_that_writes_asks_where_it_says(way: tuple[str, str]) -> None:
    """By its plan, by what happens, and not at all twice; a tool without cases here is none that may write."""
    assert set(CASES) == set(WRITING)
    user = User()
    async with at_work(way, user) as (sandbox, agent):
        for tool, cases in CASES.items():
            for asks, arguments_of in cases:
                arguments = await arguments_of(agent)
                if tool != "advance_clock":
                    assert (await agent.call(tool, plan=True, **arguments))["asks_user"] is asks, (tool, arguments)
                user.questions.clear()
                before = len(writes(sandbox))
                await agent.call(tool, **arguments)
                assert len(user.questions) == asks, (tool, arguments)
                assert len(writes(sandbox)) > before or tool == "advance_clock"


@pytest.mark.parametrize("way", WAYS[:2])
async def test_what_is_asked_is_not_done_by_a_client_that_cannot_ask(way: tuple[str, str]) -> None:
    """Nor by one whose user says no: nothing at all is written."""
    async with at_work(way, User()) as (_, agent):
        asked = [
            (tool, await arguments_of(agent))
            for tool, cases in CASES.items()
            for asks, arguments_of in cases
            if asks and tool != "save_sequence"
        ]
    for user, said in ((None, "--yes"), (User("decline"), "said no"), (User("cancel"), "closed the question")):
        async with at_work(way, user) as (sandbox, agent):
            for tool, arguments in asked:
                assert said in await agent.refused(tool, **arguments), tool
            assert writes(sandbox) == []


async def test_a_status_that_nobody_knows_counts_as_active() -> None:
    """Of such a sequence nobody knows whether it sends."""
    async with at_work(WAYS[0], User()) as (sandbox, agent):
        for status, asks in (("hibernating", True), (None, True), ("draft", False)):
            body = json.dumps({"id": "seq_odd", "name": "Odd", "status": status, "steps": []}).encode()
            sandbox.fail("GET /api/agent/sequences/:id", status=200, body=body, content_type="application/json")
            planned = await agent.call("save_sequence", sequence_id="seq_odd", name="Other", plan=True)
            assert planned["asks_user"] is asks, status


def test_docs_have_the_rule_of_every_tool() -> None:
    """In the words that the model reads, too."""
    section = PAGES["mcp.md"].read_text(encoding="utf-8").partition("## Writes ask first")[2].partition("\n## ")[0]
    table = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE))
    assert table == {name: tool.asks for name, tool in WRITING.items()}
    assert all(f"Asks the user first: {tool.asks}." in tool.told for tool in WRITING.values())


def test_no_tool_writes_without_a_rule() -> None:
    """Not even one that is new."""
    tool = WRITING["book_meeting"]
    with pytest.raises(ValueError, match="says when it asks"):
        attrs.evolve(tool, asks="")
    with pytest.raises(ValueError, match="no other does"):
        attrs.evolve(tool, writes=False)
    assert isinstance(tool, ToolSpec)
