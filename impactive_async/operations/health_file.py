"""The health file, for those who probe a worker without a port."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Final

from impactive_async.operations.shown import Shown

BEAT: Final = 5.0
"""Seconds between two writes of the health file."""

_log = logging.getLogger("impactive_async.operations")


async def keep_health_file(path: Path, process: Shown) -> None:
    """Write `ready`, or `not ready` and why, every five seconds for as long as the worker is alive.

    The age of the file tells the rest: a worker that is dead, or whose loop is blocked, writes it no more.
    A file that cannot be written is a warning in the log, and tried again.
    """
    while True:
        if process.why_dead() is None:
            reason = process.why_not_ready(await process.view.status())
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
