"""`impactive forward`: deliver a hub's events to webhooks and brokers, and see what could not be delivered."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from impactive_async.cli.commands._hub import NAMESPACE, namespace_option, open_hub
from impactive_async.cli.commands._reports import keys_of, write_report
from impactive_async.cli.kit.declare import Group, command
from impactive_async.cli.kit.errors import INCOMPLETE, TERMINATED, UsageError
from impactive_async.cli.kit.options import FORMATS, LOCAL, argument, option
from impactive_async.resources.watching.kinds import KINDS

if TYPE_CHECKING:
    import asyncio

    from impactive_async.cli.kit.run import Run
    from impactive_async.forward import Destination, ForwardStats
    from impactive_async.hub import DeadLetter, Hub, Report

OWN_HUB: Final = "sqlite:///impactive-forward.db"
NAME: Final = "webhook"
DEAD_LETTER: Final = ("id", "group", "position", "type", "subject", "attempts", "reason", "since")
"""The keys of a dead letter, as `forward dead` prints it."""
_MOST: Final = 1_000_000


class ForwardGroup(Group):
    """`impactive forward --to URL` is short for `impactive forward run --to URL`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; options without a command are those of `run`."""
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = ForwardGroup(
    "forward", help="Webhooks and brokers: `impactive forward --to URL` delivers every event there."
)

_hub_option = option(
    "--hub",
    envvar="IMPACTIVE_HUB",
    metavar="URL",
    help="Whose events; or in IMPACTIVE_HUB. Left out: a hub of its own, in impactive-forward.db here.",
)
_config_option = option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Destinations, as TOML: docs/webhooks.",
)
_group_option = option(
    "--group", metavar="NAME", help=f"The consumer group of the destination.  [default: forward:{NAME}]"
)


@command("run", app, example="impactive forward run --to https://example.com/hooks --kind deals")
@option(
    "--to", "url", metavar="URL", help="A receiver's URL, or a broker's: nats://, amqp://, kafka:// or redis://."
)
@_config_option
@_hub_option
@option(
    "--secret-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Secrets, one a line, the newest first; or in IMPACTIVE_WEBHOOK_SECRET.",
)
@option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, metavar="KIND", help="Only these. Repeatable.")
@option("--sequence", "sequences", multiple=True, metavar="ID", help="Only of this sequence. Repeatable.")
@option("--where", multiple=True, metavar="FIELD=VALUE", help="Only rows like this. Repeatable.")
@_group_option
@option("--retries", type=int, default=14, metavar="N", help="How often an event is tried again.")
@option(
    "--first-retry", type=float, default=5.0, metavar="SECONDS", help="Before the first retry; then 4 x as long."
)
@option("--max-retry", type=float, default=43_200.0, metavar="SECONDS", help="The most between two tries.")
@option("--delivery-timeout", type=float, default=15.0, metavar="SECONDS", help="For one try.")
@option("--concurrency", type=int, default=16, metavar="N", help="Events under way at once.")
@option(
    "--hold",
    type=float,
    default=15.0,
    metavar="SECONDS",
    help="After which another forwarder takes over from one that was killed.",
)
@option("--public-only", is_flag=True, help="Refuse private and loopback addresses, for URLs that others write.")
@option("--since", metavar="now", help="With a hub of its own: where it begins (default: all that the API shows).")
@option("--interval", type=float, default=300.0, metavar="SECONDS", help="With a hub of its own: between polls.")
@namespace_option
async def forward(
    run: Run, /, hub: str | None, since: str | None, interval: float, hold: float, namespace: str, **told: Any
) -> None:
    """Deliver events until stopped: signed, in the order of each row, tried again over days.

    Without --hub one command is all: it polls the workspace, and keeps what it knows in a file here. With --hub
    workers poll, and this command only delivers. Whatever happens is a line on stdout; with --json, an object. The
    first Ctrl-C (or SIGTERM, then a success) lets deliveries under way finish.
    """
    import asyncio

    if since not in (None, "now"):
        raise UsageError(f"--since is `now` or left out, not {since!r}.")
    destinations = _destinations(**told)
    keys = keys_of(_report_kinds())
    run.out.expect(keys)
    run.stop_message = "Stopped at once; what was under way is delivered again."
    stop = asyncio.Event()
    run.stop_politely(stop.set)
    if hub is None:
        _ = run.crm  # without a key nothing is begun
    async with open_hub(hub or OWN_HUB, namespace if hub else NAMESPACE, timeout=None) as engine:
        if hub is None:
            await engine.init()
        await engine.status()  # to wait for a mistyped URL or namespace would be to wait for ever
        polling = None if hub else (since, interval, _kinds(destinations))
        stats = await _deliver(run, engine, destinations, stop, keys, hold, polling)
    if run.code == TERMINATED:
        run.code = 0  # it was asked to stop, and it did
    run.code = run.code or (INCOMPLETE.code if stats.gone else 0)
    run.note(
        f"Stopped: {stats.delivered:,} delivered, {stats.failures:,} failed tries, "
        f"{stats.given_up:,} dead letters."
    )


async def _deliver(
    run: Run,
    engine: Hub,
    destinations: Sequence[Destination],
    stop: asyncio.Event,
    keys: tuple[str, ...],
    hold: float,
    polling: tuple[str | None, float, Sequence[str]] | None,
) -> ForwardStats:
    """Deliver, and poll the workspace where nobody else does. What ends the one ends the other."""
    import asyncio

    from impactive_async.forward import run_forwarder

    def tell(report: Report) -> None:
        write_report(run, report, keys)

    forwarding = asyncio.create_task(run_forwarder(engine, destinations, stop=stop, on_report=tell, hold=hold))
    tasks: list[asyncio.Task[Any]] = [forwarding]
    if polling:
        from impactive_async import NOW
        from impactive_async.hub import run_worker

        since, interval, kinds = polling
        start = NOW if since else None
        working = run_worker(
            run.crm, engine, kinds=kinds, since=start, interval=interval, stop=stop, on_report=tell
        )
        tasks.append(asyncio.create_task(working))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    return forwarding.result()


def _report_kinds() -> Sequence[type[Report]]:
    from impactive_async.forward.reports import REPORTS, ForwardReport
    from impactive_async.hub import Report

    return (*REPORTS, *(kind for kind in Report.__subclasses__() if kind is not ForwardReport))


def _destinations(
    url: str | None, config: Path | None, secret_file: Path | None, **told: Any
) -> list[Destination]:
    from impactive_async.forward import Destination, EventFilter, RetrySchedule, load_destinations

    if (url is None) is (config is None):
        raise UsageError("Name a receiver with --to, or several in a file with --config.")
    if config is not None:
        if secret_file or told["group"] or told["kinds"] or told["sequences"] or told["where"]:
            raise UsageError("What goes to which destination stands in the file of --config.")
        return load_destinations(config, os.environ)
    passes = EventFilter(
        kinds=told["kinds"] or None, sequences=told["sequences"] or None, where=_where(told["where"])
    )
    return [
        Destination(
            name=NAME,
            url=url or "",
            secrets=_secrets(secret_file),
            group=told["group"] or "",
            passes=passes,
            schedule=RetrySchedule(retries=told["retries"], first=told["first_retry"], longest=told["max_retry"]),
            timeout=told["delivery_timeout"],
            concurrency=told["concurrency"],
            public_only=told["public_only"],
        )
    ]


def _secrets(file: Path | None) -> Any:
    from impactive_async.forward.settings.secret_files import VARIABLE, secrets_of_file, secrets_of_variable

    if file is not None:
        return secrets_of_file(file)
    return secrets_of_variable(VARIABLE) if os.environ.get(VARIABLE) else ()


def _where(pairs: Sequence[str]) -> dict[str, list[Any]]:
    """Read `--where FIELD=VALUE`. A value is JSON or else text; a field that is named twice has either value."""
    from impactive_async.cli.kit.arguments import extra_fields

    found: dict[str, list[Any]] = {}
    for pair in pairs:
        for name, value in extra_fields([pair]).items():
            found.setdefault(name, []).append(value)
    return found


def _kinds(destinations: Sequence[Destination]) -> Sequence[str]:
    """Return the kinds that any destination gets: no other list need be polled."""
    wanted = [destination.passes.kinds for destination in destinations]
    if any(kinds is None for kinds in wanted):
        return KINDS
    return [kind for kind in KINDS if any(kind in kinds for kinds in wanted if kinds is not None)]


# What could not be delivered


@command(
    "dead",
    app,
    example="impactive forward dead --hub sqlite:///hub.db --json",
    rows="impactive_async.cli.commands.forward:DEAD_LETTER",
    shared=(*FORMATS, "debug"),
)
@_hub_option
@_config_option
@_group_option
@option("--count", type=click.IntRange(min=1), default=100, metavar="N", help="How many at the most.")
@namespace_option
async def dead(
    run: Run, hub: str | None, config: Path | None, group: str | None, count: int, namespace: str
) -> None:
    """List the events that were given up, with the reason of each; the hub keeps them."""
    async with open_hub(hub or OWN_HUB, namespace) as engine:
        letters = [
            letter for name in _groups(config, group) for letter in await engine.dead_letters(name, count=count)
        ]
    run.out.rows([_row(letter) for letter in letters[:count]])


@command("replay", app, example="impactive forward replay --since 2h --hub sqlite:///hub.db", shared=LOCAL)
@argument("ids", nargs=-1, help="From `forward dead`: `webhook-id`s.")
@_hub_option
@_config_option
@_group_option
@option("--all", "every", is_flag=True, help="All dead letters.")
@option(
    "--since",
    metavar="MOMENT",
    help="Those given up since then, as 2026-05-01T09:00Z, or for so long: 90m, 2h, 3d.",
)
@namespace_option
async def replay(
    run: Run,
    ids: tuple[str, ...],
    hub: str | None,
    config: Path | None,
    group: str | None,
    every: bool,
    since: str | None,
    namespace: str,
) -> None:
    """Deliver events again that were given up: verbatim, signed afresh, with all their tries."""
    if [bool(ids), every, since is not None].count(True) != 1:
        raise UsageError("Name dead letters by their ids, or give --all or --since.")
    start = _moment(since)
    unknown, count = set(ids), 0
    async with open_hub(hub or OWN_HUB, namespace) as engine:
        for name in _groups(config, group):
            letters = await engine.dead_letters(name, count=_MOST)
            chosen = [one for one in letters if _id(one) in ids or (not ids and (not start or one.since >= start))]
            unknown -= {_id(one) for one in chosen}
            if chosen:
                count += await engine.replay(name, [one.position for one in chosen])
    if unknown:
        raise UsageError(f"{min(unknown)!r} is no dead letter; `impactive forward dead` lists them.")
    run.note(f"{count:,} events are delivered again.")


@command("secret", app, example="impactive forward secret > webhook.secret", shared=LOCAL)
async def secret(run: Run) -> None:
    """Print a new secret, for the sender and the receiver of webhooks."""
    from impactive_async.webhooks import WebhookSecret

    run.out.text(WebhookSecret.generate().reveal())


def _groups(config: Path | None, group: str | None) -> list[str]:
    if config is None:
        return [group or f"forward:{NAME}"]
    from impactive_async.forward import load_destinations

    groups = [one.group for one in load_destinations(config, os.environ)]
    if group is not None and group not in groups:
        raise UsageError(f"No destination of {config} has the group {group!r}; there are {', '.join(groups)}.")
    return [group] if group else groups


def _row(letter: DeadLetter) -> dict[str, Any]:
    event = letter.event
    return {
        "id": _id(letter),
        "group": letter.group,
        "position": letter.position,
        "type": event.type if event else None,
        "subject": event.subject if event else None,
        "attempts": letter.deliveries,
        "reason": letter.reason,
        "since": letter.since,
    }


def _id(letter: DeadLetter) -> str:
    from impactive_async.webhooks import webhook_id

    return webhook_id(letter.event.id) if letter.event else letter.position


def _moment(text: str | None) -> datetime | None:
    from impactive_async.cli.kit.arguments import moment

    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    if text and text[-1] in units and text[:-1].isascii() and text[:-1].isdigit() and len(text) < 10:
        return datetime.now(UTC) - timedelta(seconds=int(text[:-1]) * units[text[-1]])
    return moment(text)
