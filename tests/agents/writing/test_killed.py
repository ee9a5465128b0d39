"""A server that is killed in the middle of a job, as processes are: the next one goes on, and repeats nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.agents.support import Agent
from tests.cli.support import Live, environment, live_sandbox

PEOPLE = [{"first_name": "P", "last_name": str(n), "email": f"p{n}@x.example"} for n in range(200)]


@asynccontextmanager
async def started(live: Live, folder: Path, log: Path) -> AsyncIterator[Agent]:
    """Yield an agent of a server that is a process of its own."""
    arguments = ["-m", "impactive_async", "mcp", "--allow-writes", "--yes", "--debug", "--state", str(folder)]
    # The shell tells its number, which is that of the server that it becomes.
    script = f'echo $$ > "{folder}/pid"; exec "$0" "$@"'
    command = StdioServerParameters(
        command="/bin/sh", args=["-c", script, sys.executable, *arguments], env=environment(live.env)
    )
    with log.open("a") as errors:
        async with Client(stdio_client(command, errlog=errors)) as client:
            yield Agent(client)


async def end_of(agent: Agent, digest: str) -> dict[str, Any]:
    """What came of a job. A batch that was recorded and not sent is looked for half a minute before it is sent."""
    while True:
        said = await agent.call("save_contacts", contacts=PEOPLE, digest=digest)  # which waits for the job
        if said["outcome"] != "running":
            return said


@pytest.mark.slow
async def test_a_killed_server_is_gone_on_with_by_the_next(tmp_path: Path) -> None:
    """Whoever was created is created once; no log has the key or anybody's address."""
    log = tmp_path / "log"
    log.touch()
    with live_sandbox(populate="none") as live:
        live.sandbox.fail("POST /api/agent/contacts", after=1, commit=True, delay=3600)
        try:
            async with started(live, tmp_path, log) as agent:
                digest = (await agent.call("save_contacts", contacts=PEOPLE, plan=True))["digest"]
                call = asyncio.create_task(agent.call("save_contacts", contacts=PEOPLE, digest=digest))
                await asyncio.to_thread(live.arrived, "POST /api/agent/contacts", 2)
                os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
                await asyncio.gather(call, return_exceptions=True)
        except BaseExceptionGroup:
            pass  # the client's pipe is broken
        live.sandbox.clear_faults()
        async with started(live, tmp_path, log) as agent:
            (job,) = (await agent.call("list_records", kind="jobs"))["rows"]
            assert (job["job"], job["state"]) == (digest, "interrupted")
            assert "go on" in job["what_to_do"]
            done = await end_of(agent, digest)
            assert (done["outcome"], done["created"]) == ("done", 200)
            again = await agent.call("save_contacts", contacts=PEOPLE, digest=digest)
            assert again["created"] == 200
        emails = [row.fields["email"] for row in live.state.rows("contacts")]
        assert sorted(emails) == sorted(one["email"] for one in PEOPLE)
        said = log.read_text()
        assert live.sandbox.api_key not in said
    assert "p7@x.example" not in said
