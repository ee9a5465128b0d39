"""Which lists of a workspace the key may not read: the others are followed without them."""

from __future__ import annotations

import logging
from typing import Final

from impactive_async.feeds.stats import FeedStats
from impactive_async.feeds.topics import Topic

PAUSE: Final = 3600.0
"""Seconds after which a list that was denied is tried again: a permission may be given while the program runs."""

_log = logging.getLogger("impactive_async.feed")


class Denials:
    """The lists that were answered with 403, until they are answered otherwise."""

    def __init__(self, stats: FeedStats) -> None:
        self._stats = stats
        self._names: dict[Topic, str] = {}
        self._warned: set[str] = set()  # kinds: of ten thousand lists of a kind, one warning is enough

    def __contains__(self, topic: Topic) -> bool:
        return topic in self._names

    @property
    def names(self) -> tuple[str, ...]:
        """What cursors, gaps, logs and events call those lists."""
        return tuple(sorted(self._names.values()))

    def add(self, topic: Topic, name: str, error: Exception) -> None:
        """Take note of a 403."""
        if topic not in self._names:
            level = logging.DEBUG if topic.kind in self._warned else logging.WARNING
            _log.log(level, "%s: the key may not read it; followed without it: %s", name, error)
            self._warned.add(topic.kind)
        self._names[topic] = name
        self._stats.denied = len(self._names)

    def lift(self, topic: Topic) -> None:
        """Take note of a list that was answered."""
        if topic in self._names:
            _log.info("%s: the key may read it now", self._names.pop(topic))
            self._warned.discard(topic.kind)
            self._stats.denied = len(self._names)
