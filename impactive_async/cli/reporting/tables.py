"""Reports for a terminal: tables with bars."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Final

from rich import box
from rich.bar import Bar
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from impactive_async.cli.kit.streams import is_shown
from impactive_async.reports import CurrencyTotal, PipelineReport, SequenceReport, StageTotal, StepFunnel
from impactive_async.reports.words import amount, clean, duration, share

_USUAL: Final = 100
"""Characters of a line that goes elsewhere than to a terminal, and of the widest table."""
_BAR: Final = 8
"""Characters that a bar has at least."""
_SHARE: Final = len("> 99 %")
_ROOMY: Final = 72
"""Characters of a line that has room for bars beside the figures of each step."""
_COLOUR: Final = "cyan"


def sequence_text(report: SequenceReport) -> str:
    """Return the funnel of a sequence."""
    title = Text.assemble((clean(report.name), "bold"), f"  {clean(report.status or '')}")
    time = f"time to reply: {_time(report.time_to_reply)} (median)" if report.time_to_reply is not None else ""
    steps = _steps(report.steps) if report.steps else "The sequence has no steps."
    return _drawn(title, "", _funnel(report), *filter(None, [time]), "", steps)


def pipeline_text(report: PipelineReport) -> str:
    """Return the deals by stage, with a table for each currency."""
    if not report.deals:
        return _drawn("There are no deals.")
    tables = [part for total in report.totals for part in ("", _currency(total, report.stages_in(total.currency)))]
    return _drawn(f"{report.deals:,} {'deal' if report.deals == 1 else 'deals'}", *tables)


def _funnel(report: SequenceReport) -> Table:
    whole = report.enrolled if report.emails_since is None else 0  # of emails that are not shown nothing is known
    table = _table()
    _add_column(table, "")
    _add_column(table, "People", number=True)
    _add_bar(table)
    for name, number, beside in (
        ("enrolled", report.enrolled, ""),
        ("got an email", report.sent, share(report.sent, whole)),
        ("replied", report.replied, share(report.replied, report.sent)),
        ("booked", report.booked, share(report.booked, report.sent)),
    ):
        table.add_row(_name(name), _number(number, beside), _bar(number, report.enrolled))
    return table


def _steps(steps: Iterable[StepFunnel]) -> Table:
    table = _table()
    _add_column(table, "Step", number=True)
    _add_column(table, "Subject")
    for title in ("Sent", "Replied"):
        _add_column(table, title, number=True)
    wide = _width() >= _ROOMY
    if wide:
        _add_bar(table)
    for title in ("Booked", "Time to reply"):
        _add_column(table, title, number=True)
    for step in steps:
        table.add_row(
            "gone" if step.position is None else str(step.position + 1),
            _name(step.subject or ""),
            f"{step.sent:,}",
            _number(step.replied, share(step.replied, step.sent)),
            *([_bar(step.replied, step.sent)] if wide else []),
            _number(step.booked, share(step.booked, step.sent)),
            _time(step.time_to_reply),
        )
    return table


def _currency(total: CurrencyTotal, stages: Iterable[StageTotal]) -> Table:
    listed = [*stages]
    most = max(Decimal(), *(one.value for one in listed))
    table = _table()
    _add_column(table, "Stage")
    _add_column(table, "Deals", number=True)
    if total.without_value:
        _add_column(table, "No value", number=True)
    _add_column(table, _name(total.currency or "No currency"), number=True)
    _add_bar(table)
    for one in listed:
        table.add_row(_name(one.stage or "no stage"), *_cells(one, total), _bar(one.value, most))
    table.add_section()
    table.add_row("all", *_cells(total, total), "", style="bold")
    return table


def _cells(one: StageTotal | CurrencyTotal, total: CurrencyTotal) -> list[str]:
    without = [f"{one.without_value:,}" if one.without_value else ""] if total.without_value else []
    return [f"{one.deals:,}", *without, amount(one.value)]


def _number(number: int, beside: str) -> str:
    return f"{number:,} {beside:>{_SHARE}}"


def _time(time: timedelta | None) -> str:
    return "" if time is None else duration(time.total_seconds())


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")


def _add_column(table: Table, title: str | Text, *, number: bool = False) -> None:
    """Add a column. One of numbers keeps its width, as long as another one can be narrower."""
    table.add_column(title, justify="right" if number else "left", no_wrap=number, overflow="ellipsis")


def _name(text: str) -> Text:
    """Return the words of a stranger as one line, which is cut where there is no room."""
    return Text(clean(text), no_wrap=True, overflow="ellipsis")


def _add_bar(table: Table, title: str = "") -> None:
    table.add_column(title, min_width=_BAR, ratio=1)


def _bar(part: int | Decimal, whole: int | Decimal) -> RenderableType:
    return Bar(1, 0, float(Decimal(part) / Decimal(whole)), color=_COLOUR) if part > 0 else ""


def _width() -> int:
    return min(shutil.get_terminal_size().columns, _USUAL) if is_shown() else _USUAL


def _drawn(*parts: RenderableType) -> str:
    """Return what Rich draws, as wide as the terminal, but not wider than can be read."""
    console = Console(file=sys.stdout, width=_width())
    with console.capture() as capture:  # Rich would end the process on a broken pipe
        console.print(Group(*parts))
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())
