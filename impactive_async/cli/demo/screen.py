"""What the demo draws: a live table on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Final, Self

import attrs
from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from impactive_async.cli.demo.reconcile import Reconciliation
from impactive_async.cli.kit.streams import output_explained
from impactive_async.pages.texts import plain

_REFRESHES: Final = 12  # a second
_LABELS: Final = {
    "enrollments": "enrollments, latest state",
    "sends": "emails sent",
    "replies": "replies received",
}
_BAR: Final = 40


@attrs.frozen(kw_only=True)
class DemoProgress:
    """How far the demo is: the sandbox's time, the share of the week that has passed, and the totals so far."""

    now: datetime
    share: float
    totals: Sequence[Reconciliation]


class DemoConsole(Console):
    """Rich's console, which raises `ReaderGone` if the reader of stdout has gone."""

    def on_broken_pipe(self) -> None:
        """Raise, where Rich would end the process with exit code 1."""
        with output_explained():
            raise BrokenPipeError


class Screen:
    """Writes events as they happen, with a live table below them on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._next_refresh = 0.0

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the live table."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def headline(self, text: str) -> None:
        """Write a headline."""
        self._console.print(Text(text, style="bold"), soft_wrap=not self._console.is_terminal)

    def tell(self, now: datetime | None, text: str, *, style: str = "") -> None:
        """Write an event with its time, or a fact without one."""
        when = Text(f"{now:%a %H:%M}" if now else "", style="dim")
        what = Text(plain(text), style=style)
        if self._console.is_terminal:
            self._console.print(_indented(when, what, 10 if now else 1))
        else:
            self._console.print(Text("  ").join(filter(None, (Text(""), when, what))), soft_wrap=True)

    def update(self, progress: Callable[[], DemoProgress]) -> None:
        """Redraw the live table, at most twelve times a second."""
        if self._live is not None and time.monotonic() >= self._next_refresh:
            self._next_refresh = time.monotonic() + 1 / _REFRESHES
            self._live.update(_progress(progress()), refresh=True)

    def show_totals(self, totals: Sequence[Reconciliation]) -> None:
        """Write the table of totals."""
        table = _totals_table("", "emitted", "received", "missing", "duplicated")
        for total in totals:
            style = "" if total.complete else "bold red"
            figures = (total.emitted, total.received, total.missing, total.duplicated)
            table.add_row(_LABELS[total.kind], *(f"{figure:,}" for figure in figures), style=style)
        self._console.print(table)


def _indented(when: Text, what: Text, indent: int) -> RenderableType:
    grid = Table.grid(padding=0)
    grid.add_column(width=2)
    grid.add_column(width=indent, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("", when, what)
    return grid


def _totals_table(first: str, *titles: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column(first, min_width=11)  # on a narrow terminal it is this one that becomes narrower
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    return table


def _progress(progress: DemoProgress) -> Group:
    done = round(progress.share * _BAR)
    bar = Text.assemble(("━" * done, "green"), ("━" * (_BAR - done), "bright_black"))
    table = _totals_table(f"{progress.now:%a %d %b, %H:%M}", "emitted", "received", "not yet")
    for total in progress.totals:
        figures = (total.emitted, total.received, total.missing)
        table.add_row(_LABELS[total.kind], *(f"{figure:,}" for figure in figures))
    return Group("", bar, table)
