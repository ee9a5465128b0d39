"""The tools that read, in both eras of the protocol and in three dialects of the API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mcp.types import CallToolResult

from impactive_async.agents.text.tokens import count_tokens
from impactive_async.agents.tools.records import KINDS
from impactive_async.sandbox import Sandbox
from tests.agents.corpus import INJECTIONS
from tests.agents.support import DIALECTS, MODES, Agent, agent_of, by_agent, text_of
from tests.agents.test_fence import is_harmless
from tests.agents.writing.test_writing import User

READERS = {"find_people", "show_person", "list_records", "show_sequence", "pipeline"}


@by_agent()
async def test_tools_say_what_they_are(agent: Agent) -> None:
    """Each has a description, typed arguments, a schema of its answer, and hints; none of them writes."""
    tools = {tool.name: tool for tool in (await agent.client.list_tools()).tools}
    assert set(tools) >= READERS
    for tool in tools.values():
        assert tool.description
        assert tool.output_schema
        assert tool.annotations
        assert tool.input_schema["additionalProperties"] is False
    assert all(tools[name].annotations.read_only_hint for name in READERS)  # type: ignore[union-attr]


@by_agent()
async def test_people_are_found_by_words_and_by_address(agent: Agent) -> None:
    """In any case; what is found has an id for the other tools."""
    by_words = await agent.call("find_people", query="LOVELACE analytical")
    by_address = await agent.call("find_people", email="Ada.Lovelace@analytical.example")
    assert by_words["rows"] == by_address["rows"]
    assert by_words["rows"][0]["first_name"] == "⟦Ada⟧"
    assert (await agent.call("find_people", email="⟦nobody@example.com⟧"))["rows"] == []


@by_agent()
async def test_a_person_comes_with_replies_and_enrollments(agent: Agent) -> None:
    """By address or by id."""
    answer = await agent.call("show_person", person="alan.turing@bletchley.example")
    assert answer["enrollments"][0]["sequence_name"] == "⟦Welcome⟧"
    assert "Does Thursday work" in answer["replies"][0]["body"]
    again = await agent.call("show_person", person=answer["person"]["id"])
    assert again["replies"] == answer["replies"]


@by_agent()
async def test_every_kind_of_record_is_listed(agent: Agent) -> None:
    """And each answer is of its schema, which the client checks."""
    for kind in ("sequences", "replies", "sends", "enrollments", "companies", "deals", "invoices", "projects"):
        assert (await agent.call("list_records", kind=kind))["rows"], kind
        assert (await agent.call("list_records", kind=kind, view="full", limit=2))["rows"], kind
    assert (await agent.call("list_records", kind="bookings"))["total"] == 3
    assert (await agent.call("list_records", kind="sending_accounts"))["total"] == 2


@pytest.mark.parametrize("dialect", ["express", "noun", "next"])
async def test_every_tool_that_reads_answers_in_other_dialects_as_in_the_contract(
    dialect: str, tmp_path: Path
) -> None:
    """Services answer in many ways; an agent sees no difference but that of ids and moments."""
    told = []
    for one in ("contract", dialect):
        async with Sandbox(dialect=one) as sandbox, agent_of(sandbox, state=tmp_path / one) as agent:
            sequences = (await agent.call("list_records", kind="sequences"))["rows"]
            people = (await agent.call("find_people", query="lovelace"))["rows"]
            whom = {"sequence_id": sequences[0]["id"], "contact_ids": [people[0]["id"]]}
            answers = [
                sequences,
                people,
                (await agent.call("show_person", person=people[0]["id"]))["replies"],
                (await agent.call("show_sequence", sequence_id=sequences[0]["id"], report=True))["report"],
                (await agent.call("pipeline"))["stages"],
                (await agent.call("rehearse_sequence", **whom))["people"],
                (await agent.call("changes_since"))["changes"],
                *[(await agent.call("list_records", kind=kind))["rows"] for kind in KINDS],
            ]
            told.append(_without_ids(answers))
    assert told[0] == told[1]


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: one for name, one in value.items() if name != "id" and not name.endswith(("_id", "_at"))}
        return {name: _without_ids(one) for name, one in kept.items() if name not in ("email_date", "start_time")}
    return [_without_ids(one) for one in value] if isinstance(value, list) else value


@by_agent()
async def test_records_are_filtered(agent: Agent) -> None:
    """By status, words, sequence and time."""
    drafts = await agent.call("list_records", kind="sequences", status="draft")
    assert [row["name"] for row in drafts["rows"]] == ["⟦Wake the quiet ones⟧"]
    assert (await agent.call("list_records", kind="replies", query="price list"))["total"] == 1
    of_draft = await agent.call("list_records", kind="sends", sequence_id=drafts["rows"][0]["id"])
    assert of_draft["rows"] == []
    assert (await agent.call("list_records", kind="replies", since="2999-01-01T00:00:00Z"))["total"] == 0
    assert "belong to no sequence" in await agent.refused("list_records", kind="deals", sequence_id="x")


@by_agent()
async def test_a_sequence_comes_with_steps_and_a_report(agent: Agent) -> None:
    """The funnel narrows: nobody is counted at a stage who is not at the one before."""
    rows = (await agent.call("list_records", kind="sequences", query="welcome"))["rows"]
    answer = await agent.call("show_sequence", sequence_id=rows[0]["id"], report=True)
    assert [step["delay_days"] for step in answer["steps"]] == [0, 1, 3]
    people = answer["report"]["people"]
    assert people["enrolled"] == 6
    assert people["enrolled"] >= people["sent"] >= people["replied"] >= 2
    assert people["booked"] == 2
    assert answer["report"]["lower_bounds"] is False


@by_agent()
async def test_the_pipeline_has_sums(agent: Agent) -> None:
    """Of all deals and of each stage."""
    answer = await agent.call("pipeline")
    assert answer["sums"] == [{"currency": "USD", "sum": 91400.5}]
    assert sum(stage["deals"] for stage in answer["stages"]) == answer["deals"] == 5


@by_agent()
async def test_fields_and_views_choose_what_is_shown(agent: Agent) -> None:
    """A field that does not exist is refused with those that do."""
    row = (await agent.call("find_people", fields=["email"], limit=1))["rows"][0]
    assert set(row) == {"id", "email"}
    assert "created_at" in (await agent.call("find_people", view="full", limit=1))["rows"][0]
    assert "There are id, first_name" in await agent.refused("find_people", fields=["nope"])


@by_agent()
async def test_wrong_arguments_are_explained(agent: Agent) -> None:
    """With what the tool takes."""
    said = await agent.refused("find_people", limit=1000, nonsense=1)
    assert "limit" in said
    assert "It takes: limit, cursor" in said
    assert "There are: find_people" in await agent.refused("drop_database")
    assert "Look it up with find_people" in await agent.refused("show_person", person="nobody")


@by_agent()
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"status": 401}, "a new key"),
        ({"status": 403}, "may not do this"),
        ({"status": 500}, "The service failed. Wait a minute"),
        ({"status": 429}, "fewer requests"),
        ({"disconnect": True}, "cannot be reached"),
        ({"body": "<html>nonsense", "content_type": "text/html", "status": 200}, "cannot be read"),
    ],
)
async def test_a_broken_api_is_an_error_that_says_what_to_do(
    agent: Agent, sandbox: Sandbox, fault: dict[str, Any], said: str
) -> None:
    """A denied key, a failing server and nonsense are told apart."""
    sandbox.fail("GET /api/agent/bookings", times=None, **fault)
    assert said in await agent.refused("list_records", kind="bookings")


@by_agent()
async def test_the_clock_is_moved(agent: Agent) -> None:
    """A tool of sandboxes alone."""
    assert (await agent.call("advance_clock", days=3))["now"] == "2026-05-04T09:00:00Z"
    assert "Say how far" in await agent.refused("advance_clock")


@pytest.mark.parametrize("mode", MODES)
async def test_answers_over_a_large_workspace_are_bounded(mode: str) -> None:
    """No answer has more tokens than allowed, and lists that the API cuts say so."""
    async with Sandbox(populate="large") as sandbox, agent_of(sandbox, mode=mode, max_tokens=1500) as agent:
        found = await agent.client.call_tool("find_people", {"limit": 200, "view": "full"})
        assert count_tokens(text_of(found)) <= 1500
        assert found.structured_content["truncated"]
        assert "can be searched" in found.structured_content["remarks"][0]
        for kind in ("replies", "sends", "enrollments", "deals", "bookings"):
            listed = await agent.client.call_tool("list_records", {"kind": kind, "limit": 200})
            assert count_tokens(text_of(listed)) <= 1500, kind
        report = await agent.call("list_records", kind="sequences", query="newsletter")
        shown = await agent.call("show_sequence", sequence_id=report["rows"][0]["id"], report=True)
        assert shown["report"]["lower_bounds"] is True


def outside_of_fences(text: str) -> str:
    """What a model may take for words of this server."""
    kept, depth = [], 0
    for character in text:
        depth += character == "⟦"
        if not depth:
            kept.append(character)
        depth -= character == "⟧"
        assert depth in (0, 1)
    return "".join(kept)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_no_answer_lets_a_stranger_out_of_the_fence(dialect: str, tmp_path: Path) -> None:
    """Injections in every field of every kind: a mark in each is only ever seen between the brackets."""
    async with Sandbox(dialect=dialect, populate="none", reply_rate=0) as sandbox:
        user = User()
        async with agent_of(sandbox, max_tokens=100_000, state=tmp_path, allow_writes=True, ask=user) as agent:
            token = (await agent.call("changes_since"))["token"]
            await _filled(sandbox)
            seen = ""
            for kind in (
                "sequences",
                "replies",
                "sends",
                "enrollments",
                "companies",
                "deals",
                "invoices",
                "projects",
                "bookings",
                "sending_accounts",
            ):
                result = await agent.client.call_tool("list_records", {"kind": kind, "view": "full", "limit": 200})
                seen += text_of(result)
            people = await agent.client.call_tool("find_people", {"view": "full", "limit": 200})
            ids = [row["id"] for row in people.structured_content["rows"]]
            sequences = (await agent.call("list_records", kind="sequences"))["rows"]
            shown = [await agent.client.call_tool("show_person", {"person": one}) for one in ids[:5]]
            shown += [await agent.client.call_tool("pipeline", {}), people]
            shown += [await agent.client.call_tool("show_sequence", {"sequence_id": sequences[0]["id"]})]
            shown += await _of_writers(sandbox, agent, sequences[0]["id"], ids)
            heard = [await agent.client.call_tool("changes_since", {"token": token, "limit": 200, "view": "full"})]
            while heard[-1].structured_content["more"]:
                token = heard[-1].structured_content["token"]
                heard.append(
                    await agent.client.call_tool("changes_since", {"token": token, "limit": 200, "view": "full"})
                )
            seen += "".join([*map(text_of, (*shown, *heard)), *user.questions])
            assert {row["kind"] for one in heard for row in one.structured_content["changes"]} >= {
                *("replies", "sends", "contacts", "deals", "companies", "enrollments"),
            }
    assert seen.count("MARK") > 200
    assert "MARK" not in outside_of_fences(seen)
    assert is_harmless(seen)


async def _of_writers(sandbox: Sandbox, agent: Agent, sequence: str, people: list[str]) -> list[CallToolResult]:
    """What the tools that write, and those that fail, tell of strangers."""
    whom = {"sequence_id": sequence, "contact_ids": people[:60]}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("rehearse_sequence", {**whom, "view": "full", "limit": 200}),
        ("enroll_people", {**whom, "plan": True}),
        ("stop_people", {"action": "pause", **whom}),
        ("save_contacts", {"contacts": [{"id": one, "title": "New"} for one in people[:60]], "plan": True}),
        ("save_sequence", {"sequence_id": sequence, "name": "New"}),
        ("save_sequence", {"sequence_id": sequence, "steps": [], "plan": True}),
    ]
    told = [await agent.client.call_tool(name, arguments) for name, arguments in calls]
    for text in INJECTIONS[:8]:
        body = json.dumps({"error": f"MARK{text}MARK"}).encode()
        sandbox.fail("GET /api/agent/bookings", status=400, body=body, content_type="application/json")
        told.append(await agent.client.call_tool("list_records", {"kind": "bookings"}))
    return told


async def _filled(sandbox: Sandbox) -> None:
    state, marked = sandbox.state, [f"MARK{text}MARK" for text in INJECTIONS if "\ud800" not in text]
    people = [
        state.create_contact(text, text, email=f"MARK.{number}@x.example", extra={"notes": text}).id
        for number, text in enumerate(marked)
    ]
    for text in marked:
        state.add("companies", {"name": text, "industry": text, "custom": {"deep": [text]}})
        state.add("deals", {"name": text, "value": 1, "currency": text[:30]})
        state.add("projects", {"name": text, "status": text, "stageName": text})
        state.add_sending_account(text, "MARK@x.example")
        state.add("bookings", {"title": text, "guestName": text, "notes": text, "status": text})
        state.add_invoice(text, 1, extra={"status": text})
    sequence = state.create_sequence(marked[1], [0, 1, 5])
    state.enroll(sequence.id, people)
    await sandbox.clock.advance(days=3)
    for person, text in zip(people, marked, strict=True):
        state.add_reply(person, subject=text, body=text)
