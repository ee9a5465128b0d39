"""Words that several messages share: numbers with their nouns, quotations that stay short, lists of lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

_SHORT: Final = 40
_SHOWN: Final = 12
_PLURALS: Final = {"address": "addresses", "company": "companies", "person": "people", "is": "are", "has": "have"}


def count(number: int, noun: str) -> str:
    """So many of them."""
    return f"{number:,} {plural(number, noun)}"


def plural(number: int, word: str) -> str:
    """The word as it goes with a number."""
    return word if number == 1 else _PLURALS.get(word, f"{word}s")


def cut(text: str, length: int = _SHORT) -> str:
    """The text in one line, no longer than this."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def quoted(text: str, length: int = _SHORT) -> str:
    """The text in quotes, cut, and with an escape for what cannot be seen."""
    return repr(cut(text, length))


def listed(names: Sequence[str], shown: int = _SHOWN) -> str:
    """Some names, and how many more there are."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more:,} more" if more > 0 else "")


def stretches(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """The first and the last of each run of consecutive numbers; they come in order."""
    runs = groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    found = []
    for _, run in runs:
        _, first = _, last = next(run)
        for _, last in run:  # noqa: B007 - what counts is the last one; a list of all would be large
            pass
        found.append((first, last))
    return found


def lines(numbers: Sequence[int], shown: int = _SHOWN) -> str:
    """Line numbers as people write them: `line 7`, `lines 2 to 5, 9 and 12 more`."""
    runs = stretches(numbers)
    said = [f"{first}" if first == last else f"{first} to {last}" for first, last in runs[:shown]]
    rest = sum(last - first + 1 for first, last in runs[shown:])
    more = f" and {rest:,} more" if rest else ""
    return f"{plural(len(numbers), 'line')} {', '.join(said)}{more}"
