"""What did not happen to rows, and why: each of a few, groups of many with sums and examples; in little memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import attrs

from impactive_async.cli.kit.words.wording import count, plural, stretches

SHOWN: Final = 20
"""Runs of rows, or groups of them, that are told."""
_KINDS: Final = 200
"""Reasons that are kept apart."""
_LISTED: Final = 500
"""Rows of a group whose numbers are kept."""
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`")
_IDS: Final = re.compile(r"\b(?=\w*\d)[\w-]{6,}\b|\d+")
"""Ids and numbers, which make a reason of each row its own."""
_REST: Final = "other reasons"
_REPEATED: Final = 3
"""Times that one reason is told."""

Run = tuple[int, int, str]
"""The first and the last row of neighbours with one reason, and the reason."""


def kind_of(reason: str) -> str:
    """A reason without what is one row's own."""
    return _IDS.sub("…", _QUOTED.sub("…", reason))


@attrs.define
class ComplaintGroup:
    """Rows with one kind of reason."""

    example: str
    """The reason of the first one."""
    number: int = 0
    rows: list[int] = attrs.field(factory=list)
    """The numbers of the first of them."""

    def where(self, noun: str) -> str:
        """Their numbers, cut."""
        runs = stretches(self.rows)[:SHOWN]
        more = self.number - sum(last - first + 1 for first, last in runs)
        listed = ", ".join(f"{first}" if first == last else f"{first} to {last}" for first, last in runs)
        return f"{plural(self.number, noun)} {listed}{f' and {more:,} more' if more else ''}"


@attrs.define
class Complaints:
    """Rows and their reasons, in order."""

    what: str = ""
    """What did not happen to them; empty where the reason says it."""
    noun: str = "line"
    """What a row is called."""
    number: int = 0
    """How many there are."""
    groups: dict[str, ComplaintGroup] = attrs.field(factory=dict)
    """By kinds of reasons."""
    _runs: list[Run] = attrs.field(factory=list)
    """The first and the last row of neighbours with one reason; one run more than are told."""

    def add(self, row: int, reason: str) -> None:
        """It did not happen to the row of this number."""
        self.number += 1
        if self._runs and self._runs[-1][1:] == (row - 1, reason):
            self._runs[-1] = self._runs[-1][0], row, reason
        elif len(self._runs) <= SHOWN:
            self._runs.append((row, row, reason))
        group = self._group(reason)
        group.number += 1
        if len(group.rows) < _LISTED:
            group.rows.append(row)

    def _group(self, reason: str) -> ComplaintGroup:
        kind = kind_of(reason)
        if kind not in self.groups and len(self.groups) >= _KINDS:
            kind = _REST
        return self.groups.setdefault(kind, ComplaintGroup(reason))

    def largest(self) -> list[ComplaintGroup]:
        """The groups, those of many rows first."""
        return sorted(self.groups.values(), key=lambda group: -group.number)

    def sentences(self, before: str, title: str = "") -> Iterator[str]:
        """What to say: a sentence for each run of rows; where that would be too many, for each group.

        Args:
            before: What stands before a number, as `leads.csv:`.
            title: What stands before a group, as `leads.csv: `.
        """
        what = f"{self.what}: " if self.what else ""
        if len(self._runs) <= SHOWN:
            for runs in _alike(self._runs):
                yield from self._of_few(runs, before, title, what)
            return
        for group in self.largest()[:SHOWN]:
            where = group.where(self.noun)
            yield f"{title}{count(group.number, self.noun)}: {what}{group.example} ({where})"
        if rest := sum(group.number for group in self.largest()[SHOWN:]):
            yield f"{title}{count(rest, self.noun)}: {what}{_REST}"

    def _of_few(self, runs: list[Run], before: str, title: str, what: str) -> Iterator[str]:
        """A sentence for each of a few runs with reasons that differ in their ids at most; else one for all."""
        if len(runs) <= _REPEATED:
            for first, last, reason in runs:
                upto = "" if first == last else f" to {last}"
                yield f"{before}{first}{upto}: {what}{reason}"
            return
        group = ComplaintGroup(runs[0][2])
        group.rows = [row for first, last, _ in runs for row in range(first, last + 1)]
        group.number = len(group.rows)
        yield f"{title}{count(group.number, self.noun)}: {what}{group.example} ({group.where(self.noun)})"


def _alike(runs: list[Run]) -> list[list[Run]]:
    """The runs by their reasons, where ids outside of quotes do not matter; in the order of the first ones."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        quotes = _QUOTED.findall(run[2])
        plain = _IDS.sub("…", _QUOTED.sub("'", run[2]))
        found.setdefault(f"{plain} {quotes}", []).append(run)
    return list(found.values())
