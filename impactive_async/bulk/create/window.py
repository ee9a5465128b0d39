"""How many rows may be created while the outcome of a batch is open."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable


class Window:
    """Bounds, for each batch whose outcome is open, the rows that may have been created since it was sent.

    The list shows 500 contacts, the newest first. A lost batch must be found among them, so that few other
    contacts
    may stand above it: those of batches that were under way when it was sent, and of batches sent since. A batch
    that takes long therefore holds up the batches after it.
    """

    def __init__(self, rows: int) -> None:
        self._most = rows
        self._sizes: dict[Hashable, int] = {}
        self._overlaps: dict[Hashable, int] = {}  # with the rows of all batches that overlap in time
        self._freed = asyncio.Event()

    async def room(self, rows: int) -> None:
        """Wait until a batch of so many rows may be sent. One task at a time may wait."""
        while not self._fits(rows):
            self._freed.clear()
            await self._freed.wait()

    def enter(self, batch: Hashable, rows: int) -> None:
        """Count the rows of a batch that is about to be sent."""
        for other in self._overlaps:
            self._overlaps[other] += rows
        self._overlaps[batch] = rows + sum(self._sizes.values())
        self._sizes[batch] = rows

    def leave(self, batch: Hashable) -> None:
        """Forget a batch whose outcome is known."""
        del self._sizes[batch], self._overlaps[batch]
        self._freed.set()

    def _fits(self, rows: int) -> bool:
        under_way = sum(self._sizes.values())
        most = max((under_way, *self._overlaps.values()))
        return not under_way or most + rows <= self._most
