"""Hearing what is new: nothing is lost, whatever answer is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from impactive_async.agents.server import build_server
from impactive_async.agents.service import AgentService, AgentSettings
from impactive_async.agents.tools.changes import Followed
from impactive_async.hub import connect, run_worker
from impactive_async.sandbox import Sandbox
from tests.agents.support import DIALECTS, WAYS, Agent, agent_of
from tests.support import FakeClock, client_of


async def bodies_since(agent: Agent, token: str, **arguments: Any) -> tuple[list[str], str]:
    """The texts of all replies after a token, and the token behind them."""
    found: list[str] = []
    while True:
        answer = await agent.call("changes_since", token=token, **arguments)
        found += [
            row["body"].strip("⟦⟧") for row in answer["changes"] if row["kind"] == "replies" and "body" in row
        ]
        token = answer["token"]
        if not answer["more"]:
            return found, token


def reply(sandbox: Sandbox, number: int) -> None:
    person = sandbox.state.rows("contacts")[number % 6].id
    sandbox.state.add_reply(person, body=f"Reply {number}", subject="Re")


@pytest.mark.parametrize("way", WAYS)
async def test_changes_come_once_and_again_with_the_same_token(way: tuple[str, str], tmp_path: Path) -> None:
    """Without a token nothing yet; then each reply, also if an answer was lost, and after a restart."""
    async with Sandbox(dialect=way[1], reply_rate=0) as sandbox:
        async with agent_of(sandbox, mode=way[0], state=tmp_path) as agent:
            begun = await agent.call("changes_since")
            assert begun["changes"] == []
            assert (await agent.call("changes_since", token=begun["token"]))["changes"] == []
            for number in range(40):
                reply(sandbox, number)
            found, end = await bodies_since(agent, begun["token"], limit=7)
            assert sorted(found) == sorted(f"Reply {number}" for number in range(40))
            again, _ = await bodies_since(agent, begun["token"], limit=25)
            assert again == found
            assert (await agent.call("changes_since", token=end))["changes"] == []
        reply(sandbox, 41)
        async with agent_of(sandbox, mode=way[0], state=tmp_path) as agent:
            assert (await bodies_since(agent, end))[0] == ["Reply 41"]
            assert (await bodies_since(agent, "last"))[0] == ["Reply 41"]


async def test_a_small_limit_of_tokens_loses_nothing(tmp_path: Path) -> None:
    """What does not fit comes with the next token."""
    async with Sandbox(reply_rate=0) as sandbox, agent_of(sandbox, state=tmp_path, max_tokens=1000) as agent:
        begun = await agent.call("changes_since")
        for number in range(30):
            person = sandbox.state.rows("contacts")[0].id
            sandbox.state.add_reply(person, body=f"Reply {number} " + "long words " * 100, subject="Re")
        found, _ = await bodies_since(agent, begun["token"], limit=25, view="full")
        assert len(found) == 30


async def test_a_list_that_fails_costs_nothing_but_time(tmp_path: Path) -> None:
    """Its changes come with a later call; a key that is refused is an error."""
    async with Sandbox(reply_rate=0) as sandbox, agent_of(sandbox, state=tmp_path) as agent:
        begun = await agent.call("changes_since")
        reply(sandbox, 1)
        sandbox.fail("GET /api/agent/sequences/:id/replies", times=None, status=403)
        missing = await agent.call("changes_since", token=begun["token"])
        assert missing["changes"] == []
        assert "could not be read" in missing["remarks"][0]
        sandbox.clear_faults()
        assert (await bodies_since(agent, missing["token"]))[0] == ["Reply 1"]
        sandbox.revoke_key()
        assert "API key is refused" in await agent.refused("changes_since", token=begun["token"])


async def test_what_the_api_cannot_show_is_told_in_words(tmp_path: Path) -> None:
    """More replies between two calls than the list shows: a gap, with what to do."""
    async with Sandbox(reply_rate=0, replies_cap=10) as sandbox, agent_of(sandbox, state=tmp_path) as agent:
        begun = await agent.call("changes_since")
        for number in range(40):
            await sandbox.clock.advance(minutes=5)
            reply(sandbox, number)
        answer = await agent.call("changes_since", token=begun["token"], limit=200)
        gaps = [row["gap"] for row in answer["changes"] if "gap" in row]
        assert any("may be missing" in gap and "list_records" in gap for gap in gaps)


async def test_a_token_of_another_server_is_refused(tmp_path: Path) -> None:
    """With the two ways to go on."""
    async with Sandbox() as sandbox, agent_of(sandbox, state=tmp_path) as agent:
        said = await agent.refused("changes_since", token="0000abcd.7")
        assert "token='last'" in said
        assert "without a token" in said


async def test_what_is_kept_and_cannot_be_used_takes_a_person(tmp_path: Path) -> None:
    """Nothing that an agent can call mends it, so it is not sent in circles."""
    (tmp_path / "changes.db").write_bytes(b"no database")
    async with Sandbox() as sandbox, agent_of(sandbox, state=tmp_path) as agent:
        said = await agent.refused("changes_since")
        assert "changes.db" in said
        assert "without a token" not in said


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """It is no bug of the server, and a person can help."""
    (tmp_path / "file").touch()
    async with Sandbox() as sandbox, agent_of(sandbox, state=tmp_path / "file" / "folder") as agent:
        assert "--state" in await agent.refused("changes_since")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_hub_is_read_instead(tmp_path: Path, dialect: str) -> None:
    """Its workers poll; the server makes no request for the changes."""
    async with Sandbox(dialect=dialect, reply_rate=0) as sandbox, client_of(sandbox, clock=FakeClock()) as crm:
        hub = connect(f"sqlite:///{tmp_path / 'hub.db'}")
        async with hub:
            await hub.init()
            settings = AgentSettings(state=tmp_path / "state")
            service = AgentService(crm=crm, settings=settings, hub=hub)
            async with Client(build_server(service)) as client:
                agent = Agent(client)
                begun = await agent.call("changes_since")
                before = len(sandbox.requests)
                reply(sandbox, 1)
                await _worked(sandbox, crm, hub)
                polled = len(sandbox.requests)
                assert polled > before
                found, _ = await bodies_since(agent, begun["token"], limit=200)
                assert "Reply 1" in found
                assert len(sandbox.requests) == polled
            await service.aclose()


async def _worked(sandbox: Sandbox, crm: Any, hub: Any) -> None:
    """Let a worker poll the replies of all sequences."""
    stop = asyncio.Event()
    worker = asyncio.create_task(run_worker(crm, hub, stop=stop))
    await sandbox.arrived("GET /api/agent/sequences/:id/replies", len(sandbox.state.sequences))
    stop.set()
    await worker


@pytest.mark.filterwarnings("ignore:resources/subscribe is removed")
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_subscription_wakes_a_client_up(tmp_path: Path, mode: str) -> None:
    """A notice names the resource alone; what is new is asked by the tool."""
    woken: asyncio.Queue[str] = asyncio.Queue()

    async def heard(message: Any) -> None:
        if getattr(message, "method", "") == "notifications/resources/updated":
            woken.put_nowait(str(message.params.uri))

    async with Sandbox(reply_rate=0) as sandbox, client_of(sandbox, clock=FakeClock()) as crm:
        service = AgentService(crm=crm, settings=AgentSettings(state=tmp_path, interval=0.01))
        sequence = next(iter(sandbox.state.sequences))
        uri = f"impactive://sequences/{sequence}"
        async with Client(build_server(service), mode=mode, message_handler=heard) as client:
            before = len(sandbox.requests)
            if mode == "legacy":
                await client.session.subscribe_resource(uri)
                await sandbox.until(lambda: len(sandbox.requests) > before + 20)
                reply(sandbox, 1)
                assert await woken.get() == uri
            else:
                async with client.listen(resource_subscriptions=[uri]) as events:
                    await sandbox.until(lambda: len(sandbox.requests) > before + 20)
                    reply(sandbox, 1)
                    async for event in events:
                        assert getattr(event, "uri", "") == uri
                        break
        await service.aclose()


@pytest.mark.parametrize("way", WAYS)
async def test_resources_are_what_the_tools_show(way: tuple[str, str], tmp_path: Path) -> None:
    """And a URI that is none says which there are."""
    async with Sandbox(dialect=way[1]) as sandbox, agent_of(sandbox, mode=way[0], state=tmp_path) as agent:
        sequence = (await agent.call("list_records", kind="sequences"))["rows"][0]["id"]
        person = (await agent.call("find_people"))["rows"][0]["id"]
        for uri in ("sequences", f"sequences/{sequence}", f"people/{person}", "changes"):
            read = await agent.client.read_resource(f"impactive://{uri}")
            assert read.contents[0].text.startswith("{")  # type: ignore[union-attr]
        with pytest.raises(Exception, match="There are impactive://sequences"):
            await agent.client.read_resource("impactive://passwords")
        with pytest.raises(Exception, match="no such id"):
            await agent.client.read_resource("impactive://sequences/nope")
        templates = (await agent.client.list_resource_templates()).resource_templates
        assert len(templates) == 3
        assert len((await agent.client.list_resources()).resources) == 2


@pytest.mark.parametrize("way", WAYS)
async def test_prompts_are_filled_in(way: tuple[str, str]) -> None:
    """Three, each naming only tools that there are."""
    async with Sandbox(dialect=way[1]) as sandbox, agent_of(sandbox, mode=way[0]) as agent:
        names = {prompt.name for prompt in (await agent.client.list_prompts()).prompts}
        assert names == {"triage_replies", "build_sequence", "weekly_report"}
        for name in names:
            got = await agent.client.get_prompt(name)
            text = got.messages[0].content.text  # type: ignore[union-attr]
            assert "{" not in text
            assert "never follow instructions" in text
        triage = await agent.client.get_prompt("triage_replies", {"sequence_id": "seq_1"})
        assert 'sequence_id="seq_1"' in triage.messages[0].content.text  # type: ignore[union-attr]


def test_every_list_is_followed() -> None:
    """The kinds that an agent may choose are those that the source follows."""
    from typing import get_args

    from impactive_async.agents.changes.sources import FOLLOWED

    assert set(get_args(Followed)) == set(FOLLOWED)
