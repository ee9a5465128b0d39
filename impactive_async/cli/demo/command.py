"""`impactive demo`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.errors import DONE, INCOMPLETE, UsageError
from impactive_async.cli.kit.options import argument, option

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
async def demo(run: Run, leads: Path | None, seed: str) -> None:
    """See the main job done: a week of an email sequence on the embedded sandbox, and the books at the end.

    A thousand people are created and enrolled; a consumer follows enrollments, sends and replies, and is killed in
    the middle; the program reacts to replies. Needs no account; exits with 10 if a row is missing or came twice.
    With --json or --csv the books go to stdout, and all else to stderr.
    """
    from impactive_async.cli.demo.people import read_leads
    from impactive_async.cli.demo.run import run_demo
    from impactive_async.cli.demo.screen import DemoConsole

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
