"""Which row of a journal each line of a file is, though lines without a contact were corrected or deleted.

Rows that have a contact must still be there, in their order; they are the landmarks. Between two of them stand
rows that were not created: as many lines as there were (corrected, in their places), or fewer (some were deleted).
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import attrs

from impactive_async.cli.importing.planning.recorded import SETTLED_ROW, Recorded


class OtherLineError(Exception):
    """A line stands where the journal has another one that was created.

    Attributes:
        record: The place of the line among those of the file; beyond the last one, if it ends too early.
        index: The row of the journal.
    """

    def __init__(self, record: int, index: int) -> None:
        super().__init__(record, index)
        self.record = record
        self.index = index


def align(known: Recorded, given: Sequence[int]) -> array[int]:
    """The row of the journal for each line of the file; lines behind the last row get new ones.

    Args:
        known: What the journal knows.
        given: The fingerprint of each line.

    Raises:
        OtherLineError: A row that was created is not where it has to be.
    """
    walk = _Walk(known, given)
    while walk.row < len(known.states) and walk.record < len(given):
        walk.step()
    return walk.end()


@attrs.define
class _Walk:
    known: Recorded
    given: Sequence[int]
    record: int = 0
    row: int = 0
    places: array[int] = attrs.field(factory=lambda: array("i"))

    def step(self) -> None:
        """Place the next line, if it has a landmark; else all lines up to the next landmark."""
        if self.known.states[self.row] == SETTLED_ROW:
            if self.known.prints[self.row] != self.given[self.record]:
                raise OtherLineError(self.record, self.row)
            self.places.append(self.row)
            self.record, self.row = self.record + 1, self.row + 1
            return
        landmark = self.known.states.find(SETTLED_ROW, self.row)
        if landmark < 0:
            self._place(
                min(len(self.given) - self.record, len(self.known.states) - self.row), len(self.known.states)
            )
        else:
            self._place(self._lines_before(landmark), landmark)

    def _lines_before(self, landmark: int) -> int:
        """How many lines stand before that row: as many as there were rows, or else fewer."""
        for lines in range(min(landmark - self.row, len(self.given) - self.record - 1), -1, -1):
            if self._is_there(landmark, self.record + lines):
                return lines
        raise OtherLineError(min(self.record + landmark - self.row, len(self.given)), landmark)

    def _is_there(self, landmark: int, record: int) -> bool:
        """Whether the line is that row, and those behind it are the rows behind it, as far as they are settled.

        Lines may be equal, so that the first one alone does not tell.
        """
        prints, states = self.known.prints, self.known.states
        for row in range(landmark, len(states)):
            if states[row] != SETTLED_ROW:
                return True
            if record >= len(self.given) or self.given[record] != prints[row]:
                return False
            record += 1
        return True

    def _place(self, lines: int, until: int) -> None:
        """Place so many lines on the rows up to this one; where some rows are free, a line goes to its equal."""
        for left in range(lines, 0, -1):
            spare = until - self.row - left
            row = self._equal(self.given[self.record], spare) if spare else self.row
            self.places.append(row)
            self.record, self.row = self.record + 1, row + 1
        self.row = until

    def _equal(self, print_: int, spare: int) -> int:
        rows = range(self.row, self.row + spare + 1)
        return next((row for row in rows if self.known.prints[row] == print_), self.row)

    def end(self) -> array[int]:
        """Give the lines that are left rows of their own; refuse an end before a row that was created."""
        missing = self.known.states.find(SETTLED_ROW, self.row)
        if missing >= 0:
            raise OtherLineError(self.record, missing)
        self.places.extend(range(self.row, self.row + len(self.given) - self.record))
        return self.places
