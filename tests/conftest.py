"""Fixtures that any test may use."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from aioresponses import aioresponses

from impactive_async import AsyncClient
from impactive_async.sandbox import Sandbox
from tests.support import FakeClock, client_of

pytest_plugins = ("impactive_async.pytest_plugin", "tests.sandbox.dialect.spoken")


def _says_nothing_of_speed(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Executing")


# In its debug mode, which `make evidence` turns on, asyncio warns of each callback that took over 0.1 s. On a busy
# machine many do, and the warning would stand among the lines that a test expects.
logging.getLogger("asyncio").addFilter(_says_nothing_of_speed)


@pytest.fixture(autouse=True)
def _no_ambient_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may depend on the key or host of whoever runs it."""
    monkeypatch.delenv("IMPACTIVE_API_KEY", raising=False)
    monkeypatch.delenv("IMPACTIVE_BASE_URL", raising=False)


@pytest.fixture
def clock() -> FakeClock:
    """A clock whose sleeps take no time."""
    return FakeClock()


@pytest.fixture
async def sandbox(dialect: str, check_silence: Callable[[Sandbox], None]) -> AsyncIterator[Sandbox]:
    """A sandbox with plain rows, and no sequences."""
    async with Sandbox(dialect=dialect, populate="small") as running:
        yield running
        check_silence(running)


@pytest.fixture
async def crm(sandbox: Sandbox, clock: FakeClock) -> AsyncIterator[AsyncClient]:
    """A client of `sandbox`, on `clock`."""
    async with client_of(sandbox, clock=clock) as client:
        yield client


class _Response(aiohttp.ClientResponse):
    """aiohttp 3.14 requires a `stream_writer` that aioresponses 0.7.9 does not know of."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, stream_writer=Mock(output_size=0), **kwargs)


class _MockedApi(aioresponses):
    def add(self, *args: Any, **kwargs: Any) -> None:
        super().add(*args, **{"response_class": _Response, **kwargs})


@pytest.fixture
def mocked_api() -> Iterator[aioresponses]:
    """Aiohttp's sessions answer what they are told and connect to nothing."""
    with _MockedApi() as mocked:
        yield mocked
