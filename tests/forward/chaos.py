"""Workers and forwarders that are killed, and a receiver that fails a third of the time: is anything missing?

    python -m tests.forward.chaos

Two workers poll deals that change all the time into a hub, two forwarders deliver its events. One process after
the other is killed and started again. In the end each event of the log must have been accepted, in the order of
its row.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import web
from attrs import define, field, frozen

from impactive_async.hub import HubEvent, SqliteHub
from impactive_async.sandbox import Sandbox
from tests.cli.support import command_line, environment
from tests.forward.receiver import SECRET, Receiver, receiving
from tests.support import PATIENCE


@frozen
class Findings:
    """What a run came to.

    Attributes:
        logged: Events in the log.
        missing: Those of them that no receiver has accepted.
        unpolled: Newest versions of deals that are not in the log.
        disordered: Rows of which an event was accepted before one that is older in the log.
        twice: Events that were accepted more than once: at least once is what is promised.
        attempts: Requests that arrived.
        kills: Processes that were killed.
    """

    logged: int
    missing: int
    unpolled: int
    disordered: int
    twice: int
    attempts: int
    kills: int


@define(eq=False)
class Chaos:
    sandbox: Sandbox
    receiver: Receiver
    directory: Path
    chance: random.Random
    processes: list[asyncio.subprocess.Process] = field(factory=list)
    commands: list[tuple[str, ...]] = field(factory=list)

    @property
    def hub(self) -> str:
        return f"sqlite:///{self.directory}/hub.db"

    async def start(self, *command: str) -> None:
        self.commands.append(command)
        self.processes.append(await self._spawn(command))

    async def _spawn(self, command: Sequence[str]) -> asyncio.subprocess.Process:
        env = {
            "IMPACTIVE_BASE_URL": self.sandbox.url,
            "IMPACTIVE_API_KEY": self.sandbox.api_key,
            "IMPACTIVE_WEBHOOK_SECRET": SECRET.reveal(),
        }
        return await asyncio.create_subprocess_exec(
            *command_line(*command, "--hub", self.hub, "--json"),
            env=environment(env),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def kill(self, place: int) -> None:
        """Kill a process in the middle of whatever it does, and start it again."""
        self.processes[place].kill()
        await self.processes[place].wait()
        self.processes[place] = await self._spawn(self.commands[place])

    async def end(self) -> None:
        for process in self.processes:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def answer(self, request: web.Request, _: HubEvent) -> web.StreamResponse:
        if self.chance.random() < 1 / 3:
            status = self.chance.choice((400, 404, 500, 503, 0))
            if not status and request.transport:
                request.transport.abort()
            return web.Response(status=status or 500)
        return web.Response(status=204)

    async def change(self, rows: int, stop: asyncio.Event) -> None:
        """Add and change deals until it is to stop."""
        for number in itertools.count():
            if stop.is_set():
                return
            # Two changes of one row under one timestamp are one version of it, and the clock moves in steps.
            await self.sandbox.clock.advance(seconds=0.001)
            deals = self.sandbox.state.rows("deals")
            if len(deals) < rows:
                self.sandbox.state.add("deals", {"name": f"Deal {number}"})
            else:
                deal = self.chance.choice(deals)
                self.sandbox.state.touch("deals", deal.id, {"name": f"{deal.fields['name'][:20]} {number}"})
            await asyncio.sleep(0.03)


async def logged(chaos: Chaos) -> list[HubEvent]:
    """All events, in the order of the log."""
    async with SqliteHub(chaos.directory / "hub.db") as hub:
        await hub.drop_group("auditor")
        events = []
        while found := await hub.receive("auditor", count=1000, visibility=3600):
            if found[0].redelivered:
                break
            events += [delivery.event for delivery in found]
        return events


def unpolled(chaos: Chaos, events: Sequence[HubEvent]) -> int:
    """How many deals have a newest version that is not in the log."""
    newest = {event.subject: event.data.get("name") for event in events}
    return sum(newest.get(f"deals/{deal.id}") != deal.fields["name"] for deal in chaos.sandbox.state.rows("deals"))


def judge(chaos: Chaos, events: Sequence[HubEvent], kills: int) -> Findings:
    accepted = [event.id for event in chaos.receiver.accepted]
    places = {event.id: place for place, event in enumerate(events)}
    rows = defaultdict(list)
    for event in dict.fromkeys(accepted):
        rows[event.rpartition("/")[0]].append(places[event])
    return Findings(
        logged=len(events),
        missing=len(places.keys() - set(accepted)),
        unpolled=unpolled(chaos, events),
        disordered=sum(numbers != sorted(numbers) for numbers in rows.values()),
        twice=len(accepted) - len(set(accepted)),
        attempts=len(chaos.receiver.attempts),
        kills=kills,
    )


async def unleash(*, rows: int, kills: int, seed: int = 7) -> Findings:
    """Run it once."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox = await stack.enter_async_context(Sandbox("chaos", speed=1.0))
        receiver = await stack.enter_async_context(receiving())
        chaos = Chaos(sandbox, receiver, directory, random.Random(seed))
        receiver.answer = chaos.answer
        stack.push_async_callback(chaos.end)
        stop = asyncio.Event()
        changing = asyncio.create_task(chaos.change(rows, stop))
        for _ in range(2):
            await chaos.start("worker", "--kind", "deals", "--interval", "0.2", "--lease", "3")
        async with SqliteHub(directory / "hub.db") as hub:
            await hub.init()
        forward = ("forward", "run", "--to", receiver.url, "--hold", "1", "--retries", "1000")
        for _ in range(2):
            await chaos.start(*forward, "--first-retry", "0.02", "--max-retry", "0.2")
        for number in range(kills):
            before = len(receiver.accepted)
            await receiver.until(lambda before=before: len(receiver.accepted) > before + 5)  # type: ignore[misc]
            await chaos.kill((2, 3, 0, 2, 1, 3)[number % 6])
        stop.set()
        await changing
        async with asyncio.timeout(PATIENCE):
            # The processes do not tell when they are done.
            while (found := judge(chaos, await logged(chaos), kills)).missing or found.unpolled:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        return found


if __name__ == "__main__":
    print(asyncio.run(unleash(rows=100, kills=int(os.environ.get("KILLS", "30")))), file=sys.stdout)
