"""Reading the input."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from impactive_async.bulk.input_rows import InputRows


async def drain(source: InputRows[int], size: int) -> list[list[int]]:
    chunks: list[list[int]] = []
    while True:
        chunk: list[int] = []
        await source.read(size, chunk)
        if not chunk:
            return chunks
        chunks.append(chunk)


def counting(upto: int, read: list[int], failing_at: int | None = None) -> Iterator[int]:
    for number in range(upto):
        if number == failing_at:
            raise OSError("the file is gone")
        read.append(number)
        yield number


async def counting_async(upto: int, read: list[int], failing_at: int | None = None) -> AsyncIterator[int]:
    for number in counting(upto, read, failing_at):
        yield number


@pytest.mark.parametrize("count", [counting, counting_async])
@pytest.mark.parametrize("upto", [0, 1, 3, 4, 9])
async def test_hands_out_every_row_once_and_in_order(count: Any, upto: int) -> None:
    """Sync or async, the chunks together are the input, and all but the last are full."""
    chunks = await drain(InputRows(count(upto, []), "rows"), 3)
    assert [row for chunk in chunks for row in chunk] == list(range(upto))
    assert all(len(chunk) == 3 for chunk in chunks[:-1])


@pytest.mark.parametrize("count", [counting, counting_async])
async def test_reads_no_row_before_it_is_asked_for(count: Any) -> None:
    """A chunk of three costs three rows of the input."""
    read: list[int] = []
    source = InputRows(count(100, read), "rows")
    assert read == []
    await source.read(3, [])
    assert len(read) == 3
    assert source.position == 3


@pytest.mark.parametrize("count", [counting, counting_async])
async def test_rows_before_a_failure_are_handed_out_and_then_it_is_raised(count: Any) -> None:
    """An input that raises loses no row it gave before, and does not pass for one that has ended."""
    source = InputRows(count(100, [], failing_at=4), "rows")
    chunk: list[int] = []
    await source.read(3, chunk)
    await source.read(3, chunk)
    assert chunk == [0, 1, 2, 3]
    for _ in range(2):
        with pytest.raises(OSError, match="the file is gone"):
            await source.read(3, chunk)
    assert source.position == 4
    assert not source.exhausted


async def test_an_exhausted_input_is_not_asked_again() -> None:
    """An iterator that would begin anew after its end is not led into temptation."""

    class Restarting:
        def __init__(self) -> None:
            self.rows = iter([1, 2])

        def __iter__(self) -> Restarting:
            return self

        def __next__(self) -> int:
            row = next(self.rows, None)
            if row is None:
                self.rows = iter([1, 2])
                raise StopIteration
            return row

    assert await drain(InputRows(Restarting(), "rows"), 5) == [[1, 2]]


def test_knows_the_length_where_the_input_does() -> None:
    """`total` is the length of a sized input, and `None` for any other."""
    assert InputRows([1, 2, 3], "rows").total == 3
    assert InputRows(iter([1, 2, 3]), "rows").total is None


@pytest.mark.parametrize("rows", ["an id", b"an id", {"first_name": "Ada"}, 7, None])
def test_what_is_no_iterable_of_rows_is_refused_at_once(rows: Any) -> None:
    """A lone string or row in place of many is a `ValueError` that names the argument."""
    with pytest.raises(ValueError, match="contact_ids is an iterable"):
        InputRows(rows, "contact_ids")
