"""The command, and its turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from impactive_async.cli.kit.declare import command
from impactive_async.cli.kit.errors import INCOMPLETE
from impactive_async.cli.kit.options import option
from impactive_async.resources.watching.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from impactive_async.cli.kit.run import Run
    from impactive_async.cli.syncing.turn import Turn
    from impactive_async.sync_source import TableSummary

TABLES: Final = (*KINDS[3:], "sequences", *KINDS[:3])
"""The tables, in the order of `sync_source.KINDS`, which would import dlt; a test compares the two."""


@command("sync", example="impactive sync --to duckdb:///crm.duckdb --every 300")
@option(
    "--to",
    required=True,
    envvar="IMPACTIVE_SYNC_TO",
    metavar="URL",
    help="duckdb:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE; or in IMPACTIVE_SYNC_TO, which hides the "
    "password from other users.",
)
@option("--every", type=click.FloatRange(min=1), metavar="SECONDS", help="Sync again and again, until Ctrl-C.")
@option("--history", is_flag=True, help="Keep every version of a row that was seen.")
@option("--kind", "kinds", type=click.Choice(TABLES), multiple=True, metavar="KIND", help="Only this. Repeatable.")
@option(
    "--dataset",
    metavar="NAME",
    help="The schema of the tables.  [default: main in DuckDB, elsewhere impactive]",
)
async def sync(
    run: Run, to: str, every: float | None, history: bool, kinds: Sequence[str], dataset: str | None
) -> None:
    """Bring a database up to date: each list of the workspace in a table of its name, nothing missing or twice.

    A run that is killed at any moment is made good by the next one. What the API no longer shows stands in _gaps,
    and _coverage says up to when each list is complete. It needs the extra `sync`.
    """
    from impactive_async.cli.syncing.turn import Turn, prepared
    from impactive_async.sync_source import TableSummary, destination

    run.out.expect(TableSummary)
    target = destination(to)
    turn = Turn(run, target, prepared(dataset, target), tuple(dict.fromkeys(kinds)) or TABLES, history=history)
    run.stop_message = "Stopped. What was written is whole, and the same command goes on from there."
    workspace = await run.crm.zapier.auth_test()  # a wrong key or host ends it now; later ones are waited out
    run.note(f"Syncing {workspace.name} to {target.shown}, dataset {turn.dataset}.")
    if every is None:
        _show(run, await turn.take())
    else:
        await _keep_up(run, turn, every)


async def _keep_up(run: Run, turn: Turn, every: float) -> None:
    """Take turn after turn. The first one may fail for good; what fails later may pass."""
    import asyncio

    try:
        _show(run, await turn.take())
        while True:
            run.note(f"The next sync is in {every:g} s. Ctrl-C stops.")
            await asyncio.sleep(every)
            summaries = await turn.take_or_tell()
            if summaries is not None:
                _show(run, summaries)
    except asyncio.CancelledError:
        if not run.stopped_as_asked():
            raise
        run.code = 0
        run.note(run.stop_message)


def _show(run: Run, summaries: Sequence[TableSummary]) -> None:
    run.show(summaries)
    failed = [one.table for one in summaries if one.failed]
    run.code = INCOMPLETE.code if failed else 0
    if failed:
        run.note(
            f"Not all lists of {', '.join(failed)} could be polled: _coverage says why. The next run tries again."
        )
    gaps = [one.table for one in summaries if one.gaps]
    if gaps:
        run.note(
            f"Rows of {', '.join(gaps)} may be missing, because the API no longer shows them: _gaps says of when."
        )
