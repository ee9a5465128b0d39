"""What a process that runs for long shows of itself: a port, a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import option

if TYPE_CHECKING:
    from impactive_async import AsyncClient
    from impactive_async.cli.kit.run import Run
    from impactive_async.operations.shown import Shown

TOKEN: Final = "IMPACTIVE_ACTIONS_TOKEN"  # noqa: S105 - the name of a variable
PORT_OPTIONS: Final = ("listen", "blocked_after", "allow_hosts", "allow_actions", "token_file", "otel")
"""What `port_of` takes."""
_HIGHEST_PORT: Final = 65_535


def _address(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    is_number = port.isascii() and port.isdigit() and len(port) <= len(str(_HIGHEST_PORT))
    if not host or not is_number or int(port) > _HIGHEST_PORT:
        raise click.BadParameter(f"{text!r} is not HOST:PORT, as in 127.0.0.1:9464.")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _name(context: click.Context, parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not name or any(sign in name for sign in "/:@ "):
            raise click.BadParameter(f"{name!r} is no host's name, as ops.example.com is one.")
    return names


listen_option = option(
    "--listen",
    metavar="HOST:PORT",
    callback=_address,
    help="Serve /metrics, /livez, /readyz and a page at /; needs the extra `metrics`.",
)
allow_host_option = option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    callback=_name,
    help="Another name by which the page is asked for, as a proxy has one. Repeatable.",
)
allow_actions_option = option(
    "--allow-actions",
    is_flag=True,
    help=f"Let whoever knows a token act on the page: of --token-file, or in {TOKEN}.",
)
token_file_option = option(
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"The token for --allow-actions, in a file; or in {TOKEN}.",
)
blocked_after_option = option(
    "--blocked-after",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="The port answers 503 when the event loop has not turned for so long (default: 10).",
)
health_file_option = option(
    "--health-file",
    type=click.Path(dir_okay=False),
    metavar="PATH",
    help="Write `ready` or `not ready` here every five seconds; an old file tells of a worker that hangs.",
)
fail_after_option = option(
    "--fail-after",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Not alive when every poll has failed for so long (default: alive: a restart mends no API).",
)


otel_option = option(
    "--otel",
    is_flag=True,
    help="Spans and metrics for OpenTelemetry, set up as by `opentelemetry-instrument`; needs the extra `otel`.",
)


def port_options(body: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of its port; it gets their values for `port_of`."""
    port = (blocked_after_option, allow_host_option, listen_option)
    for add in (otel_option, token_file_option, allow_actions_option, *port):
        body = add(body)
    return body


class Port(NamedTuple):
    """What is served, and to whom. It is a tuple because `--help` must not import attrs."""

    listen: tuple[str, int] | None
    token: str | None = None
    names: tuple[str, ...] = ()
    blocked_after: float | None = None
    otel: bool = False


def port_of(
    *,
    listen: tuple[str, int] | None,
    blocked_after: float | None,
    allow_hosts: tuple[str, ...],
    allow_actions: bool,
    token_file: Path | None,
    otel: bool,
) -> Port:
    """Return the port that the options name.

    Raises:
        UsageError: Actions are allowed without a port or a token, or the token is too short.
    """
    if listen is None and (allow_actions or allow_hosts or blocked_after):
        raise UsageError(
            "--allow-actions, --allow-host and --blocked-after are about --listen HOST:PORT, which is missing."
        )
    if token_file and not allow_actions:
        raise UsageError("A token alone allows nothing: give --allow-actions too.")
    token = _token(token_file) if allow_actions else None
    return Port(listen=listen, token=token, names=allow_hosts, blocked_after=blocked_after, otel=otel)


def _token(file: Path | None) -> str:
    from impactive_async.cli.kit.arguments import token_from
    from impactive_async.operations.access import TOKEN_LENGTH

    return token_from(file, TOKEN, flag="--allow-actions", least=TOKEN_LENGTH)


@asynccontextmanager
async def shown(
    run: Run, process: Shown, port: Port, *, client: AsyncClient | None, health_file: str | None = None
) -> AsyncIterator[None]:
    """Show what a process does while the block lasts.

    Raises:
        UsageError: The port is taken, the extra is not installed, or the file cannot be written.
    """
    if port.otel:
        _instrument(process, client)
    async with AsyncExitStack() as stack:
        if port.listen:
            await _listen(stack, run, process, port, port.listen, client)
        if health_file:
            _keep_file(stack, Path(health_file), process)
        yield


def _instrument(process: Shown, client: AsyncClient | None) -> None:
    try:
        from impactive_async import otel
    except ModuleNotFoundError:
        raise UsageError("--otel needs OpenTelemetry's API: pip install 'impactive-async[otel]'.") from None
    otel.instrument_process(process)
    if client is not None:
        otel.instrument(client)


async def _listen(
    stack: AsyncExitStack, run: Run, process: Shown, port: Port, at: tuple[str, int], client: AsyncClient | None
) -> None:
    try:
        from impactive_async.operations.loop_watch import BLOCKED_AFTER
        from impactive_async.operations.server import serving
    except ModuleNotFoundError:
        raise UsageError("--listen needs prometheus-client: pip install 'impactive-async[metrics]'.") from None
    host, number = at
    after = port.blocked_after or BLOCKED_AFTER
    served = serving(
        process, host=host, port=number, client=client, token=port.token, names=port.names, blocked_after=after
    )
    try:
        number = await stack.enter_async_context(served)
    except OSError as error:
        raise UsageError(
            f"Cannot listen on {host}:{number} ({error.strerror or error}); choose another port with --listen."
        ) from error
    run.note(f"Listening on http://{f'[{host}]' if ':' in host else host}:{number}/")


def _keep_file(stack: AsyncExitStack, path: Path, process: Shown) -> None:
    import asyncio

    from impactive_async.operations.health_file import keep_health_file, write_health

    try:
        write_health(path, "not ready: it has not begun yet")
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {error.strerror or error}.") from error
    task = asyncio.create_task(keep_health_file(path, process))
    stack.callback(task.cancel)
