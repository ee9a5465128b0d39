"""The clients that an MCP server can be entered in: where their files are, and what stands in them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

NAME: Final = "impactive"
KEY: Final = "IMPACTIVE_API_KEY"
_TO_FILL_IN: Final = "icrm_ and 32 hex characters: put your key here"


class AgentClient(NamedTuple):
    """A client.

    Attributes:
        title: What it is called.
        places: Its file, by `sys.platform`; "" stands for all others. `~` and variables are expanded.
        servers: The key under which its file has servers.
        key: What stands for the API key: what the client replaces, or what a person must.
        kind: What says that the server is a program, if the client wants to know.
        toml: Whether its file is TOML, which is only shown.
    """

    title: str
    places: Mapping[str, str]
    servers: str = "mcpServers"
    key: str = _TO_FILL_IN
    kind: str = ""
    toml: bool = False

    @property
    def path(self) -> Path:
        """Its file on this machine."""
        place = self.places.get(sys.platform, self.places.get("", ""))
        return Path(os.path.expandvars(place)).expanduser()

    @property
    def needs_key(self) -> bool:
        """Whether a person must put the key into the file."""
        return self.key == _TO_FILL_IN

    def entry(self, arguments: Sequence[str], *, with_key: bool) -> dict[str, Any]:
        """Return what stands in its file for the server."""
        entry: dict[str, Any] = {"type": self.kind} if self.kind else {}
        entry |= {"command": sys.executable, "args": ["-m", "impactive_async", "mcp", *arguments]}
        return entry | ({"env": {KEY: self.key}} if with_key else {})

    def text(self, arguments: Sequence[str], *, with_key: bool) -> str:
        """Return a whole file that has only this server."""
        entry = self.entry(arguments, with_key=with_key)
        if not self.toml:
            return json.dumps({self.servers: {NAME: entry}}, indent=2)
        lines = [f"[{self.servers}.{NAME}]"]
        lines += [f"{name} = {_toml(value)}" for name, value in entry.items() if name != "env"]
        return "\n".join(lines + ([f'env_vars = ["{KEY}"]'] if with_key else []))


def _toml(value: Any) -> str:
    """Return a text, or a list of texts, as TOML: JSON, but for escapes of half characters, which TOML has not."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


CLIENTS: Final[Mapping[str, AgentClient]] = {
    "claude-desktop": AgentClient(
        "Claude Desktop",
        {
            "darwin": "~/Library/Application Support/Claude/claude_desktop_config.json",
            "win32": "$APPDATA/Claude/claude_desktop_config.json",
            "": "~/.config/Claude/claude_desktop_config.json",
        },
    ),
    "claude-code": AgentClient("Claude Code", {"": ".mcp.json"}, key=f"${{{KEY}}}", kind="stdio"),
    "cursor": AgentClient("Cursor", {"": "~/.cursor/mcp.json"}, key=f"${{env:{KEY}}}"),
    "vscode": AgentClient(
        "VS Code", {"": ".vscode/mcp.json"}, servers="servers", key=f"${{env:{KEY}}}", kind="stdio"
    ),
    "windsurf": AgentClient("Windsurf", {"": "~/.codeium/windsurf/mcp_config.json"}, key=f"${{env:{KEY}}}"),
    "codex": AgentClient("Codex", {"": "~/.codex/config.toml"}, servers="mcp_servers", toml=True),
}
