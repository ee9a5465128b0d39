"""Rows that cannot be delivered, reported once and not on every poll."""

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final

from attrs import frozen

REMEMBERED: Final = 256


@frozen
class BadRow:
    """A row that cannot be ordered or told from others: handed over once, moving nothing.

    Attributes:
        index: Its place in the page, from 0.
        reason: What is wrong with it; of its contents at most the beginning of the value that is wrong.
        row: The decoded JSON value as it came.
    """

    index: int
    reason: str
    row: Any


class Quarantine:
    """Digests of the rows reported, the least recently shown first; bounded by what one page shows."""

    __slots__ = ("digests",)

    def __init__(self, digests: Iterable[str] = ()) -> None:
        self.digests = list(digests)

    def unreported(self, bad: Sequence[BadRow]) -> list[BadRow]:
        """Those whose content was not reported before, each once; all of them count as reported from here on."""
        if not bad:
            return []
        shown: dict[str, BadRow] = {}
        for one in bad:
            shown.setdefault(digest(one.row), one)
        fresh = [one for key, one in shown.items() if key not in self.digests]
        kept = [key for key in self.digests if key not in shown]
        self.digests = [*kept, *shown][-max(REMEMBERED, len(shown)) :]
        return fresh


def digest(row: Any) -> str:
    """What tells one content from another: equal for equal JSON, whatever the order of its keys."""
    try:
        text = json.dumps(row, sort_keys=True, separators=(",", ":"))
    except RecursionError:  # the parser goes a little deeper than the writer
        text = " ".join(flattened(row))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def flattened(row: Any) -> Iterator[str]:
    """A value of any depth as a sequence of texts that no other value has."""
    left = [row]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            yield f"{{{len(value)}"
            left += [part for key in sorted(value) for part in (value[key], key)]
        elif isinstance(value, list):
            yield f"[{len(value)}"
            left += value
        else:
            yield json.dumps(value)
