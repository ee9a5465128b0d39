"""`impactive hub`: set up a hub, look at it, read and trim its events, mend its feeds, change its rate limit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import click

from impactive_async.cli.commands._hub import (
    allow_volatile_option,
    group_option,
    hub_option,
    namespace_option,
    open_hub,
    retention_option,
    tell_status,
    timeout_option,
)
from impactive_async.cli.kit.declare import Group, command
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import FORMATS, argument, option
from impactive_async.cli.kit.words.wording import count

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run
    from impactive_async.hub import EventReader

app = Group("hub", help="Hubs, shared by workers: set up, look at, read, mend.")

CLOUD_EVENT: Final = ("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data")
"""The keys of an event of the log."""
_FORMATS: Final = (*FORMATS, "debug")


@command("init", app, example="impactive hub init --hub sqlite:///hub.db", shared=("debug",))
@hub_option
@namespace_option
@timeout_option
@allow_volatile_option
@option("--upgrade", is_flag=True, help="Upgrade a hub of an older version; its programs then stop with an error.")
async def init(run: Run, hub: str, namespace: str, timeout: float, allow_volatile: bool, upgrade: bool) -> None:
    """Create what the engine needs, and check that it would not lose what is committed. Safe to repeat.

    A hub that an older version made is refused, with what an upgrade would change.
    """
    async with open_hub(hub, namespace, timeout=timeout, allow_volatile=allow_volatile) as engine:
        for step in await engine.upgrades() if upgrade else ():
            run.note(f"Upgrading the hub to version {step}.")
        await engine.init(upgrade=upgrade)
        await engine.check()
        status = await engine.status()
    run.note(f"Ready: {status.engine}, {status.feeds:,} feeds, {status.events:,} events.")


@command(
    "status",
    app,
    example="impactive hub status --hub redis://localhost/0 --json",
    rows="impactive_async.hub:HubStatus",
    shared=_FORMATS,
)
@hub_option
@namespace_option
@timeout_option
@option("--coverage", is_flag=True, help="Say of each feed up to when it is complete, and which gaps are open.")
async def status(run: Run, hub: str, namespace: str, timeout: float, coverage: bool) -> None:
    """Say what a hub is doing: feeds, lag, leases, failures, gaps, rate limit, dead feeds, events, groups."""
    import attrs

    async with open_hub(hub, namespace, timeout=timeout) as engine:
        found = await engine.status()
        if coverage:
            found = attrs.evolve(found, coverage=tuple((await engine.coverage()).values()))
    if run.out.for_programs:
        run.out.row(found)
    else:
        tell_status(run, found)


@command(
    "events",
    app,
    example="impactive hub events --hub sqlite:///hub.db --group billing --exec ./handle-event",
    rows="impactive_async.cli.commands.hub:CLOUD_EVENT",
    shared=_FORMATS,
)
@hub_option
@group_option
@option(
    "--exec",
    "program",
    metavar="CMD",
    help="Run CMD for each event, with the event on its standard input; exit code 0 acknowledges it.",
)
@option("--stay", is_flag=True, help="Run CMD once: it reads a line, and prints the event's id to acknowledge it.")
@option("--count", type=click.IntRange(min=1), metavar="N", help="Stop after so many events.")
@option(
    "--visibility",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    metavar="SECONDS",
    help="After which an event that is not acknowledged comes again; CMD is ended then.",
)
@option(
    "--max-deliveries",
    type=click.IntRange(min=1),
    default=10,
    metavar="N",
    help="How often an event is delivered before it is a dead letter.",
)
@namespace_option
@timeout_option
async def events(
    run: Run,
    hub: str,
    group: str,
    program: str | None,
    stay: bool,
    count: int | None,
    visibility: float,
    max_deliveries: int,
    namespace: str,
    timeout: float,
) -> None:
    """Read a hub's log as a consumer group: one CloudEvent a line, at least once, for ever.

    With --exec an event is acknowledged when CMD has handled it; else it comes again. Without, it is acknowledged
    once it is written out: what a program behind a pipe has read and not handled when it dies is lost to its
    group. An engine that is restarted meanwhile is waited for. The log keeps what a group has not read: `hub
    drop-group` ends one. What is never acknowledged becomes a dead letter: `hub dead-letters` lists them.
    """
    from impactive_async.cli.commands._handlers import hand_over, handler_of

    if stay and program is None:
        raise UsageError("--stay is about the program of --exec CMD, which is missing.")
    handler = None if program is None else handler_of(program, stays=stay)
    run.stop_message = "Stopped; what was written out is acknowledged."
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        await engine.status()  # to wait for a mistyped URL or namespace would be to wait for ever
        batch = 1 if handler else 20
        reader = engine.events(group, batch=batch, visibility=visibility, max_deliveries=max_deliveries)
        if handler:
            run.stop_message = "Stopped; what was not handled comes again."
            await hand_over(run, reader, count, handler, visibility)
            return
        with run.while_read():
            await _show(run, reader, count)


async def _show(run: Run, reader: EventReader, count: int | None) -> None:
    shown = 0
    async for delivery in reader:
        run.out.row(json.loads(delivery.event.to_json()))
        await delivery.ack()
        shown += 1
        if shown == count:
            return


@command(
    "dead-letters",
    app,
    example="impactive hub dead-letters --hub sqlite:///hub.db --group billing",
    rows="impactive_async.hub:DeadLetter",
    shared=_FORMATS,
)
@hub_option
@group_option
@option("--count", type=click.IntRange(min=1), default=100, metavar="N", help="How many at the most.")
@namespace_option
@timeout_option
async def dead_letters(run: Run, hub: str, group: str, count: int, namespace: str, timeout: float) -> None:
    """List the events that a group does not get any more, the oldest first.

    An event becomes a dead letter when it was delivered too often and never acknowledged, when its consumer
    rejects it, or when it cannot be read. The log keeps it until it is replayed or dropped.
    """
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        run.out.rows(await engine.dead_letters(group, count=count))


@command(
    "replay",
    app,
    example="impactive hub replay --all --hub sqlite:///hub.db --group billing",
    shared=("debug",),
)
@hub_option
@group_option
@argument("positions", nargs=-1, help="From `hub dead-letters`; or --all.")
@option("--all", "every", is_flag=True, help="All dead letters of the group.")
@namespace_option
@timeout_option
async def replay(
    run: Run, hub: str, group: str, positions: tuple[str, ...], every: bool, namespace: str, timeout: float
) -> None:
    """Deliver dead letters to their group again, as if they had not been delivered yet."""
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        replayed = await engine.replay(group, _chosen(positions, every))
    run.note(f"Delivered again of {group}: {count(replayed, 'dead letter')}.")


@command(
    "drop",
    app,
    example="impactive hub drop 1795658252437-0 --hub redis://localhost/0 --group billing",
    shared=("debug",),
)
@hub_option
@group_option
@argument("positions", nargs=-1, help="From `hub dead-letters`; or --all.")
@option("--all", "every", is_flag=True, help="All dead letters of the group.")
@namespace_option
@timeout_option
async def drop(
    run: Run, hub: str, group: str, positions: tuple[str, ...], every: bool, namespace: str, timeout: float
) -> None:
    """Forget dead letters: their group will never get these events. Other groups do."""
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        dropped = await engine.drop(group, _chosen(positions, every))
    run.note(f"Forgotten of {group}: {count(dropped, 'dead letter')}.")


def _chosen(positions: tuple[str, ...], every: bool) -> tuple[str, ...] | None:
    if bool(positions) is every:
        raise UsageError("Name dead letters by their positions, or give --all for all of the group.")
    return positions or None


@command(
    "revive",
    app,
    example="impactive hub revive sequences/seq_123/replies --hub sqlite:///hub.db",
    shared=("debug",),
)
@hub_option
@argument("feed", required=False, help="Its name, from `hub status`; or --all.")
@option("--all", "every", is_flag=True, help="All dead feeds.")
@namespace_option
@timeout_option
async def revive(run: Run, hub: str, feed: str | None, every: bool, namespace: str, timeout: float) -> None:
    """Poll dead feeds again, from where they were: whose sequence was gone, or whose request was refused."""
    if (feed is None) is not every:
        raise UsageError("Name one feed, or give --all for all that are dead.")
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        names = [feed] if feed else [name for name, error in (await engine.feeds()).items() if error is not None]
        revived = [name for name in names if await engine.revive(name)]
    if feed and not revived:
        raise UsageError(f"{feed!r} is not dead; `impactive hub status` lists those that are.")
    run.note(f"{len(revived):,} dead feeds are due now." if every else f"{feed} is due now.")


@command(
    "remove",
    app,
    example="impactive hub remove sequences/seq_123/replies --hub sqlite:///hub.db",
    shared=("debug",),
)
@hub_option
@argument("feed", help="Its name, from `hub status` or the log.")
@namespace_option
@timeout_option
async def remove(run: Run, hub: str, feed: str, namespace: str, timeout: float) -> None:
    """Forget a feed and its cursor; its events stay in the log.

    Workers add it again, from its beginning, if the workspace still has it: so a damaged cursor is mended.
    """
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        if not await engine.remove(feed):
            raise UsageError(f"The hub has no feed {feed!r}; `impactive hub status` names those that are dead.")
    run.note(f"{feed} is forgotten.")


@command("limit", app, example="impactive hub limit 5 --hub redis://localhost/0", shared=("debug",))
@hub_option
@argument("requests", metavar="N|none", help="API requests a second.")
@namespace_option
@timeout_option
async def limit(run: Run, hub: str, requests: str, namespace: str, timeout: float) -> None:
    """Change the rate limit that all workers share; those at work keep to it from their next request on."""
    number = None if requests == "none" else _number(requests)
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        await engine.limit(number)
    run.note(f"All workers together: {f'{number:g} requests a second' if number else 'no limit'}.")


@command("move", app, example="impactive hub move --hub sqlite:///hub.db")
@hub_option
@namespace_option
async def move(run: Run, hub: str, namespace: str) -> None:
    """Follow the workspace to another base URL: until that is said, workers that use the new one are refused."""
    async with open_hub(hub, namespace) as engine:
        served = await engine.move_to(run.crm)
    run.note(f"This hub follows workspace {served} from now on. Start the workers with that base URL.")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"A limit is a number of requests a second, or `none`; not {text!r}.") from None


@command("drop-group", app, example="impactive hub drop-group billing --hub sqlite:///hub.db", shared=("debug",))
@hub_option
@argument("group", help="Its name, from `hub status`.")
@namespace_option
@timeout_option
async def drop_group(run: Run, hub: str, group: str, namespace: str, timeout: float) -> None:
    """Forget a consumer group that nobody reads any more; until then the log keeps every event for it."""
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        if group not in {known.name for known in (await engine.status()).groups}:
            raise UsageError(f"The hub has no group {group!r}; `impactive hub status` lists them.")
        await engine.drop_group(group)
    run.note(f"{group} is forgotten.")


@command("trim", app, example="impactive hub trim --hub sqlite:///hub.db --retention 30", shared=("debug",))
@hub_option
@retention_option
@namespace_option
@timeout_option
async def trim(run: Run, hub: str, retention: float, namespace: str, timeout: float) -> None:
    """Delete old events that every consumer group has acknowledged. Workers do so by themselves."""
    async with open_hub(hub, namespace, timeout=timeout, retention=retention) as engine:
        run.note(f"{await engine.trim():,} events deleted.")
