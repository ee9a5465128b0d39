"""Several requests at once, of which none goes on when one has failed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def together(*requests: Coroutine[Any, Any, Any]) -> list[Any]:
    """Return the results in order. If one fails, cancel the others, and raise its error."""
    tasks = [asyncio.ensure_future(request) for request in requests]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
