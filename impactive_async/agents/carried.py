"""What came of plans: a digest is carried out once, however often a client sends it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import attrs

_KEPT: Final = 256
"""Results that are remembered."""

Outcome = Mapping[str, Any]


@attrs.define
class CarriedOut:
    """The writes of a server that are under way or done.

    A client may give up on a call and send it again, or send it twice at once. It gets what came of the first.
    """

    _tasks: OrderedDict[str, asyncio.Task[Outcome]] = attrs.field(init=False, factory=OrderedDict)

    def is_done(self, digest: str) -> bool:
        """Whether a plan has been carried out."""
        task = self._tasks.get(digest)
        return task is not None and task.done()

    async def result(self, digest: str) -> Outcome | None:
        """Return what came of a plan, after waiting for it; `None`: nobody has begun it."""
        task = self._tasks.get(digest)
        return None if task is None else await asyncio.shield(task)

    async def run(self, digest: str, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Carry out a plan, or join whoever does. If the call is cancelled, the work goes on.

        Raises:
            Exception: That of the work, which has then done nothing; it may be tried again.
        """
        if digest not in self._tasks:
            task = self._tasks[digest] = asyncio.create_task(self._work(digest, work))
            task.add_done_callback(_heard)
        return await asyncio.shield(self._tasks[digest])

    async def aclose(self) -> None:
        """Stop what is under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, digest: str, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
        try:
            outcome = await work()
        except BaseException:
            self._tasks.pop(digest, None)
            raise
        if "job" in outcome:  # which keeps its own result
            self._tasks.pop(digest, None)
        over = [one for one, task in self._tasks.items() if task.done()]
        for one in over[: max(0, len(self._tasks) - _KEPT)]:
            del self._tasks[one]
        return outcome


def _heard(task: asyncio.Task[Outcome]) -> None:
    """Look at an error that nobody waits for any more, so that asyncio does not complain of it."""
    if not task.cancelled():
        task.exception()
