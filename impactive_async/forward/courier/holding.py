"""A destination's group, held so that no other forwarder delivers to it."""

from __future__ import annotations

import secrets

from impactive_async.errors import HubError
from impactive_async.forward.courier.context import HUB_RETRY, CourierContext


class GroupHold:
    """The hold on one group. It ends by itself when it is not renewed."""

    def __init__(self, context: CourierContext) -> None:
        self._context = context
        self._holder = secrets.token_hex(8)
        self._until = 0.0

    async def acquire(self) -> bool:
        """Ask for the group, and wait for a hub that does not answer. Return False if another has it."""
        while not self._context.stopping.is_set():
            try:
                return await self._ask(self._context.hold)
            except HubError as error:
                self._context.trouble(error)
                await self._context.stopping.pause(HUB_RETRY)
        return False

    async def keep(self) -> None:
        """Go on holding the group; return when another has it, or the hub has not answered for too long."""
        while True:
            await self._context.clock.sleep(self._context.hold / 3)
            try:
                if not await self._ask(self._context.hold):
                    return
            except HubError as error:
                self._context.trouble(error)
                if self.is_over():
                    return

    def is_over(self) -> bool:
        """Return whether another may have the group by now, as after a time in which this process was frozen."""
        return self._context.clock.monotonic() > self._until

    async def release(self) -> None:
        """Let another have the group.

        Raises:
            HubError: The hub does not answer; the hold ends by itself.
        """
        await self._ask(0.0)

    async def _ask(self, seconds: float) -> bool:
        asked = self._context.clock.monotonic()
        held = await self._context.hub.hold(self._context.to.group, self._holder, seconds)
        if held:
            self._until = asked + seconds
        return held
