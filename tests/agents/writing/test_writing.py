"""The tools that write: only where it is allowed, only what was planned, only what the user agrees to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from mcp import Client
from mcp.types import ElicitRequestParams, ElicitResult

from impactive_async.agents.server import build_server
from impactive_async.agents.service import AgentService, AgentSettings
from impactive_async.sandbox import Sandbox
from tests.agents.support import MODES, WAYS, Agent, agent_of
from tests.support import FakeClock, client_of

WRITERS = {"save_contacts", "save_sequence", "enroll_people", "stop_people", "book_meeting"}


@attrs.define
class User:
    """A user who is asked, and answers."""

    action: str = "accept"
    questions: list[str] = attrs.field(factory=list)

    async def __call__(self, context: Any, params: ElicitRequestParams) -> ElicitResult:
        self.questions.append(params.message)
        return ElicitResult(action=self.action, content={} if self.action == "accept" else None)  # type: ignore[arg-type]


@asynccontextmanager
async def at_work(
    way: tuple[str, str], user: User | None, **settings: Any
) -> AsyncIterator[tuple[Sandbox, Agent]]:
    """Yield a workspace, and an agent that may write."""
    async with (
        Sandbox(dialect=way[1], reply_rate=0) as sandbox,
        agent_of(sandbox, mode=way[0], ask=user, **{"allow_writes": True, **settings}) as agent,
    ):
        yield sandbox, agent


def writes(sandbox: Sandbox) -> list[str]:
    """The requests that changed something."""
    return [request.route for request in sandbox.requests if request.method != "GET"]


async def welcome_of(agent: Agent) -> str:
    return str((await agent.call("list_records", kind="sequences", query="welcome"))["rows"][0]["id"])


async def people_of(agent: Agent, count: int) -> list[str]:
    return [row["id"] for row in (await agent.call("find_people", limit=200))["rows"]][:count]


@pytest.mark.parametrize("mode", MODES)
async def test_tools_that_write_are_there_only_where_it_is_allowed(mode: str) -> None:
    """There are at most twelve tools beside that of the sandbox."""
    async with Sandbox() as sandbox:
        async with agent_of(sandbox, mode=mode) as agent:
            assert not {tool.name for tool in (await agent.client.list_tools()).tools} & WRITERS
            assert "There is no tool" in await agent.refused("save_contacts", contacts=[{"id": "x"}])
        async with agent_of(sandbox, mode=mode, allow_writes=True) as agent:
            tools = {tool.name: tool for tool in (await agent.client.list_tools()).tools}
    assert set(tools) >= WRITERS
    assert len(set(tools) - {"advance_clock"}) <= 12
    for name in WRITERS:
        annotations = tools[name].annotations
        assert annotations
        assert annotations.read_only_hint is False


@pytest.mark.parametrize("way", WAYS)
async def test_a_plan_changes_nothing_and_its_digest_does_just_that(way: tuple[str, str]) -> None:
    """The user is asked with counts and names, and only what was planned is carried out."""
    user = User()
    async with at_work(way, user) as (sandbox, agent):
        sequence, people = await welcome_of(agent), await people_of(agent, 3)
        planned = await agent.call("enroll_people", sequence_id=sequence, contact_ids=people, plan=True)
        assert planned["outcome"] == "planned"
        assert planned["asks_user"] is True
        assert writes(sandbox) == []
        assert user.questions == []
        other = await agent.refused(
            "enroll_people", sequence_id=sequence, contact_ids=people[:2], digest=planned["digest"]
        )
        assert "no longer what that digest stands for" in other
        done = await agent.call(
            "enroll_people", sequence_id=sequence, contact_ids=people, digest=planned["digest"]
        )
        assert done["outcome"] == "done"
        assert done["enrolled"] == 3
        assert writes(sandbox) == ["POST /api/agent/sequences/:id/enroll"]
    (question,) = user.questions
    assert question == planned["plan"]
    assert question.startswith("Enroll 3 people (⟦Dorothy Vaughan⟧, ⟦Barbara Liskov⟧, ⟦Edsger Dijkstra⟧) on the")
    assert "⟦Welcome⟧ (active)" in question


@pytest.mark.parametrize("way", WAYS)
async def test_a_plan_whose_world_has_changed_is_refused(way: tuple[str, str]) -> None:
    """Somebody edited the sequence after the plan was shown."""
    async with at_work(way, User()) as (sandbox, agent):
        sequence, people = await welcome_of(agent), await people_of(agent, 1)
        planned = await agent.call("enroll_people", sequence_id=sequence, contact_ids=people, plan=True)
        async with client_of(sandbox, clock=FakeClock()) as crm:
            await crm.sequences.steps.create(sequence, subject="New", body="Text")
        said = await agent.refused(
            "enroll_people", sequence_id=sequence, contact_ids=people, digest=planned["digest"]
        )
        assert "of 4 emails" in said


@pytest.mark.parametrize("action", ["decline", "cancel"])
@pytest.mark.parametrize("way", WAYS)
async def test_what_the_user_does_not_want_is_not_done(way: tuple[str, str], action: str) -> None:
    """The agent is told, and that it should not ask again."""
    async with at_work(way, User(action)) as (sandbox, agent):
        sequence, people = await welcome_of(agent), await people_of(agent, 2)
        said = await agent.refused("enroll_people", sequence_id=sequence, contact_ids=people)
        assert "Nothing was done: the user" in said
        assert writes(sandbox) == []


@pytest.mark.parametrize("way", WAYS)
async def test_a_client_that_cannot_ask_is_refused(way: tuple[str, str]) -> None:
    """Unless whoever started the server has said yes; one contact needs no consent."""
    async with at_work(way, None) as (sandbox, agent):
        sequence, people = await welcome_of(agent), await people_of(agent, 2)
        assert "--yes" in await agent.refused("enroll_people", sequence_id=sequence, contact_ids=people[:1])
        assert "--yes" in await agent.refused("stop_people", action="pause", sequence_id=sequence, everyone=True)
        assert "--yes" in await agent.refused("save_sequence", sequence_id=sequence, name="Other")
        two = [{"first_name": "A", "last_name": "B"}, {"first_name": "C", "last_name": "D"}]
        assert "--yes" in await agent.refused("save_contacts", contacts=two)
        assert writes(sandbox) == []
        assert (await agent.call("save_contacts", contacts=two[:1]))["created"] == 1
    async with at_work(way, None, assume_yes=True) as (_, agent):
        sequence, people = await welcome_of(agent), await people_of(agent, 2)
        done = await agent.call("enroll_people", sequence_id=sequence, contact_ids=people)
        assert done["enrolled"] == 2


@pytest.mark.parametrize("way", WAYS)
async def test_contacts_are_created_changed_or_left(way: tuple[str, str]) -> None:
    """Whoever has the same address is changed; the plan says from what to what."""
    user = User()
    async with at_work(way, user) as (_, agent):
        contacts = [
            {"first_name": "⟦Mary⟧", "last_name": "Jackson", "email": "mary@new.example"},
            {"email": "ADA.lovelace@analytical.example", "title": "Countess"},
            {"email": "alan.turing@bletchley.example", "first_name": "Alan"},
        ]
        planned = await agent.call("save_contacts", contacts=contacts, plan=True)
        assert planned["plan"] == "Create 1 contact (⟦Mary Jackson⟧) and change 1 contact (⟦Ada Lovelace⟧)?"
        assert planned["actions"][1]["fields"] == {"title": {"from": None, "to": "⟦Countess⟧"}}
        done = await agent.call("save_contacts", contacts=contacts, digest=planned["digest"])
        assert (done["outcome"], done["created"], done["done_total"]) == ("done", 1, 1)
        again = await agent.call("save_contacts", contacts=contacts, plan=True)
        assert again["plan"] == "Change nothing?"
        found = await agent.call("find_people", email="mary@new.example")
        assert found["rows"][0]["first_name"] == "⟦Mary⟧"
        assert len(user.questions) == 1


@pytest.mark.parametrize("way", WAYS)
async def test_contacts_that_are_unclear_are_refused(way: tuple[str, str]) -> None:
    """Without a name, twice the same, with a field that does not exist."""
    async with at_work(way, User()) as (_, agent):
        assert "first_name and last_name" in await agent.refused(
            "save_contacts", contacts=[{"email": "x@y.example"}]
        )
        double = [{"first_name": "A", "last_name": "B", "email": "a@b.example"}] * 2
        assert "given twice" in await agent.refused("save_contacts", contacts=double)
        said = await agent.refused("save_contacts", contacts=[{"id": "x", "clear": ["password"]}])
        assert "no field ⟦password⟧" in said


@pytest.mark.parametrize("way", WAYS)
async def test_a_sequence_is_built_and_edited(way: tuple[str, str]) -> None:
    """The whole list of steps is given; what stays keeps its id, and an active sequence is asked about."""
    user = User()
    steps: list[dict[str, Any]] = [
        {"subject": "One", "body": "1"},
        {"subject": "Two", "body": "2", "delay_days": 2},
        {"subject": "Three", "body": "3", "delay_days": 3},
    ]
    async with at_work(way, user) as (_, agent):
        made = await agent.call("save_sequence", name="Spring", steps=steps)
        shown = await agent.call("show_sequence", sequence_id=made["sequence_id"])
        assert shown["sequence"]["status"] == "draft"
        one, two, three = (step["id"] for step in shown["steps"])
        edited = [
            {"step_id": three, "subject": "Three", "body": "3", "delay_days": 0},
            {"subject": "New", "body": "n"},
            {"step_id": one, "subject": "One", "body": "1"},
        ]
        done = await agent.call("save_sequence", sequence_id=made["sequence_id"], steps=edited)
        assert done["outcome"] == "done"
        assert user.questions == []
        shown = await agent.call("show_sequence", sequence_id=made["sequence_id"])
        assert [step["subject"] for step in shown["steps"]] == ["⟦Three⟧", "⟦New⟧", "⟦One⟧"]
        assert [shown["steps"][0]["id"], shown["steps"][2]["id"]] == [three, one]
        assert two not in {step["id"] for step in shown["steps"]}
        assert "like this already" in await agent.refused(
            "save_sequence", sequence_id=made["sequence_id"], name="Spring"
        )
        await agent.call("save_sequence", sequence_id=made["sequence_id"], status="active")
        await agent.call("save_sequence", sequence_id=made["sequence_id"], name="Summer")
        assert len(user.questions) == 2
        assert "(active, 0 people active on it): set name = ⟦Summer⟧?" in user.questions[1]


@pytest.mark.parametrize("way", WAYS)
async def test_people_are_paused_and_taken_off(way: tuple[str, str]) -> None:
    """One is paused without a question; taking somebody off asks."""
    user = User()
    async with at_work(way, user) as (_, agent):
        sequence = await welcome_of(agent)
        rows = (await agent.call("list_records", kind="enrollments", sequence_id=sequence, status="active"))[
            "rows"
        ]
        first, second = rows[0]["contact_id"], rows[1]["contact_id"]
        assert (await agent.call("stop_people", action="pause", sequence_id=sequence, contact_ids=[first]))[
            "outcome"
        ]
        assert user.questions == []
        done = await agent.call("stop_people", action="unenroll", sequence_id=sequence, contact_ids=[second])
        assert done["done_total"] == 1
        assert user.questions[0].startswith("Take off for good 1 person")
        left = (await agent.call("list_records", kind="enrollments", sequence_id=sequence))["rows"]
        assert second not in {row["contact_id"] for row in left}
        assert "Not on this sequence" in await agent.refused(
            "stop_people", action="pause", sequence_id=sequence, contact_ids=[second]
        )
        assert "Say whom" in await agent.refused(
            "stop_people", action="unenroll", sequence_id=sequence, everyone=True
        )


async def test_whoever_a_cut_list_does_not_show_may_be_on_the_sequence() -> None:
    """Where the API shows only some of a sequence's people, the others are not said to be off it."""
    async with at_work((MODES[0], "small-pages"), None) as (sandbox, agent):
        people = [sandbox.state.create_contact("P", str(number)).id for number in range(300)]
        sequence = sandbox.state.create_sequence("Long", ()).id
        sandbox.state.enroll(sequence, people)
        async with client_of(sandbox) as crm:
            shown = await crm.sequences.enrollments(sequence)
        hidden = next(one for one in people if one not in {row.contact_id for row in shown})
        assert shown.truncated
        done = await agent.call("stop_people", action="pause", sequence_id=sequence, contact_ids=[hidden])
        assert done["outcome"] == "done"


