"""The lists of a workspace that are followed without success. The other lists are followed without them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from impactive_async._clock import Clock
from impactive_async._http.foreign import is_foreign
from impactive_async.errors import APIError, CursorError, PermissionDeniedError
from impactive_async.feeds.delivery.source import FeedOptions
from impactive_async.feeds.delivery.stats import FeedStats
from impactive_async.feeds.pacing.pace import Pace
from impactive_async.feeds.workspace.followed_lists import FeedId

PAUSE: Final = 3600.0
"""Seconds after which a denied list is tried again: a permission may be given while the program runs."""

_log = logging.getLogger("impactive_async.feed")


class Failures:
    """The lists that met an error which polling again at once would not mend, until all is well with them.

    Args:
        options: How the lists are followed.
        clock: Measures pauses.
        stats: Counts failures.
        has_list_left: Tells whether there is any other list to follow.
    """

    def __init__(
        self, options: FeedOptions, clock: Clock, stats: FeedStats, has_list_left: Callable[[], bool]
    ) -> None:
        self._options = options
        self._clock = clock
        self._stats = stats
        self._has_list_left = has_list_left
        self._errors: dict[FeedId, tuple[str, Exception]] = {}
        self._warned: set[tuple[str, type[Exception]]] = set()  # of ten thousand lists of a kind, one is enough

    def __contains__(self, feed: FeedId) -> bool:
        return feed in self._errors

    @property
    def denied(self) -> tuple[str, ...]:
        """The names of the feeds that were answered with a 403, as cursors, gaps, logs and events have them."""
        return tuple(sorted(name for name, error in self._errors.values() if _is_denial(error)))

    @property
    def errors(self) -> Mapping[str, Exception]:
        """The name of each feed, and the error."""
        return dict(sorted(self._errors.values(), key=_name))

    def pause_after(self, error: Exception, feed: FeedId, name: str, pace: Pace) -> float:
        """Record a failure; return the seconds until the list is tried again.

        Raises:
            Exception: The same error, if no list is left to follow.
        """
        if isinstance(error, APIError):
            was_there = feed.sequence_id is None and pace.has_page
            with suppress(APIError):
                wait = pace.after_failure(error, self._clock.monotonic(), was_there=was_there)
                return self._stats.poll_failed(name, error, wait)
        elif not isinstance(error, CursorError):
            _log.error("%s: unexpected", name, exc_info=error)
        self.add(feed, name, error)
        denied = _is_denial(error) and not is_foreign(error)  # type: ignore[arg-type]  # a denial is an `APIError`
        return max(PAUSE, self._options.interval) if denied else pace.after_refusal(error)

    def add(self, feed: FeedId, name: str, error: Exception) -> None:
        """Record an error that costs a list; the first of its class in each kind is a warning in the log.

        Raises:
            Exception: The same error, if no list is left to follow.
        """
        self._stats.note_error(error)
        known = self._errors.get(feed)
        if known is None or type(known[1]) is not type(error):
            what = "the key may not read it; followed" if _is_denial(error) else "followed for now"
            warned = (feed.kind, type(error))
            level = logging.DEBUG if warned in self._warned else logging.WARNING
            _log.log(level, "%s: %s without it: %s: %s", name, what, type(error).__name__, error)
            self._warned.add(warned)
        self._errors[feed] = (name, error)
        self._count()
        if not self._has_list_left():
            raise error

    def lift(self, feed: FeedId) -> None:
        """Record that a list was answered, and all went well."""
        if feed in self._errors:
            name, error = self._errors.pop(feed)
            _log.info("%s: %s", name, "the key may read it now" if _is_denial(error) else "followed again")
            self._warned.discard((feed.kind, type(error)))
            self._count()

    def _count(self) -> None:
        self._stats.denied = sum(_is_denial(error) for _, error in self._errors.values())


def _is_denial(error: Exception) -> bool:
    return isinstance(error, PermissionDeniedError)


def _name(entry: tuple[str, Exception]) -> str:
    return entry[0]
