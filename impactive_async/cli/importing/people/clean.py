"""What stands around a value in a cell and is no part of it: quotes, invisible characters, a program's marks."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_PAIRS: Final = {
    '"': '"',
    "'": "'",
    "“": "”",
    "„": "“”",
    "”": "”",
    "«": "»",
    "»": "«",
    "‹": "›",  # noqa: RUF001
    "‘": "’",  # noqa: RUF001
    "`": "`",
}
_FORMULA: Final = re.compile(r'="(.*)"', re.DOTALL)
"""How some programs keep a spreadsheet from taking a number for one."""
_ASCII: Final = re.compile(r"[!#-&(-~][ !#-&(-~]*")
"""Text in which there is nothing to take off: printable ASCII without quotes, and no blank in front."""

INVISIBLE: Final = "invisible characters at the edge"
QUOTES: Final = "quotes around it"
FORMULA: Final = 'the ="…" of a spreadsheet'
APOSTROPHE: Final = "the apostrophe by which a spreadsheet marks text"


def is_invisible(character: str) -> bool:
    """Whether nothing is drawn for a character: zero-width ones, marks of direction, soft hyphens."""
    return unicodedata.category(character) == "Cf"


def cleaned(cell: str) -> tuple[str, str | None]:
    """The value in a cell, and what was taken off it, if anything but blanks."""
    value = cell.strip()
    if not value or (_ASCII.fullmatch(value) and value[0] != "="):
        return value, None
    what = None
    if (bare := without_invisible_edges(value)) != value:
        value, what = bare, INVISIBLE
    if formula := _FORMULA.fullmatch(value):
        return formula[1].strip(), FORMULA
    if (inside := unwrapped(value)) != value:
        return inside, QUOTES
    return value, what


def without_invisible_edges(text: str) -> str:
    """The text without blanks and invisible characters before and behind it."""
    start, end = 0, len(text)
    while start < end and (text[start].isspace() or is_invisible(text[start])):
        start += 1
    while start < end and (text[end - 1].isspace() or is_invisible(text[end - 1])):
        end -= 1
    return text[start:end]


def unwrapped(text: str) -> str:
    """The text without a pair of quotes around all of it."""
    if len(text) > 2 and text[-1] in _PAIRS.get(text[0], ""):
        inside = text[1:-1]
        if text[0] not in inside and text[-1] not in inside:
            return inside.strip()
    return text