@pytest.mark.parametrize("way", WAYS)
async def test_a_meeting_is_booked(way: tuple[str, str]) -> None:
    """With times that have a zone."""
    user = User()
    async with at_work(way, user) as (sandbox, agent):
        times = {"start_time": "2026-05-06T09:00:00+02:00", "end_time": "2026-05-06T09:30:00+02:00"}
        planned = await agent.call("book_meeting", title="Call", guest_name="Ada", plan=True, **times)
        assert "warnings" not in planned
        call = {"title": "Call", "guest_name": "Ada", "digest": planned["digest"], **times}
        done = await agent.call("book_meeting", **call)
        assert (await agent.call("book_meeting", **call))["booking_id"] == done["booking_id"]
        assert len(writes(sandbox)) == len(user.questions) == 1
        double = await agent.call("book_meeting", plan=True, title="Call", guest_name="Ada", **times)
        assert double["warnings"] == ["Booked already at that time: ⟦Call⟧."]
        assert double["digest"] != planned["digest"]
        booked = await agent.call("list_records", kind="bookings", query="call ada")
        assert done["booking_id"] in {row["id"] for row in booked["rows"]}
        assert "timezone" in await agent.refused(
            "book_meeting", title="x", start_time="2026-05-06T09:00:00", end_time="2026-05-06T10:00:00"
        )
        assert "before it begins" in await agent.refused(
            "book_meeting", title="x", start_time=times["end_time"], end_time=times["start_time"]
        )


