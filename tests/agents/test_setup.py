"""`impactive agent setup`: what clients are told."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from impactive_async.cli.agents.clients import CLIENTS
from tests.cli.support import invoke


@pytest.mark.parametrize("client", CLIENTS)
def test_what_is_printed_can_be_put_into_the_file(client: str) -> None:
    """As it stands behind the comment, and without a key."""
    said = invoke("agent", "setup", client, "--allow-writes").out
    head, _, text = said.partition("\n")
    assert head.startswith("# ")
    document = tomllib.loads(text) if client == "codex" else json.loads(text)
    (servers,) = document.values()
    assert servers["impactive"]["args"] == ["-m", "impactive_async", "mcp", "--allow-writes"]
    assert "IMPACTIVE_API_KEY" in text
    assert "IMPACTIVE_API_KEY" not in invoke("agent", "setup", client, "--sandbox").out


def test_all_clients_are_printed() -> None:
    """Where none is named."""
    said = invoke("agent", "setup").out
    assert all(client.title in said for client in CLIENTS.values())


def test_a_file_is_written_and_keeps_what_it_has(tmp_path: Path) -> None:
    """Other servers, other settings, and the key that a person has put there."""
    file = tmp_path / "folder" / "config.json"
    written = invoke("agent", "setup", "claude-desktop", "--write", "--yes", "--file", str(file))
    assert written.code == 0
    assert "Put your API key there" in written.err
    document = json.loads(file.read_text())
    document["theme"] = "dark"
    document["mcpServers"]["other"] = {"command": "x"}
    document["mcpServers"]["impactive"]["env"]["IMPACTIVE_API_KEY"] = "icrm_mine"
    file.write_text(json.dumps(document))
    again = invoke("agent", "setup", "claude-desktop", "--write", "--yes", "--allow-writes", "--file", str(file))
    assert "keeps 1 other server" in again.err
    assert "Put your API key" not in again.err
    now = json.loads(file.read_text())
    assert now["theme"] == "dark"
    assert now["mcpServers"]["other"] == {"command": "x"}
    assert now["mcpServers"]["impactive"]["env"]["IMPACTIVE_API_KEY"] == "icrm_mine"
    assert "--allow-writes" in now["mcpServers"]["impactive"]["args"]
    assert file.stat().st_mode & 0o077 == 0


def test_nothing_is_written_without_a_word(tmp_path: Path) -> None:
    """Where nobody is there to be asked, where the client is not named, where the file is not understood."""
    file = tmp_path / "config.json"
    assert "--yes" in invoke("agent", "setup", "cursor", "--write", "--file", str(file)).err
    assert not file.exists()
    assert "which client" in invoke("agent", "setup", "--write").err
    assert "TOML" in invoke("agent", "setup", "codex", "--write", "--yes").err
    for text, said in (
        ("{ // comment", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"mcpServers": 1}', "no object"),
    ):
        file.write_text(text)
        outcome = invoke("agent", "setup", "cursor", "--write", "--yes", "--file", str(file))
        assert (outcome.code, said in outcome.err) == (2, True)
        assert file.read_text() == text
