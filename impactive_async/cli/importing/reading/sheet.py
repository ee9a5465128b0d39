"""A table of people as they have it: a CSV file in any of its forms, or an Excel workbook."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, Final

import attrs

from impactive_async.cli.importing.reading.dialect import Candidate, CsvDialect, find_dialect, first_records
from impactive_async.cli.importing.reading.encoding import find_encoding
from impactive_async.cli.importing.reading.header import Known, choose_header, refuse_a_person, sense_of
from impactive_async.cli.importing.reading.kinds import is_workbook, refuse_binary, refuse_what_is_no_table
from impactive_async.cli.importing.reading.origin import Origin
from impactive_async.cli.importing.reading.records import Record, records_of
from impactive_async.cli.importing.reading.text import lines_of
from impactive_async.cli.importing.reading.workbook import WorkbookPage, open_page
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.words.wording import listed, quoted

_SEP_LINE: Final = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_HEAD: Final = 200
"""Lines in which the header is looked for."""
_HEAD_SIZE: Final = 1_000_000
"""Characters of them."""

Records = Callable[[Callable[[float], object]], Iterator[Record]]


@attrs.frozen(kw_only=True)
class Asked:
    """What the user says about a file, where it is not found by itself."""

    encoding: str | None = None
    delimiter: str | None = None
    header_line: int | None = None
    no_header: bool = False
    sheet: str | None = None


@attrs.frozen(kw_only=True)
class Sheet:
    """A table whose form and header are known; it can be read any number of times."""

    origin: Origin
    header: tuple[str, ...]
    header_line: int
    """The line of the header; 0 where there is none."""
    dialect: CsvDialect
    """How the rows are written that are given back."""
    notes: tuple[str, ...] = ()
    """What the user should know about how it was read."""
    _records: Records

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.origin.name

    def records(self, watch: Callable[[float], object] = lambda _: None) -> Iterator[Record]:
        """The records below the header, but for blank ones.

        Args:
            watch: Called now and then with the share that is read.

        Raises:
            UsageError: The file is in another encoding, or a quote is opened and never closed: where the cell ends
                is then unknown, and with it which lines are people.
            OSError: It cannot be read.
        """
        return self._records(watch)


def open_sheet(origin: Origin, known: Known, asked: Asked | None = None) -> Sheet:
    """Find out how a table is written, and what its columns are called.

    Args:
        origin: Its bytes.
        known: Whether a header cell says what its column is.
        asked: What the user says about it.

    Raises:
        UsageError: It is empty, no table, in another encoding than the user says, or has no header.
        OSError: It cannot be read.
    """
    asked = asked or Asked()
    if asked.no_header and asked.header_line is not None:
        raise UsageError("--no-header and --header-line cannot go together.")
    start = origin.start()
    if is_workbook(origin, start):
        return _open_workbook(origin, known, asked)
    if asked.sheet is not None:
        raise UsageError(f"--sheet: {origin.name} is no workbook.")
    refuse_what_is_no_table(origin, start)
    encoding = find_encoding(origin, start, asked.encoding)
    if not encoding.startswith(("utf-16", "utf-32")):
        refuse_binary(origin, start)
    return _open_csv(origin, encoding, known, asked)


def _open_csv(origin: Origin, encoding: str, known: Known, asked: Asked) -> Sheet:
    head = _head(origin, encoding)
    said = _SEP_LINE.fullmatch(head[0]) if head else None
    first_line = asked.header_line or (2 if said else 1)
    below = head[first_line - 1 :] if asked.header_line is None else _head(origin, encoding, first_line)
    delimiter = asked.delimiter or (said[1] if said else None)
    dialect = find_dialect(below, delimiter, sense_of(known))
    header = _header(origin, first_records(below, dialect, first_line), known, asked)

    def records(watch: Callable[[float], object]) -> Iterator[Record]:
        with closing(lines_of(origin, encoding, watch)) as lines:
            wanted = islice(lines, header.line - 1, None)
            yield from islice(
                records_of(origin.name, wanted, dialect, header.line), int(not asked.no_header), None
            )

    return _sheet(origin, header, asked, dialect, records, _above(head, header, said is not None))


def _head(origin: Origin, encoding: str, first_line: int = 1) -> list[str]:
    """The first lines from this one on."""
    found, size = [], 0
    with closing(lines_of(origin, encoding)) as lines:
        for line in islice(lines, first_line - 1, first_line - 1 + _HEAD):
            found.append(line)
            size += len(line)
            if size > _HEAD_SIZE:
                break
    return found


def _above(head: Sequence[str], header: Candidate, said: bool) -> list[str]:
    return [line for line in head[int(said) : header.line - 1] if line.strip()]


def _open_workbook(origin: Origin, known: Known, asked: Asked) -> Sheet:
    if asked.encoding is not None or asked.delimiter is not None:
        raise UsageError(
            f"{origin.name} is an Excel workbook, which has no encoding and no delimiter: leave that out."
        )
    page = open_page(origin, asked.sheet)
    first = islice(page.records(asked.header_line or 1, lambda _: None), 20)
    candidates = [Candidate(record.first_line, tuple(cell.strip() for cell in record.cells)) for record in first]
    header = _header(origin, candidates, known, asked)

    def records(watch: Callable[[float], object]) -> Iterator[Record]:
        return page.records(header.line + int(not asked.no_header), watch)

    above = [record.cells[0] for record in candidates if record.line < header.line]
    sheet = _sheet(origin, header, asked, CsvDialect(","), records, above)
    return attrs.evolve(sheet, notes=(*_which(page), *sheet.notes))


def _which(page: WorkbookPage) -> tuple[str, ...]:
    if not page.others:
        return ()
    others = listed([quoted(name) for name in page.others])
    return (f"Read: the sheet {quoted(page.name)}. There is also {others}: --sheet reads another one.",)


def _header(origin: Origin, records: Sequence[Candidate], known: Known, asked: Asked) -> Candidate:
    """The record that names the columns; where there is no header, the first one.

    Raises:
        UsageError: There is none, or it is somebody's line.
    """
    if not records:
        raise UsageError(
            f"{origin.name} has no header: its first line names the columns, as in First Name,Last Name,Email."
        )
    if asked.no_header:
        return records[0]
    if asked.header_line is not None:
        if records[0].line != asked.header_line:
            raise UsageError(f"--header-line {asked.header_line}: that line of {origin.name} is blank.")
        return records[0]
    header = choose_header(records, known)
    refuse_a_person(origin.name, header)
    return header


def _sheet(
    origin: Origin, header: Candidate, asked: Asked, dialect: CsvDialect, records: Records, above: Sequence[str]
) -> Sheet:
    names = tuple(" ".join(cell.split()) for cell in header.cells)
    notes = []
    if above and not asked.no_header:
        notes.append(
            f"The header is line {header.line}; what stands above it is not imported: {quoted(above[0])}."
        )
    return Sheet(
        origin=origin,
        header=("",) * _width(records) if asked.no_header else names,
        header_line=0 if asked.no_header else header.line,
        dialect=dialect,
        notes=tuple(notes),
        records=records,
    )


def _width(records: Records) -> int:
    """The most cells that one of the first records has."""
    with closing(_generator(records)) as first:
        return max((len(record.cells) for record in islice(first, 20)), default=0)


def _generator(records: Records) -> Any:
    return records(lambda _: None)