@pytest.mark.parametrize("way", WAYS)
async def test_an_unknown_outcome_is_a_result_that_says_how_to_look(way: tuple[str, str]) -> None:
    """The write was carried out and its answer lost: the agent is not told that it failed."""
    async with at_work(way, User()) as (sandbox, agent):
        sandbox.fail("POST /api/agent/contacts", drop_after_commit=True)
        lost = await agent.call("save_contacts", contacts=[{"first_name": "Lost", "last_name": "Soul"}])
        assert lost["outcome"] == "unknown"
        assert "Do not repeat it before you have looked: find_people" in lost["what_to_do"]
        assert (await agent.call("find_people", query="lost soul"))["total"] == 1


@pytest.mark.parametrize("way", WAYS)
async def test_work_that_stops_half_way_says_what_is_done(way: tuple[str, str]) -> None:
    """The steps before it are named, and what stopped it."""
    async with at_work(way, User()) as (sandbox, agent):
        sequence = await welcome_of(agent)
        sandbox.fail("DELETE /api/agent/sequences/:id/steps/:stepId", times=None, after=1, status=403)
        done = await agent.call("save_sequence", sequence_id=sequence, steps=[])
        assert done["outcome"] == "partly_done"
        assert done["done_total"] == 1
        assert done["not_done_total"] == 1
        assert "may not do this" in done["what_to_do"]


