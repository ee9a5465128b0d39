"""One claim, from its poll to its end: committed, failed, released, or fenced."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection
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
)
from impactive_async.feeds.cursor.snapshot import MANY
from impactive_async.feeds.delivery.home import without_home
from impactive_async.feeds.delivery.poll import PolledFeed
from impactive_async.feeds.feed import progress_of
from impactive_async.hub.contract.claim import Claim
from impactive_async.hub.contract.events import HubEvent
from impactive_async.hub.contract.hub import Hub
from impactive_async.hub.reaching.refusals import CancelledByEngineError
from impactive_async.hub.worker.bounds import within
from impactive_async.hub.worker.events.rows import events_of
from impactive_async.hub.worker.failures import is_final, pause_after, reason_for
from impactive_async.hub.worker.feeds import UnknownFeedError, open_feed
from impactive_async.hub.worker.kept import KeptFeeds
from impactive_async.hub.worker.reports import Died, GapFound, Listener, Polled, PollFailed
from impactive_async.hub.worker.troubles import Troubles

_log = logging.getLogger("impactive_async.hub")

PERMIT_SHARE: Final = 0.25
"""Part of the lease that the wait for a permit may take. After the poll, a quarter is left for the commit."""
POLL_SHARE: Final = 0.5
REQUEST_SHARE: Final = 0.4
"""Part of the lease that a request may take. The rest of `POLL_SHARE` is for the client's own limits."""
COMMIT_TRIES: Final = 5
COMMIT_PAUSE: Final = 0.25
"""Seconds after which a commit of unknown outcome is sent again."""

_EXPECTED = (APIError, CursorError, TimeoutError, UnknownFeedError, HubError)


@frozen(kw_only=True)
class Poller:
    """What all polls of a worker share.

    Attributes:
        crm: A client that tries each request once, as each try needs a permit. Its time-out is `REQUEST_SHARE` of
            the lease.
        source: The workspace, as the events name it.
        interval: Seconds between polls of a feed that is neither busy nor failing.
        distinct: Whether an email that belongs to several sequences is one event.
        ignore: Wire names of fields for which a row compared by content is no new event.
        kept: The feeds that need not be opened again.
    """

    crm: AsyncClient
    hub: Hub
    clock: Clock
    source: str
    interval: float
    distinct: bool
    ignore: Collection[str]
    report: Listener
    troubles: Troubles
    kept: KeptFeeds

    async def serve(self, claim: Claim, ends: float, bound: float) -> Exception | None:
        """Poll a feed once, and end the claim.

        Args:
            claim: What was claimed.
            ends: When its lease ends, by our clock. No call to the engine is waited for longer.
            bound: Seconds that the poll may take.

        Returns:
            What the poll met; `None`: all went well.

        Raises:
            AuthenticationError: The key is refused. The claim was released, as the feed is not the cause.
            ConfigurationError: The client or the hub cannot be used. The claim was released.
            FencedError: The lease has ended. Nothing was committed.
            HubError: The engine failed. The claim ends with its lease.
        """
        try:
            progress, poll, events = await self._poll(claim, bound)
            await self._commit(claim, ends, poll, events)
            self.kept.keep(claim.feed, progress, poll.cursor)
        except (AuthenticationError, ConfigurationError):
            with contextlib.suppress(FencedError, HubError, ConfigurationError):
                await within(self._left(ends), lambda: self.hub.release(claim))
            raise
        except FencedError:
            raise
        except Exception as error:  # a row that sets off a bug must not stop the other feeds
            return await self._fail(claim, ends, error)
        self.troubles.passed("commit")
        self._tell(claim, poll, len(events))
        return None

    def _left(self, ends: float) -> float:
        return ends - self.clock.monotonic()

    async def _poll(self, claim: Claim, bound: float) -> tuple[PolledFeed[Any], Poll[Any], list[HubEvent]]:
        try:
            async with asyncio.timeout(bound):
                progress = self.kept.take(claim) or await self._open(claim)
                poll = await progress.poll()
        except TimeoutError:
            raise TimeoutError(
                f"no answer within {bound:g} s, in which the client's own limits were waited for"
            ) from None
        events = events_of(
            self.source, claim.feed, poll, datetime.now(UTC), distinct=self.distinct, ignore=self.ignore
        )
        told = await asyncio.to_thread(list, events) if len(poll.rows) > MANY else list(events)
        return progress, poll, told

    async def _open(self, claim: Claim) -> PolledFeed[Any]:
        feed = open_feed(self.crm, claim.feed, since=None, interval=self.interval, ignore=self.ignore)
        return await progress_of(feed, without_home(claim.cursor))  # the hub itself is bound, and may have moved

    async def _commit(self, claim: Claim, ends: float, poll: Poll[Any], events: list[HubEvent]) -> None:
        """Commit, and repeat it while the outcome is unknown: the hub recognises a commit that took effect."""

        async def commit() -> None:
            await self.hub.commit(claim, poll.cursor, events, poll.next_in, gaps=len(poll.gaps))

        for _ in range(COMMIT_TRIES - 1):
            try:
                return await within(self._left(ends), commit)
            except HubError as error:
                if self._left(ends) <= COMMIT_PAUSE or isinstance(error, CancelledByEngineError):
                    raise
                self.troubles.failed("commit", error, COMMIT_PAUSE)
            await self.clock.sleep(COMMIT_PAUSE)
        return await within(self._left(ends), commit)

    async def _fail(self, claim: Claim, ends: float, error: Exception) -> Exception:
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
        return error

    def _tell(self, claim: Claim, poll: Poll[Any], events: int) -> None:
        for gap in poll.gaps:
            self.report(GapFound(feed=claim.feed, gap=gap.kind, after=gap.after, before=gap.before))
        self.report(
            Polled(
                feed=claim.feed,
                events=events,
                gaps=len(poll.gaps),
                next_in=poll.next_in,
                coverage=poll.coverage,
            )
        )
