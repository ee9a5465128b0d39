"""`impactive report`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from impactive_async.cli.kit.declare import Group, command
from impactive_async.cli.kit.options import ALL, argument, option
from impactive_async.cli.kit.streams import flush_out, write_out

if TYPE_CHECKING:
    from impactive_async.cli.kit.run import Run
    from impactive_async.reports import PipelineReport, SequenceReport

R = TypeVar("R", "SequenceReport", "PipelineReport")

_SHARED = tuple(name for name in ALL if name != "csv")

app = Group("report", help="Reports: the funnel of a sequence, the deals of the pipeline.")
html_option = option(
    "--html",
    "html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a page to show or print as well; needs the extra `report`.",
)


@command(
    "sequence",
    app,
    example="impactive report sequence seq_123 --html welcome.html",
    rows="impactive_async.reports:SequenceReport",
    shared=_SHARED,
)
@argument("sequence_id")
@html_option
async def sequence(run: Run, sequence_id: str, html: Path | None) -> None:
    """Show what became of the people on a sequence: who was enrolled, got an email, replied and booked.

    Each person counts once. A reply belongs to the email before it, and so does a booking. The time to reply is
    the median. What the API does not show is said on stderr, and in JSON under `missing`.
    """
    from impactive_async.cli.kit.run import cut_lists_unlogged
    from impactive_async.cli.reporting.tables import sequence_text
    from impactive_async.reports import sequence_report

    with cut_lists_unlogged():
        report = await sequence_report(run.crm, sequence_id)
    _show(run, report, sequence_text, html)


@command(
    "pipeline",
    app,
    example="impactive report pipeline --stage Lead --stage Proposal --stage Won",
    rows="impactive_async.reports:PipelineReport",
    shared=_SHARED,
)
@option(
    "--stage",
    "stages",
    multiple=True,
    metavar="NAME",
    help="A stage, in the pipeline's order, which the API does not tell. Repeatable; others follow by name.",
)
@html_option
async def pipeline(run: Run, stages: Sequence[str], html: Path | None) -> None:
    """Show how many deals are in each stage, and their sum in each currency.

    The sums are exact and of all deals that the API shows. If there may be others, that is said on stderr, and in
    JSON under `missing`.
    """
    from impactive_async.cli.kit.run import cut_lists_unlogged
    from impactive_async.cli.reporting.tables import pipeline_text
    from impactive_async.reports import pipeline_report

    with cut_lists_unlogged():
        report = await pipeline_report(run.crm, stages=stages)
    _show(run, report, pipeline_text, html)


def _show(run: Run, report: R, as_text: Callable[[R], str], html: Path | None) -> None:
    from impactive_async.pages.document import write_page
    from impactive_async.reports import page

    drawn = None if html is None else page(report)
    if run.out.for_programs:
        run.show([report])
    else:
        write_out(as_text(report))
        flush_out()
    for sentence in report.missing:
        run.note(f"Not counted: {sentence}")
    if html is not None and drawn is not None:
        write_page(html, drawn)
        run.note(f"The page is in {html}.")