@pytest.mark.parametrize("way", WAYS)
async def test_many_contacts_are_a_job_with_progress(way: tuple[str, str], tmp_path: Path) -> None:
    """Its result can be asked for later, also of the next server, and it is not done twice."""
    contacts = [{"first_name": "P", "last_name": str(n), "email": f"p{n}@x.example"} for n in range(90)]
    seen: list[tuple[float, float]] = []

    async def told(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total or 0))

    async with at_work(way, User(), state=tmp_path) as (sandbox, agent):
        result = await agent.client.call_tool("save_contacts", {"contacts": contacts}, progress_callback=told)
        done = result.structured_content
        assert done["outcome"] == "done"
        assert done["created"] == 90
        assert seen[-1:] == [(90, 90)]
        assert seen == sorted(seen)
        sent = len(writes(sandbox))
        async with agent_of(sandbox, mode=way[0], allow_writes=True, state=tmp_path) as later:
            again = await later.call("save_contacts", contacts=contacts, digest=done["job"])
            assert again["created"] == 90
            listed = await later.call("list_records", kind="jobs")
            assert (listed["rows"][0]["state"], listed["rows"][0]["job"]) == ("done", done["job"])
        assert len(writes(sandbox)) == sent
    assert not any(mode & 0o077 for mode in modes_of(tmp_path))


