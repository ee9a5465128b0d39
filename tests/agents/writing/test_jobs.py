"""Jobs: whoever was told that one goes on is told of its end, one server is at each, and none is kept for ever."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
from mcp import Client

from impactive_async.agents import job_files
from impactive_async.agents.job_files import DAYS, AgentJob, JobFiles
from impactive_async.agents.jobs import Jobs, Report
from impactive_async.agents.server import build_server
from impactive_async.agents.service import AgentService, AgentSettings
from impactive_async.sandbox import Sandbox
from tests.agents.support import MODES, Agent
from tests.agents.writing.test_writing import User
from tests.support import FakeClock, client_of

PEOPLE = [{"first_name": "P", "last_name": str(n), "email": f"p{n}@x.example"} for n in range(60)]


def job_of(number: int) -> AgentJob:
    return AgentJob(f"{number:016x}", "save_contacts", {})


def stems_in(folder: Path) -> set[str]:
    return {path.name.partition(".")[0] for path in folder.iterdir()}


async def nothing(*_: Any) -> None:
    """Tell nobody."""


async def finished(jobs: Jobs, job: AgentJob) -> AgentJob:
    async def work(_: Report) -> Mapping[str, Any]:
        return {"outcome": "done", "contact_ids": ["x"] * 500}

    return await jobs.run(job, work, nothing, 60, nothing)


@pytest.mark.filterwarnings("ignore:resources/subscribe is removed", "ignore:The logging capability")
@pytest.mark.parametrize("level", [None, "error"])
@pytest.mark.parametrize("mode", MODES)
async def test_its_end_is_told(tmp_path: Path, mode: str, level: Any) -> None:
    """To whoever listens to the job; in the older era also in the log of the client that has begun it."""
    updated: asyncio.Queue[str] = asyncio.Queue()
    logged: list[str] = []

    async def heard(message: Any) -> None:
        if getattr(message, "method", "") == "notifications/resources/updated":
            updated.put_nowait(str(message.params.uri))

    async def log(params: Any) -> None:
        logged.append(f"{params.level}: {params.data}")

    async with Sandbox(populate="none") as sandbox, client_of(sandbox, clock=FakeClock()) as crm:
        settings = AgentSettings(allow_writes=True, state=tmp_path, patience=0)
        service = AgentService(crm=crm, settings=settings)
        async with Client(
            build_server(service),
            mode=mode,
            elicitation_callback=User(),
            message_handler=heard,
            logging_callback=log,
        ) as client:
            agent = Agent(client)
            if level and mode == "legacy":
                await client.set_logging_level(level)
            planned = await agent.call("save_contacts", contacts=PEOPLE, plan=True)
            uri = f"impactive://jobs/{planned['digest']}"
            arguments = {"contacts": PEOPLE, "digest": planned["digest"]}
            if mode == "legacy":
                await client.session.subscribe_resource(uri)
                assert (await agent.call("save_contacts", **arguments))["outcome"] == "running"
                assert await updated.get() == uri
            else:
                async with client.listen(resource_subscriptions=[uri]) as events:
                    assert (await agent.call("save_contacts", **arguments))["outcome"] == "running"
                    async for event in events:
                        assert getattr(event, "uri", "") == uri
                        break
            shown = json.loads((await client.read_resource(uri)).contents[0].text)  # type: ignore[union-attr]
            assert (shown["state"], shown["result"]["created"]) == ("done", 60)
        await service.aclose()
    begun = f"notice: The job {planned['digest']} (save_contacts) is over: done."
    told = [line for line in logged if line.startswith(begun)]
    assert len(told) == (mode == "legacy" and level is None)


@pytest.mark.filterwarnings("ignore:resources/(un)?subscribe is removed")
async def test_one_client_that_wants_no_more_notices_silences_no_other(tmp_path: Path) -> None:
    """A subscription is that of a connection."""
    heard: dict[str, list[str]] = {"a": [], "b": []}

    def handler(name: str) -> Any:
        async def hear(message: Any) -> None:
            if getattr(message, "method", "") == "notifications/resources/updated":
                heard[name].append(str(message.params.uri))

        return hear

    uri = f"impactive://jobs/{7:016x}"
    async with Sandbox(populate="none") as sandbox, client_of(sandbox, clock=FakeClock()) as crm:
        service = AgentService(crm=crm, settings=AgentSettings(state=tmp_path))
        server = build_server(service)
        async with (
            Client(server, mode="legacy", message_handler=handler("a")) as first,
            Client(server, mode="legacy", message_handler=handler("b")) as second,
        ):
            for client in (first, second, second):
                await client.session.subscribe_resource(uri)
            await first.session.unsubscribe_resource(uri)
            await finished(service.jobs, job_of(7))
            await sandbox.until(lambda: bool(heard["b"]))
        await service.aclose()
    assert heard == {"a": [], "b": [uri]}


async def test_old_jobs_and_the_oldest_of_many_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With their journals; what was interrupted is kept until it is old, and what runs is never removed."""
    monkeypatch.setattr(job_files, "MOST", 3)
    files, jobs = JobFiles(tmp_path), Jobs(tmp_path)
    for number in range(6):
        await finished(jobs, job_of(number))
        (tmp_path / f"{number:016x}.journal").touch()
        os.utime(tmp_path / f"{number:016x}.json", (now := time.time() - 100 + number, now))
    files.keep(job_of(100))  # interrupted
    files.keep(job_of(101))
    for number in (5, 101):
        os.utime(tmp_path / f"{number:016x}.json", (then := time.time() - (DAYS + 1) * 86_400, then))
    held = files.locked(f"{102:016x}")
    files.keep(job_of(102))
    os.utime(tmp_path / f"{102:016x}.json", (then, then))
    files.prune()
    assert held
    left = [f"{number:016x}" for number in (102, 2, 3, 4, 100)]
    assert files.ids() == left
    assert stems_in(tmp_path) == set(left)
    held.release()


