"""`impactive doctor`: how does this workspace answer, and what does that mean for the SDK?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.options import option

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

_FILE = click.Path(path_type=Path, dir_okay=False)


@command(
    "doctor",
    example="impactive doctor --save profile.json",
    rows="impactive_async.cli.doctor.examination:Finding",
    shared=("json", "csv", "table", "debug", "base_url", "timeout"),
)
@option(
    "--save", type=_FILE, metavar="FILE", help="Write what was learnt as a profile, for AsyncClient(profile=…)."
)
@option(
    "--report", type=_FILE, metavar="FILE", help="Write a text fit for a public issue: nothing of the workspace."
)
@option(
    "--transcript",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep the exchanges, with every value replaced by one of the same kind.",
)
@option("--writes", is_flag=True, help="Also write: one contact at example.com, and a draft that is archived.")
@option("--yes", is_flag=True, help="Do not ask before writing.")
async def doctor(
    run: Run, save: Path | None, report: Path | None, transcript: Path | None, writes: bool, yes: bool
) -> None:
    """See how a workspace really answers, compared with what this SDK assumes.

    Reads only, at most five requests a second. The first line says how many. Exits with 10 if something was found
    that the SDK cannot handle. --save keeps what was learnt as a profile: set IMPACTIVE_PROFILE to its path.
    """
    from impactive_async.cli.doctor.command import consult

    await consult(run, save=save, report=report, transcript=transcript, writes=writes, yes=yes)
