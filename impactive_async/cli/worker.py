"""`impactive worker`: one of any number of processes that poll a workspace's feeds into a hub."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from impactive_async import NOW
from impactive_async.cli._errors import TERMINATED, UsageError
from impactive_async.cli._hub import (
    DAYS,
    NAMESPACE,
    AllowVolatile,
    HubUrl,
    Namespace,
    RateLimit,
    Retention,
    open_hub,
)
from impactive_async.cli._run import Run, command
from impactive_async.cli._show import to_json
from impactive_async.cli.watch import Kind

app = typer.Typer()


@command(app, "worker", example="impactive worker --hub postgresql://crm@db/crm --rate-limit 5")
async def worker(
    run: Run,
    hub: HubUrl,
    kind: Annotated[
        list[Kind] | None,
        typer.Option(help="What to follow; left out: everything. Repeatable.", show_default=False),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="now",
            help="Where the feeds of an empty hub start (default: with all that the API still shows).",
            show_default=False,
        ),
    ] = None,
    interval: Annotated[float, typer.Option(metavar="SECONDS", help="Between polls; busy lists sooner.")] = 300.0,
    lease: Annotated[float, typer.Option(metavar="SECONDS", help="For one poll and its commit.")] = 60.0,
    concurrency: Annotated[int, typer.Option(min=1, help="Polls at once.")] = 4,
    rate_limit: RateLimit = None,
    retention: Retention = DAYS,
    namespace: Namespace = NAMESPACE,
    allow_volatile: AllowVolatile = False,
) -> None:
    """Poll feeds into a hub until stopped. Run as many as you like, on as many hosts: they share the work.

    The hub is made by `impactive hub init`. Whatever happens is a line on stdout; with --json, an object.
    The first Ctrl-C (or SIGTERM, then a success) lets the polls under way finish; the second does not wait.
    """
    from impactive_async.hub.worker import run_worker

    if since not in (None, "now"):
        raise UsageError(f"--since is `now` or left out, not {since!r}.")
    run.farewell = "Stopped at once; what was under way is polled again when its lease is over."
    stop = asyncio.Event()
    run.stop_politely(stop.set)
    async with open_hub(hub, namespace, rate_limit, retention=retention, allow_volatile=allow_volatile) as engine:
        stats = await run_worker(
            run.crm,
            engine,
            kinds=[one.value for one in kind or Kind],
            since=NOW if since else None,
            interval=interval,
            lease=lease,
            concurrency=concurrency,
            stop=stop,
            on_report=lambda report: _tell(run, report),
        )
    if run.code == TERMINATED:
        run.code = 0  # it was asked to stop, and it did: to a supervisor, anything else would be a failure
    run.note(f"Stopped: {stats.polls:,} polls, {stats.events:,} events, {stats.failures:,} failed polls.")


def _tell(run: Run, report: Any) -> None:
    """Put out what has happened: a line for people, an object for programs."""
    now = datetime.now(UTC)
    if run.out.as_json:
        run.out.row({"time": now, "event": report.kind, **to_json(report)})
    else:
        run.out.text(f"{now:%H:%M:%SZ}  {report.kind:<12}  {report}")
