"""The records of a CSV file, one at a time, with the lines they stand on."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import attrs

from impactive_async.cli.importing.reading.dialect import CsvDialect, record_with_blanks
from impactive_async.cli.importing.reading.text import LIMIT, too_long
from impactive_async.cli.kit.errors import UsageError


@attrs.frozen
class Record:
    """One record, with the first and the last line of the file that it stands on."""

    first_line: int
    last_line: int
    cells: tuple[str, ...]
    fault: str | None = None
    """Why there are no cells."""
    text: str | None = None
    """As it stands in the file; `None` where that is no text."""


class _Remembered:
    """Lines, of which those since the last record are known."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.since: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.since.append(line)
        return line

    def take(self) -> str:
        """The lines since the last call."""
        text = "".join(self.since)
        self.since = []
        return text


def records_of(name: str, lines: Iterator[str], dialect: CsvDialect, first_line: int) -> Iterator[Record]:
    """The records, but for blank ones.

    Args:
        name: What messages call the file.
        lines: Its lines.
        dialect: How cells are delimited and quoted.
        first_line: The number of the first of these lines.

    Raises:
        UsageError: A quote is opened and never closed: where the cell ends is then unknown, and with it which
            lines are people. Or a cell is too long.
    """
    csv.field_size_limit(LIMIT)
    remembered = _Remembered(lines)
    reader = csv.reader(remembered, **dialect.options())
    before, end = first_line - 1, first_line - 1
    while True:
        start, fault, cells = end + 1, None, []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fault = _fault(name, start, error)
        end = before + reader.line_num
        text = remembered.take()
        if fault and (read := record_with_blanks(text, dialect)) is not None:
            cells, fault = read, None
        if fault and end > start:
            raise UsageError(
                f"{name}, line {start}: {fault}, and the lines behind it went into the same cell: nothing behind "
                "it can be read for sure. Correct it first."
            )
        if fault or any(cell.strip() for cell in cells):
            yield Record(start, end, tuple(cells), fault, text)


def _fault(name: str, line: int, error: csv.Error) -> str:
    if "field larger" in str(error):
        raise too_long(name, line, "a cell")
    return f"its quotes do not match ({error})"
