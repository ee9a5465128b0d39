"""What an endpoint's JSON is turned into: a row, rows, or nothing. Fit for `Caller.call(shape=…)`."""

from collections.abc import Callable
from typing import Any, TypeVar

from impactive_async._http.codec import decode_row, take_rows
from impactive_async._http.decipher import rows_of

T = TypeVar("T")


def one(cls: type[T]) -> Callable[[Any], T]:
    """The answer is one row."""
    return lambda data: decode_row(cls, data)


def many(cls: type[T]) -> Callable[[Any], list[T]]:
    """The answer is a list of rows (A2), which is emptied."""
    return lambda data: take_rows(cls, rows_of(data))


def one_if_any(cls: type[T]) -> Callable[[Any], T]:
    """The answer is an object, or nothing, which counts as an empty one (A4)."""
    return lambda data: decode_row(cls, {} if data is None else data)


def nothing(_: Any) -> None:
    """Whatever the answer says, its coming is enough (A4)."""