def modes_of(folder: Path) -> list[int]:
    return [path.stat().st_mode for path in folder.rglob("*.json")]


@pytest.mark.parametrize("way", WAYS)
async def test_a_job_goes_on_by_itself(way: tuple[str, str]) -> None:
    """A tool that has waited long enough says so; the result comes when it is asked for."""
    async with at_work(way, User(), patience=0) as (sandbox, agent):
        sequence = await welcome_of(agent)
        ids = [sandbox.state.create_contact("P", str(n), email=f"p{n}@x.example").id for n in range(150)]
        begun = await agent.call("enroll_people", sequence_id=sequence, contact_ids=ids)
        assert begun["outcome"] == "running"
        await sandbox.until(lambda: len(writes(sandbox)) >= 2)
        while (asked := await agent.call("enroll_people", sequence_id=sequence, digest=begun["job"]))[
            "outcome"
        ] == "running":
            pass
        assert asked["enrolled"] == 150


async def test_a_job_of_a_server_that_was_killed_goes_on(tmp_path: Path) -> None:
    """By its journal: nobody is created twice, and the user is not asked again for the same plan."""
    contacts = [{"first_name": "P", "last_name": str(n), "email": f"p{n}@x.example"} for n in range(100)]
    async with Sandbox(populate="none") as sandbox:
        release = sandbox.fail("POST /api/agent/contacts", times=None, after=1, status=500)
        user = User()
        async with client_of(sandbox, clock=FakeClock()) as crm:
            settings = AgentSettings(allow_writes=True, state=tmp_path, patience=0)
            service = AgentService(crm=crm, settings=settings)
            async with Client(build_server(service), elicitation_callback=user) as client:
                begun = await Agent(client).call("save_contacts", contacts=contacts)
                await sandbox.arrived("POST /api/agent/contacts", 2)
                await service.aclose()
        assert release.hits
        sandbox.clear_faults()
        async with agent_of(sandbox, allow_writes=True, state=tmp_path, ask=user) as agent:
            listed = await agent.call("list_records", kind="jobs")
            assert listed["rows"][0]["state"] == "interrupted"
            done = await agent.call("save_contacts", contacts=contacts, digest=begun["job"])
        assert done["outcome"] == "done"
        assert done["created"] == 100
        assert len(user.questions) == 1
        assert len(sandbox.state.rows("contacts")) == 100


@pytest.mark.parametrize("way", WAYS)
async def test_a_rehearsal_shows_what_would_be_sent(way: tuple[str, str]) -> None:
    """And writes nothing."""
    async with at_work(way, None) as (sandbox, agent):
        sequence, people = await welcome_of(agent), await people_of(agent, 2)
        shown = await agent.call("rehearse_sequence", sequence_id=sequence, contact_ids=people, days=14)
        assert shown["people"] == {"enrolled": 2}
        assert {mail["contact_id"] for mail in shown["mails"]} == set(people)
        assert [mail["step"] for mail in shown["mails"]].count(2) == 2
        assert writes(sandbox) == []
