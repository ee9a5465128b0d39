"""A CSV file as people have them: any delimiter, Excel's `sep=` line, a BOM or none; read in bounded memory."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Final

import attrs

from impactive_async.cli._errors import UsageError

DELIMITERS: Final = ",;\t|"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_WORKBOOK: Final = b"PK\x03\x04"
_SEP_LINE: Final = re.compile(r"sep=(.)\s*", re.IGNORECASE)


@attrs.frozen
class Record:
    """One record, with the first and the last line of the file that it stands on."""

    first_line: int
    last_line: int
    cells: tuple[str, ...]
    fault: str | None = None
    """Why there are no cells."""


@attrs.frozen
class Sheet:
    """A file whose dialect and header are known; it can be read any number of times."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]

    def records(self) -> Iterator[Record]:
        """The records below the header, but for blank lines.

        Raises:
            UsageError: The file is in another encoding, or a quote is opened and never closed: where the cell ends
                is then unknown, and with it which lines are people.
            OSError: It cannot be read.
        """
        return islice(_records(self.path, self.encoding, self.delimiter), 1, None)


def open_sheet(path: Path, *, encoding: str | None, delimiter: str | None, known: Callable[[str], bool]) -> Sheet:
    """Find out how a file is written, and what its columns are called.

    Args:
        path: A regular file: it is read more than once.
        encoding: `None`: UTF-8, with or without a BOM, or UTF-16 with one.
        delimiter: `None`: what `sep=` says, else the one of comma, semicolon, tab and bar that makes most sense of
            the header.
        known: Whether a header cell names a known field.

    Raises:
        UsageError: It is empty, no regular file, no text, or not in this encoding.
        OSError: It cannot be read.
    """
    encoding = encoding or _encoding_of(path)
    delimiter = delimiter or _delimiter_of(path, encoding, known)
    header = next(_records(path, encoding, delimiter), None)
    if header is None or header.fault:
        raise UsageError(
            f"{path} has no header: its first line names the columns, as in First Name,Last Name,Email."
        )
    return Sheet(path, encoding, delimiter, tuple(cell.strip() for cell in header.cells))


def _encoding_of(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no regular file; save it as one, because it is read more than once.")
    with path.open("rb") as file:
        start = file.read(4)
    if start == _WORKBOOK:
        raise UsageError(f"{path} is an Excel workbook; save it as `CSV UTF-8` and import that.")
    return "utf-16" if start[:2] in _UTF16_BOMS else "utf-8-sig"


def _delimiter_of(path: Path, encoding: str, known: Callable[[str], bool]) -> str:
    lines = _lines(path, encoding)
    first = next(lines, "")
    if said := _SEP_LINE.fullmatch(first):
        return said[1]

    def sense(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([first], delimiter=delimiter), [])
        return sum(map(known, cells)), len(cells)

    return max(DELIMITERS, key=sense)


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[Record]:
    lines = _lines(path, encoding)
    first = next(lines, "")
    hidden = 1 if _SEP_LINE.fullmatch(first) else 0
    reader = csv.reader(lines if hidden else chain([first], lines), delimiter=delimiter, strict=True)
    end = 0
    while True:
        start, fault, cells = end + 1, None, []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fault = f"its quotes do not match ({error})"
        end = reader.line_num
        if fault and end > start:
            raise UsageError(
                f"{path}, line {start + hidden}: {fault}, and the lines behind it went into the "
                "same cell: nothing behind it can be read for sure. Correct it first."
            )
        if fault or any(cell.strip() for cell in cells):
            yield Record(start + hidden, end + hidden, tuple(cells), fault)


def _lines(path: Path, encoding: str) -> Iterator[str]:
    """The lines with their ends, as the csv module wants them."""
    number = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            for number, line in enumerate(file, 1):  # noqa: B007 - the error below wants it
                yield line
    except LookupError:
        raise UsageError(f"There is no encoding called {encoding!r}; Excel's on Windows is cp1252.") from None
    except UnicodeError:
        number = _first_undecodable_line(path, encoding) or number + 1
        raise UsageError(
            f"{path}, line {number}: not {encoding.removesuffix('-sig').upper()}. Save it as `CSV UTF-8`, or "
            "say what it is: --encoding cp1252 is Excel's on Windows."
        ) from None


def _first_undecodable_line(path: Path, encoding: str) -> int | None:
    """Text is decoded in blocks, so the error itself does not tell the line."""
    if not encoding.startswith("utf-8"):
        return None
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeError:
                return number
    return None
