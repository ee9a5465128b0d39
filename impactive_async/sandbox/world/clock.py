"""Virtual time: it stands still until it is moved, and then runs everything that becomes due, in order."""

import asyncio
import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from attrs import define, field

__all__ = ["Due", "VirtualClock"]

_YIELD_EVERY = 256  # due events, after which other tasks of the event loop get a turn


# A plain tuple: a heap compares its entries some twenty times each, and tuples compare in C. The serial number
# settles ties, so that actions are never compared.
Due = tuple[datetime, int, Callable[[], object]]


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("now must be an aware datetime")
    return moment.astimezone(UTC)


def _turn(due: Due) -> tuple[datetime, int]:
    return due[:2]


@define(eq=False)
class VirtualClock:
    """The one source of time of a sandbox.

    Due events run in order of time, and in order of scheduling where times tie; while one runs, `now()` is its due
    time, so each row it writes carries its own timestamp.
    """

    _now: datetime = field(converter=_utc)
    _due: list[Due] = field(init=False, factory=list)
    _scheduled: int = field(init=False, default=0)
    _moving: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    def now(self) -> datetime:
        """The current moment, aware and in UTC."""
        return self._now

    def next_due(self) -> datetime | None:
        """When the next event is due, which may be in the past already; `None`: nothing is scheduled."""
        return self._due[0][0] if self._due else None

    async def restart(self, now: datetime) -> None:
        """Forget what is scheduled, and go to any moment, also back."""
        async with self._moving:
            self._due.clear()
            self._now = _utc(now)

    def set_back(self, moment: datetime) -> None:
        """Go to an earlier moment, while nobody reads the time: a workspace is being given its past."""
        self._now = moment

    def play(self, until: datetime) -> None:
        """Move forward at once, before there is anybody whom that could keep waiting."""
        for _ in self._run(until):
            pass

    @property
    def scheduled(self) -> int:
        """How many events were ever scheduled; each has the number of its turn."""
        return self._scheduled

    def pending(self) -> list[Due]:
        """What is scheduled: moment, number and action, in the order in which it would run."""
        return sorted(self._due, key=_turn)

    def plan_again(self, due: Iterable[Due], scheduled: int) -> None:
        """Schedule these events and no others, under their numbers; the next number is after `scheduled`."""
        self._due = sorted(due, key=_turn)
        self._scheduled = scheduled

    def schedule(self, at: datetime, action: Callable[[], object]) -> None:
        """Run `action` when the clock passes `at`; an action that is already due runs at the next advance."""
        self._scheduled += 1
        heapq.heappush(self._due, (at, self._scheduled, action))

    async def advance(
        self,
        by: timedelta | None = None,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> None:
        """Move forward and run everything that becomes due on the way.

        Requests are answered meanwhile, at the intermediate times; concurrent calls queue up.

        Raises:
            ValueError: The step would go back in time.
        """
        step = (by or timedelta()) + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if step < timedelta():
            raise ValueError("the clock cannot go back")
        async with self._moving:
            await self._run_until(self._now + step)

    async def advance_to(self, moment: datetime) -> None:
        """Move forward to `moment` and run what becomes due; a moment in the past only runs what is due now."""
        async with self._moving:
            await self._run_until(max(moment, self._now))

    async def _run_until(self, target: datetime) -> None:
        for fired in self._run(target):
            if fired % _YIELD_EVERY == 0:
                await asyncio.sleep(0)

    def _run(self, target: datetime) -> Iterator[int]:
        fired = 0
        while self._due and self._due[0][0] <= target:
            at, _, action = heapq.heappop(self._due)
            self._now = max(self._now, at)
            action()
            fired += 1
            yield fired
        self._now = target
