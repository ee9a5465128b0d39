"""The server as a process, as clients start it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from tests.agents.support import Agent
from tests.cli.support import environment, invoke, live_sandbox, run
from tests.support import KEY, PATIENCE

INITIALIZE = (
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
    '"clientInfo":{"name":"test","version":"1"}}}\n'
)


async def test_a_client_starts_it_and_calls_tools(tmp_path: Path) -> None:
    """Over standard input and output; neither the key nor what people wrote is in the log."""
    log = tmp_path / "log"
    with live_sandbox(populate="demo") as live, log.open("w") as errors:
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "impactive_async", "mcp", "--debug"], env=environment(live.env)
        )
        from mcp.client.stdio import stdio_client

        async with Client(stdio_client(command, errlog=errors)) as client:
            agent = Agent(client)
            assert "advance_clock" not in {tool.name for tool in (await client.list_tools()).tools}
            replies = await agent.call("list_records", kind="replies")
            assert "price list" in replies["rows"][0]["body"]
            await agent.refused("show_person", person="nobody@example.com")
        said = log.read_text()
    assert "GET /api/agent/sequences" in said
    assert live.sandbox.api_key not in said
    assert "price list" not in said
    assert "nobody@example.com" not in said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (None, 0)])
def test_it_ends_with_its_client_or_with_a_signal(number: signal.Signals | None, code: int) -> None:
    """At once, although it waits for input."""
    command = [sys.executable, "-m", "impactive_async", "mcp", "--sandbox"]
    with subprocess.Popen(
        command,
        env=environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin
        assert server.stdout
        server.stdin.write(INITIALIZE)
        server.stdin.flush()
        assert '"serverInfo"' in server.stdout.readline()
        if number is None:
            server.stdin.close()
        else:
            server.send_signal(number)
        assert server.wait(PATIENCE) == code


def test_what_is_set_up_wrongly_is_said_before_a_client_waits() -> None:
    """No key, a refused one, options that contradict each other."""
    with live_sandbox() as live:
        refused = run("mcp", env={**live.env, "IMPACTIVE_API_KEY": KEY}, text="")
    assert refused.code == 4
    assert refused.out == ""
    assert invoke("mcp").code == 3
    assert "--allow-writes" in invoke("mcp", "--yes", "--sandbox").err


def test_without_the_extra_the_command_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip install 'impactive-async[mcp]'` is what helps."""
    monkeypatch.setitem(sys.modules, "mcp", None)
    outcome = invoke("mcp", "--sandbox")
    assert outcome.code == 2
    assert "pip install 'impactive-async[mcp]'" in outcome.err


async def test_a_sandbox_begins_anew_in_a_folder_that_an_earlier_one_had(tmp_path: Path) -> None:
    """Its id is that of the one before, and nothing else is: what was kept of changes is not in the way."""
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "impactive_async", "mcp", "--sandbox", "--state", str(tmp_path / "state")],
        env=environment({}),
    )
    for _ in range(2):
        async with Client(command) as client:
            assert "token" in await Agent(client).call("changes_since")