async def test_of_two_servers_one_is_at_a_job(tmp_path: Path) -> None:
    """The other says that it runs, does not begin it anew, and takes it up when the first is gone."""
    release, calls = asyncio.Event(), []

    async def work(_: Report) -> Mapping[str, Any]:
        calls.append(1)
        await release.wait()
        return {"outcome": "done"}

    first, second, job = Jobs(tmp_path), Jobs(tmp_path), job_of(1)
    assert (await first.run(job, work, nothing, 0, nothing)).state == "running"
    seen = second.known(job.id)
    assert seen
    assert seen.state == "running"
    assert (await second.run(attrs.evolve(seen), work, nothing, 60, nothing)).state == "running"
    await first.aclose()
    assert len(calls) == 1
    gone = second.known(job.id)
    assert gone
    assert gone.state == "interrupted"
    assert "Call the same tool with the digest to go on" in gone.shown()["what_to_do"]
    release.set()
    assert (await second.run(gone, work, nothing, 60, nothing)).state == "done"
    known = first.known(job.id)
    assert known
    assert known.state == "done"


async def test_many_jobs_of_a_server_without_a_folder_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest first."""
    monkeypatch.setattr("impactive_async.agents.jobs.MOST", 3)
    jobs = Jobs()
    for number in range(10):
        await finished(jobs, job_of(number))
    assert [int(job.id, 16) for job in jobs.all()] == [7, 8, 9]


def test_what_is_not_a_job_is_none(tmp_path: Path) -> None:
    """A file that is damaged, or of a newer version, and an id that leaves the folder."""
    files = JobFiles(tmp_path)
    for number, text in enumerate(("", "{", '{"id": "x"}', '{"id":"x","tool":"t","payload":{},"new":1}', "[]")):
        (tmp_path / f"{number:016x}.json").write_text(text)
        assert files.read(f"{number:016x}") is None
    (tmp_path / "secret.json").write_text("{}")
    assert files.read("secret") is None
    assert files.read("../secret") is None
