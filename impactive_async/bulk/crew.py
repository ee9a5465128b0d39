"""Workers that fetch and handle batches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

B = TypeVar("B")


class Crew(Generic[B]):
    """`size` workers; each fetches a batch and handles it, until there are no more or something stops them all.

    A batch is only fetched by a worker that is free to handle it: so much, and no more, is read ahead. Batches
    are fetched one after the other, in order.

    Attributes:
        cause: What stopped the work before the end of the input, if anything did.
    """

    def __init__(
        self, fetch: Callable[[], Awaitable[B | None]], handle: Callable[[B], Awaitable[None]], size: int
    ) -> None:
        self._fetch = fetch
        self._handle = handle
        self._size = size
        self._turn = asyncio.Lock()
        self._fetcher: asyncio.Task[None] | None = None
        self._interrupted = False
        self._ended = False
        self.cause: Exception | None = None

    async def run(self) -> None:
        """Work to the end. Returns, or is cancelled, with no task left."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._size):
                group.create_task(self._work(), name=f"impactive-bulk-{number}")

    def stop(self, cause: Exception) -> None:
        """Fetch nothing more; what is being handled is handled to its end. The first cause counts."""
        if self.cause is None:
            self.cause = cause
        if self._fetcher is not None and not self._interrupted:
            self._interrupted = True
            self._fetcher.cancel()

    async def _work(self) -> None:
        try:
            while (batch := await self._next()) is not None:
                await self._handle(batch)
        except Exception as cause:  # raised by whoever runs the crew, when the others have finished
            self.stop(cause)

    async def _next(self) -> B | None:
        async with self._turn:
            if self._ended or self.cause is not None:
                return None
            batch = await self._fetched()
            self._ended = batch is None
            return batch

    async def _fetched(self) -> B | None:
        try:
            batch = await self._interruptibly()
        except asyncio.CancelledError:
            _heed_cancellation()
            # Neither `stop` nor anybody else: an input that ends so must not pass for one that has ended.
            self.stop(RuntimeError("reading the input was cancelled from within the input"))
            return None
        _heed_cancellation()  # an input may have swallowed it
        return batch

    async def _interruptibly(self) -> B | None:
        # Not in a task of its own, which would cost as much as all the rest of fetching.
        task = self._fetcher = asyncio.current_task()
        try:
            return await self._fetch()
        finally:
            self._fetcher = None
            if self._interrupted and task is not None:
                self._interrupted = False
                task.uncancel()  # what `stop` asked for has been done; what remains is somebody else's


def _heed_cancellation() -> None:
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
