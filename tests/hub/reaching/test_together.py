"""Calls that are made while others are under way go to the engine together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from attrs import define, field

from impactive_async.errors import HubError
from impactive_async.hub.reaching.refusals import RefusedByEngineError
from impactive_async.hub.reaching.together import HEAVIEST, MOST, Together
from tests.support import spin


@define
class Engine:
    """Answers each call with itself, when it is let; refuses what is told to it."""

    sent: list[list[Any]] = field(factory=list)
    refuses: Any = None
    open: asyncio.Event = field(factory=asyncio.Event)
    given_up: int = 0

    async def send(self, calls: Sequence[Any]) -> Sequence[Any]:
        self.sent.append(list(calls))
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        if self.refuses in calls:
            raise RefusedByEngineError("no")
        return calls


async def test_what_is_asked_meanwhile_goes_together() -> None:
    """The first call goes at once, those behind it in one trip, so many of them, and one of each key."""
    engine = Engine()
    together: Together[int, int] = Together(engine.send, key=lambda call: call % 100)
    first = asyncio.create_task(together.ask(7))
    await spin()
    others = [asyncio.create_task(together.ask(call)) for call in [*range(MOST + 1), 100]]
    engine.open.set()
    assert await asyncio.gather(first, *others) == [7, *range(MOST + 1), 100]
    assert engine.sent == [[7], [*range(MOST)], [MOST, 100]]


async def test_heavy_calls_go_alone() -> None:
    """An engine is held up by no trip for long."""
    engine = Engine()
    engine.open.set()
    together: Together[int, int] = Together(engine.send, weigh=lambda call: call)
    await asyncio.gather(*(together.ask(call) for call in (HEAVIEST * 2, 1, HEAVIEST - 1, 1)))
    assert engine.sent == [[HEAVIEST * 2], [1, HEAVIEST - 1], [1]]


async def test_a_refusal_is_for_whoever_caused_it() -> None:
    """What is refused to several is asked for one by one."""
    engine = Engine(refuses=2)
    engine.open.set()
    together: Together[int, int] = Together(engine.send)
    first, refused, third = await asyncio.gather(*map(together.ask, (1, 2, 3)), return_exceptions=True)
    assert (first, third) == (1, 3)
    assert isinstance(refused, HubError)


async def test_a_trip_that_nobody_waits_for_is_given_up() -> None:
    """A call that is cancelled ends others' calls no more than they end it; the next one goes at once."""
    engine = Engine()
    together: Together[int, int] = Together(engine.send)
    asking = [asyncio.create_task(together.ask(call)) for call in (1, 2)]
    await spin()
    waiting = asyncio.create_task(together.ask(3))
    for task in (asking[0], waiting):
        task.cancel()
        await asyncio.wait((task,))
    assert engine.given_up == 0
    asking[1].cancel()
    await asyncio.wait(asking)
    assert engine.given_up == 1
    engine.open.set()
    assert await together.ask(4) == 4
    assert engine.sent == [[1, 2], [4]]
