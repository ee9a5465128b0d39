"""`impactive trigger`: make a served sandbox produce a row, for a program under development."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from impactive_async.cli.commands._steering import reached, steers
from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.options import LOCAL, argument, option

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

# `impactive_async.sandbox.triggers.TRIGGERS`; importing the sandbox for it would slow down every `--help` and Tab.
NOUNS = ("reply", "enrollment", "send", "contact", "company", "deal", "invoice", "project", "booking")


@command("trigger", example="impactive trigger reply", shared=LOCAL)
@argument("noun", type=click.Choice(NOUNS), metavar="NOUN", help=f"What: {', '.join(NOUNS)}.")
@option("--count", type=click.IntRange(1, 1000), default=1, metavar="N", help="How many.")
@steers
async def trigger(run: Run, noun: str, count: int, url: str, token: str | None) -> None:
    """Make a sandbox produce a row, so that whatever follows it has something to do.

    The sandbox is the one of `impactive sandbox`. A workspace is never written to.
    """
    async with reached(url, token) as sandbox:
        for _ in range(count):
            run.out.text(f"{noun} {await sandbox.trigger(noun)}")
