"""What the columns of a file hold: samples to look at, and addresses that nobody would import."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import attrs

from impactive_async.cli.importing.columns.fields import EMAIL
from impactive_async.cli.importing.columns.mapping import Columns, as_option, called
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.words.wording import count

_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
SAMPLES: Final = 2
_KEPT: Final = 100
"""Characters of a sample."""


@attrs.define
class ColumnEvidence:
    """What was seen in each column so far."""

    columns: Columns
    samples: dict[int, list[str]] = attrs.field(init=False, factory=dict)
    """The first different values of each column, by its place."""
    nameless: set[int] = attrs.field(init=False, factory=set)
    """Columns without a name that hold something."""
    _filled: list[int] = attrs.field(init=False)
    _addresses: list[int] = attrs.field(init=False)
    _wanting: set[int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._filled, self._addresses = [0] * self.columns.width, [0] * self.columns.width
        self._wanting = set(range(self.columns.width))

    def see(self, cells: Sequence[str]) -> None:
        """Take a record into account."""
        for place, cell in enumerate(cells[: self.columns.width]):
            if not cell:
                continue
            self._filled[place] += 1
            if "@" in cell and _ADDRESS.search(cell):
                self._addresses[place] += 1
            if place in self._wanting:
                self._sample(place, cell.strip()[:_KEPT])

    def _sample(self, place: int, value: str) -> None:
        kept = self.samples.setdefault(place, [])
        if value and value not in kept:
            kept.append(value)
            if len(kept) == SAMPLES:
                self._wanting.discard(place)

    def filled(self, place: int) -> bool:
        """Whether a column holds anything."""
        return bool(self.samples.get(place))

    def refuse_lost_addresses(self, header: Sequence[str]) -> None:
        """Refuse to import people without the addresses that their file has.

        Raises:
            UsageError: No address is imported, and a column that is not imported is full of them.
        """
        taken = self.columns.fields.get(EMAIL, ())
        if any(self._addresses[place] for place in taken):
            return
        full = [place for place in (*self.columns.unused, *self.columns.nameless) if self._is_full_of_them(place)]
        if not full:
            return
        options = " or ".join(as_option(header, place, EMAIL) for place in full)
        raise UsageError(
            f"No column is taken for the email address, and {called(header, full[0])} holds "
            f"{count(self._addresses[full[0]], 'address')}: say {options}, or --no-email to import none."
        )

    def _is_full_of_them(self, place: int) -> bool:
        return 0 < self._addresses[place] >= self._filled[place] / 2
