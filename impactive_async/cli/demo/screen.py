"""What people see of the demo: a live table on a terminal, plain lines anywhere else."""

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

from impactive_async.cli._streams import plain
from impactive_async.cli.demo.reconcile import Account

_REFRESHES: Final = 12  # a second
_LABELS: Final = {
    "enrollments": "enrollments, latest state",
    "sends": "emails sent",
    "replies": "replies received",
}
_WIDEST_LABEL: Final = max(map(len, _LABELS.values()))
_BAR: Final = 40


@attrs.frozen(kw_only=True)
class Standing:
    """Where the story stands: the sandbox's time, the share that is told, and the books so far."""

    now: datetime
    share: float
    accounts: Sequence[Account]


class Screen:
    """Tells events as they happen, with a live table below them if there is a terminal."""

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
        """Take the live table away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def headline(self, text: str) -> None:
        """Begin a part."""
        self._console.print(Text(text, style="bold"), soft_wrap=not self._console.is_terminal)

    def tell(self, now: datetime | None, text: str, *, style: str = "") -> None:
        """Tell an event, or without `now` a fact."""
        when = Text(f"{now:%a %H:%M}" if now else "", style="dim")
        what = Text(plain(text), style=style)
        if self._console.is_terminal:
            self._console.print(_indented(when, what, 10 if now else 1))
        else:
            self._console.print(Text("  ").join(filter(None, (Text(""), when, what))), soft_wrap=True)

    def update(self, standing: Callable[[], Standing]) -> None:
        """Redraw the live table, if it is time to."""
        if self._live is not None and time.monotonic() >= self._next_refresh:
            self._next_refresh = time.monotonic() + 1 / _REFRESHES
            self._live.update(_standing(standing()), refresh=True)

    def settle(self, accounts: Sequence[Account]) -> None:
        """Show the books."""
        table = _books("", "emitted", "received", "missing", "duplicated")
        for account in accounts:
            style = "" if account.balanced else "bold red"
            figures = (account.emitted, account.received, account.missing, account.duplicated)
            table.add_row(_LABELS[account.kind], *(f"{figure:,}" for figure in figures), style=style)
        self._console.print(table)


def _indented(when: Text, what: Text, indent: int) -> RenderableType:
    grid = Table.grid(padding=0)
    grid.add_column(width=2)
    grid.add_column(width=indent, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("", when, what)
    return grid


def _books(first: str, *titles: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(first, min_width=_WIDEST_LABEL, no_wrap=True)
    for title in titles:
        table.add_column(title, justify="right", min_width=9, no_wrap=True)
    return table


def _standing(standing: Standing) -> Group:
    done = round(standing.share * _BAR)
    bar = Text.assemble(("━" * done, "green"), ("━" * (_BAR - done), "bright_black"))
    table = _books(f"{standing.now:%a %d %b, %H:%M}", "emitted", "received", "not yet")
    for account in standing.accounts:
        figures = (account.emitted, account.received, account.missing)
        table.add_row(_LABELS[account.kind], *(f"{figure:,}" for figure in figures))
    return Group("", bar, table)
