"""An agent's working day, without a model: what it reads, proposes, is refused, may do, and hears of."""

from __future__ import annotations

from pathlib import Path

import pytest

from impactive_async.agents.text.tokens import compact, count_tokens
from impactive_async.sandbox import Sandbox
from tests.agents.corpus import INJECTIONS
from tests.agents.support import WAYS, Agent, agent_of
from tests.agents.writing.test_writing import User, writes

CLASSES = {"Does Thursday work": "meeting", "Please stop": "stop", "Ignore": "attack", "price": "question"}
TEXTS = (
    "Does Thursday work for a call?",
    "Please stop writing to me.",
    f"{INJECTIONS[0]} {INJECTIONS[1]}",
    "What is your price for ten seats?",
    "Thanks, not now.",
)


def class_of(body: str) -> str:
    """What a model would make of a reply."""
    return next((found for words, found in CLASSES.items() if words in body), "other")


async def all_replies(agent: Agent) -> list[dict[str, str]]:
    """Read the replies page by page."""
    page = await agent.call("list_records", kind="replies", limit=20)
    rows = list(page["rows"])
    while "cursor" in page:
        assert page["truncated"]
        page = await agent.call("list_records", cursor=page["cursor"], kind="replies")
        rows += page["rows"]
    assert len(rows) == page["total"]
    return rows


@pytest.mark.parametrize("way", WAYS)
async def test_fifty_replies_are_triaged(way: tuple[str, str], tmp_path: Path) -> None:
    """Read in pages, sorted, proposed, refused by the user, confirmed, carried out, and heard of afterwards."""
    user = User("decline")
    async with (
        Sandbox(dialect=way[1], populate="none", reply_rate=0) as sandbox,
        agent_of(sandbox, mode=way[0], ask=user, allow_writes=True, state=tmp_path) as agent,
    ):
        state = sandbox.state
        people = [state.create_contact("Person", str(n), email=f"p{n}@x.example").id for n in range(50)]
        first = state.create_sequence("Outreach", [0, 3]).id
        state.enroll(first, people)
        await sandbox.clock.advance(hours=2)
        begun = await agent.call("changes_since")
        for number, person in enumerate(people):
            state.add_reply(person, subject="Re: Outreach", body=f"{TEXTS[number % 5]} ({number})")

        replies = await all_replies(agent)
        assert len(replies) == 50
        sorted_out: dict[str, list[str]] = {}
        for row in replies:
            sorted_out.setdefault(class_of(row["body"]), []).append(row["contact_id"])
        assert {name: len(ids) for name, ids in sorted_out.items()} == dict.fromkeys(
            ("meeting", "stop", "attack", "question", "other"), 10
        )
        assert writes(sandbox) == []  # the attacks were read, and nothing came of it

        user.action = "accept"
        follow = await agent.call(
            "save_sequence",
            name="Interested",
            status="active",
            steps=[{"subject": "Our prices", "body": "Hello {{first_name}}, here they are."}],
        )
        arguments = {"sequence_id": follow["sequence_id"], "contact_ids": sorted_out["question"]}
        rehearsed = await agent.call("rehearse_sequence", days=7, **arguments)
        assert len(rehearsed["mails"]) == 10
        planned = await agent.call("enroll_people", plan=True, **arguments)
        user.action = "decline"
        refused = await agent.refused("enroll_people", digest=planned["digest"], **arguments)
        assert "the user said no" in refused
        assert len(user.questions) == 2

        user.action = "accept"
        done = await agent.call("enroll_people", digest=planned["digest"], **arguments)
        assert done["enrolled"] == 10
        assert user.questions[2] == user.questions[1] == planned["plan"]
        stopped = await agent.call(
            "stop_people", action="pause", sequence_id=first, contact_ids=sorted_out["stop"]
        )
        assert stopped["outcome"] == "done"
        assert "Pause 10 people" in user.questions[3]
        await agent.call("advance_clock", days=4)

        heard, token = [], begun["token"]
        while True:
            page = await agent.call("changes_since", token=token, limit=40)
            heard += page["changes"]
            token = page["token"]
            if not page["more"]:
                break
        assert sum(row["kind"] == "replies" for row in heard) == 50
        sent = [row for row in heard if row["kind"] == "sends" and row["sequence_id"] == follow["sequence_id"]]
        assert {row["contact_id"] for row in sent} == set(sorted_out["question"])
        paused = {row["contact_id"] for row in heard if row.get("status") == "paused"}
        assert paused == set(sorted_out["stop"])
        enrolled = {row["contact_id"] for row in heard if row.get("sequence_id") == follow["sequence_id"]}
        assert enrolled == set(sorted_out["question"])
        report = (await agent.call("show_sequence", sequence_id=follow["sequence_id"], report=True))["report"]
        assert report["people"]["sent"] == 10
        assert count_tokens(compact(replies)) < 12_000
