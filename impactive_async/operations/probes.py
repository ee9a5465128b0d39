"""Whether a worker is alive, and whether it is ready: what `/livez`, `/readyz` and the health file say."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from attrs import define, field

from impactive_async.errors import HubError
from impactive_async.hub import Hub, HubStatus
from impactive_async.hub.worker.bounds import within
from impactive_async.operations.activity import Activity

_log = logging.getLogger("impactive_async.operations")

PATIENCE: Final = 2.0
"""Seconds that the engine has to say how its hub is."""
FRESH: Final = 1.0
"""Seconds for which its answer is used again, so that no number of visitors adds to the engine's load."""
BEAT: Final = 5.0
"""Seconds between two writes of the health file."""

_NEEDED: Final = ("start", "claim", "commit")
"""The steps without which a worker does nothing."""


@define
class HubView:
    """The status of a hub, asked for at most once a second."""

    _hub: Hub
    _monotonic: Callable[[], float] = time.monotonic
    _asking: asyncio.Lock = field(factory=asyncio.Lock)
    _asked: float | None = None
    _last: HubStatus | HubError | None = None

    async def status(self) -> HubStatus | HubError:
        """Return what the engine says of the hub, or why it does not."""
        async with self._asking:
            if self._last is None or self._asked is None or self._monotonic() - self._asked >= FRESH:
                self._last = await self._ask()
                self._asked = self._monotonic()
            return self._last

    async def _ask(self) -> HubStatus | HubError:
        try:
            return await within(PATIENCE, self._hub.status)
        except HubError as error:
            return error


def why_dead(activity: Activity, fail_after: float | None = None) -> str | None:
    """Return why the worker should be started anew, or `None` if it should not.

    A restart mends no API that is down, so that failing polls count only from `fail_after` on. A loop that is
    blocked gives no answer at all: whoever probes takes that for a no, after a time-out.

    Args:
        activity: What the worker has done.
        fail_after: Seconds for which every poll may fail; `None`: for ever.
    """
    if fail_after is None or activity.failing_since is None:
        return None
    failing = activity.now() - activity.failing_since
    return f"every poll has failed for {failing:.0f} s" if failing > fail_after else None


def why_not_ready(activity: Activity, hub: HubStatus | HubError) -> str | None:
    """Return why the worker cannot do its work now, or `None` if it can."""
    if activity.draining:
        return "it is stopping"
    if isinstance(hub, HubError):
        return f"the hub's engine fails: {hub}"
    for step in _NEEDED:
        if trouble := activity.troubles.get(step):
            return f"{step} fails: {trouble.error}"
    if activity.api_error and activity.api_is_down:
        return f"the API fails: {activity.api_error.error}"
    if activity.workspace is None or activity.last_answer is None:
        return "it has not begun yet"
    return None


async def keep_health_file(path: Path, activity: Activity, view: HubView, fail_after: float | None) -> None:
    """Write `ready`, or `not ready` and why, every five seconds for as long as the worker is alive.

    The age of the file tells the rest: a worker that is dead, or whose loop is blocked, writes it no more.
    A file that cannot be written is a warning in the log, and tried again.
    """
    while True:
        if why_dead(activity, fail_after) is None:
            reason = why_not_ready(activity, await view.status())
            try:
                write_health(path, "ready" if reason is None else f"not ready: {reason}")
            except OSError as error:
                _log.warning("the health file cannot be written: %s", error)
        await asyncio.sleep(BEAT)


def write_health(path: Path, text: str) -> None:
    """Replace the file at once, so that no reader finds half of it.

    Raises:
        OSError: It cannot be written.
    """
    unborn = path.with_name(f"{path.name}.{os.getpid()}.new")
    unborn.write_text(f"{text}\n", encoding="utf-8")
    unborn.replace(path)
