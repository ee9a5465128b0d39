"""Values that can be sent, and hardly are what was meant: told once per kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from impactive_async.cli.importing.columns.fields import FIRST_NAME, LAST_NAME

_NAMES: Final = (FIRST_NAME, LAST_NAME)
_PLACEHOLDERS: Final = frozenset(
    [
        "n/a",
        "n.a.",
        "#n/a",
        "null",
        "none",
        "nil",
        "undefined",
        "unknown",
        "unbekannt",
        "tbd",
        "-",
        "--",
        "---",
        ".",
        "..",
        "?",
        "??",
        "???",
        "xx",
        "xxx",
        "(blank)",
        "(empty)",
        "(none)",
        "[blank]",
    ]
) | frozenset(("first name", "last name", "[object object]", "no name", "not available", "not applicable"))
_NUMBERS_FOR_NOTHING: Final = frozenset(("NA", "NaN", "nan"))
_ERROR: Final = re.compile(
    r"#(REF|N/A|VALUE|NAME\?|DIV/0|NULL|NUM|SPILL|CALC|BEZUG|WERT|NV|ZAHL)!?", re.IGNORECASE
)
_ROUNDED: Final = re.compile(r"[+-]?\d([.,]\d+)?E[+-]?\d{1,3}", re.IGNORECASE)
_LINK: Final = re.compile(r"https?://|www\.", re.IGNORECASE)
_ENTITY: Final = re.compile(r"&(#\d+|#x[0-9a-f]+|[a-z]{2,8});", re.IGNORECASE)
_GARBLED: Final = re.compile("[ÃÂ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œžŸ]|â€|ï»¿|�")  # noqa: RUF001
_DIRECTION: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ORDINARY: Final = re.compile(r"[A-Za-z][A-Za-z '-]+")
"""Names that need no further look."""
_FEWEST_DIGITS: Final = 5


def _few_digits(value: str) -> bool:
    return sum(character.isdigit() for character in value) < _FEWEST_DIGITS


def _placeholder(value: str) -> bool:
    return value.casefold() in _PLACEHOLDERS or value in _NUMBERS_FOR_NOTHING


def _found(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda value: pattern.search(value) is not None


def _whole(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda value: pattern.fullmatch(value) is not None


_OF_NAMES: Final[tuple[tuple[str, Callable[[str], bool]], ...]] = (
    ("a placeholder for a name", _placeholder),
    ("an email address for a name", lambda value: "@" in value),
    ("a web address for a name", _found(_LINK)),
    ("a formula for a name", lambda value: value.startswith("=")),
    ("a number for a name", lambda value: not any(map(str.isalpha, value))),
    ("HTML in a name", lambda value: _found(_ENTITY)(value) or "<" in value),
)
_OF_PHONES: Final[tuple[tuple[str, Callable[[str], bool]], ...]] = (
    ("a phone number that a spreadsheet has rounded", _whole(_ROUNDED)),
    ("a phone number with too few digits", _few_digits),
)
_OF_ALL: Final[tuple[tuple[str, Callable[[str], bool]], ...]] = (
    ("a spreadsheet's error for a value", _whole(_ERROR)),
    ("characters that turn the direction of text", _found(_DIRECTION)),
    ("letters that a wrong encoding has garbled", _found(_GARBLED)),
)


def suspicions(fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The kinds of what is doubtful about somebody's fields, with the value in question; one kind a field."""
    for name, value in fields.items():
        if name != "phone" and _ORDINARY.fullmatch(value) and not _placeholder(value):
            continue
        checks = (*_OF_ALL, *(_OF_NAMES if name in _NAMES else _OF_PHONES if name == "phone" else ()))
        kind = next((kind for kind, doubtful in checks if doubtful(value)), None)
        if kind is not None:
            yield kind, value
