"""What a process that runs for long shows of itself: a port, a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import click

from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import option

if TYPE_CHECKING:
    from pathlib import Path

    from impactive_async.cli.kit.run import Run
    from impactive_async.hub import Hub
    from impactive_async.operations.activity import Activity
    from impactive_async.operations.probes import HubView

_HIGHEST_PORT = 65_535


def _address(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > _HIGHEST_PORT:
        raise click.BadParameter(f"{text!r} is not HOST:PORT, as in 127.0.0.1:9464.")
    return host.removeprefix("[").removesuffix("]"), int(port)


listen_option = option(
    "--listen",
    metavar="HOST:PORT",
    callback=_address,
    help="Serve /metrics, /livez, /readyz and a page at /, to be read only; needs the extra `metrics`.",
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


@asynccontextmanager
async def shown(
    run: Run,
    activity: Activity,
    hub: Hub,
    *,
    listen: tuple[str, int] | None,
    health_file: str | None,
    fail_after: float | None,
) -> AsyncIterator[None]:
    """Show what a worker does while the block lasts.

    Raises:
        UsageError: The port is taken, the extra is not installed, or the file cannot be written.
    """
    from pathlib import Path

    from impactive_async.operations.probes import HubView

    view = HubView(hub)
    run.crm.observe(on_response=activity.answered)
    async with AsyncExitStack() as stack:
        if listen:
            await _listen(stack, run, activity, view, listen, fail_after)
        if health_file:
            _keep_file(stack, Path(health_file), activity, view, fail_after)
        yield


async def _listen(
    stack: AsyncExitStack,
    run: Run,
    activity: Activity,
    view: HubView,
    listen: tuple[str, int],
    fail_after: float | None,
) -> None:
    try:
        from impactive_async.operations.server import serving
    except ModuleNotFoundError:
        raise UsageError("--listen needs prometheus-client: pip install 'impactive-async[metrics]'.") from None
    host, port = listen
    at = serving(run.crm, activity, view, host=host, port=port, fail_after=fail_after)
    try:
        port = await stack.enter_async_context(at)
    except OSError as error:
        raise UsageError(
            f"Cannot listen on {host}:{port} ({error.strerror or error}); choose another port with --listen."
        ) from error
    run.note(f"Listening on http://{f'[{host}]' if ':' in host else host}:{port}/")


def _keep_file(
    stack: AsyncExitStack, path: Path, activity: Activity, view: HubView, fail_after: float | None
) -> None:
    import asyncio

    from impactive_async.operations.probes import keep_health_file, write_health

    try:
        write_health(path, "not ready: it has not begun yet")
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {error.strerror or error}.") from error
    task = asyncio.create_task(keep_health_file(path, activity, view, fail_after))
    stack.callback(task.cancel)
