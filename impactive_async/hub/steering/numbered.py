"""Moving a group in a log whose events have numbers, and counting what it waits for. Both are done in steps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from impactive_async.hub.steering.seeking import SoughtRow

END: Final = 2**63 - 1
"""Behind all events."""


class NumberedLog:
    """`Steering.sought` for an engine that tells its log in steps."""

    @abstractmethod
    async def _look_for(self, group: str, since: float, event: str | None) -> Sequence[Any]:
        """Find out to where a group would be moved, and where it is.

        Returns:
            Whether there is the group, and the event; its position; its number, or that of the next one; and
            between which numbers the group has no rows yet for what was in the log when it joined.
        """

    @abstractmethod
    async def _begin_move(self, group: str, since: float, event: str | None) -> str | None:
        """Move a group; return the position of the event that it gets next."""

    @abstractmethod
    async def _moved(self, group: str) -> None:
        """Finish moving a group, if that was begun."""

    @abstractmethod
    async def _logged(self, after: int = 0, to: int = END) -> int:
        """Count events in the log between two numbers."""

    @abstractmethod
    def _count_pending(self, group: str, before: int) -> AsyncIterator[Sequence[Any]]:
        """Count in steps what a group has not acknowledged.

        Yields:
            Events that are not dead, those in flight, dead letters, and the number of the first that is not dead.
        """

    async def sought(self, group: str, since: float, event: str | None, *, dry_run: bool) -> SoughtRow:
        """See `Steering.sought`; counted before, and what the group had is cleared away after it, in steps."""
        await self._moved(group)
        *known, position, place, had, start = await self._look_for(group, since, event)
        if not all(known):
            return *known, "", 0, 0
        events = await self._logged(place - 1)
        waiting, *_ = await self._waiting(group, before=place)
        skipped = waiting + await self._logged(had, min(start, place - 1))
        if not dry_run:
            position = await self._begin_move(group, since, event)
            await self._moved(group)
        return *known, position, events, skipped

    async def _waiting(self, group: str, before: int = END) -> tuple[int, int, int, int | None]:
        """Return the sums of `_count_pending`, and the number of the first event that is not dead."""
        rows = [row async for row in self._count_pending(group, before)]
        behind, in_flight, dead = (sum(numbers) for numbers in zip(*(row[:3] for row in rows), strict=True))
        return behind, in_flight, dead, min((row[3] for row in rows if row[3] is not None), default=None)
