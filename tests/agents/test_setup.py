"""`impactive agent setup`: what clients are told."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

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
        ("{ // comment", "not plain JSON"),
        ("[]", "not a JSON object"),
        ('{"mcpServers": 1}', "no object"),
    ):
        file.write_text(text)
        outcome = invoke("agent", "setup", "cursor", "--write", "--yes", "--file", str(file))
        assert (outcome.code, said in outcome.err) == (2, True)
        assert file.read_text() == text


def entered(file: Path, client: str, *options: str) -> Any:
    """Write a client's file; return what the command said."""
    return invoke("agent", "setup", client, "--write", "--yes", "--file", str(file), *options)


def test_what_people_have_added_to_the_entry_stays(tmp_path: Path) -> None:
    """Other variables and the client's own settings of the server; arguments are the new ones."""
    file = tmp_path / "mcp.json"
    own = {
        "command": "old",
        "args": ["x"],
        "env": {"IMPACTIVE_BASE_URL": "https://crm.x"},
        "alwaysAllow": ["pipeline"],
    }
    file.write_text("\ufeff" + json.dumps({"mcpServers": {"impactive": own}}), encoding="utf-8")
    assert entered(file, "windsurf").code == 0
    entry = json.loads(file.read_text(encoding="utf-8"))["mcpServers"]["impactive"]
    assert entry["env"]["IMPACTIVE_BASE_URL"] == "https://crm.x"
    assert "IMPACTIVE_API_KEY" in entry["env"]
    assert entry["alwaysAllow"] == ["pipeline"]
    assert (entry["command"], entry["args"]) == (sys.executable, ["-m", "impactive_async", "mcp"])


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_a_key_that_others_can_read_is_told(tmp_path: Path) -> None:
    """The mode of a file stays as it is, but not without a word; a key that comes from the environment is none."""
    file = tmp_path / "my config.json"
    entry = {"env": {"IMPACTIVE_API_KEY": "icrm_mine"}}
    file.write_text(json.dumps({"mcpServers": {"impactive": entry}}))
    file.chmod(0o644)
    said = entered(file, "claude-desktop").err
    assert f"chmod 600 '{file}'" in said
    assert "icrm_mine" not in said
    assert file.stat().st_mode & 0o777 == 0o644
    file.chmod(0o600)
    assert "chmod" not in entered(file, "claude-desktop").err
    (shared := tmp_path / "mcp.json").touch(0o644)
    for client in ("cursor", "claude-code", "vscode"):
        assert "chmod" not in entered(shared, client).err


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Whoever keeps settings in another folder finds them there; nothing else is left beside the file."""
    (real := tmp_path / "dotfiles").mkdir()
    (real / "mcp.json").write_text("{}")
    (link := tmp_path / "mcp.json").symlink_to(real / "mcp.json")
    assert entered(link, "cursor").code == 0
    assert link.is_symlink()
    assert "impactive" in json.loads((real / "mcp.json").read_text())["mcpServers"]
    assert [path.name for path in real.iterdir()] == ["mcp.json"]


@pytest.mark.parametrize(
    "text",
    ['{"mcpServers": {}, "mcpServers": {}}', "[" * 100_000, '{"a": 1,}', "\xff\xfe", "null", '{"mcpServers": []}'],
)
def test_a_file_that_cannot_be_kept_whole_is_left_alone(tmp_path: Path, text: str) -> None:
    """A name that is there twice would be lost; so would what is no JSON."""
    file = tmp_path / "mcp.json"
    file.write_text(text, encoding="latin-1")
    assert entered(file, "cursor").code == 2
    assert file.read_text(encoding="latin-1") == text
    assert [path.name for path in tmp_path.iterdir()] == ["mcp.json"]


@pytest.mark.parametrize(
    "program", ["/usr/bin/python3", "C:\\Program Files\\Python\\python.exe", "/home/😀/pÿ'\"\x7f"]
)
@pytest.mark.parametrize("client", CLIENTS)
def test_any_path_of_python_can_be_read_back(monkeypatch: pytest.MonkeyPatch, client: str, program: str) -> None:
    """Backslashes, quotes and characters beyond the first plane."""
    monkeypatch.setattr(sys, "executable", program)
    text = CLIENTS[client].text(["--sandbox"], with_key=True)
    document = tomllib.loads(text) if client == "codex" else json.loads(text)
    (servers,) = document.values()
    assert servers["impactive"]["command"] == program
