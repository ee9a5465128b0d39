"""What was found on the way, by kind: how often, where first, and an example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from impactive_async.cli.kit.words.wording import lines, plural, quoted

_REMEMBERED: Final = 20
"""Lines of a kind whose numbers are kept."""


@attrs.define
class FindingKind:
    """One kind of finding."""

    example: str
    number: int = 0
    lines: list[int] = attrs.field(factory=list)

    def add(self, line: int) -> None:
        """It was found on this line."""
        self.number += 1
        if len(self.lines) < _REMEMBERED:
            self.lines.append(line)

    def where(self) -> str:
        """The lines, cut."""
        shown = lines(self.lines, 5)
        more = self.number - len(self.lines)
        return f"{shown} and {more:,} more" if more else shown


@attrs.define
class Findings:
    """Findings, gathered while lines go by; what is held does not grow with the file."""

    kinds: dict[str, FindingKind] = attrs.field(factory=dict)

    def add(self, kind: str, line: int, example: str) -> None:
        """Something was found on a line."""
        if kind not in self.kinds:
            self.kinds[kind] = FindingKind(example)
        self.kinds[kind].add(line)

    def __iter__(self) -> Iterator[tuple[str, FindingKind]]:
        return iter(self.kinds.items())

    def sentences(self) -> Iterator[str]:
        """Each kind in a sentence."""
        for kind, found in self:
            times = f"{found.number:,} {plural(found.number, 'time')}"
            yield f"{kind}, {times}: {found.where()}, such as {quoted(found.example)}"
