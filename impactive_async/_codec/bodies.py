"""Shapes, which turn the bytes of a body into the value of a call, and what all of them need.

The shapes of rows are in `shapes.py`, so that making a client imports neither the row classes nor cattrs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeAlias, TypeVar

import attrs

from impactive_async._codec.json_bytes import loads
from impactive_async._codec.tolerant.notes import current
from impactive_async.errors import DecodeError

T = TypeVar("T")

Shape: TypeAlias = Callable[[bytes], T]
"""A function that returns the value, or raises `DecodeError` if the bytes are something else."""


@attrs.frozen
class Recognizing(Generic[T]):
    """The shape of an answer that may be the one before, of which nothing is read then.

    Attributes:
        read: Reads any other answer.
        is_known: Whether a body is that of the answer before.
        known: Stands for the answer before; also for a 304.
    """

    read: Shape[T]
    is_known: Callable[[bytes], bool]
    known: T

    def __call__(self, body: bytes) -> T:
        """Return the value of a body."""
        return self.known if self.is_known(body) else self.read(body)


class NotJson(DecodeError):  # noqa: N818 - `decipher` raises an error instead that names the request
    """The bytes are not JSON. The message says why, and does not quote the bytes."""


def json_of(body: bytes) -> Any:
    """Return the plain value of a body; `None` for an empty one, or one of white space (A4).

    A body that is nearly JSON is mended, where the notes of the answer allow it.

    Raises:
        NotJson: The body is something else.
    """
    if not body or body.isspace():
        return None
    try:
        return loads(body)
    except ValueError as error:
        problem = str(error)  # the exception holds the whole document, so it is not chained
    notes = current()
    if notes is not None:
        from impactive_async._codec.tolerant.nearly_json import mended  # few services need it

        with suppress(ValueError):
            return mended(body, notes.deviate)
    raise NotJson(f"not JSON: {problem}")


def of_json(read: Callable[[Any], T]) -> Shape[T]:
    """Return the shape that calls a function with the plain value of the body."""
    return lambda body: read(json_of(body))
