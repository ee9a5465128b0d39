"""Keeping a hub in step with its workspace: feeds of new sequences in, old events out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from impactive_async import NOW, AsyncClient
from impactive_async.feeds.rules import Now
from impactive_async.hub.base import Hub
from impactive_async.hub.feeds import UnknownFeedError, feed_names, needs_sequences, open_feed
from impactive_async.hub.reports import Died, Discovered, Listener, Trimmed


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
        kinds: Collection[str],
        since: Now | None,
        permit: Callable[[], Awaitable[None]],
        report: Listener,
    ) -> None:
        self._crm = crm
        self._hub = hub
        self._kinds = kinds
        self._since = since
        self._founder = since is not NOW
        self._permit = permit
        self._report = report
        self._known: set[str] = set()

    async def look(self) -> None:
        """Add what is new, and trim the log.

        Raises:
            APIError: The sequences cannot be listed.
            HubError: The engine failed. What was not added is added by the next look.
        """
        names = set(feed_names(self._kinds, await self._sequence_ids()))
        in_hub = (await self._hub.status()).feeds
        self._founder = self._founder or not in_hub
        if self._founder:
            # A hub with fewer feeds than this worker has added was emptied, or an engine has lost its data.
            await self._add(names - self._known if in_hub >= len(self._known) else names)
            self._known = names
        self._founder, self._since = True, None
        if trimmed := await self._hub.trim():
            self._report(Trimmed(events=trimmed))

    async def _sequence_ids(self) -> list[str]:
        if not needs_sequences(self._kinds):
            return []
        await self._permit()
        return [sequence.id for sequence in await self._crm.sequences.list() if sequence.status != "archived"]

    async def _add(self, names: Collection[str]) -> None:
        for name in sorted(names):
            try:
                # The interval does not matter here: only where the feed begins is asked of it.
                feed = open_feed(self._crm, name, since=self._since, interval=1.0)
            except UnknownFeedError as error:  # an id that no URL can hold
                self._report(Died(feed=name, error=str(error)))
            else:
                await self._hub.add(name, feed.cursor)
        if names:
            self._report(Discovered(feeds=len(names)))
