"""Rows for people: tables that fit the terminal, and lines with labels."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import attrs
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from impactive_async.cli.kit.columns import Column, cell, columns_of
from impactive_async.cli.kit.streams import is_shown

NARROWEST: Final = 16
"""Characters that a column of text keeps, if it has so many."""
_GAP: Final = 2
"""Between columns: Rich's divider, and one of padding."""
_NO_END: Final = 1_000_000
_LONGEST: Final = 200
"""Characters of one part of a line on a terminal."""


@attrs.frozen
class FilledColumn:
    """A column with its cells."""

    column: Column
    cells: tuple[str, ...]

    @property
    def natural(self) -> int:
        """The width at which no cell is cut."""
        return max(cell_len(text) for text in (self.column.title, *self.cells))

    @property
    def narrowest(self) -> int:
        """The smallest width that the column may have."""
        return self.natural if self.column.whole else min(self.natural, NARROWEST)


def table_text(rows: Sequence[Any], *, width: int | None, now: datetime) -> tuple[str, tuple[str, ...]]:
    """Return a table of rows of one kind, without empty columns.

    Args:
        rows: At least one row.
        width: The width of the terminal in characters; `None`: there is no limit.
        now: The present time, for cells such as `5 min ago`.

    Returns:
        The text, and the titles of the columns that had no room.
    """
    filled = [
        FilledColumn(column, tuple(cell(column, row, now) for row in rows)) for column in columns_of(rows[0])
    ]
    filled = [one for one in filled if any(one.cells)]
    room = _NO_END if width is None else width
    shown = _that_fit(filled, room)
    text = _drawn(shown, _widths(shown, room), room)
    return text, tuple(one.column.title for one in filled[len(shown) :])


def _that_fit(filled: Sequence[FilledColumn], room: int) -> Sequence[FilledColumn]:
    """Return the columns that fit. The last ones are left out first, and the first one always stays."""
    shown = list(filled)
    while len(shown) > 1 and sum(one.narrowest + _GAP for one in shown) - _GAP > room:
        shown.pop()
    return shown


def _widths(shown: Sequence[FilledColumn], room: int) -> list[int]:
    """Return a width for each column: what it needs at least, and a fair share of the rest."""
    widths = [one.narrowest for one in shown]
    left = room - sum(widths) - _GAP * (len(shown) - 1)
    wanting = sorted(
        (place for place, one in enumerate(shown) if one.natural > one.narrowest),
        key=lambda place: shown[place].natural,
    )
    for number, place in enumerate(wanting):
        share = min(max(left, 0) // (len(wanting) - number), shown[place].natural - widths[place])
        widths[place] += share
        left -= share
    return widths


def _drawn(shown: Sequence[FilledColumn], widths: Sequence[int], room: int) -> str:
    table = Table(
        box=box.SIMPLE_HEAD, header_style="bold", show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0)
    )
    for one, width in zip(shown, widths, strict=True):
        column = one.column
        table.add_column(
            Text(column.title),
            style=column.style,
            justify=column.justify,
            width=width,
            no_wrap=column.lines == 1,
        )
    console = Console(file=sys.stdout, width=max(room, sum(widths) + _GAP * len(widths)))
    for number in range(len(shown[0].cells)):
        table.add_row(
            *(
                _cut(console, one.cells[number], width, one.column.lines)
                for one, width in zip(shown, widths, strict=True)
            )
        )
    with console.capture() as capture:  # Rich would end the process on a broken pipe
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def _cut(console: Console, text: str, width: int, lines: int) -> Text:
    """Return the text in at most so many lines, broken between words. `…` stands for what is left out."""
    broken = Text(text).wrap(console, width, overflow="fold") if lines > 1 else [Text(text)]
    kept = list(broken[:lines])
    if len(broken) > lines:
        kept[-1] = Text(f"{kept[-1].plain.rstrip()} …")
    for line in kept:
        line.rstrip()
        line.truncate(width, overflow="ellipsis")
    return Text("\n").join(kept)


def line_text(row: Any) -> str:
    """Return a row of a stream as one line of labelled parts. An event begins with its kind."""
    from impactive_async import Event

    if isinstance(row, Event):
        return f"{row.kind}  {line_text(row.row)}"
    longest = _LONGEST if is_shown() else _NO_END
    parts = ((column.title, _shortened(cell(column, row), longest)) for column in columns_of(row))
    return "  ".join(f"{title}: {text}" for title, text in parts if text)


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
