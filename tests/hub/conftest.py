"""Hubs on each engine, isolated per test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from impactive_async.hub import Hub
from tests.hub.engines import ENGINES, Corner, corner_of


class MakeHub(Protocol):
    async def __call__(self, **options: Any) -> Hub: ...


@pytest.fixture(params=ENGINES)
async def corner(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Corner]:
    async with corner_of(request.param, tmp_path) as corner, corner.hub() as hub:
        await hub.init()
        yield corner


@pytest.fixture
async def make_hub(corner: Corner) -> AsyncIterator[MakeHub]:
    """Further hub objects on the same data, with options of their own."""
    async with AsyncExitStack() as opened:

        async def make(**options: Any) -> Hub:
            return await opened.enter_async_context(corner.hub(**options))

        yield make


@pytest.fixture
async def hub(make_hub: MakeHub) -> Hub:
    return await make_hub()
