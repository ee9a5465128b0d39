"""The gate that senders pass before each request."""

from __future__ import annotations

import asyncio

from impactive_async.bulk.create.gate import SendingGate
from tests.support import PATIENCE, spin


async def test_so_many_senders_are_through_at_once() -> None:
    """The next one waits until the first has left."""
    gate, inside, leave = SendingGate(2), list[int](), asyncio.Event()

    async def send(number: int) -> None:
        async with gate.through():
            inside.append(number)
            await leave.wait()

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(send(number))
        await spin(5)
        assert inside == [0, 1]
        leave.set()
    assert inside == [0, 1, 2]


async def test_a_closed_gate_lets_nobody_else_through() -> None:
    """Who is through already stays; the others come when it is open again."""
    gate, log, leave = SendingGate(4), list[str](), asyncio.Event()

    async def send(name: str) -> None:
        async with gate.through():
            log.append(f"{name} in")
            await leave.wait()
            log.append(f"{name} out")

    async with asyncio.TaskGroup() as group:
        group.create_task(send("first"))
        await spin(2)
        gate.close()
        group.create_task(send("second"))
        await spin(5)
        assert log == ["first in"]
        leave.set()
        await spin(5)
        assert log == ["first in", "first out"]
        gate.open()
    assert log == ["first in", "first out", "second in", "second out"]


async def test_whoever_is_cancelled_blocks_nobody() -> None:
    """A sender who gives up before a closed gate leaves its place to others."""
    gate = SendingGate(1)
    gate.close()
    waiting = asyncio.create_task(_pass(gate))
    await spin(3)
    waiting.cancel()
    await asyncio.wait([waiting])
    gate.open()
    async with asyncio.timeout(PATIENCE):
        await _pass(gate)


async def _pass(gate: SendingGate) -> None:
    async with gate.through():
        pass
