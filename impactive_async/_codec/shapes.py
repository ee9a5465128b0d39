"""The shapes of answers: a row, rows, or nothing. `Caller.call` takes one for each call."""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from impactive_async._codec.bodies import Shape
from impactive_async._codec.brief import brief
from impactive_async._codec.codec import read_ids, read_result, read_row, read_rows
from impactive_async._codec.tolerant.refusals import Refusal
from impactive_async.errors import DecodeError

T = TypeVar("T")


def one(cls: type[T]) -> Shape[T]:
    """The answer is one row."""
    return partial(read_row, cls)


def many(cls: type[T]) -> Shape[list[T]]:
    """The answer is a list of rows (A2)."""
    return partial(read_rows, cls)


def many_exactly(cls: type[T], count: int) -> Shape[list[T]]:
    """The answer is one row for each of the `count` drafts sent. Another number is a `DecodeError`."""

    def rows(body: bytes) -> list[T]:
        try:
            found = read_rows(cls, body)
        except DecodeError as error:
            ids = None if isinstance(error, Refusal) else read_ids(cls, body)
            if ids is None:
                raise
            found = ids
        if len(found) != count:
            raise DecodeError(f"{count} drafts were sent, and {len(found)} rows came back", snippet=brief(found))
        return found

    return rows


def result(cls: type[T]) -> Shape[T]:
    """The answer says what the call did, in whatever form (A3, A4)."""
    return partial(read_result, cls)


def nothing(_: bytes) -> None:
    """The answer is not read, because its status says all (A4)."""
