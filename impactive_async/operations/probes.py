"""Whether a process is alive, and whether it is ready: what `/livez`, `/readyz` and the health file say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from attrs import define, field

from impactive_async.errors import HubError
from impactive_async.hub import DeadLetter, Hub, HubStatus
from impactive_async.hub.worker.bounds import within
from impactive_async.operations.activity import Activity
from impactive_async.operations.completeness import CompletenessView
from impactive_async.operations.deliveries import ForwardActivity

PATIENCE: Final = 2.0
"""Seconds that the engine has to say how its hub is."""
FRESH: Final = 1.0
"""Seconds for which its answer is used again, so that no number of visitors adds to the engine's load."""

LETTERS_SHOWN: Final = 10
"""How many dead letters of a group are shown, the oldest first."""
_GROUPS_SHOWN: Final = 10

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
    _letters: Sequence[DeadLetter] = ()
    _letters_of: HubStatus | None = None
    lists: CompletenessView = field(init=False)
    """Up to when its lists are complete."""

    @lists.default
    def _its_lists(self) -> CompletenessView:
        return CompletenessView(self._hub, self._monotonic)

    @property
    def hub(self) -> Hub:
        """The hub itself."""
        return self._hub

    @property
    def latest(self) -> HubStatus | HubError | None:
        """What the engine has said last; None: it was not asked."""
        return self._last

    def forget(self) -> None:
        """Ask anew the next time: something was changed."""
        self._asked = None

    async def status(self) -> HubStatus | HubError:
        """Return what the engine says of the hub, or why it does not."""
        async with self._asking:
            if self._last is None or self._asked is None or self._monotonic() - self._asked >= FRESH:
                self._last = await self._ask()
                self._asked = self._monotonic()
            return self._last

    async def dead_letters(self) -> Sequence[DeadLetter]:
        """Return the first dead letters of some groups, as of the last status; none if there was no answer."""
        status = await self.status()
        if not isinstance(status, HubStatus):
            return ()
        groups = [group.name for group in status.groups if group.dead_letters][:_GROUPS_SHOWN]
        async with self._asking:
            if self._letters_of is not status:
                self._letters, self._letters_of = await self._ask_for_letters(groups), status
            return self._letters

    async def _ask(self) -> HubStatus | HubError:
        try:
            return await within(PATIENCE, self._hub.status)
        except HubError as error:
            return error

    async def _ask_for_letters(self, groups: Sequence[str]) -> Sequence[DeadLetter]:
        try:
            return await within(PATIENCE, lambda: self._letters_in(groups))
        except HubError:  # the next status tells why
            return ()

    async def _letters_in(self, groups: Sequence[str]) -> Sequence[DeadLetter]:
        found = [await self._hub.dead_letters(group, count=LETTERS_SHOWN) for group in groups]
        return [letter for letters in found for letter in letters]


def why_dead(activity: Activity, fail_after: float | None = None) -> str | None:
    """Return why the worker should be started anew, or `None` if it should not.

    A restart mends no API that is down, so that failing polls count only from `fail_after` on. Of a loop that is
    blocked `loop_watch` tells.

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


def why_forwarder_not_ready(deliveries: ForwardActivity, hub: HubStatus | HubError) -> str | None:
    """Return why the forwarder cannot do its work now, or `None` if it can.

    A destination that fails is no reason: no other forwarder would do better. Metrics and the page tell of it. A
    forwarder that stands by for another one is ready.
    """
    if deliveries.stopping:
        return "it is stopping"
    if isinstance(hub, HubError):
        return f"the hub's engine fails: {hub}"
    return None if deliveries.destinations else "it has not begun yet"
