"""Slots for polls. Lists that fail have places of their own, so that no other list waits for them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from impactive_async._clock import Clock
from impactive_async.errors import APIError, APIStatusError
from impactive_async.feeds.delivery.checkpointer import Checkpointer
from impactive_async.feeds.pacing.pace import Pace
from impactive_async.feeds.workspace.followed_lists import FeedId
from impactive_async.feeds.workspace.resting_feed import RestingFeed

T = TypeVar("T")

STEP: Final = 100
"""Feeds that are looked at before the event loop gets a turn."""
QUICK: Final = 1.5
"""Intervals that the request of a list may take that has not failed: other lists may wait for its slot."""
QUICKEST: Final = 1.0
"""Seconds that it may take in any case."""
SLOWNESS: Final = 3.0
"""How many times longer than the slowest answers of its kind it may take in any case."""
FORGETTING: Final = 0.9
"""What is left of the slowest answer's time with each quicker one."""


class PollSlot:
    """One of the slots that bound how many feeds are at work.

    A feed holds one from its poll until its page is handled.
    """

    __slots__ = ("_held", "_semaphore")

    def __init__(self, semaphore: asyncio.Semaphore) -> None:
        """Take over what was acquired of a semaphore."""
        self._semaphore = semaphore
        self._held = True

    async def exchange(self, semaphore: asyncio.Semaphore) -> None:
        """Acquire a slot of another semaphore, then release the one held."""
        await semaphore.acquire()
        self._semaphore.release()
        self._semaphore = semaphore

    def release(self) -> None:
        """Let another feed have the slot; again, this does nothing."""
        if self._held:
            self._held = False
            self._semaphore.release()


class LaneSlot(PollSlot):
    """The slot of a feed that is polled in a lane; `left` is set when the next feed of the lane may follow."""

    __slots__ = ("left",)

    def __init__(self, semaphore: asyncio.Semaphore) -> None:
        """Take over what was acquired of a semaphore."""
        super().__init__(semaphore)
        self.left = asyncio.Event()

    async def exchange(self, semaphore: asyncio.Semaphore) -> None:
        """Leave the lane with a slot of another semaphore."""
        await super().exchange(semaphore)
        self.left.set()

    def release(self) -> None:
        """Leave the lane."""
        super().release()
        self.left.set()


class Lane:
    """Feeds of one kind that wait to be polled one at a time, outside the slots of all kinds."""

    def __init__(self) -> None:
        self.waiting: deque[RestingFeed] = deque()
        self.busy = False
        """Whether there is a task that polls those that wait."""

    def enqueue(self, feed: RestingFeed) -> bool:
        """Let a feed wait; return whether it needs a task that polls those that wait, which it has from now on."""
        idle, self.busy = not self.busy, True
        self.waiting.append(feed)
        return idle

    def leave(self) -> list[RestingFeed]:
        """Return all that wait, and let them go."""
        free, self.waiting = list(self.waiting), deque()
        return free


class KindOfList:
    """How the polls of one kind of list have fared, and which of its feeds take no slot that other kinds wait for.

    A feed that failed is retried in a lane of its own kind. When a feed fails that had not failed before, the kind
    is suspect until any of its lists is answered: those that have not failed are polled one at a time too, and
    after each failure the pause grows.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._slowest = 0.0  # seconds that the slowest answers took of late
        self._suspect = False
        self.failed = Lane()
        """For feeds whose last poll failed."""
        self.others = Lane()
        """For feeds of a suspect kind whose last poll did not fail."""
        self.pause = 0.0
        """Seconds before the next of the others is polled."""

    def lane_of(self, feed: RestingFeed) -> Lane | None:
        """Return where a feed that is due has to wait; `None`: it takes a slot like those of all kinds."""
        if feed.failing:
            return self.failed
        return self.others if self._suspect else None

    def quick(self, interval: float) -> float:
        """Return the seconds that a request of a feed may take that has not failed."""
        return max(interval * QUICK, QUICKEST, self._slowest * SLOWNESS)

    def has_failed(self, feed: RestingFeed, error: APIError, *, in_slot: bool) -> None:
        """Record that a poll failed in a way that may pass.

        Args:
            feed: The feed.
            error: The failure.
            in_slot: Whether it was polled in a slot. Then the pause does not grow, because polls that were under
                way together fail together.
        """
        if feed.failing:
            return
        asked = error.retry_after if isinstance(error, APIStatusError) else None
        self.pause = max(self.pause, self._pace.bounded(asked)) if in_slot else self._pace.after_error(asked)
        self._suspect = feed.failing = True

    @contextmanager
    def timing(self) -> Iterator[None]:
        """Measure how long an answer takes."""
        clock = asyncio.get_running_loop().time
        began = clock()
        yield
        self._slowest = max(clock() - began, self._slowest * FORGETTING)

    def has_answered(self, feed: RestingFeed) -> list[RestingFeed]:
        """Record that a poll was answered; return the feeds that need wait no longer.

        If the feed had failed, the others that have failed may have recovered as well.
        """
        self._pace.errors = 0
        self._suspect, self.pause = False, 0.0
        free = self.others.leave()
        if feed.failing:
            feed.failing = False
            recovered = self.failed.leave()
            for other in recovered:
                other.failing = False
            free += recovered
        return free


class PendingPage:
    """A page whose rows the consumer is handling."""

    __slots__ = ("checkpointer", "drained", "feed")

    def __init__(self, feed: FeedId, checkpointer: Checkpointer[Any]) -> None:
        self.feed = feed
        self.checkpointer = checkpointer
        self.drained = asyncio.Event()
        """Set when the consumer has asked for more than the page has; its rows may be in hand still."""


async def in_steps(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield the items; in between, the event loop gets a turn now and then."""
    for index, item in enumerate(items, 1):
        yield item
        if index % STEP == 0:
            await asyncio.sleep(0)


async def sleep(clock: Clock, seconds: float) -> None:
    """Sleep, unless there is nothing to sleep for."""
    if seconds > 0:
        await clock.sleep(seconds)
