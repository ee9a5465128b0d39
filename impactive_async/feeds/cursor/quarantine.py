"""Rows that cannot be delivered: each is reported once, not at every poll."""

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final

from attrs import frozen

REMEMBERED: Final = 256


@frozen
class BadRow:
    """A row that cannot be read, ordered, or told from others. It is reported once, and moves no watermark.

    Attributes:
        index: Its place in the page, from 0; -1 if that is not known any more.
        reason: What is wrong with it. Of its contents it has at most the beginning of the wrong value.
        row: Its JSON value; its text, if it is not JSON.
    """

    index: int
    reason: str
    row: Any


class Quarantine:
    """The digests of the rows reported, the least recently shown first.

    They are at most `REMEMBERED`, or as many as one page has shown.
    """

    __slots__ = ("digests",)

    def __init__(self, digests: Iterable[str] = ()) -> None:
        self.digests = list(digests)

    def unreported(self, bad: Sequence[BadRow]) -> list[BadRow]:
        """Return the rows whose content was not reported before, each once. They count as reported from now on."""
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
    """Return a digest of a JSON value that does not depend on the order of its keys."""
    try:
        text = json.dumps(row, sort_keys=True, separators=(",", ":"))
    except RecursionError:  # the parser reads values a little deeper than `json.dumps` writes
        text = " ".join(flattened(row))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def flattened(row: Any) -> Iterator[str]:
    """Yield texts that identify a value, whatever its depth."""
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
