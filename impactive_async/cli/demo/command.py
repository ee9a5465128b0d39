"""`impactive demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from impactive_async.cli._errors import DONE, INCOMPLETE
from impactive_async.cli._options import LOCAL
from impactive_async.cli._run import Run, command
from impactive_async.cli._streams import output_explained

app = typer.Typer()


class _Console(Console):
    """Rich's console, but whoever goes away while it writes ends the command as any other does."""

    def on_broken_pipe(self) -> None:
        with output_explained():
            raise BrokenPipeError


@command(app, "demo", example="impactive demo", shared=LOCAL)
async def demo(
    run: Run,
    leads: Annotated[
        Path | None,
        typer.Argument(help="A CSV file of people; left out: a thousand who do not exist.", show_default=False),
    ] = None,
    seed: Annotated[str, typer.Option(help="What the sandbox makes up follows from it.")] = "demo",
    json: Annotated[
        bool, typer.Option("--json", help="The books as JSON lines; the story goes to stderr.")
    ] = False,
) -> None:
    """See the main job done: a week of an email sequence on the embedded sandbox, and the books at the end.

    A thousand people are created and enrolled; a consumer follows enrollments, sends and replies, and is killed in
    the middle; the program reacts to replies. Needs no account; exits with 10 if a row is missing or came twice.
    """
    from impactive_async.cli.demo.cast import read_leads
    from impactive_async.cli.demo.play import play

    run.farewell = "Stopped; nothing is left behind."
    accounts = await play(read_leads(leads), seed=seed, console=_Console(stderr=json, highlight=False))
    if json:
        run.out.json = True
        run.show(accounts)
    run.code = DONE.code if all(account.balanced for account in accounts) else INCOMPLETE.code
