"""`impactive mcp`: serve a workspace to AI agents, over the Model Context Protocol."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import option

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    from impactive_async import AsyncClient
    from impactive_async.agents.http import HttpAddress
    from impactive_async.agents.service import AgentService, AgentSettings
    from impactive_async.cli.kit.run import Run
    from impactive_async.hub import Hub

_SHARED = ("base_url", "timeout", "max_retries", "debug")
MOST_TOKENS = 100_000
_VARIABLE = "IMPACTIVE_MCP_TOKEN"
_LAST_PORT = 65_535


@command("mcp", example="impactive mcp --sandbox --allow-writes", shared=_SHARED)
@option("--allow-writes", is_flag=True, help="Offer the tools that write, too.")
@option(
    "--yes",
    "assume_yes",
    is_flag=True,
    help="Carry out what needs consent although the client cannot ask its user.",
)
@option(
    "--max-tokens",
    type=click.IntRange(1000, MOST_TOKENS),
    default=6000,
    metavar="N",
    help="The most tokens of one answer.",
)
@option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where jobs and their journals are kept.  [default: ~/.local/state/impactive]",
)
@option(
    "--hub",
    envvar="IMPACTIVE_HUB",
    show_envvar=True,
    metavar="URL",
    help="Read what is new from this hub, whose workers poll, instead of polling here.",
)
@option("--namespace", default="impactive", metavar="NAME", help="Keeps hubs apart in one database.")
@option(
    "--interval",
    type=click.FloatRange(min=1),
    default=300.0,
    metavar="SECONDS",
    help="Between two looks for changes, while a client has subscribed to be told.",
)
@option(
    "--http",
    metavar="HOST:PORT",
    help="Listen there for streamable HTTP, instead of standard input. Clients must show IMPACTIVE_MCP_TOKEN.",
)
@option("--token-file", type=click.Path(path_type=Path), metavar="FILE", help="Holds the token of --http.")
@option("--allow-remote", is_flag=True, help="Let --http listen on an address that other machines reach.")
@option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Another name that --http is called by, as agents.example.com. Repeatable.",
)
@option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="A web page that may call --http, as https://agents.example.com. Repeatable.",
)
@option("--sandbox", is_flag=True, help="Serve an emulated workspace of its own: no account, no network.")
async def serve_agents(
    run: Run,
    allow_writes: bool,
    assume_yes: bool,
    max_tokens: int,
    state: Path | None,
    hub: str | None,
    namespace: str,
    interval: float,
    http: str | None,
    token_file: Path | None,
    allow_remote: bool,
    hosts: tuple[str, ...],
    origins: tuple[str, ...],
    sandbox: bool,
) -> None:
    """Serve the workspace to an AI agent as an MCP server on standard input and output.

    With --http it serves any number of agents. It only reads, unless --allow-writes is given. What concerns more
    than one person, every enrollment and every change of an active sequence is asked of the user first.
    """
    try:
        import mcp  # noqa: F401 - whether it is there
    except ModuleNotFoundError:
        raise UsageError("This needs the SDK of MCP: pip install 'impactive-async[mcp]'.") from None
    from impactive_async.agents.http import run_http
    from impactive_async.agents.running import run_stdio
    from impactive_async.agents.server import build_server
    from impactive_async.agents.service import AgentSettings
    from impactive_async.hub import connect

    settings = AgentSettings(
        allow_writes=allow_writes, assume_yes=assume_yes, max_tokens=max_tokens, interval=interval
    )
    if assume_yes and not allow_writes:
        raise UsageError("--yes is about writes: say --allow-writes as well.")
    if http is None and (token_file or allow_remote or hosts or origins):
        raise UsageError(
            "--token-file, --allow-remote, --allow-host and --allow-origin are about --http: say it, too."
        )
    address = None if http is None else address_of(http, token_file, hosts, origins, remote=allow_remote)
    async with AsyncExitStack() as stack:
        log = None if hub is None else await stack.enter_async_context(connect(hub, namespace=namespace))
        service = await stack.enter_async_context(_service(run, settings, state, log, sandbox=sandbox))
        stack.push_async_callback(service.aclose)
        if address is None:
            await run_stdio(build_server(service))
            return
        with _listening(http):
            await run_http(build_server(service), address, lambda url: run.out.text(f"Listening on {url}"))


@contextmanager
def _listening(where: str | None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"Cannot listen on {where} ({error.strerror or error}); choose another port.") from error


def address_of(
    where: str, token_file: Path | None, hosts: tuple[str, ...], origins: tuple[str, ...], *, remote: bool
) -> HttpAddress:
    """Return where to listen, and to whom.

    Raises:
        UsageError: There is no token, or a short one, or its file cannot be read; the address is none, or one that
            others reach.
    """
    from impactive_async.agents.http import LEAST_TOKEN, HttpAddress, is_loopback
    from impactive_async.cli.kit.arguments import token_from

    host, _, port = where.rpartition(":")
    is_number = port.isascii() and port.isdigit() and len(port) <= len(str(_LAST_PORT))
    if not (host and is_number and int(port) <= _LAST_PORT):
        raise UsageError(f"--http {where!r}: write it as HOST:PORT, such as 127.0.0.1:8123.")
    host = host.strip("[]")
    if not (remote or is_loopback(host)):
        raise UsageError(f"Other machines reach {host}: say --allow-remote, and put a proxy with TLS before it.")
    token = token_from(token_file, _VARIABLE, flag="--http", least=LEAST_TOKEN)
    if not token.isascii():
        raise UsageError("The token of --http goes into a header: all of its characters must be ASCII.")
    return HttpAddress(host=host, port=int(port), token=token, hosts=hosts, origins=origins)


@asynccontextmanager
async def _service(
    run: Run, settings: AgentSettings, state: Path | None, hub: Hub | None, *, sandbox: bool
) -> AsyncIterator[AgentService]:
    """Yield the workspace that the command is about."""
    import attrs

    from impactive_async.agents.service import AgentService

    async with AsyncExitStack() as stack:
        if not sandbox:
            workspace = (
                await run.crm.zapier.auth_test()
            )  # a wrong key ends it now, where a person reads the reason
            own = folder_of(f"{run.crm.base_url} {workspace.id}", state)
            yield AgentService(crm=run.crm, settings=attrs.evolve(settings, state=own), hub=hub)
            return
        from impactive_async.sandbox import Sandbox, SandboxControl

        emulated = await stack.enter_async_context(Sandbox())
        crm: AsyncClient = await stack.enter_async_context(_client_of(emulated.api_key, emulated.url))
        control = await stack.enter_async_context(SandboxControl(emulated.url))
        own = Path(stack.enter_context(_folder_of_sandbox(state)))
        yield AgentService(crm=crm, settings=attrs.evolve(settings, state=own), hub=hub, sandbox=control)


def _folder_of_sandbox(given: Path | None) -> TemporaryDirectory[str]:
    """Return a new folder: each sandbox is a workspace of its own, and knows nothing of an earlier one's."""
    from tempfile import TemporaryDirectory

    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
    return TemporaryDirectory(prefix="impactive-", dir=given)


def folder_of(workspace: str, given: Path | None) -> Path:
    """Return the folder of a workspace: those of two workspaces are never the same."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return (given or Path(home) / "impactive") / sha256(workspace.encode()).hexdigest()[:16]


def _client_of(key: str, url: str) -> AsyncClient:
    from impactive_async import AsyncClient

    return AsyncClient(key, base_url=url)
