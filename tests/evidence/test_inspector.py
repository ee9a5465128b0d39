"""The official inspector, a client of another language, lists and calls the tools for agents."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.cli.support import environment
from tests.evidence.parts import ROOT, inspector
from tests.support import PATIENCE

SERVER = (sys.executable, "-m", "impactive_async", "mcp", "--sandbox", "--allow-writes")


def inspect(method: str, *options: str) -> dict[str, Any]:
    """What the inspector is answered."""
    done = subprocess.run(
        [inspector(), "--cli", *SERVER, "--method", method, *options],
        cwd=ROOT,
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def call(tool: str, *arguments: str) -> dict[str, Any]:
    """Call a tool with arguments as `name=value`."""
    options = [word for one in arguments for word in ("--tool-arg", one)]
    return inspect("tools/call", "--tool-name", tool, *options)


def test_it_lists_the_tools_prompts_and_resources() -> None:
    """With their schemas, which it reads by itself."""
    tools = {tool["name"]: tool for tool in inspect("tools/list")["tools"]}
    assert len(tools) == 13
    assert all(tool["outputSchema"]["type"] == "object" for tool in tools.values())
    assert len(inspect("prompts/list")["prompts"]) == 3
    assert len(inspect("resources/list")["resources"]) == 2


def test_it_calls_tools() -> None:
    """An answer is by its schema; what needs the user's consent is refused, because this client cannot ask."""
    found = call("find_people", "query=lovelace", "limit=5")["structuredContent"]
    assert found["rows"][0]["first_name"] == "⟦Ada⟧"
    refused = call("stop_people", "action=pause", "sequence_id=nope", "everyone=true")
    assert refused["isError"] is True
    assert "no such id" in refused["content"][0]["text"]
    planned = call("save_sequence", "name=Spring", "plan=true")["structuredContent"]
    assert planned["outcome"] == "planned"
