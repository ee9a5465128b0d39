"""The input of a bulk call, read lazily."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sized
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


class Source(Generic[T]):
    """Rows of a sync or async iterable, handed out in chunks; one reader at a time.

    A sync iterable is advanced on the event loop: one that blocks (a slow database cursor) should be async.

    Attributes:
        total: How many rows there are, where the input knows.
        position: How many have been handed out.
        exhausted: Whether it has come to its end.
        failure: What the input failed with, after it had given some rows.

    Raises:
        ValueError: The input is not an iterable of rows.
    """

    def __init__(self, rows: Iterable[T] | AsyncIterable[T], name: str) -> None:
        if isinstance(rows, str | bytes | Mapping):
            raise ValueError(f"{name} is an iterable of rows, not a lone {type(rows).__name__}")
        self._iterator: Iterator[T] | AsyncIterator[T]
        if isinstance(rows, AsyncIterable):
            self._iterator = aiter(rows)
        elif isinstance(rows, Iterable):
            self._iterator = iter(rows)
        else:
            raise ValueError(f"{name} is an iterable or async iterable, not a {type(rows).__name__}")
        self.total = len(rows) if isinstance(rows, Sized) else None
        self.position = 0
        self.failure: Exception | None = None
        self.exhausted = False

    async def read(self, count: int, into: list[T]) -> None:
        """Append up to `count` rows to `into`; none at the end of the input.

        If the input fails after it gave some, those count as read, and the next call raises the failure. A
        cancelled read leaves in `into` what it had got.
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
