"""The events that a destination has in hand, the order of each row kept. Pure."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable

from attrs import define, field

from impactive_async.hub import Delivery


@define(eq=False)
class Waiting:
    """One event in hand.

    Attributes:
        delivery: The event, out of the hub's log.
        failures: How often it could not be delivered.
    """

    delivery: Delivery
    failures: int = 0

    @property
    def row(self) -> str:
        """What the event is about: the events of one row are delivered one after the other."""
        return self.delivery.event.subject


@define(eq=False)
class RowOrder:
    """Events, of which one of each row is tried at a time: the first in the log.

    An event that must wait makes those behind it in its row wait, and no other.
    """

    _rows: dict[str, deque[Waiting]] = field(factory=dict)
    _due: list[tuple[float, int, str]] = field(factory=list)
    _positions: set[str] = field(factory=set)
    _count: int = 0

    def __len__(self) -> int:
        return len(self._positions)

    def add(self, waiting: Waiting, due: float) -> bool:
        """Take an event in hand; return False if it is there already.

        Args:
            waiting: The event; behind those of its row that are there.
            due: When it may be tried, unless it is behind another.
        """
        if waiting.delivery.position in self._positions:
            return False
        self._positions.add(waiting.delivery.position)
        row = self._rows.setdefault(waiting.row, deque())
        row.append(waiting)
        if len(row) == 1:
            self._schedule(waiting.row, due)
        return True

    def take(self, now: float) -> Waiting | None:
        """Return an event that is due; None if none is. Until `done` or `again`, its row is left alone."""
        if not self._due or self._due[0][0] > now:
            return None
        _, _, row = heapq.heappop(self._due)
        return self._rows[row][0]

    def next_due(self) -> float | None:
        """Return when the next event is due; None if none waits."""
        return self._due[0][0] if self._due else None

    def again(self, waiting: Waiting, due: float) -> None:
        """Try an event that was taken again at a time."""
        self._schedule(waiting.row, due)

    def done(self, waiting: Waiting, now: float) -> None:
        """Be done with an event that was taken; the next one of its row is due. See `forget`."""
        row = self._rows[waiting.row]
        row.popleft()
        if row:
            self._schedule(waiting.row, now)
        else:
            del self._rows[waiting.row]

    def forget(self, positions: Iterable[str]) -> None:
        """Forget events that are done, now that the hub knows it and delivers them no more."""
        self._positions.difference_update(positions)

    def _schedule(self, row: str, due: float) -> None:
        self._count += 1
        heapq.heappush(self._due, (due, self._count, row))
