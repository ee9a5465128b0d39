"""One claim, from its poll to its end: committed, failed, released, or fenced."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime
from typing import Any, Final

from attrs import frozen

from impactive_async import AsyncClient, Poll
from impactive_async._clock import Clock
from impactive_async.errors import (
    APIError,
    AuthenticationError,
    ConfigurationError,
    CursorError,
    FencedError,
    HubError,
    RateLimitError,
)
from impactive_async.hub.back_off import is_final, pause_after, reason_for
from impactive_async.hub.base import Claim, Hub
from impactive_async.hub.bounds import within
from impactive_async.hub.events import Event
from impactive_async.hub.feeds import UnknownFeedError, open_feed
from impactive_async.hub.reports import Died, GapFound, Listener, Polled, PollFailed, Trouble
from impactive_async.hub.rows import events_of

_log = logging.getLogger("impactive_async.hub")

PERMIT_SHARE: Final = 0.25
"""Of the lease: what waiting for a permit may take. After the poll, a quarter is left for the commit."""
POLL_SHARE: Final = 0.5
REQUEST_SHARE: Final = 0.4
"""Of the lease: the request's own time-out; the rest of the poll's share is for the client's own limits."""
COMMIT_TRIES: Final = 5
ENGINE_PAUSE: Final = 0.25
"""Seconds after which a hub whose engine failed is asked again."""

_EXPECTED = (APIError, CursorError, TimeoutError, UnknownFeedError, HubError)


@frozen(kw_only=True)
class Poller:
    """What the polls of a worker have in common.

    Attributes:
        crm: Makes one try at each request, so that each has its permit; `REQUEST_SHARE` of the lease is its
            time-out.
        source: The workspace, as the events name it.
        interval: Seconds between polls of a feed that is neither busy nor failing.
    """

    crm: AsyncClient
    hub: Hub
    clock: Clock
    source: str
    interval: float
    report: Listener

    async def serve(self, claim: Claim, ends: float) -> RateLimitError | None:
        """Poll a feed once, and end the claim. Returns what the API said if it was that there are too many polls.

        Args:
            claim: What was claimed.
            ends: When its lease ends, by the clock here. Whatever API and engine do, so does the wait for them.

        Raises:
            AuthenticationError: The key is refused. The claim was released: it is not the feed's fault.
            ConfigurationError: The client or the hub cannot be used. Likewise.
            FencedError: The lease has ended. Nothing was committed.
            HubError: The engine failed. The claim ends with its lease.
        """
        try:
            poll, events = await self._poll(claim)
            await self._commit(claim, ends, poll, events)
        except (AuthenticationError, ConfigurationError):
            with contextlib.suppress(FencedError, HubError, ConfigurationError):
                await within(self._left(ends), lambda: self.hub.release(claim))
            raise
        except FencedError:
            raise
        except Exception as error:  # whatever a row can set off is its feed's trouble, not the other feeds'
            return await self._fail(claim, ends, error)
        self._tell(claim, poll, len(events))
        return None

    def _left(self, ends: float) -> float:
        return ends - self.clock.monotonic()

    async def _poll(self, claim: Claim) -> tuple[Poll[Any], list[Event]]:
        feed = open_feed(self.crm, claim.feed, since=None, interval=self.interval)
        try:
            async with asyncio.timeout(claim.lease * POLL_SHARE):
                poll = await feed.poll(claim.cursor)
        except TimeoutError:
            raise TimeoutError("half of the lease went by in waiting for the client's own limits") from None
        return poll, list(events_of(self.source, claim.feed, poll, datetime.now(UTC)))

    async def _commit(self, claim: Claim, ends: float, poll: Poll[Any], events: list[Event]) -> None:
        """Commit, again where the outcome is unknown: the hub recognises a commit that did get through."""

        async def commit() -> None:
            await self.hub.commit(claim, poll.cursor, events, poll.next_in, gaps=len(poll.gaps))

        for _ in range(COMMIT_TRIES - 1):
            try:
                return await within(self._left(ends), commit)
            except HubError as error:
                if self._left(ends) <= ENGINE_PAUSE:
                    raise
                self.report(Trouble(error=str(error), again_in=ENGINE_PAUSE))
            await self.clock.sleep(ENGINE_PAUSE)
        return await within(self._left(ends), commit)

    async def _fail(self, claim: Claim, ends: float, error: Exception) -> RateLimitError | None:
        if not isinstance(error, _EXPECTED):
            _log.error("%s: unexpected, please report it", claim.feed, exc_info=error)
        if isinstance(error, HubError) and self._left(ends) <= 0:
            raise error
        reason, wait = reason_for(error), pause_after(error, claim.failures, self.interval)
        dead = is_final(error, claim.feed)
        await within(self._left(ends), lambda: self.hub.fail(claim, reason, None if dead else wait))
        self.report(
            Died(feed=claim.feed, error=reason)
            if dead
            else PollFailed(feed=claim.feed, error=reason, failures=claim.failures + 1, again_in=wait)
        )
        return error if isinstance(error, RateLimitError) else None

    def _tell(self, claim: Claim, poll: Poll[Any], events: int) -> None:
        for gap in poll.gaps:
            self.report(GapFound(feed=claim.feed, gap=gap.kind, after=gap.after, before=gap.before))
        self.report(Polled(feed=claim.feed, events=events, gaps=len(poll.gaps), next_in=poll.next_in))
