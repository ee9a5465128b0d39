"""How many requests are under way, how fast they start, and the pause that one refusal means for all."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final

from impactive_async._checks import check_count
from impactive_async._clock import Clock
from impactive_async._http.rate import rate
from impactive_async._http.starts import Starts
from impactive_async.errors import ConfigurationError


class PausedError(Exception):
    """A pause that lasts longer than a call is ready to wait.

    Attributes:
        seconds: How long it still lasts.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


_FEED_WAITED: Final = (
    "This client was closed while a feed of it waited for what is new. Close a feed, or end the task that follows "
    "it, before you close the client."
)
AFTERWARDS: Final = 10.0
"""Seconds after its end for which a refusal still tells that a second one concerns all."""


class Refusals:
    """The routes whose polls the server has refused for a time, and whether that concerns the whole client.

    A limit on one route leaves the others alone. A limit on the key meets every route, one after another.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: dict[str, float] = {}  # when each refusal ends
        self._answered = False  # whether a poll was answered since the first of them

    def answered(self) -> None:
        """Record that a poll was answered: whatever is refused, it is not everything."""
        self._answered = True

    def concern_all(self, route: str, seconds: float) -> bool:
        """Record a refusal of a poll; return whether it has met another route before, and spared none since."""
        now = self._clock.monotonic()
        others = {other: end for other, end in self._ends.items() if end + AFTERWARDS > now and other != route}
        self._answered = self._answered and bool(others)
        self._ends = {**others, route: now + seconds}
        return bool(others) and not self._answered


class Limits:
    """Each request waits for its `turn`, before its time-out starts, and says when it is `done`.

    Turns are given in the order in which they were asked for. `close` ends all waiting.
    """

    def __init__(self, *, max_concurrency: int, rate_limit: float | None, clock: Clock) -> None:
        self._most = check_count(max_concurrency, "max_concurrency")
        self._starts = Starts(rate(rate_limit))
        self._clock = clock
        self._line = asyncio.Lock()  # serves in the order of asking
        self._freed = asyncio.Event()
        self._waits: dict[asyncio.Timeout, float] = {}  # with the seconds that each would wait for a pause
        self._closed = False
        self.refusals = Refusals(clock)
        self.waiting = 0
        self.under_way = 0

    def turn(self, patience: float = math.inf) -> Awaitable[None]:
        """Wait until a request may start; after that, and only then, `done` has to be called.

        Args:
            patience: Seconds for which a pause is waited for; places and the rate are waited for without a bound.

        Raises:
            PausedError: When it is awaited: a pause lasts longer than that, or such a one begins meanwhile.
            ConfigurationError: When it is awaited: `close` was called meanwhile.
        """
        if self.waiting or self.under_way == self._most or not self._starts.unbounded:
            return self._turn(patience)
        self._starts.record(self._clock.monotonic())
        self.under_way += 1
        return AT_ONCE

    def done(self) -> None:
        """Let the next request start."""
        self.under_way -= 1
        if self.waiting or self._closed:
            self._freed.set()

    def pause(self, seconds: float) -> None:
        """Let no request start for `seconds`: what the server asked of one task, it asked of the client."""
        now = self._clock.monotonic()
        self._starts.pause(now, seconds)
        self._interrupt(shorter_than=self._starts.paused(now))

    async def sleep(self, seconds: float) -> None:
        """Sleep on the client's clock.

        Raises:
            ConfigurationError: `close` was called meanwhile.
        """
        await self._interruptibly(lambda: self._clock.sleep(seconds), math.inf)

    async def wait_open(self, wait: Callable[[], Awaitable[object]]) -> None:
        """Wait for something as a feed does. That the client was closed before, its next poll tells.

        Raises:
            ConfigurationError: `close` was called meanwhile.
        """
        try:
            await (wait() if self._closed else self._interruptibly(wait, math.inf))
        except ConfigurationError:
            raise ConfigurationError(_FEED_WAITED) from None

    def close(self) -> None:
        """End all waiting, now and from now on."""
        self._closed = True
        self._interrupt(shorter_than=math.inf)

    async def drain(self, seconds: float) -> None:
        """Wait until no request is under way, but no longer than `seconds` of the event loop's time.

        Requests have their time-outs in that time, too, and not on the client's clock.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._fewer_than(1)

    async def _turn(self, patience: float) -> None:
        self.waiting += 1
        try:
            await self._interruptibly(self._in_line, patience)
        finally:
            self.waiting -= 1

    async def _in_line(self) -> None:
        # The place and the leave to start are taken in the same step, so that cancelling never takes only one.
        async with self._line:
            while True:
                await self._fewer_than(self._most)
                wait = self._starts.take(self._clock.monotonic())
                if not wait:
                    self.under_way += 1
                    return
                await self._clock.sleep(wait)

    async def _fewer_than(self, count: int) -> None:
        while self.under_way >= count:
            self._freed.clear()
            await self._freed.wait()

    async def _interruptibly(self, wait: Callable[[], Awaitable[object]], patience: float) -> None:
        """Wait until `wait` is over; raise `_refusal` if `_interrupt` ends it before."""
        if self._closed or self._starts.paused(self._clock.monotonic()) > patience:
            raise self._refusal()
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._waits[scope] = patience
                await wait()
        except TimeoutError:
            if not scope.expired():  # the clock's own
                raise
            raise self._refusal() from None
        finally:
            self._waits.pop(scope, None)

    def _interrupt(self, *, shorter_than: float) -> None:
        for scope in [scope for scope, patience in self._waits.items() if patience < shorter_than or self._closed]:
            del self._waits[scope]  # an expired scope cannot be rescheduled
            scope.reschedule(-math.inf)

    def _refusal(self) -> Exception:
        if not self._closed:
            return PausedError(self._starts.paused(self._clock.monotonic()))
        return ConfigurationError(
            "This client was closed while the call waited to be sent. Nothing was sent after that. Await your "
            "calls before you close the client."
        )


_NOTHING: Any = iter(())


class _AtOnce:
    """An awaitable that does not wait. One object serves all turns that are free; each coroutine would be new."""

    def __await__(self) -> Generator[None, None, None]:
        nothing: Generator[None, None, None] = _NOTHING
        return nothing


AT_ONCE: Final[Awaitable[None]] = _AtOnce()
"""A turn that need not be waited for."""
