"""Where the names of the columns stand: in the first record, or below a title, notes or comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from impactive_async.cli.importing.reading.dialect import Candidate
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.words.wording import quoted

Known = Callable[[str], bool]
"""Whether the name of a column says what it is."""

_ENOUGH: Final = 2
"""Columns that a record below the first one must name, to be taken for the header."""
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NUMBER: Final = re.compile(r"[+(]?[\d][\d\s()./-]{5,}\d")


def sense_of(known: Known) -> Callable[[Candidate], int]:
    """How many columns a record names."""
    return lambda record: sum(1 for cell in dict.fromkeys(record.cells) if cell and known(cell))


def choose_header(records: Sequence[Candidate], known: Known) -> Candidate:
    """The first record, unless a later one names more columns, and enough of them."""
    sense = sense_of(known)
    best = max(records, key=sense)  # the first of several
    return best if sense(best) >= _ENOUGH else records[0]


def is_value(cell: str) -> bool:
    """Whether a cell holds an address or a phone number, as no header does."""
    return bool(_ADDRESS.search(cell) or _NUMBER.fullmatch(cell))


def refuse_a_person(name: str, header: Candidate) -> None:
    """Refuse a header in which somebody's address or phone number stands: it is the first person.

    Raises:
        UsageError: There is one.
    """
    value = next((cell for cell in header.cells if is_value(cell)), None)
    if value is None:
        return
    raise UsageError(
        f"{name}, line {header.line}, would be the header, and holds {quoted(value)}: it is somebody's line. "
        f"{without_header(header.cells)} If the header stands elsewhere: --header-line N."
    )


def without_header(cells: Sequence[str]) -> str:
    """How to import a file without a header, by the cells of its first line."""
    if len(cells) == 1:
        return "If the file has no header: --no-header, and --map '#1=FIELD' for its column."
    email = next((place for place, cell in enumerate(cells, 1) if _ADDRESS.search(cell)), None)
    names = [place for place in range(1, len(cells) + 1) if place != email][:2]
    fields = dict(zip(names, ("first_name", "last_name"), strict=False)) | ({email: "email"} if email else {})
    maps = " ".join(f"--map '#{place}={field}'" for place, field in sorted(fields.items()))
    return f"If the file has no header: --no-header, and then what its columns are, perhaps {maps}."
