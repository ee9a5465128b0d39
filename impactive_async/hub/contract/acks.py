"""Acknowledgements that go to the engine together: one call for many is 5 to 40 times faster than one for each."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from weakref import WeakSet

from impactive_async._clock import Clock
from impactive_async.errors import ConfigurationError, HubError

LINGER: Final = 0.05
"""Seconds for which an acknowledgement waits for others."""
MOST: Final = 500
"""How many go in one call."""

_logger = logging.getLogger("impactive_async.hub")
_buffers: WeakSet[AckBuffer] = WeakSet()


class AckBuffer:
    """The acknowledgements of one reader that the engine does not have yet.

    They are sent when the reader's batch is at its end, when there are many, and after `LINGER` at the latest.

    Args:
        log: The hub. When it is closed, what is left is sent.
        send: Sends positions to the engine, again while that is away.
        send_once: Sends them, and gives up when the engine is away.
        clock: What `LINGER` is waited for with.
    """

    def __init__(
        self,
        log: object,
        send: Callable[[Sequence[str]], Awaitable[None]],
        send_once: Callable[[Sequence[str]], Awaitable[None]],
        clock: Clock,
    ) -> None:
        self.log = log
        self._send = send
        self._send_once = send_once
        self._clock = clock
        self._positions: list[str] = []
        self._sending = asyncio.Lock()
        self._lingering: asyncio.Task[None] | None = None
        _buffers.add(self)

    async def add(self, positions: Sequence[str], *, more_to_come: bool) -> None:
        """Note positions, and send all that are noted unless more are soon to come."""
        self._positions += positions
        if not more_to_come or len(self._positions) >= MOST:
            await self.flush()
        elif self._lingering is None or self._lingering.done():
            self._lingering = asyncio.create_task(self._linger())

    async def flush(self) -> None:
        """Send what is noted; wait for an engine that is away."""
        await self._flush(self._send)

    async def flush_once(self) -> None:
        """Send what is noted, unless the engine is away: it delivers these events again then."""
        try:
            await self._flush(self._send_once)
        except HubError as error:
            _logger.warning("%d handled events will be delivered again: %s", len(self._positions), error)

    async def _flush(self, send: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        async with self._sending:
            positions, self._positions = self._positions, []
            try:
                if positions:
                    await send(positions)
            except BaseException:
                self._positions = positions + self._positions
                raise

    async def _linger(self) -> None:
        await self._clock.sleep(LINGER)
        with contextlib.suppress(ConfigurationError):  # the reader's next call raises it to the consumer
            await self.flush()


async def flush_acks(log: object) -> None:
    """Send what the readers of a hub have noted, before the hub is closed."""
    for buffer in [one for one in _buffers if one.log is log]:
        await buffer.flush_once()
