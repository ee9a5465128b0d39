"""How the cells of a CSV file are delimited and quoted, judged on whole records."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import attrs

DELIMITERS: Final = ",;\t|"
QUOTES: Final = "\"'"
_MOST: Final = 20
"""Records that are looked at."""
_TALLEST: Final = 30
"""Lines of a record among them: a longer one has a quote too many."""


@attrs.frozen
class CsvDialect:
    """The characters between cells and around them."""

    delimiter: str
    quote: str = '"'

    def options(self) -> dict[str, Any]:
        """For `csv.reader`: a quote that does not fit is an error, blanks before a quote are nothing."""
        return {"delimiter": self.delimiter, "quotechar": self.quote, "strict": True, "skipinitialspace": True}

    def without_blanks_behind_quotes(self, text: str) -> str:
        """A record without the blanks between a cell's last quote and the delimiter, which `csv` refuses."""
        quote, mark = re.escape(self.quote), re.escape(self.delimiter)
        cell = rf"(?:\s*{quote}(?:[^{quote}]|{quote}{quote})*+{quote}|[^{mark}{quote}]*+)"
        return re.sub(rf"(\A|{mark})({cell})[^\S\r\n{mark}]*+(?={mark}|\r?\n?\Z)", r"\1\2", text)


@attrs.frozen
class Candidate:
    """A record that may be the header, and the number of its first line."""

    line: int
    cells: tuple[str, ...]


def first_records(lines: Sequence[str], dialect: CsvDialect, first_line: int = 1) -> list[Candidate]:
    """The first records of some lines that are not blank; a line whose quotes do not fit is one of a single cell.

    Args:
        lines: The beginning of the file.
        dialect: How to read it.
        first_line: The number of the first of these lines.
    """
    found: list[Candidate] = []
    place = 0
    while place < len(lines) and len(found) < _MOST:
        cells, height = _record_at(lines, place, dialect)
        if any(cells):
            found.append(Candidate(first_line + place, cells))
        place += height
    return found


def _record_at(lines: Sequence[str], place: int, dialect: CsvDialect) -> tuple[tuple[str, ...], int]:
    reader = csv.reader(lines[place : place + _TALLEST], **dialect.options())
    try:
        cells = next(reader, [])
    except csv.Error:
        read = record_with_blanks("".join(lines[place : place + reader.line_num]), dialect)
        if read is None:
            return (lines[place].strip(),), 1
        cells = read
    return tuple(cell.strip() for cell in cells), reader.line_num


def record_with_blanks(text: str, dialect: CsvDialect) -> list[str] | None:
    """The cells of a record that has blanks behind quotes; `None` if something else is wrong with it."""
    lines = dialect.without_blanks_behind_quotes(text).splitlines(keepends=True)
    try:
        records = list(csv.reader(lines, **dialect.options()))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None


def find_dialect(lines: Sequence[str], delimiter: str | None, sense: Callable[[Candidate], int]) -> CsvDialect:
    """The dialect in which the beginning of a file makes most sense.

    Args:
        lines: The beginning of the file.
        delimiter: What its user says, or the file itself; `None`: one of the usual ones.
        sense: How much sense a record makes as the header.
    """
    quote = _quote(lines)
    candidates = [CsvDialect(each, quote) for each in (delimiter or DELIMITERS)]
    return max(candidates, key=lambda dialect: _merit(first_records(lines, dialect), sense))


def _merit(records: Sequence[Candidate], sense: Callable[[Candidate], int]) -> tuple[int, float, int]:
    """The best header; then how many records have as many cells as most; then how many cells that are."""
    if not records:
        return 0, 0.0, 0
    widths = Counter(len(record.cells) for record in records)
    width, often = max(widths.items(), key=lambda item: (item[0] > 1, item[1], item[0]))
    return max(map(sense, records)), often / len(records) if width > 1 else 0.0, width


def _quote(lines: Sequence[str]) -> str:
    """The single quote where it stands around most cells; a name such as 't Hooft has one, and on one side."""
    cells = [cell for line in lines[:_MOST] for cell in _plain_cells(line)]
    wrapped = sum(1 for cell in cells if len(cell) > 1 and cell[0] == cell[-1] == "'")
    return "'" if cells and wrapped * 2 > len(cells) else '"'


def _plain_cells(line: str) -> Iterator[str]:
    delimiter = max(DELIMITERS, key=line.count)
    return (cell.strip() for cell in line.split(delimiter) if cell.strip())
