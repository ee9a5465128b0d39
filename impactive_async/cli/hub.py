"""`impactive hub`: set up a hub, look at it, read and trim its events, put a dead feed to work again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import attrs
import typer

from impactive_async.cli._errors import UsageError
from impactive_async.cli._hub import DAYS, NAMESPACE, AllowVolatile, HubUrl, Namespace, Retention, open_hub
from impactive_async.cli._run import Run, command

if TYPE_CHECKING:
    from impactive_async.hub import HubStatus

app = typer.Typer(no_args_is_help=True, help="Hubs, shared by workers: init, status, events, revive, trim.")

_LOCAL = ("json", "debug")


@command(app, "init", example="impactive hub init --hub sqlite:///hub.db", shared=("debug",))
async def init(
    run: Run, hub: HubUrl, namespace: Namespace = NAMESPACE, allow_volatile: AllowVolatile = False
) -> None:
    """Create what the engine needs, and check that it would not lose what is committed. Safe to repeat."""
    async with open_hub(hub, namespace, allow_volatile=allow_volatile) as engine:
        await engine.init()
        await engine.check()
        status = await engine.status()
    run.note(f"Ready: {status.engine}, {status.feeds:,} feeds, {status.events:,} events.")


@command(app, "status", example="impactive hub status --hub redis://localhost/0 --json", shared=_LOCAL)
async def status(run: Run, hub: HubUrl, namespace: Namespace = NAMESPACE) -> None:
    """Say what a hub is doing: feeds, lag, leases, failures, gaps, dead feeds, events, consumer groups."""
    async with open_hub(hub, namespace) as engine:
        found = await engine.status()
    if run.out.as_json:
        run.out.row(found)
    else:
        _tell(run, found)


def _tell(run: Run, status: HubStatus) -> None:
    figures = attrs.asdict(status, filter=lambda field, _: field.name not in ("dead", "groups"), recurse=False)
    run.out.rows([{"what": name.replace("_", " "), "value": value} for name, value in figures.items()])
    if status.groups:
        run.out.rows(status.groups)
    if status.dead:
        run.out.rows(status.dead)


@command(
    app,
    "events",
    example="impactive hub events --hub sqlite:///hub.db --group billing | ./handle-events",
    shared=("debug",),
)
async def events(
    run: Run,
    hub: HubUrl,
    group: Annotated[
        str, typer.Option(help="The consumer group; each group gets every event.", show_default=False)
    ],
    count: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Stop after so many events.", show_default=False)
    ] = None,
    namespace: Namespace = NAMESPACE,
) -> None:
    """Read a hub's log as a consumer group: one CloudEvent a line, at least once, for ever.

    An event is acknowledged once it is written out.
    """
    run.farewell = "Stopped; what was written out is acknowledged."
    async with open_hub(hub, namespace) as engine:
        shown = 0
        async for delivery in engine.events(group):
            run.out.row(json.loads(delivery.event.to_json()))
            await delivery.ack()
            shown += 1
            if shown == count:
                return


@command(
    app,
    "revive",
    example="impactive hub revive sequences/seq_123/replies --hub sqlite:///hub.db",
    shared=("debug",),
)
async def revive(
    run: Run,
    feed: Annotated[str, typer.Argument(help="Its name, from `hub status`.", show_default=False)],
    hub: HubUrl,
    namespace: Namespace = NAMESPACE,
) -> None:
    """Poll a dead feed again: one whose sequence was gone, or whose request was refused."""
    async with open_hub(hub, namespace) as engine:
        if not await engine.revive(feed):
            raise UsageError(f"{feed!r} is not dead; `impactive hub status` lists those that are.")
    run.note(f"{feed} is due now.")


@command(app, "trim", example="impactive hub trim --hub sqlite:///hub.db --retention 30", shared=("debug",))
async def trim(run: Run, hub: HubUrl, retention: Retention = DAYS, namespace: Namespace = NAMESPACE) -> None:
    """Delete old events that every consumer group has acknowledged. Workers do so by themselves."""
    async with open_hub(hub, namespace, retention=retention) as engine:
        run.note(f"{await engine.trim():,} events deleted.")
