"""`impactive forward`: deliver a hub's events to webhooks and brokers, and see what could not be delivered."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from impactive_async.cli.commands._hub import NAMESPACE, TIMEOUT, namespace_option, open_hub
from impactive_async.cli.commands._operations import PORT_OPTIONS, port_of, port_options, shown
from impactive_async.cli.commands._reports import keys_of, write_report
from impactive_async.cli.kit.declare import Group, command
from impactive_async.cli.kit.errors import INCOMPLETE, UsageError
from impactive_async.cli.kit.options import LOCAL, option
from impactive_async.resources.watching.kinds import KINDS

if TYPE_CHECKING:
    import asyncio

    from impactive_async import AsyncClient
    from impactive_async.cli.kit.run import Run
    from impactive_async.forward import Destination, ForwardStats
    from impactive_async.hub import Hub, Report
    from impactive_async.operations.shown import Shown

OWN_HUB: Final = "sqlite:///impactive-forward.db"
NAME: Final = "webhook"
SETTINGS: Final = frozenset(
    {
        "secret_file",
        "kinds",
        "sequences",
        "where",
        "group",
        "retries",
        "first_retry",
        "max_retry",
        "delivery_timeout",
        "concurrency",
    }
)
"""The options that a file of destinations has in their place. `--public-only` is for all of them."""


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

own_hub_option = option(
    "--hub",
    envvar="IMPACTIVE_HUB",
    metavar="URL",
    help="Whose events; or in IMPACTIVE_HUB. Left out: a hub of its own, in impactive-forward.db here.",
)
config_option = option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Destinations, as TOML: docs/webhooks.",
)
group_of_option = option(
    "--group", metavar="NAME", help=f"The consumer group of the destination.  [default: forward:{NAME}]"
)


@command("run", app, example="impactive forward run --to https://example.com/hooks --kind deals")
@option(
    "--to", "url", metavar="URL", help="A receiver's URL, or a broker's: nats://, amqp://, kafka:// or redis://."
)
@config_option
@own_hub_option
@option(
    "--secret-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Secrets, one a line, the newest first; or in IMPACTIVE_WEBHOOK_SECRET.",
)
@option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, metavar="KIND", help="Only these. Repeatable.")
@option("--sequence", "sequences", multiple=True, metavar="ID", help="Only of this sequence. Repeatable.")
@option("--where", multiple=True, metavar="FIELD=VALUE", help="Only rows like this. Repeatable.")
@group_of_option
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
@port_options
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

    from impactive_async.hub.worker.bounds import within

    if since not in (None, "now"):
        raise UsageError(f"--since is `now` or left out, not {since!r}.")
    port = port_of(**{name: told.pop(name) for name in PORT_OPTIONS})
    destinations = _destinations(**told)
    keys = keys_of(_report_kinds())
    run.out.expect(keys)
    run.stop_message = "Stopped at once; what was under way is delivered again."
    stop = asyncio.Event()
    client = None if hub else run.crm  # without a key nothing is begun
    async with open_hub(hub or OWN_HUB, namespace if hub else NAMESPACE, timeout=None) as engine:
        process = _process(engine, client)
        run.stop_politely(lambda: _stop(process, stop))
        if hub is None:
            await engine.init()
        await within(TIMEOUT, engine.status)  # to wait for a mistyped URL would be to wait for ever
        polling = None if hub else (since, interval, _kinds(destinations))
        async with shown(run, process, port, client=client):
            stats = await _deliver(run, process, destinations, stop, keys, hold, polling)
    run.stopped_as_asked()
    run.code = INCOMPLETE.code if stats.gone else 0
    run.note(
        f"Stopped: {stats.delivered:,} delivered, {stats.failures:,} failed tries, "
        f"{stats.given_up:,} dead letters."
    )


def _process(engine: Hub, client: AsyncClient | None) -> Shown:
    from impactive_async.operations.activity import Activity
    from impactive_async.operations.deliveries import ForwardActivity
    from impactive_async.operations.probes import HubView
    from impactive_async.operations.shown import Shown

    if client is None:
        return Shown(HubView(engine), deliveries=ForwardActivity())
    activity = Activity()
    client.observe(on_response=activity.answered)
    return Shown(HubView(engine), activity, ForwardActivity())


def _stop(process: Shown, stop: asyncio.Event) -> None:
    if process.deliveries:
        process.deliveries.stopping = True
    stop.set()


async def _deliver(
    run: Run,
    process: Shown,
    destinations: Sequence[Destination],
    stop: asyncio.Event,
    keys: tuple[str, ...],
    hold: float,
    polling: tuple[str | None, float, Sequence[str]] | None,
) -> ForwardStats:
    """Deliver, and poll the workspace where nobody else does. What ends the one ends the other."""
    import asyncio

    from impactive_async.forward import run_forwarder

    engine = process.view.hub

    def tell(report: Report) -> None:
        process.record(report)
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
    import attrs

    from impactive_async.forward import Destination, EventFilter, RetrySchedule, load_destinations

    if (url is None) is (config is None):
        raise UsageError("Name a receiver with --to, or several in a file with --config.")
    if config is not None:
        _refuse_own_settings()
        loaded = load_destinations(config, os.environ)
        return [attrs.evolve(one, public_only=True) for one in loaded] if told["public_only"] else loaded
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


def _refuse_own_settings() -> None:
    """Refuse the options that are settings of one destination: with a file they would go unheeded."""
    context = click.get_current_context()
    for one in context.command.params:
        is_given = context.get_parameter_source(one.name or "") is ParameterSource.COMMANDLINE
        if one.name in SETTINGS and is_given:
            raise UsageError(f"{one.opts[0]} is set for each destination, in the file of --config.")


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
        for name, value in extra_fields([pair], "--where").items():
            found.setdefault(name, []).append(value)
    return found


def _kinds(destinations: Sequence[Destination]) -> Sequence[str]:
    """Return the kinds that any destination gets: no other list need be polled."""
    wanted = [destination.passes.kinds for destination in destinations]
    if any(kinds is None for kinds in wanted):
        return KINDS
    return [kind for kind in KINDS if any(kind in kinds for kinds in wanted if kinds is not None)]


@command("secret", app, example="impactive forward secret > webhook.secret", shared=LOCAL)
async def secret(run: Run) -> None:
    """Print a new secret, for the sender and the receiver of webhooks."""
    from impactive_async.webhooks import WebhookSecret

    run.out.text(WebhookSecret.generate().reveal())
