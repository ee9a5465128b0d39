"""Pages whose plain values are let go of while they are read."""

import pytest

from impactive_async._http.codec import decode_rows, take_rows
from impactive_async.errors import DecodeError
from impactive_async.models import EnrollResult, Workspace


def test_rows_are_those_of_decode_rows_in_order_and_the_page_is_emptied() -> None:
    """Taking gives what decoding gives, and leaves nothing."""
    page: list[object] = [{"id": f"ws_{number}", "plan": number} for number in range(5)]
    rows = decode_rows(Workspace, page)
    assert take_rows(Workspace, page) == rows
    assert page == []


@pytest.mark.parametrize("cls", [Workspace, EnrollResult])
@pytest.mark.parametrize("index", [0, 3, 6])
def test_a_bad_row_is_named_as_decode_rows_names_it(index: int, cls: type) -> None:
    """The error is the same, index and path and snippet, wherever the row stands and whatever reads it."""
    page: list[object] = [{"id": "ws", "enrolledCount": 1} for _ in range(7)]
    page[index] = {"id": 1.5, "enrolledCount": "one"}
    with pytest.raises(DecodeError) as decoding:
        decode_rows(cls, page)
    with pytest.raises(DecodeError) as taking:
        take_rows(cls, page)
    assert str(taking.value) == str(decoding.value)
    assert taking.value.path == decoding.value.path
    assert taking.value.path is not None
    assert taking.value.path.startswith(f"$[{index}].")
