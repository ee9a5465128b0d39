"""What people do with the feeds of a hub while workers are at work."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Final, Protocol

from impactive_async.errors import HubError, InvalidArgumentError
from impactive_async.feeds.steering.reading import summary_of
from impactive_async.feeds.steering.rewinding import Rewound, past_moment, rewound
from impactive_async.hub.steering.feed_status import FeedStatus
from impactive_async.hub.steering.seeking import Sought, SoughtRow, sought

_TRIES: Final = 20
"""How often a feed is looked at again because a worker has committed in between."""


class Steering(Protocol):
    """Looking at feeds, and changing when and from where on they are polled.

    No change is lost to a worker that has the feed: what that worker commits is refused if it began from a cursor
    that was exchanged meanwhile, and the feed is due at once.
    """

    @abstractmethod
    async def feed(self, name: str) -> FeedStatus | None:
        """Return what is known of a feed; None if the hub does not have it."""

    @abstractmethod
    async def exchange_cursor(self, feed: str, before: str, after: str) -> bool:
        """Keep another cursor in the place of `before`. The feed is due at once, and its holder is fenced.

        Returns:
            False if the stored cursor is another one, or the hub does not have the feed. Nothing was changed then.
        """

    @abstractmethod
    async def pause(self, feed: str) -> bool:
        """Have nobody claim a feed until `resume`. A worker that has it finishes its poll.

        Returns:
            False if it is dead, paused already, or not there.
        """

    @abstractmethod
    async def resume(self, feed: str) -> bool:
        """Make a paused feed due at once, from where it was; return False if it is not paused."""

    @abstractmethod
    async def poll_now(self, feed: str) -> bool:
        """Make a feed due at once; a feed that a worker has is polled once more after that.

        Returns:
            False if it is dead, paused, or not there.
        """

    @abstractmethod
    async def sought(self, group: str, since: float, event: str | None, *, dry_run: bool) -> SoughtRow:
        """Find a place in the log, and move a group there; see `seek`.

        Args:
            group: The consumer group.
            since: Seconds since 1970: the first event that was logged then or later.
            event: The id of an event instead.
            dry_run: Whether nothing is changed.
        """

    async def seek(
        self, group: str, *, to: datetime | str | None = None, event: str | None = None, dry_run: bool = False
    ) -> Sought:
        """Move a consumer group in the log: it gets every event from there on, and none from before.

        Events from there on come as if they were new, whether they were acknowledged, are in flight, or are dead
        letters. Those in the hands of a consumer now come again.

        Args:
            group: The consumer group.
            to: It gets what was logged from this moment on: an aware datetime or an ISO 8601 string.
            event: It gets this event first, by its id.
            dry_run: Whether nothing is changed.

        Raises:
            InvalidArgumentError: The hub does not have the group, its log not the event, the moment is in the
                future, or not exactly one of the two is given.
        """
        if (to is None) is (event is None):
            raise InvalidArgumentError("seek to a moment or to an event: give one of the two")
        since = 0.0 if to is None else past_moment(to).timestamp()
        return sought(group, event, await self.sought(group, since, event, dry_run=dry_run))

    async def rewind(self, feed: str, to: datetime | str, *, dry_run: bool = False) -> Rewound:
        """Have a feed deliver again what the API shows from a moment on.

        Rows that are still in the hub's log are not logged twice: their events have the same ids. For those, see
        `seek`. Rows of that time that were never seen, or that the log has trimmed, are logged.

        Args:
            feed: Its name.
            to: The moment, an aware datetime or an ISO 8601 string.
            dry_run: Whether nothing is changed.

        Raises:
            InvalidArgumentError: The hub does not have the feed, or the moment is in the future.
            CursorError: The feed's cursor is damaged. Nothing was changed.
            HubError: Workers have committed again and again. Nothing was changed.
        """
        moment = past_moment(to)
        for _ in range(_TRIES):
            status = await self.feed(feed)
            if status is None:
                raise unknown_feed(feed)
            cursor = rewound(status.cursor, moment) if status.cursor else ""
            if dry_run or cursor == status.cursor or await self.exchange_cursor(feed, status.cursor, cursor):
                after = summary_of(cursor) if cursor else None
                return Rewound(feed=feed, to=moment, before=status.summary, after=after)
        raise HubError(
            f"{feed} was committed {_TRIES} times while it was to be rewound. Nothing was changed; again."
        )


def unknown_feed(feed: str) -> InvalidArgumentError:
    """Return the error for a feed that a hub does not have."""
    return InvalidArgumentError(
        f"The hub has no feed {feed!r}; `impactive hub status --coverage` lists those that it has."
    )
