"""Keeping a hub in step with its workspace: feeds that it lacks in, old events out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

from impactive_async import NOW, AsyncClient
from impactive_async.errors import AuthenticationError, PermissionDeniedError
from impactive_async.feeds.rules import Now
from impactive_async.hub.back_off import is_gone
from impactive_async.hub.base import Hub
from impactive_async.hub.feeds import (
    UnknownFeedError,
    needs_only_sequences,
    needs_sequences,
    open_feed,
    sequence_feeds,
    workspace_feeds,
)
from impactive_async.hub.reports import Died, Discovered, Listener, Revived, Trimmed

Feeds = Mapping[str, str | None]


class Discovery:
    """What one worker has seen of the workspace. Any number of workers may look at once.

    `since=NOW` counts in an empty hub only, which the first worker fills: a worker that is started later could not
    tell a sequence that was there all the time from one that appeared while nobody looked. So it leaves the first
    look to the others, and what they have not added by the second begins at its beginning.
    """

    def __init__(
        self,
        crm: AsyncClient,
        hub: Hub,
        *,
        workspace: str,
        kinds: Collection[str],
        since: Now | None,
        permit: Callable[[], Awaitable[None]],
        report: Listener,
    ) -> None:
        self._crm = crm
        self._hub = hub
        self._workspace = workspace
        self._kinds = kinds
        self._since = since
        self._founder = since is not NOW
        self._permit = permit
        self._report = report
        self._listed = False
        self._impossible: set[str] = set()

    async def look(self) -> None:
        """Add what the hub lacks, revive what is there after all, and trim the log.

        All that the hub knows is asked of it, each time: an engine may have lost some of it, or all.

        Raises:
            APIError: The sequences cannot be listed. The workspace's own lists are followed all the same.
            HubError: The engine failed. What was not added is added by the next look.
        """
        await self._hub.bind(self._workspace)
        there = await self._hub.feeds()
        self._founder = self._founder or not there
        await self._keep_up(workspace_feeds(self._kinds), there)
        if trimmed := await self._hub.trim():
            self._report(Trimmed(events=trimmed))
        if needs_sequences(self._kinds):
            await self._keep_up(sequence_feeds(self._kinds, await self._sequence_ids()), there)
        self._founder, self._since = True, None

    def is_hopeless(self, error: Exception) -> bool:
        """Whether no feed could be found any more: not for one list that is refused, if there are others."""
        if isinstance(error, PermissionDeniedError):
            return needs_only_sequences(self._kinds) and not self._listed
        return isinstance(error, AuthenticationError)

    async def _sequence_ids(self) -> list[str]:
        await self._permit()
        sequences = await self._crm.sequences.list()
        self._listed = True
        return [sequence.id for sequence in sequences if sequence.status != "archived"]

    async def _keep_up(self, listed: Iterable[str], there: Feeds) -> None:
        names = sorted(listed)
        if self._founder and (added := [name for name in names if name not in there and await self._add(name)]):
            self._report(Discovered(feeds=len(added)))
        if revived := [name for name in names if is_gone(there.get(name) or "") and await self._hub.revive(name)]:
            self._report(Revived(feeds=len(revived)))

    async def _add(self, name: str) -> bool:
        if name in self._impossible:
            return False
        try:
            # The interval does not matter here: only where the feed begins is asked of it.
            feed = open_feed(self._crm, name, since=self._since, interval=1.0)
        except UnknownFeedError as error:  # an id that no URL can hold
            self._impossible.add(name)
            self._report(Died(feed=name, error=str(error)))
            return False
        await self._hub.add(name, feed.cursor)
        return True
