"""What tests of the client share: clocks, a loop whose time jumps, a server that says what it is told."""

from __future__ import annotations

import asyncio
import functools
import os
import selectors
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NoReturn, ParamSpec, TypeVar

import pytest

from impactive_async import AsyncClient, RetryPolicy
from impactive_async.sandbox import Sandbox

P = ParamSpec("P")
T = TypeVar("T")

KEY = "icrm_" + "0123456789abcdef" * 2

PATIENCE = 120.0
"""Seconds after which a test gives up on what should have happened by then. No test passes because of it."""


THOROUGH = os.environ.get("IMPACTIVE_TESTS") == "thorough"
"""Whether tests marked `thorough` do all that they can: `make evidence` sets the variable."""


def often(few: T, many: T) -> T:
    """How often, or with how much, a test marked `thorough` works: `few` by default, `many` in `make evidence`."""
    return many if THOROUGH else few


def give_up(reason: str) -> NoReturn:
    """Skip for want of a server or a tool; fail where CI is set: what is not checked there does not hold."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class FakeClock:
    """Sleeps take no time, advance the clock, and are remembered in `waits`."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class ManualClock:
    """Sleeps last until `advance` has carried the clock over their end."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    @property
    def sleepers(self) -> int:
        return sum(not future.done() for _, future in self._sleepers)

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + seconds, future))
        await future

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for end, future in self._sleepers:
            if end <= self.now and not future.done():
                future.set_result(None)


class LoopClock:
    """The loop's own time, whatever that does."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def now() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()


class _JumpingSelector(selectors.DefaultSelector):
    """Does not wait for timers: when nothing happens, it says so at once and counts the time as passed."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # A loopback socket is ready at once, but for a busy kernel: a few milliseconds are granted.
        ready = super().select(timeout if timeout is None else min(timeout, 0.005))
        self.passed += (
            1e-6 if ready or timeout is None else timeout + 1e-6
        )  # a turn of the loop takes its time too
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop whose time hardly moves while anybody works, and then jumps to the next timer."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.passed


def time_jumps(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test on a `JumpingLoop`. Such a test takes no async fixtures."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=JumpingLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


async def spin(turns: int = 300) -> None:
    """Let everything happen that can happen without time passing."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    """Let things happen until they have come to this."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for does not know of us
            await asyncio.sleep(0)


async def turns_of_others(call: Awaitable[Any]) -> int:
    """How often another task gets its turn while this is awaited."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(others())
    await call
    ticking.cancel()
    await asyncio.wait([ticking])
    return turns


async def outcome(call: Awaitable[Any]) -> Any:
    """What a call returns or raises, as a value."""
    try:
        return await call
    except Exception as error:
        return error


def client_of(sandbox: Sandbox, **options: Any) -> AsyncClient:
    """A client of a sandbox, whose waits take no time and are not jittered."""
    exact = RetryPolicy(jitter=lambda seconds: seconds)
    defaults: dict[str, Any] = {"base_url": sandbox.url, "clock": FakeClock(), "retry": exact}
    return AsyncClient(**{"api_key": sandbox.api_key, **defaults, **options})


class Script:
    """Answers to be given, one for each request, and the requests that came."""

    def __init__(self, answers: tuple[bytes, ...]) -> None:
        self.answers = list(answers)
        self.heads: list[str] = []
        self.url = ""

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read a request, give the next answer, hang up."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:  # the client has thought better of it
            return writer.close()
        self.heads.append(head)
        length = next((line[15:] for line in head.splitlines() if line.lower().startswith("content-length:")), "0")
        await reader.readexactly(int(length))
        writer.write(self.answers.pop(0))
        return writer.close()


@asynccontextmanager
async def scripted(*answers: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[Script]:
    """A server that answers the nth request with the nth bytes and then hangs up."""
    script = Script(answers)
    async with await asyncio.start_server(script.converse, "127.0.0.1", 0, ssl=tls) as server:
        host, port = server.sockets[0].getsockname()
        script.url = f"{'http' if tls is None else 'https'}://{host}:{port}"
        yield script


def http(head: str, body: bytes = b"") -> bytes:
    """The bytes of an answer: status and headers, one a line, and the body as it is."""
    return "".join(f"{line.strip()}\r\n" for line in f"HTTP/1.1 {head}".splitlines()).encode() + b"\r\n" + body
