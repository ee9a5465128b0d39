"""Discovery: adding the feeds that a hub lacks, and reviving those that are there after all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

from impactive_async import NOW, AsyncClient
from impactive_async._http.foreign import is_foreign
from impactive_async.errors import AuthenticationError, PermissionDeniedError
from impactive_async.feeds.cursor.quarantine import Quarantine
from impactive_async.feeds.cursor.rules import Now
from impactive_async.feeds.workspace.followed_lists import ARCHIVED
from impactive_async.hub.contract.hub import Hub
from impactive_async.hub.worker.failures import is_gone
from impactive_async.hub.worker.feeds import (
    UnknownFeedError,
    needs_only_sequences,
    needs_sequences,
    open_feed,
    sequence_feeds,
    workspace_feeds,
)
from impactive_async.hub.worker.reports import Died, Discovered, Healed, Listener, Revived
from impactive_async.resources.watching.lists import sequences_of

Feeds = Mapping[str, str | None]


class Discovery:
    """What one worker knows of the workspace. Any number of workers may look at once.

    `since=NOW` counts in an empty hub only, which the first worker fills. A worker that is started later cannot
    tell an old sequence from one that appeared while no worker ran. So it adds nothing at its first look, and at
    its second look it adds what is still missing, from its beginning.
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
        self._may_add = since is not NOW
        self._permit = permit
        self._report = report
        self._listed = False
        self._impossible: set[str] = set()
        self._bad = Quarantine()

    async def look(self) -> None:
        """Mend the hub, add the feeds that it lacks, and revive those whose sequence is listed.

        The hub's feeds are listed anew each time, as an engine may have lost some.

        Raises:
            APIError: The sequences cannot be listed. The workspace's own lists are followed all the same.
            HubError: The engine failed. The next look adds what is still missing.
        """
        await self._hub.bind(self._workspace)
        if losses := await self._hub.heal():
            self._report(Healed(losses=losses))
            self._since = None  # what was lost is followed from its beginning
        there = await self._hub.feeds()
        self._may_add = self._may_add or not there
        await self._keep_up(workspace_feeds(self._kinds), there)
        if needs_sequences(self._kinds):
            await self._keep_up(sequence_feeds(self._kinds, await self._sequence_ids()), there)
        self._may_add, self._since = True, None

    def is_fatal(self, error: Exception) -> bool:
        """Return whether the error ends the worker. A 403 does so only if nothing but sequences is followed."""
        if isinstance(error, PermissionDeniedError) and not is_foreign(error):
            return needs_only_sequences(self._kinds) and not self._listed
        return isinstance(error, AuthenticationError)

    async def _sequence_ids(self) -> list[str]:
        await self._permit()
        listed = await sequences_of(self._crm)
        self._listed = True
        for row in self._bad.unreported(listed.bad):
            self._report(Died(feed="sequences", error=f"a row of this list cannot be read: {row.reason}"))
        return [sequence_id for sequence_id, status in listed.statuses.items() if status != ARCHIVED]

    async def _keep_up(self, listed: Iterable[str], there: Feeds) -> None:
        names = sorted(listed)
        if self._may_add and (added := [name for name in names if name not in there and await self._add(name)]):
            self._report(Discovered(feeds=len(added)))
        if revived := [name for name in names if is_gone(there.get(name) or "") and await self._hub.revive(name)]:
            self._report(Revived(feeds=len(revived)))

    async def _add(self, name: str) -> bool:
        if name in self._impossible:
            return False
        try:
            # Only the first cursor is used of this feed, so any interval will do.
            feed = open_feed(self._crm, name, since=self._since, interval=1.0)
        except UnknownFeedError as error:  # an id that no URL can hold
            self._impossible.add(name)
            self._report(Died(feed=name, error=str(error)))
            return False
        await self._hub.add(name, feed.cursor)
        return True
