"""Fixtures for tests of programs that use this SDK: installing it is all it takes.

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
    """What `make_impactive_sandbox` gives."""

    async def __call__(self, **options: Any) -> Sandbox:
        """Start a sandbox with these options, over those of the marker; it stops when the test ends."""
        ...


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, also under `--strict-markers`."""
    config.addinivalue_line("markers", _MARKER)


def _async_fixture(function: _Fixture) -> _Fixture:
    """A fixture for pytest-asyncio also in its strict mode; without it, for whichever plugin runs the tests."""
    try:
        from pytest_asyncio import fixture
    except ImportError:
        return pytest.fixture(function)  # type: ignore[return-value]
    return fixture(function)  # type: ignore[return-value]


@_async_fixture
async def make_impactive_sandbox(request: pytest.FixtureRequest) -> AsyncIterator[MakeSandbox]:
    """Give a function that starts sandboxes with any options; they stop when the test ends."""
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
    """A client of `impactive_sandbox`. Where it would wait, the sandbox's clock moves on instead."""
    from impactive_async import AsyncClient

    waits = _SandboxTime(impactive_sandbox.clock)
    async with AsyncClient(impactive_sandbox.api_key, base_url=impactive_sandbox.url, clock=waits) as client:
        yield client


def _marked_options(node: pytest.Item) -> dict[str, Any]:
    """The options of all `impactive` markers of a test; those nearest to it win."""
    options: dict[str, Any] = {}
    for marker in node.iter_markers("impactive"):
        if marker.args:
            raise pytest.UsageError(
                f"{node.nodeid}: the marker takes options by name only: impactive(seed=…, now=…)"
            )
        options = {**marker.kwargs, **options}
    return options


class _SandboxTime:
    """A `Clock` that moves a sandbox's clock instead of waiting: emails and replies due meanwhile come."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._start = clock.now()

    def monotonic(self) -> float:
        return (self._clock.now() - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Let the virtual time pass, one due event after the other, so that sleepers wake in their order."""
        alarm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        end = self._clock.now() + timedelta(seconds=seconds)
        self._clock.schedule(end, lambda: _wake(alarm))
        while not alarm.done():
            await asyncio.sleep(0)  # whoever was woken by the last event goes first
            await self._clock.advance_to(self._clock.next_due() or end)


def _wake(alarm: asyncio.Future[None]) -> None:
    if not alarm.done():  # its sleeper may have been cancelled
        alarm.set_result(None)
