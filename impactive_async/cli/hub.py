"""`impactive hub`: set up a hub, look at it, read and trim its events, mend its feeds, change its rate limit."""

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

app = typer.Typer(no_args_is_help=True, help="Hubs, shared by workers: set up, look at, read, mend.")

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
    """Say what a hub is doing: feeds, lag, leases, failures, gaps, rate limit, dead feeds, events, groups."""
    async with open_hub(hub, namespace) as engine:
        found = await engine.status()
    if run.out.as_json:
        run.out.row(found)
    else:
        _tell(run, found)


def _tell(run: Run, status: HubStatus) -> None:
    figures = attrs.asdict(status, filter=lambda field, _: field.name not in ("dead", "groups"), recurse=False)
    run.out.rows([{"what": name.replace("_", " "), "value": _shown(value)} for name, value in figures.items()])
    if status.groups:
        run.out.rows(status.groups)
    if status.dead:
        run.out.rows(status.dead)


def _shown(value: object) -> object:
    return round(value, 3) if isinstance(value, float) else value


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

    An event is acknowledged once it is written out. An engine that is restarted meanwhile is waited for. The log
    keeps what a group has not read: `hub drop-group` ends one.
    """
    run.farewell = "Stopped; what was written out is acknowledged."
    async with open_hub(hub, namespace) as engine:
        await engine.status()  # to wait for a mistyped URL or namespace would be to wait for ever
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
    hub: HubUrl,
    feed: Annotated[
        str | None, typer.Argument(help="Its name, from `hub status`; or --all.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All dead feeds.")] = False,
    namespace: Namespace = NAMESPACE,
) -> None:
    """Poll dead feeds again, from where they were: whose sequence was gone, or whose request was refused."""
    if (feed is None) is not every:
        raise UsageError("Name one feed, or give --all for all that are dead.")
    async with open_hub(hub, namespace) as engine:
        names = [feed] if feed else [name for name, error in (await engine.feeds()).items() if error is not None]
        revived = [name for name in names if await engine.revive(name)]
    if feed and not revived:
        raise UsageError(f"{feed!r} is not dead; `impactive hub status` lists those that are.")
    run.note(f"{len(revived):,} dead feeds are due now." if every else f"{feed} is due now.")


@command(
    app,
    "remove",
    example="impactive hub remove sequences/seq_123/replies --hub sqlite:///hub.db",
    shared=("debug",),
)
async def remove(
    run: Run,
    hub: HubUrl,
    feed: Annotated[str, typer.Argument(help="Its name, from `hub status` or the log.", show_default=False)],
    namespace: Namespace = NAMESPACE,
) -> None:
    """Forget a feed and its cursor; its events stay in the log.

    Workers add it again, from its beginning, if the workspace still has it: so a damaged cursor is mended.
    """
    async with open_hub(hub, namespace) as engine:
        if not await engine.remove(feed):
            raise UsageError(f"The hub has no feed {feed!r}; `impactive hub status` names those that are dead.")
    run.note(f"{feed} is forgotten.")


@command(app, "limit", example="impactive hub limit 5 --hub redis://localhost/0", shared=("debug",))
async def limit(
    run: Run,
    hub: HubUrl,
    requests: Annotated[str, typer.Argument(metavar="N|none", help="API requests a second.", show_default=False)],
    namespace: Namespace = NAMESPACE,
) -> None:
    """Change the rate limit that all workers share; those at work keep to it from their next request on."""
    number = None if requests == "none" else _number(requests)
    async with open_hub(hub, namespace) as engine:
        await engine.limit(number)
    run.note(f"All workers together: {f'{number:g} requests a second' if number else 'no limit'}.")


@command(app, "move", example="impactive hub move --hub sqlite:///hub.db")
async def move(run: Run, hub: HubUrl, namespace: Namespace = NAMESPACE) -> None:
    """Follow the workspace to another base URL: until that is said, workers that use the new one are refused."""
    async with open_hub(hub, namespace) as engine:
        served = await engine.move_to(run.crm)
    run.note(f"This hub follows workspace {served} from now on. Start the workers with that base URL.")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"A limit is a number of requests a second, or `none`; not {text!r}.") from None


@command(app, "drop-group", example="impactive hub drop-group billing --hub sqlite:///hub.db", shared=("debug",))
async def drop_group(
    run: Run,
    hub: HubUrl,
    group: Annotated[str, typer.Argument(help="Its name, from `hub status`.", show_default=False)],
    namespace: Namespace = NAMESPACE,
) -> None:
    """Forget a consumer group that nobody reads any more; until then the log keeps every event for it."""
    async with open_hub(hub, namespace) as engine:
        if group not in {known.name for known in (await engine.status()).groups}:
            raise UsageError(f"The hub has no group {group!r}; `impactive hub status` lists them.")
        await engine.drop_group(group)
    run.note(f"{group} is forgotten.")


@command(app, "trim", example="impactive hub trim --hub sqlite:///hub.db --retention 30", shared=("debug",))
async def trim(run: Run, hub: HubUrl, retention: Retention = DAYS, namespace: Namespace = NAMESPACE) -> None:
    """Delete old events that every consumer group has acknowledged. Workers do so by themselves."""
    async with open_hub(hub, namespace, retention=retention) as engine:
        run.note(f"{await engine.trim():,} events deleted.")
