"""What an endpoint's JSON is turned into: a row, rows, or nothing. Fit for `Caller.call(shape=…)`."""

from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from impactive_async._http.brief import brief
from impactive_async._http.codec import decode_row, decode_rows, row_of_body, rows_of_body
from impactive_async._http.decipher import BodyShape, rows_of
from impactive_async.errors import DecodeError

T = TypeVar("T")


@attrs.frozen
class one(BodyShape[T]):  # noqa: N801 - a shape like those that are functions
    """The answer is one row."""

    cls: type[T]

    def __call__(self, data: Any) -> T:
        """The row of parsed JSON."""
        return decode_row(self.cls, data)

    def of_body(self, body: bytes) -> T | None:
        """The row, if the bytes are just that."""
        return row_of_body(self.cls, body)


@attrs.frozen
class many(BodyShape[list[T]]):  # noqa: N801
    """The answer is a list of rows (A2)."""

    cls: type[T]

    def __call__(self, data: Any) -> list[T]:
        """The rows of parsed JSON."""
        return decode_rows(self.cls, rows_of(data))

    def of_body(self, body: bytes) -> list[T] | None:
        """The rows, if the bytes are just that."""
        return rows_of_body(self.cls, body)


def many_exactly(cls: type[T], count: int) -> Callable[[Any], list[T]]:
    """The answer is one row for each of the `count` that were sent: one that is missing may not have been made."""

    def rows(data: Any) -> list[T]:
        found = rows_of(data)
        if len(found) != count:
            raise DecodeError(f"{count} drafts were sent, and {len(found)} rows came back", snippet=brief(found))
        return decode_rows(cls, found)

    return rows


def one_if_any(cls: type[T]) -> Callable[[Any], T]:
    """The answer is an object, or nothing, which counts as an empty one (A4)."""
    return lambda data: decode_row(cls, {} if data is None else data)


def nothing(_: Any) -> None:
    """Whatever the answer says, its coming is enough (A4)."""
