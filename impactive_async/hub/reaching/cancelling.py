"""What drivers may do to a task that is being cancelled, and how it is made good."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def heeding_cancellation() -> Iterator[None]:
    """Raise `CancelledError` behind a block that was cancelled and has ended in another way.

    Before Python 3.12 `asyncio.wait_for` loses a cancellation that comes in the moment in which it ends, and
    redis-py sends each command through it.
    """
    before = _cancelling()
    try:
        yield
    except Exception as error:
        if _cancelling() > before:
            raise asyncio.CancelledError from error
        raise
    if _cancelling() > before:
        raise asyncio.CancelledError


def _cancelling() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task else 0
