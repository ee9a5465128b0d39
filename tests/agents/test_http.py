"""The server over HTTP: behind a token, and not for pages of others."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from impactive_async.agents.http import HttpAddress, guarded, is_loopback
from impactive_async.agents.server import build_server
from impactive_async.agents.service import AgentService
from impactive_async.sandbox import Sandbox
from tests.agents.support import Agent
from tests.agents.writing.test_writing import User
from tests.cli.support import command_line, environment, invoke
from tests.support import FakeClock, client_of

TOKEN = "a-token-of-many-characters"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@asynccontextmanager
async def asked(address: HttpAddress) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client of HTTP for the server's application itself."""
    async with Sandbox() as sandbox, client_of(sandbox, clock=FakeClock()) as crm:
        app = guarded(build_server(AgentService(crm=crm)), address, 8000)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            yield client


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": f"Bearer {TOKEN}", "Host": "evil.example:8000"}, 421),
        ({"Authorization": f"Bearer {TOKEN}", "Host": "127.0.0.1:9999"}, 421),
        ({"Authorization": f"Bearer {TOKEN}", "Host": "127.0.0.1.evil.example:8000"}, 421),
        ({"Authorization": f"Bearer {TOKEN}", "Origin": "https://evil.example"}, 403),
        ({"Authorization": f"Bearer {TOKEN}", "Origin": "null"}, 403),
    ],
)
@pytest.mark.parametrize("path", ["/mcp", "/", "/elsewhere"])
async def test_nobody_comes_in_by_another_name_or_without_the_token(
    headers: dict[str, str], status: int, path: str
) -> None:
    """Whatever the path; and the refusal is text that says what to do."""
    async with asked(HttpAddress(host="127.0.0.1", port=8000, token=TOKEN)) as client:
        answer = await client.post(path, json=INITIALIZE, headers={**ACCEPT, **headers})
    assert answer.status_code == status
    assert answer.text


def test_names_and_origins_are_those_that_were_named() -> None:
    """A server for others has no name of loopback."""
    own = HttpAddress(host="127.0.0.1", port=0, token=TOKEN)
    assert own.names(7) == {"127.0.0.1:7", "localhost:7", "[::1]:7"}
    public = HttpAddress(host="10.0.0.5", port=0, token=TOKEN, hosts=("Agents.example.com",))
    assert public.names(7) == {"10.0.0.5:7", "agents.example.com"}
    assert TOKEN not in repr(public)
    assert [is_loopback(host) for host in ("::1", "127.8.8.8", "localhost", "0.0.0.0", "example.com")] == [
        *(True, True, True),
        *(False, False),
    ]


@contextmanager
def served(*options: str, token: str = TOKEN) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the server as a process; yields its URL."""
    pipe = subprocess.PIPE
    command = command_line("mcp", "--sandbox", "--http", "127.0.0.1:0", "--debug", *options)
    env = environment({"IMPACTIVE_MCP_TOKEN": token})
    with subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as server:
        assert server.stdout
        try:
            yield server.stdout.readline().split()[-1], server
        finally:
            server.terminate()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_works_over_http(mode: str) -> None:
    """With the token it reads, writes, and its user is asked; neither token nor texts are in the log."""
    user = User()
    with served("--allow-writes") as (url, server):
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            transport = streamable_http_client(url, http_client=http)
            async with Client(transport, mode=mode, elicitation_callback=user) as client:
                agent = Agent(client)
                sequence = (await agent.call("list_records", kind="sequences", query="welcome"))["rows"][0]["id"]
                person = (await agent.call("find_people", query="dijkstra"))["rows"][0]["id"]
                done = await agent.call("enroll_people", sequence_id=sequence, contact_ids=[person])
                assert done["enrolled"] == 1
        server.terminate()
        _, said = await asyncio.to_thread(server.communicate)
    assert server.returncode == 143
    assert len(user.questions) == 1
    assert TOKEN not in said
    assert "Dijkstra" not in said


def test_what_is_unsafe_is_refused_before_it_listens() -> None:
    """No token, a short one, an address that others reach, an address that is none."""
    assert "IMPACTIVE_MCP_TOKEN" in invoke("mcp", "--sandbox", "--http", "127.0.0.1:0").err
    env = {"IMPACTIVE_MCP_TOKEN": TOKEN}
    short = invoke("mcp", "--sandbox", "--http", "127.0.0.1:0", env={"IMPACTIVE_MCP_TOKEN": "x"})
    assert "16 are needed" in short.err
    accented = invoke("mcp", "--sandbox", "--http", "127.0.0.1:0", env={"IMPACTIVE_MCP_TOKEN": TOKEN + "é"})
    assert "ASCII" in accented.err
    assert "--allow-remote" in invoke("mcp", "--sandbox", "--http", "0.0.0.0:0", env=env).err
    assert "HOST:PORT" in invoke("mcp", "--sandbox", "--http", "nonsense", env=env).err
    assert "--http" in invoke("mcp", "--sandbox", "--allow-remote", env=env).err
