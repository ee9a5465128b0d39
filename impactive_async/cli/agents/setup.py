"""`impactive agent setup`: tell a client of the MCP server."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from impactive_async.cli.agents.clients import CLIENTS, KEY, NAME, AgentClient
from impactive_async.cli.kit.asking import agree, yes_option
from impactive_async.cli.kit.declare import Group, command
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import LOCAL, argument, option
from impactive_async.cli.kit.words.wording import count

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

app = Group("agent", help="AI agents: how their clients are told of `impactive mcp`.")


@command("setup", app, example="impactive agent setup claude-desktop --sandbox", shared=LOCAL)
@argument(
    "client",
    type=click.Choice(tuple(CLIENTS)),
    required=False,
    metavar="[CLIENT]",
    help=f"One of {', '.join(CLIENTS)}; left out: all.",
)
@option("--allow-writes", is_flag=True, help="Enter a server that offers the tools that write, too.")
@option("--sandbox", is_flag=True, help="Enter a server of an emulated workspace, which needs no key.")
@option("--write", "writes", is_flag=True, help="Write the client's file, and keep what else stands in it.")
@option(
    "--file", type=click.Path(path_type=Path), metavar="FILE", help="Another file than the client's usual one."
)
@yes_option
async def setup(
    run: Run, client: str | None, allow_writes: bool, sandbox: bool, writes: bool, file: Path | None, yes: bool
) -> None:
    """Print what a client's configuration says of the MCP server, or write it there.

    Keys are not written: a client that can take it from the environment does, for others you put it in yourself.
    """
    chosen = {"--allow-writes": allow_writes, "--sandbox": sandbox}
    arguments = [name for name, wanted in chosen.items() if wanted]
    if writes or file is not None:
        if client is None or not writes:
            raise UsageError("Say which client, and --write: `impactive agent setup cursor --write`.")
        _enter(run, CLIENTS[client], file or CLIENTS[client].path, arguments, sandbox=sandbox, yes=yes)
        return
    for one in CLIENTS.values() if client is None else (CLIENTS[client],):
        run.out.text(f"# {one.title}: {one.path}\n{one.text(arguments, with_key=not sandbox)}\n")


def _enter(run: Run, client: AgentClient, path: Path, arguments: list[str], *, sandbox: bool, yes: bool) -> None:
    """Write the server into a client's file.

    Raises:
        UsageError: The file is not JSON of the expected form, or is TOML.
    """
    if client.toml:
        raise UsageError(f"{client.title} has a file of TOML: add to {path} what `impactive agent setup` prints.")
    document = _document(path)
    servers = document.setdefault(client.servers, {})
    if not isinstance(servers, dict):
        raise UsageError(f"{path}: {client.servers} is no object. Correct the file first.")
    entry = _kept(servers.get(NAME), client.entry(arguments, with_key=not sandbox))
    deed, others = ("Replaces", len(servers) - 1) if NAME in servers else ("Adds", len(servers))
    agree(run, f"{deed} the server {NAME!r} in {path}, and keeps {count(others, 'other server')}.", yes=yes)
    servers[NAME] = entry
    _write(path, document)
    run.out.text(f"Written: {path}. Start {client.title} again.")
    if client.needs_key and not sandbox and entry["env"][KEY] == client.key:
        run.note(f"Put your API key there, under env, {KEY}; nobody else should be able to read the file.")
    key = str((entry.get("env") or {}).get(KEY, client.key))
    if key != client.key and not key.startswith("$") and os.name == "posix" and path.stat().st_mode & 0o077:
        run.note(
            f"Others of this machine can read {path}, and with it your API key: chmod 600 {shlex.quote(str(path))}"
        )


def _kept(old: Any, new: dict[str, Any]) -> dict[str, Any]:
    """Return the new entry with what a person has added to the old one: the key, variables, settings."""
    if not isinstance(old, dict):
        return new
    known = old.get("env")
    env = {**new.get("env", {}), **(known if isinstance(known, dict) else {})}
    return {**old, **new, **({"env": env} if env else {})}


def _document(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = json.loads(text if text.strip() else "{}", object_pairs_hook=_once)
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        raise UsageError(
            f"{path} is not plain JSON (comments, or a name that is there twice): add by hand what is printed."
        ) from None
    if not isinstance(document, dict):
        raise UsageError(f"{path} is not a JSON object. Correct the file first.")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object, unless it has a name twice: one of the two would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is given twice")
    return found


def _write(path: Path, document: dict[str, Any]) -> None:
    """Replace a file in one step; a reader sees the old one or the new one."""
    from tempfile import mkstemp

    path = path.resolve()  # whoever keeps settings elsewhere has a link there
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    descriptor, new = mkstemp(dir=path.parent, prefix=f"{path.name}.")  # for us alone: it may hold a key
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        Path(new).chmod(mode)
        Path(new).replace(path)
    except BaseException:
        Path(new).unlink(missing_ok=True)
        raise
