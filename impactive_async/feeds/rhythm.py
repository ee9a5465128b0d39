"""A feed's pace, and which failed polls it lives through."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from impactive_async.errors import APIConnectionError, APIError, APIStatusError, DecodeError
from impactive_async.feeds.pace import Pace
from impactive_async.feeds.stats import FeedStats

PATIENCE_WITH_NONSENSE = 10
"""Unreadable pages, with no readable one between, before a feed gives up: a maintenance page passes, a wrong base
URL does not."""

_log = logging.getLogger("impactive_async.feed")


class Rhythm(Pace):
    """When to poll next, after a page and after a failure."""

    __slots__ = ("_nonsense",)

    def __init__(self, *, interval: float, max_interval: float, cap: int | None) -> None:
        super().__init__(interval=interval, max_interval=max_interval, cap=cap)
        self._nonsense = 0

    @property
    def state(self) -> list[float | None]:
        """All that polls have taught it, for `resume`."""
        return [*super().state, self._nonsense]

    def resume(self, state: Sequence[Any]) -> None:
        """Go on where the rhythm that had this `state` was."""
        *pace, self._nonsense = state
        super().resume(pace)

    def after_gap_of(self, fresh: int, elapsed: float | None) -> float:
        """Return the pause after a page; see `Pace`. A readable page restores all patience."""
        self._nonsense = 0
        return super().after_gap_of(fresh, elapsed)

    def after_failure(self, error: APIError, feed: str, stats: FeedStats) -> float:
        """Return the pause after a failed poll, which is logged and counted.

        Raises:
            APIError: The same error, if polling again would not help.
        """
        self._nonsense += isinstance(error, DecodeError)
        if not is_transient(error) or self._nonsense >= PATIENCE_WITH_NONSENSE:
            raise error
        stats.errors += 1
        wait = self.after_error(error.retry_after if isinstance(error, APIStatusError) else None)
        _log.warning("%s: poll failed, tried again in %.1f s: %s", feed, wait, error)
        return wait


def is_transient(error: APIError) -> bool:
    """Whether polling again may help: everything but what the server, asked the same, will refuse the same."""
    if isinstance(error, APIStatusError):
        return error.status in (408, 425, 429) or error.status >= 500
    return isinstance(error, APIConnectionError | DecodeError)
