"""One claim, from its poll to its end: committed, failed, released, or fenced.

Polls that brought nothing are committed together: those that end while others are being committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from attrs import define, field, frozen

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
from impactive_async.hub.contract.claim import Claim, IdlePoll
from impactive_async.hub.contract.events import HubEvent
from impactive_async.hub.contract.hub import Hub
from impactive_async.hub.reaching.refusals import CancelledByEngineError
from impactive_async.hub.worker.bounds import within
from impactive_async.hub.worker.events.rows import events_of
from impactive_async.hub.worker.failures import is_final, pause_after, reason_for
from impactive_async.hub.worker.feeds import UnknownFeedError, open_feed
from impactive_async.hub.worker.kept import KeptFeeds
from impactive_async.hub.worker.reports import Died, Fenced, GapFound, Listener, Polled, PollFailed
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
MOST: Final = 16
"""How many idle polls are committed together."""

_EXPECTED = (APIError, CursorError, TimeoutError, UnknownFeedError, HubError)


@frozen
class Answered:
    """A poll that is to be committed.

    Attributes:
        claim: What it was made for.
        ends: When the lease ends, by our clock.
        progress: The feed after the poll.
        poll: What it brought.
        events: What is to be logged of it.
        is_idle: Whether it has brought nothing to a feed that this worker has committed before. So the poll can be
            made again without a loss; the first one of a feed cannot, where it says from when on rows are new.
    """

    claim: Claim
    ends: float
    progress: PolledFeed[Any]
    poll: Poll[Any]
    events: list[HubEvent]
    is_idle: bool

    def as_idle(self) -> IdlePoll:
        """Return what the hub is told of an idle poll."""
        return IdlePoll(self.claim, self.poll.cursor, self.poll.next_in)


HandOver = Callable[[Answered], Awaitable[None]]
"""Takes an idle poll, to commit it with others."""


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

    async def serve(
        self, claim: Claim, ends: float, bound: float, hand_over: HandOver | None = None
    ) -> Exception | None:
        """Poll a feed once, and end the claim.

        Args:
            claim: What was claimed.
            ends: When its lease ends, by our clock. No call to the engine is waited for longer.
            bound: Seconds that the poll may take.
            hand_over: Given the poll if it is idle; its claim has not ended then.

        Returns:
            What the poll met; `None`: all went well.

        Raises:
            AuthenticationError: The key is refused. The claim was released, as the feed is not the cause.
            ConfigurationError: The client or the hub cannot be used. The claim was released.
            FencedError: The lease has ended. Nothing was committed.
            HubError: The engine failed. The claim ends with its lease.
        """

        async def poll() -> Answered | None:
            answered = await self._poll(claim, ends, bound)
            if hand_over and answered.is_idle:
                await hand_over(answered)
                return None
            await self._commit(answered)
            return answered

        return await self._ended(claim, ends, poll)

    async def commit(self, answered: Answered) -> Exception | None:
        """Commit a poll, and end its claim; for what is returned and raised see `serve`."""

        async def commit() -> Answered:
            await self._commit(answered)
            return answered

        return await self._ended(answered.claim, answered.ends, commit)

    async def commit_idle(self, polls: Sequence[Answered]) -> Sequence[Answered]:
        """Commit idle polls together; return them if that failed: each is to be committed by itself."""
        left = self._left(min(one.ends for one in polls))
        try:
            outcomes = await within(left, lambda: self.hub.commit_idle([one.as_idle() for one in polls]))
        except Exception:  # whatever it was, it comes again
            return polls
        for one, fenced in zip(polls, outcomes, strict=True):
            if fenced is None:
                self._committed(one)
            else:
                self.report(Fenced(feed=one.claim.feed))
        return ()

    async def _ended(
        self, claim: Claim, ends: float, work: Callable[[], Awaitable[Answered | None]]
    ) -> Exception | None:
        """Do the work, and end the claim if it fails; tell of the poll that it has committed."""
        try:
            committed = await work()
        except (AuthenticationError, ConfigurationError):
            with contextlib.suppress(FencedError, HubError, ConfigurationError):
                await within(self._left(ends), lambda: self.hub.release(claim))
            raise
        except FencedError:
            raise
        except Exception as error:  # a row that sets off a bug must not stop the other feeds
            return await self._fail(claim, ends, error)
        if committed:
            self._committed(committed)
        return None

    def _left(self, ends: float) -> float:
        return ends - self.clock.monotonic()

    async def _poll(self, claim: Claim, ends: float, bound: float) -> Answered:
        kept = self.kept.take(claim)
        try:
            async with asyncio.timeout(bound):
                progress = kept or await self._open(claim)
                poll = await progress.poll()
        except TimeoutError:
            raise TimeoutError(
                f"no answer within {bound:g} s, in which the client's own limits were waited for"
            ) from None
        events = events_of(
            self.source, claim.feed, poll, datetime.now(UTC), distinct=self.distinct, ignore=self.ignore
        )
        told = await asyncio.to_thread(list, events) if len(poll.rows) > MANY else list(events)
        return Answered(claim, ends, progress, poll, told, kept is not None and not told)

    async def _open(self, claim: Claim) -> PolledFeed[Any]:
        feed = open_feed(self.crm, claim.feed, since=None, interval=self.interval, ignore=self.ignore)
        return await progress_of(feed, without_home(claim.cursor))  # the hub itself is bound, and may have moved

    async def _commit(self, answered: Answered) -> None:
        """Commit, and repeat it while the outcome is unknown: the hub recognises a commit that took effect."""
        for _ in range(COMMIT_TRIES - 1):
            left = self._left(answered.ends)
            try:
                return await within(left, lambda: self._commit_once(answered))
            except HubError as error:
                if self._left(answered.ends) <= COMMIT_PAUSE or isinstance(error, CancelledByEngineError):
                    raise
                self.troubles.failed("commit", error, COMMIT_PAUSE)
            await self.clock.sleep(COMMIT_PAUSE)
        return await within(self._left(answered.ends), lambda: self._commit_once(answered))

    async def _commit_once(self, answered: Answered) -> None:
        if answered.is_idle:
            (fenced,) = await self.hub.commit_idle([answered.as_idle()])
            if fenced is not None:
                raise fenced
        else:
            claim, poll = answered.claim, answered.poll
            await self.hub.commit(claim, poll.cursor, answered.events, poll.next_in, gaps=len(poll.gaps))

    def _committed(self, answered: Answered) -> None:
        self.kept.keep(answered.claim.feed, answered.progress, answered.poll.cursor)
        self.troubles.passed("commit")
        self._tell(answered.claim, answered.poll, len(answered.events))

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


@define(eq=False)
class IdleCommits:
    """Commits idle polls: those that end while others are being committed go together.

    Args:
        poller: What commits them.
        start: Starts a task that the worker waits for.
        guarded: Does its work, whose error stops the worker; raises nothing.
        alone: Commits one by itself, where that failed for several.
    """

    _poller: Poller
    _start: Callable[..., None]
    _guarded: Callable[..., Awaitable[None]]
    _alone: Callable[[Answered], Awaitable[None]]
    _waiting: list[Answered] = field(factory=list, init=False)
    _is_at_work: bool = field(default=False, init=False)
    _room: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(2 * MOST), init=False)

    async def add(self, answered: Answered) -> None:
        """Commit a poll soon. If the hub is slow, this waits until there is room for it."""
        await self._room.acquire()
        self._waiting.append(answered)
        if not self._is_at_work:
            self._is_at_work = True
            self._start(self._commit_all)

    async def _commit_all(self) -> None:
        while self._waiting:
            await self._guarded(self._commit_some)
        self._is_at_work = False

    async def _commit_some(self) -> None:
        some = self._waiting[:MOST]
        del self._waiting[:MOST]
        try:
            left = await self._poller.commit_idle(some)
            await asyncio.gather(*(self._guarded(self._alone, one) for one in left))
        finally:
            for _ in some:
                self._room.release()
