"""`impactive demo`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.errors import DONE, INCOMPLETE, UsageError
from impactive_async.cli.kit.options import argument, option
from impactive_async.cli.kit.streams import is_watched

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run


@command(
    "demo",
    example="impactive demo",
    rows="impactive_async.cli.demo.reconcile:Reconciliation",
    shared=("json", "csv", "debug"),
)
@argument(
    "leads",
    type=click.Path(path_type=Path),
    required=False,
    help="A CSV file of people; left out: a thousand who do not exist.",
)
@option("--seed", default="demo", help="What the sandbox makes up follows from it.")
@option(
    "--ops",
    is_flag=True,
    help="The second act: a worker, a forwarder, a receiver that fails now and then, and their page.",
)
async def demo(run: Run, leads: Path | None, seed: str, ops: bool) -> None:
    """See the main job done: a week of an email sequence on the embedded sandbox, and the books at the end.

    A thousand people are created and enrolled; a consumer follows enrollments, sends and replies, and is killed in
    the middle; the program reacts to replies. Needs no account; exits with 10 if a row is missing or came twice.
    With --json or --csv the books go to stdout, and all else to stderr.

    With --ops rows are made for twenty seconds, polled into a hub, and posted to a receiver that refuses a third
    of them; in a terminal all goes on until Ctrl-C, so that you can look at the page.
    """
    from impactive_async.cli.demo.people import read_leads
    from impactive_async.cli.demo.run import run_demo
    from impactive_async.cli.demo.screen import DemoConsole

    if ops:
        await _second_act(run, leads, seed)
        return
    if getattr(sys, "frozen", False):
        raise UsageError(
            "The demo starts processes of Python, which a frozen program has none of: run it unfrozen."
        )
    run.stop_message = "Stopped; nothing is left behind."
    apart = run.out.format is not None
    totals = await run_demo(read_leads(leads), seed=seed, console=DemoConsole(stderr=apart, highlight=False))
    if apart:
        run.show(totals)
    run.code = DONE.code if all(total.complete for total in totals) else INCOMPLETE.code


async def _second_act(run: Run, leads: Path | None, seed: str) -> None:
    import asyncio

    try:
        from impactive_async.cli.demo.operations import run_operations
    except ModuleNotFoundError as error:
        if error.name != "prometheus_client":
            raise
        raise UsageError("--ops needs prometheus-client: pip install 'impactive-async[metrics]'.") from None
    if leads is not None:
        raise UsageError("--ops makes its own rows; a file of people is for the first act.")
    run.stop_message = "Stopped; nothing is left behind."

    async def stay() -> None:
        if is_watched():
            leave = asyncio.Event()
            run.stop_politely(leave.set)
            run.note("All goes on until Ctrl-C: look at the page.")
            await leave.wait()

    books = await run_operations(seed=seed, tell=run.note, stay=stay)
    if run.out.format is not None:
        run.show(books.totals)
    run.code = DONE.code if books.balanced else INCOMPLETE.code
