from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from impactive_async.sandbox import Sandbox
from tests.sandbox.calls import Api, MakeApi


@pytest.fixture
def make_api() -> MakeApi:
    """Starts an unpopulated sandbox with any options, and gives a client for it."""

    @asynccontextmanager
    async def make(**options: Any) -> AsyncIterator[Api]:
        sb = Sandbox(**{"populate": False, "reply_rate": 0, **options})
        async with sb, aiohttp.ClientSession(headers={"x-api-key": sb.api_key}) as session:
            yield Api(sb, session)

    return make


@pytest.fixture
async def api(make_api: MakeApi) -> AsyncIterator[Api]:
    async with make_api() as api:
        yield api
