"""Rows for people (tables) and for programs (one JSON object a line)."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import attrs
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from impactive_async.cli._columns import Column, columns_of
from impactive_async.cli._streams import complain, flush_out, is_shown, plain, write_out


@attrs.define
class Output:
    """Standard output for rows, standard error for what is said about them.

    Args:
        json: True: JSON lines; False: tables; `None`: tables where stdout is a terminal.
    """

    json: bool | None = None

    @property
    def as_json(self) -> bool:
        """Whether rows are put out as JSON lines."""
        return not is_shown() if self.json is None else self.json

    def rows(self, rows: Sequence[Any]) -> None:
        """Put out a whole list.

        Raises:
            OutputError: It cannot be written, here and below.
        """
        if self.as_json:
            # One by one: where output is unbuffered, a large write may end early and say nothing.
            for row in rows:
                write_out(json_line(row))
        elif rows:
            write_out(_rendered(table_of(rows)))
        else:
            self.note("Nothing there.")

    def row(self, row: Any) -> None:
        """Put out one row of a stream, at once."""
        write_out(json_line(row) if self.as_json else plain(text_line(row)) + "\n")
        flush_out()

    def text(self, text: str) -> None:
        """Put out lines for people."""
        write_out(plain(text) + "\n")
        flush_out()

    def note(self, text: str) -> None:
        """Tell people something beside the rows; it never mixes with them."""
        complain(text)


def json_line(row: Any) -> str:
    """A row as one line of JSON."""
    return json.dumps(to_json(row), ensure_ascii=False) + "\n"


def to_json(value: Any) -> Any:
    """A row under its Python names; times in UTC, money as a number, unknown fields (if any) under `extra`."""
    if attrs.has(type(value)):
        names = (field.name for field in attrs.fields(type(value)))
        fields = {name: to_json(getattr(value, name)) for name in names}
        return fields if fields.get("extra", True) else {k: v for k, v in fields.items() if k != "extra"}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    return value


def _number(value: Decimal) -> int | float | str:
    """Money as the number that reads back as exactly this; as a string where JSON has no such number."""
    if value == value.to_integral_value() and abs(value) < 2**53:
        return int(value)
    number = float(value)
    return number if math.isfinite(number) and Decimal(repr(number)) == value else str(value)


def table_of(rows: Sequence[Any]) -> Table:
    """A table of rows of one kind, without the columns that would be empty."""
    filled = [(column, [cell(column, row) for row in rows]) for column in columns_of(rows[0])]
    filled = [(column, cells) for column, cells in filled if any(cells)]
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column, _ in filled:
        table.add_column(
            column.title, style=column.style, justify=column.justify, no_wrap=column.whole, overflow="fold"
        )
    for cells in zip(*(cells for _, cells in filled), strict=True):
        table.add_row(*map(Text, cells))
    return table


def text_line(row: Any) -> str:
    """A row of a stream in one line: what its table would show; of an event, behind its kind."""
    from impactive_async import Event

    if isinstance(row, Event):
        return f"{row.kind}  {text_line(row.row)}"
    return "  ".join(filter(None, (cell(column, row) for column in columns_of(row))))


def name_of(row: Any) -> str:
    """What to call a row in a sentence: by its kind and id, or by all it says if it has none."""
    row_id = getattr(row, "id", None)
    return f"{type(row).__name__.lower()} {row_id}" if row_id else json_line(row).strip()


def cell(column: Column, row: Any) -> str:
    """One cell: a single line without anything that would steer the terminal."""
    value = column.value(row)
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}Z"
    return plain(" ".join(str(value).split()))


def _rendered(renderable: Any) -> str:
    console = Console(file=sys.stdout)
    with console.capture() as capture:  # Rich would end the process on a broken pipe
        console.print(renderable)
    return capture.get()


def sentence_of(counts: Mapping[str, int]) -> str:
    """What a piece of work came to: the whole first, then the parts that are not nothing."""
    whole, *parts = ((name.replace("_", " "), count) for name, count in counts.items())
    said = [f"{count:,} {name}" for name, count in parts if count] or ["nothing done"]
    noun = whole[0].removesuffix("s") if whole[1] == 1 else whole[0]
    return f"{whole[1]:,} {noun}: {', '.join(said)}."
