"""`impactive hub export` and `hub import`: all cursors of a hub in one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from impactive_async.cli.commands._hub import hub_option, namespace_option, open_hub, timeout_option
from impactive_async.cli.commands.hub import app
from impactive_async.cli.kit.asking import agree, yes_option
from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.options import LOCAL
from impactive_async.cli.steering.archives import (
    ahead_option,
    file_argument,
    read_archive,
    tell_imported,
    tell_left_out,
    tell_plan,
    write_archive,
    written,
)

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run


@command("export", app, example="impactive hub export cursors.json --hub sqlite:///hub.db", shared=LOCAL)
@hub_option
@file_argument
@namespace_option
@timeout_option
async def export(run: Run, hub: str, file: Path, namespace: str, timeout: float) -> None:
    """Write the cursors of all feeds into a new FILE. Workers may go on; events stay in the hub.

    With it another hub goes on from here, also on another engine: `hub import`. Cursors that are damaged are left
    out and named, and the exit code is 10.
    """
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        archive = await engine.export_cursors()
    write_archive(file, archive)
    run.note(written(archive, file))
    tell_left_out(run, archive)


@command("import", app, example="impactive hub import cursors.json --hub redis://localhost/0", shared=LOCAL)
@hub_option
@file_argument
@ahead_option
@yes_option
@namespace_option
@timeout_option
async def import_file(
    run: Run, hub: str, file: Path, ahead: bool, yes: bool, namespace: str, timeout: float
) -> None:
    """Put the cursors of a FILE into a hub: feeds that are missing are added, others go on from there.

    Rows that a feed has seen since come again, with the same ids; a worker that has the feed is refused. A file of
    another workspace is refused, and so is one that is damaged.
    """
    archive = read_archive(file)
    async with open_hub(hub, namespace, timeout=timeout) as engine:
        plan = await engine.import_cursors(archive, dry_run=True)
        agree(run, tell_plan(plan, ahead=ahead), yes=yes)
        done = await engine.import_cursors(archive, go_ahead=ahead)
    tell_imported(run, done, ahead=ahead)
