"""Reports for a terminal: tables with bars."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from rich import box
from rich.bar import Bar
from rich.cells import cell_len
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from impactive_async.cli.kit.streams import is_shown
from impactive_async.pages.texts import in_one_line
from impactive_async.reports import CurrencyTotal, PipelineReport, SequenceReport, StageTotal, StepFunnel
from impactive_async.reports.words import amount, duration, share

_USUAL: Final = 100
"""Characters of a line that goes elsewhere than to a terminal, and of the widest table."""
_BAR: Final = 8
"""Characters that a bar has at least."""
_LEAST: Final = 12
"""Characters of a name that are shown at least, before rows are stacked."""
_BETWEEN: Final = 2
"""Characters between two columns."""
_SHARE: Final = len("> 99 %")
_ROOMY: Final = 72
"""Characters of a line that has room for bars beside the figures of each step."""
_COLOUR: Final = "cyan"


def sequence_text(report: SequenceReport) -> str:
    """Return the funnel of a sequence."""
    title = Text.assemble((in_one_line(report.name), "bold"), f"  {in_one_line(report.status or '')}")
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
    _add_column(table, "", number=True, justify="left")
    _add_column(table, "People", number=True)
    _add_bar(table)
    for name, number, beside in (
        ("enrolled", report.enrolled, ""),
        ("got an email", report.sent, share(report.sent, whole)),
        ("replied", report.replied, share(report.replied, report.sent)),
        ("booked", report.booked, share(report.booked, report.sent)),
    ):
        table.add_row(name, _number(number, beside), _bar(number, report.enrolled))
    return table


def _steps(steps: Sequence[StepFunnel]) -> RenderableType:
    bars = [_bar(step.replied, step.sent) for step in steps] if _width() >= _ROOMY else None
    heads = ("Step", "Subject", "Sent", "Replied", "Booked", "Time to reply")
    return _figures(heads, [_step(step) for step in steps], name=1, bars=bars, bar_at=4)


def _step(step: StepFunnel) -> list[str]:
    return [
        "gone" if step.position is None else str(step.position + 1),
        in_one_line(step.subject or ""),
        f"{step.sent:,}",
        _number(step.replied, share(step.replied, step.sent)),
        _number(step.booked, share(step.booked, step.sent)),
        _time(step.time_to_reply),
    ]


def _currency(total: CurrencyTotal, stages: Iterable[StageTotal]) -> RenderableType:
    listed = [*stages]
    most = max(Decimal(), *(one.value for one in listed))
    heads = ["Stage", "Deals", *(["No value"] if total.without_value else []), _short(total.currency)]
    rows = [[in_one_line(one.stage or "no stage"), *_cells(one, total)] for one in listed]
    bars = [_bar(one.value, most) for one in listed]
    return _figures(heads, rows, name=0, bars=bars, bar_at=len(heads), foot=["all", *_cells(total, total)])


def _short(currency: str | None) -> str:
    name = Text(in_one_line(currency or "No currency"))
    name.truncate(_LEAST, overflow="ellipsis")
    return name.plain


def _cells(one: StageTotal | CurrencyTotal, total: CurrencyTotal) -> list[str]:
    without = [f"{one.without_value:,}" if one.without_value else ""] if total.without_value else []
    return [f"{one.deals:,}", *without, amount(one.value)]


def _figures(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    name: int,
    bars: Sequence[RenderableType] | None,
    bar_at: int,
    foot: Sequence[str] = (),
) -> RenderableType:
    """Return a table in which only names are cut. Where it is too wide, each row becomes lines of its own.

    Args:
        heads: The heads of the columns.
        rows: The cells.
        name: Which column has names.
        bars: A bar for each row, drawn if there is room.
        bar_at: Before which column.
        foot: A last row.
    """
    left = _width() - _needed(heads, [*rows, foot], name)
    if left < 0:
        return Group(*_stacked(heads, [*rows, *([foot] if foot else [])], name))
    beside = None if bars is None or left <= _BAR else bars
    table = _table()
    for place, head in enumerate((*heads, "")):
        if place == bar_at and beside is not None:
            _add_bar(table)
        if place < len(heads):
            _add_column(table, head, number=place != name)
    for row, bar in zip(rows, beside or [""] * len(rows), strict=True):
        table.add_row(*_with_bar(row, name, bar_at, None if beside is None else bar))
    if foot:
        table.add_section()
        table.add_row(*_with_bar(foot, name, bar_at, None if beside is None else ""), style="bold")
    return table


def _with_bar(cells: Sequence[str], name: int, at: int, bar: RenderableType | None) -> list[RenderableType]:
    shown: list[RenderableType] = [_name(cell) if place == name else cell for place, cell in enumerate(cells)]
    return [*shown[:at], *([] if bar is None else [bar]), *shown[at:]]


def _needed(heads: Sequence[str], rows: Iterable[Sequence[str]], name: int) -> int:
    """Return the characters of a line that has all figures, and a little of a name."""
    columns = zip(*filter(None, (heads, *rows)), strict=True)
    widths = [max(map(cell_len, column)) for column in columns]
    widths[name] = min(widths[name], _LEAST)
    return sum(widths) + _BETWEEN * (len(widths) - 1)


def _stacked(heads: Sequence[str], rows: Iterable[Sequence[str]], name: int) -> Iterator[RenderableType]:
    """Yield the rows below each other: the names of each in a line, and below it its figures."""
    for row in rows:
        yield Text(" ".join(filter(None, row[: name + 1])), no_wrap=True, overflow="ellipsis", style="bold")
        figures = Table.grid(padding=(0, _BETWEEN))
        for _ in range(2):
            figures.add_column(overflow="fold")
        for head, cell in zip(heads[name + 1 :], row[name + 1 :], strict=True):
            if cell:
                figures.add_row(f"  {head}", " ".join(cell.split()))
        yield figures


def _number(number: int, beside: str) -> str:
    return f"{number:,} {beside:>{_SHARE}}"


def _time(time: timedelta | None) -> str:
    return "" if time is None else duration(time.total_seconds())


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")


def _add_column(table: Table, title: str, *, number: bool = False, justify: JustifyMethod = "right") -> None:
    """Add a column. One of numbers keeps its width, as long as another one can be narrower."""
    table.add_column(title, justify=justify if number else "left", no_wrap=number, overflow="ellipsis")


def _name(text: str) -> Text:
    """Return the words of a stranger as one line, which is cut where there is no room."""
    return Text(in_one_line(text), no_wrap=True, overflow="ellipsis")


def _add_bar(table: Table, title: str = "") -> None:
    table.add_column(title, min_width=_BAR, ratio=1)


def _bar(part: int | Decimal, whole: int | Decimal) -> RenderableType:
    return Bar(1, 0, float(Decimal(part) / Decimal(whole)), color=_COLOUR) if part > 0 else ""


def _width() -> int:
    return min(shutil.get_terminal_size().columns, _USUAL) if is_shown() else _USUAL


def _drawn(*parts: RenderableType) -> str:
    """Return what Rich draws, as wide as the terminal, but not wider than can be read."""
    console = Console(file=sys.stdout, width=_width(), markup=False, emoji=False)  # strangers write in brackets
    with console.capture() as capture:  # Rich would end the process on a broken pipe
        console.print(Group(*parts))
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())
