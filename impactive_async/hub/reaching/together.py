"""Calls that go to an engine together: several feeds are claimed, or committed, in one round trip."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, Final, Generic, TypeVar

from attrs import define

from impactive_async.hub.reaching.refusals import CancelledByEngineError, RefusedByEngineError

A = TypeVar("A")
R = TypeVar("R")

MOST: Final = 16
"""How many calls go together."""
HEAVIEST: Final = 500
"""Events that go together: an engine is held up for milliseconds by them."""


@define(eq=False)
class _Waiting(Generic[A, R]):
    call: A
    answer: asyncio.Future[R]
    flight: asyncio.Task[None] | None = None
    """What carries it, once it is under way."""
    together: Sequence[_Waiting[A, R]] = ()
    """What that carries."""


class Together(Generic[A, R]):
    """Gathers calls of one kind while others are under way, and sends them in one round trip.

    A call that is made alone is sent at once. What the engine refuses to do for several is sent one by one, so
    that nobody suffers for another's call.

    Args:
        send: Sends calls, and returns an answer for each.
        weigh: How many events a call brings.
        key: Of calls with the same key, one goes at a time.
        flights: How many round trips may be under way at once.
    """

    def __init__(
        self,
        send: Callable[[Sequence[A]], Awaitable[Sequence[R]]],
        *,
        weigh: Callable[[A], int] = lambda _: 1,
        key: Callable[[A], Hashable] | None = None,
        flights: int = 1,
    ) -> None:
        self._send = send
        self._weigh = weigh
        self._key = key
        self._flights = flights
        self._waiting: list[_Waiting[A, R]] = []
        self._under_way: set[asyncio.Task[None]] = set()

    async def ask(self, call: A) -> R:
        """Make a call; return its answer, or raise what the engine says.

        A call that is cancelled is not sent any more; one that is under way is given up with the last that waits.
        """
        waiting: _Waiting[A, R] = _Waiting(call, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._depart()
        try:
            return await waiting.answer
        except asyncio.CancelledError:
            await self._give_up(waiting)
            raise

    async def _give_up(self, waiting: _Waiting[A, R]) -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)
        elif waiting.flight and all(one.answer.done() for one in waiting.together) and waiting.flight.cancel():
            await asyncio.wait((waiting.flight,))  # so that its connection is free, or has ended

    def _depart(self) -> None:
        if self._waiting and len(self._under_way) < self._flights:
            # What is asked for before the loop's next turn goes with it.
            flight = asyncio.get_running_loop().create_task(self._fly())
            self._under_way.add(flight)
            flight.add_done_callback(self._landed)

    def _landed(self, flight: asyncio.Task[None]) -> None:
        self._under_way.discard(flight)
        self._depart()

    async def _fly(self) -> None:
        together, flight = self._take(), asyncio.current_task()
        for one in together:
            one.flight, one.together = flight, together
        try:
            await self._carry(together)
        finally:
            for one in together:
                one.answer.cancel()  # does nothing where there is an answer

    def _take(self) -> list[_Waiting[A, R]]:
        """Take those that have waited longest and may go together."""
        taken: dict[Hashable, _Waiting[A, R]] = {}
        left, weight = [], 0
        for one in self._waiting:
            weight += self._weigh(one.call)
            key = self._key(one.call) if self._key else one
            if taken and (key in taken or len(taken) == MOST or weight > HEAVIEST):
                left.append(one)
            else:
                taken[key] = one
        self._waiting = left
        return list(taken.values())

    async def _carry(self, together: Sequence[_Waiting[A, R]]) -> None:
        if not together:  # all were cancelled
            return
        try:
            answers = await self._send([one.call for one in together])
        except (CancelledByEngineError, RefusedByEngineError) as error:
            if len(together) == 1:
                _fail(together, error)
            else:
                for one in together:
                    await self._carry((one,))
        except Exception as error:
            _fail(together, error)
        else:
            for one, answer in zip(together, answers, strict=True):
                if not one.answer.done():
                    one.answer.set_result(answer)


def _fail(together: Sequence[_Waiting[Any, Any]], error: Exception) -> None:
    for one in together:
        if not one.answer.done():
            one.answer.set_exception(error)
