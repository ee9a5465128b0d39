"""`impactive worker`: one of any number of processes that poll a workspace's feeds into a hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from impactive_async.cli.commands._hub import (
    allow_volatile_option,
    hub_option,
    namespace_option,
    open_hub,
    rate_limit_option,
    retention_option,
)
from impactive_async.cli.commands._operations import (
    fail_after_option,
    health_file_option,
    port_of,
    port_options,
    shown,
)
from impactive_async.cli.commands._reports import keys_of, write_report
from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.options import distinct_option, ignore_option, option
from impactive_async.resources.watching.kinds import KINDS

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run


@command("worker", example="impactive worker --hub postgresql://crm@db/crm --rate-limit 5")
@hub_option
@option(
    "--kind",
    "kinds",
    type=click.Choice(KINDS),
    multiple=True,
    metavar="KIND",
    help=f"What to follow: {', '.join(KINDS)}; left out: everything. Repeatable.",
)
@option(
    "--since",
    metavar="now",
    help="Where the feeds of an empty hub start (default: with all that the API still shows).",
)
@option("--interval", type=float, default=300.0, metavar="SECONDS", help="Between polls; busy lists sooner.")
@option("--lease", type=float, default=60.0, metavar="SECONDS", help="For one poll and its commit.")
@option("--concurrency", type=click.IntRange(min=1), default=4, metavar="N", help="Polls at once.")
@distinct_option
@ignore_option
@rate_limit_option
@retention_option
@namespace_option
@allow_volatile_option
@port_options
@option("--per-sequence", is_flag=True, help="Metrics for each sequence too, of which there may be thousands.")
@health_file_option
@fail_after_option
async def worker(
    run: Run,
    /,
    hub: str,
    kinds: Sequence[str],
    since: str | None,
    interval: float,
    lease: float,
    concurrency: int,
    distinct: bool,
    ignore: tuple[str, ...],
    rate_limit: float | None,
    retention: float,
    namespace: str,
    allow_volatile: bool,
    per_sequence: bool,
    health_file: str | None,
    fail_after: float | None,
    **port: Any,
) -> None:
    """Poll feeds into a hub until stopped. Run as many as you like, on as many hosts: they share the work.

    The hub is made by `impactive hub init`. Whatever happens is a line on stdout; with --json, an object.
    The first Ctrl-C (or SIGTERM, then a success) lets the polls under way finish; the second does not wait.
    """
    import asyncio

    from impactive_async import NOW
    from impactive_async.hub.worker.loop import run_worker
    from impactive_async.hub.worker.reports import Report
    from impactive_async.operations.activity import Activity
    from impactive_async.operations.probes import HubView
    from impactive_async.operations.shown import Shown

    if since not in (None, "now"):
        raise UsageError(f"--since is `now` or left out, not {since!r}.")
    served = port_of(**port)
    keys = keys_of(Report.__subclasses__())
    run.out.expect(keys)
    run.stop_message = "Stopped at once; what was under way is polled again when its lease is over."
    stop = asyncio.Event()
    run.stop_politely(stop.set)
    activity = Activity(per_sequence=per_sequence)
    run.crm.observe(on_response=activity.answered)

    def heard(report: Report) -> None:
        activity.record(report)
        write_report(run, report, keys)

    async with (
        open_hub(
            hub, namespace, rate_limit, retention=retention, allow_volatile=allow_volatile, timeout=None
        ) as engine,
        shown(
            run,
            Shown(HubView(engine), activity, fail_after=fail_after),
            served,
            client=run.crm,
            health_file=health_file,
        ),
    ):
        stats = await run_worker(
            run.crm,
            engine,
            kinds=kinds or KINDS,
            since=NOW if since else None,
            interval=interval,
            lease=lease,
            concurrency=concurrency,
            distinct=distinct,
            ignore=ignore,
            stop=stop,
            on_report=heard,
        )
    run.stopped_as_asked()
    run.note(f"Stopped: {stats.polls:,} polls, {stats.events:,} events, {stats.failures:,} failed polls.")
