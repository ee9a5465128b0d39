"""Which row of a journal a line is, though lines were corrected or deleted."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impactive_async.cli.importing.planning.alignment import OtherLineError, align
from impactive_async.cli.importing.planning.recorded import OPEN_ROW, SETTLED_ROW, UNKNOWN_ROW, Recorded


def recorded(*rows: tuple[int, int]) -> Recorded:
    """A journal with these fingerprints and states."""
    return Recorded(
        prints=array("Q", [print_ for print_, _ in rows]), states=bytearray(state for _, state in rows)
    )


def done(*prints: int) -> list[tuple[int, int]]:
    return [(print_, SETTLED_ROW) for print_ in prints]


def left(*prints: int) -> list[tuple[int, int]]:
    return [(print_, OPEN_ROW) for print_ in prints]


@pytest.mark.parametrize(
    ("rows", "lines", "places"),
    [
        ([], [7, 8], [0, 1]),
        (done(1, 2), [1, 2, 3], [0, 1, 2]),
        ([*done(1), *left(2), *done(3)], [1, 9, 3], [0, 1, 2]),
        ([*done(1), *left(2), *done(3)], [1, 3], [0, 2]),
        ([*left(2), *done(3)], [3, 4], [1, 2]),
        ([*done(1), *left(2, 3), *done(4)], [1, 3, 4], [0, 2, 3]),
        ([*done(1), *left(2, 3), *done(4)], [1, 9, 4], [0, 1, 3]),
        ([*done(1), *left(2, 3)], [1, 2], [0, 1]),
        ([*done(1), *left(2, 3)], [1, 2, 9, 10], [0, 1, 2, 3]),
        ([*done(1), (0, UNKNOWN_ROW), *done(3)], [1, 5, 3], [0, 1, 2]),
        ([*done(1), (0, UNKNOWN_ROW), *done(3)], [1, 3], [0, 2]),
        ([*done(1), *left(2), *done(1, 1)], [1, 1, 1], [0, 2, 3]),
    ],
)
def test_lines_find_their_rows(rows: list[tuple[int, int]], lines: list[int], places: list[int]) -> None:
    """Rows with a contact are the landmarks; between two of them lines are corrected or gone."""
    assert list(align(recorded(*rows), lines)) == places


@pytest.mark.parametrize(
    ("rows", "lines", "record"),
    [
        (done(1, 2), [1, 3], 1),
        (done(1, 2), [2], 0),
        (done(1, 2), [1], 1),
        (done(1, 2), [9, 1, 2], 0),
        ([*done(1), *left(2), *done(3)], [1, 2, 9, 3], 2),
        ([*done(1), *left(2), *done(3)], [1, 2], 2),
    ],
)
def test_a_row_with_a_contact_must_be_there(rows: list[tuple[int, int]], lines: list[int], record: int) -> None:
    """The error knows the line that stands in its place."""
    with pytest.raises(OtherLineError) as error:
        align(recorded(*rows), lines)
    assert error.value.record == record


@given(st.data())
def test_no_line_becomes_another_row_with_a_contact(data: st.DataObject) -> None:
    """Whatever is corrected, deleted and appended, each created row keeps its line, and no row gets two."""
    states = data.draw(st.lists(st.sampled_from([OPEN_ROW, SETTLED_ROW, UNKNOWN_ROW]), max_size=40))
    rows = [(index + 1, state) for index, state in enumerate(states)]
    lines: list[int] = []
    for print_, state in rows:
        fate = "kept" if state == SETTLED_ROW else data.draw(st.sampled_from(["kept", "corrected", "deleted"]))
        if fate != "deleted":
            lines.append(print_ if fate == "kept" else 1000 + print_)
    lines += [2000 + n for n in range(data.draw(st.integers(0, 5)))]
    places = list(align(recorded(*rows), lines))
    assert len(places) == len(lines)
    assert places == sorted(set(places))
    for line, place in zip(lines, places, strict=True):
        if place < len(rows) and rows[place][1] == SETTLED_ROW:
            assert line == rows[place][0]
    settled = {index for index, (_, state) in enumerate(rows) if state == SETTLED_ROW}
    assert settled <= set(places)
