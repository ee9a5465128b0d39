"""`impactive sequences rehearse SEQUENCE --contacts FILE`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.options import argument, option
from impactive_async.cli.resources.sequences import app

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run

_path = click.Path(path_type=Path)


@command(
    "rehearse",
    app,
    example="impactive sequences rehearse seq_123 --contacts leads.csv --days 14 --html rehearsal.html",
    rows="impactive_async.cli.rehearsing.rehearsing:FIELDS",
)
@argument("sequence", metavar="[SEQUENCE]", required=False, help="Its id; left out with --file.")
@option(
    "--file",
    "-f",
    "draft",
    type=_path,
    metavar="FILE",
    help="A sequence that is not created yet: TOML or JSON, as `sequences create -f` reads it; `-` reads standard "
    "input.",
)
@option(
    "--contacts",
    type=_path,
    metavar="FILE",
    help="Who: contact ids or JSON objects, one a line, or a table of people as `contacts import` reads it; `-` "
    "reads standard input.",
)
@option("--contact", multiple=True, metavar="ID", help="Repeatable.")
@option("--days", type=float, default=14, metavar="N", help="How many days to rehearse.")
@option("--start", metavar="MOMENT", help="When people are enrolled, as 2026-05-04T09:00; default: now.")
@option("--zone", metavar="ZONE", help="The zone whose days count, as Europe/Berlin; default: this machine's.")
@option("--html", type=_path, metavar="FILE", help="Write a page with every mail, to look at or to hand on.")
@option("--no-elsewhere", is_flag=True, help="Do not look at other sequences that these people are on.")
async def rehearse(
    run: Run,
    sequence: str | None,
    draft: Path | None,
    contacts: Path | None,
    contact: Sequence[str],
    days: float,
    start: str | None,
    zone: str | None,
    html: Path | None,
    no_elsewhere: bool,
) -> None:
    """Show every mail that a sequence would send to some people, and what to look at first. Nothing is sent.

    The sequence and the people are copied into a sandbox on this machine, whose clock is run. The workspace is
    only read.
    """
    from impactive_async.cli.rehearsing.rehearsing import Wanted, rehearse_and_show

    wanted = Wanted(
        sequence=sequence,
        draft=draft,
        file=contacts,
        ids=tuple(contact),
        days=days,
        start=start,
        zone=zone,
        html=html,
        elsewhere=not no_elsewhere,
    )
    await rehearse_and_show(run, wanted)
