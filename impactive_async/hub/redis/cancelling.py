"""What redis-py may do to a task that is being cancelled, and what a hub makes good."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def heeding_cancellation() -> Iterator[None]:
    """Raise `CancelledError` behind a block that was cancelled and has ended in another way.

    Before Python 3.12 `asyncio.wait_for` returns as if nothing had happened where the cancellation comes in the
    moment in which it ends, and redis-py sends each command through it.
    """
    before = _cancelling()
    try:
        yield
    except asyncio.CancelledError:
        raise
    except Exception as error:
        _end(before, error)
        raise
    _end(before, None)


def _end(before: int, error: Exception | None) -> None:
    if _cancelling() > before:
        raise asyncio.CancelledError from error


def _cancelling() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task else 0
