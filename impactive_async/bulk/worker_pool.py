"""Workers that fetch and handle batches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

B = TypeVar("B")


class WorkerPool(Generic[B]):
    """Workers that fetch a batch and handle it, until there are no more batches or `stop` is called.

    A worker fetches a batch only when it is free to handle it, so that nothing more is read ahead. One worker at a
    time fetches: batches come in order.

    Args:
        fetch: Returns the next batch; `None` at the end.
        handle: Does the work of a batch.
        size: How many workers there are.

    Attributes:
        cause: What stopped the work before the end of the input; `None` if nothing did.
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
        """Work until the end. When this returns, or is cancelled, no task is left."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._size):
                group.create_task(self._work(), name=f"impactive-bulk-{number}")

    def stop(self, cause: Exception) -> None:
        """Fetch nothing more. Batches that are being handled are finished. The first cause is kept."""
        if self.cause is None:
            self.cause = cause
        if self._fetcher is not None and not self._interrupted:
            self._interrupted = True
            self._fetcher.cancel()

    async def _work(self) -> None:
        try:
            while (batch := await self._next()) is not None:
                await self._handle(batch)
        except Exception as cause:  # whoever runs the pool raises it when the other workers have finished
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
            _raise_if_cancelled()
            # Neither `stop` nor a caller cancelled it, but the input itself. That is not the end of the input.
            self.stop(RuntimeError("reading the input was cancelled from within the input"))
            return None
        _raise_if_cancelled()  # the input may have swallowed a cancellation
        return batch

    async def _interruptibly(self) -> B | None:
        # A task of its own for each fetch would cost as much as all the rest of fetching.
        task = self._fetcher = asyncio.current_task()
        try:
            return await self._fetch()
        finally:
            self._fetcher = None
            if self._interrupted and task is not None:
                self._interrupted = False
                task.uncancel()  # this was the cancellation by `stop`; one that remains is a caller's


def _raise_if_cancelled() -> None:
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
