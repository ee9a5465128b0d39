"""The input of a bulk call, read lazily."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sized
from itertools import islice
from typing import Generic, TypeVar

from impactive_async.errors import InvalidArgumentError

T = TypeVar("T")


class InputRows(Generic[T]):
    """The rows of a sync or async iterable, read in chunks by one reader at a time.

    A sync iterable is advanced on the event loop. One that blocks, such as a slow database cursor, should be
    async.

    Attributes:
        total: How many rows the input has; `None` if it has no length.
        position: How many rows have been read.
        exhausted: Whether the input has come to its end.
        failure: What the input raised after it had given a part of a chunk.

    Raises:
        ValueError: The input is not an iterable of rows.
    """

    def __init__(self, rows: Iterable[T] | AsyncIterable[T], name: str) -> None:
        if isinstance(rows, str | bytes | Mapping):
            raise InvalidArgumentError(f"{name} is an iterable of rows, not a lone {type(rows).__name__}")
        self._iterator: Iterator[T] | AsyncIterator[T]
        if isinstance(rows, AsyncIterable):
            self._iterator = aiter(rows)
        elif isinstance(rows, Iterable):
            self._iterator = iter(rows)
        else:
            raise InvalidArgumentError(f"{name} is an iterable or async iterable, not a {type(rows).__name__}")
        self.total = len(rows) if isinstance(rows, Sized) else None
        self.position = 0
        self.failure: Exception | None = None
        self.exhausted = False

    async def read(self, count: int, into: list[T]) -> None:
        """Append up to `count` rows to `into`; none at the end of the input.

        If the input raises after it gave some rows, those count as read, and the next call raises the error. A
        read that is cancelled leaves the rows it has got in `into`.

        Raises:
            Exception: What the input raised before it gave a row of this chunk, or in the chunk before.
        """
        if self.failure is not None:
            raise self.failure
        if self.exhausted:
            return
        before = len(into)
        try:
            await self._fill(count, into)
            self.exhausted = len(into) - before < count
        except Exception as failure:
            if len(into) == before:
                raise
            self.failure = failure
        finally:
            self.position += len(into) - before

    async def _fill(self, count: int, into: list[T]) -> None:
        if isinstance(self._iterator, AsyncIterator):
            for _ in range(count):
                try:
                    into.append(await anext(self._iterator))
                except StopAsyncIteration:
                    return
        else:
            into.extend(islice(self._iterator, count))  # what came before a failure is kept
