"""Fixtures for tests of programs that use this SDK. pytest finds them once the package is installed.

- `impactive_sandbox`: a sandbox of the test's own.
- `impactive_client`: a client of it, whose waits take no time: they move the sandbox's clock.
- `make_impactive_sandbox`: starts more sandboxes, with other options.

`@pytest.mark.impactive(seed=…, now=…)` gives any option of `Sandbox` to the sandboxes of a test. Nothing is
autouse, nothing is shared between tests, every sandbox has a port of its own: safe under pytest-xdist.

The fixtures are async and need pytest-asyncio, in either of its modes, or anyio's plugin.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pytest

if TYPE_CHECKING:
    from impactive_async import AsyncClient
    from impactive_async.sandbox import Sandbox, VirtualClock

__all__ = ["MakeSandbox", "impactive_client", "impactive_sandbox", "make_impactive_sandbox"]

_Fixture = TypeVar("_Fixture", bound=Callable[..., Any])
_MARKER = (
    "impactive(**options): options of `impactive_async.sandbox.Sandbox`, such as seed= and now=, for the "
    "sandboxes of this test"
)


class MakeSandbox(Protocol):
    """The type of `make_impactive_sandbox`."""

    async def __call__(self, **options: Any) -> Sandbox:
        """Start a sandbox with these options, which go before those of the marker. It stops when the test ends."""
        ...


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, which `--strict-markers` demands."""
    config.addinivalue_line("markers", _MARKER)


def _async_fixture(function: _Fixture) -> _Fixture:
    """Declare an async fixture: for pytest-asyncio in either of its modes, or else for another plugin."""
    try:
        from pytest_asyncio import fixture
    except ImportError:
        return pytest.fixture(function)  # type: ignore[return-value]
    return fixture(function)  # type: ignore[return-value]


@_async_fixture
async def make_impactive_sandbox(request: pytest.FixtureRequest) -> AsyncIterator[MakeSandbox]:
    """Return a function that starts sandboxes with any options. They stop when the test ends."""
    from impactive_async.sandbox import Sandbox

    marked = _marked_options(request.node)
    async with AsyncExitStack() as running:

        async def make(**options: Any) -> Sandbox:
            return await running.enter_async_context(Sandbox(**{**marked, **options}))

        yield make


@_async_fixture
async def impactive_sandbox(make_impactive_sandbox: MakeSandbox) -> Sandbox:
    """An emulated workspace with some rows of every kind, on a port of its own."""
    return await make_impactive_sandbox()


@_async_fixture
async def impactive_client(impactive_sandbox: Sandbox) -> AsyncIterator[AsyncClient]:
    """A client of `impactive_sandbox`. Instead of waiting it moves the sandbox's clock on."""
    from impactive_async import AsyncClient

    waits = SandboxTime(impactive_sandbox.clock)
    async with AsyncClient(impactive_sandbox.api_key, base_url=impactive_sandbox.url, clock=waits) as client:
        yield client


def _marked_options(node: pytest.Item) -> dict[str, Any]:
    """Return the options of all `impactive` markers of a test. The nearest marker wins."""
    options: dict[str, Any] = {}
    for marker in node.iter_markers("impactive"):
        if marker.args:
            raise pytest.UsageError(
                f"{node.nodeid}: the marker takes options by name only: impactive(seed=…, now=…)"
            )
        options = {**marker.kwargs, **options}
    return options


class SandboxTime:
    """A `Clock` that moves a sandbox's clock instead of waiting. What is due in between happens."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._start = clock.now()
        self._alarms: set[asyncio.Future[None]] = set()
        self._moving: asyncio.Task[None] | None = None

    def monotonic(self) -> float:
        return (self._clock.now() - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Let virtual time pass, one due event after the other, so that sleepers wake in order."""
        alarm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._clock.schedule(self._clock.now() + timedelta(seconds=seconds), lambda: _wake(alarm))
        self._alarms.add(alarm)
        if self._moving is None:
            self._moving = asyncio.create_task(self._move())
        try:
            await alarm
        finally:
            self._alarms.discard(alarm)

    async def _move(self) -> None:
        # One task moves the clock for all sleepers. If each sleeper moved it, one that is due could stand in line
        # behind another, and would find its moment gone.
        try:
            while self._alarms:
                await asyncio.sleep(0)  # tasks that the last event woke run first
                if self._alarms and (due := self._clock.next_due()):
                    await self._clock.advance_to(due)
        except Exception as error:
            for alarm in self._alarms:
                _wake(alarm, error)
        finally:
            self._moving = None


def _wake(alarm: asyncio.Future[None], error: Exception | None = None) -> None:
    if alarm.done():  # the sleeper may have been cancelled
        return
    if error is None:
        alarm.set_result(None)
    else:
        alarm.set_exception(error)
