"""The loop of a worker: claim a feed, poll it, commit cursor and events in one step. Any number share a hub.

Nothing is renewed: a claim is for one poll. What a worker that died or froze had in hand is polled by the next
one, and what it brings too late is refused by its fencing token.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import attrs

from impactive_async import AsyncClient, Poll
from impactive_async._clock import Clock, SystemClock
from impactive_async.errors import (
    APIError,
    APIStatusError,
    AuthenticationError,
    ConfigurationError,
    CursorError,
    FencedError,
    HubError,
    PermissionDeniedError,
)
from impactive_async.feeds.rules import Now
from impactive_async.hub.base import Claim, Hub
from impactive_async.hub.events import Event
from impactive_async.hub.feeds import KINDS, bad_row_event, feed_names, gap_event, open_feed, row_event

_log = logging.getLogger("impactive_async.hub")

IDLE = 0.5
"""Seconds between two looks at a hub that has nothing due."""
ENGINE_PAUSE = 0.5
"""Seconds after which a hub whose engine failed is asked again."""
LONGEST_BACK_OFF = 3600.0
FIRST_BACK_OFF = 2.0
COMMIT_TRIES = 5


@attrs.define(kw_only=True)
class WorkerStats:
    """What a worker has done."""

    polls: int = 0
    events: int = 0
    """Events committed."""
    gaps: int = 0
    failures: int = 0
    """Polls that failed."""
    fenced: int = 0
    """Polls whose commit came too late and was refused."""
    hub_errors: int = 0


@attrs.frozen(kw_only=True)
class WorkerOptions:
    """How a worker works; the arguments of `run_worker`.

    Raises:
        ValueError: A number out of its range, or an unknown kind.
    """

    kinds: Collection[str] = KINDS
    since: Now | None = None
    interval: float = attrs.field(default=300.0, validator=attrs.validators.gt(0))
    lease: float = attrs.field(default=60.0, validator=attrs.validators.gt(0))
    concurrency: int = attrs.field(default=4, validator=attrs.validators.ge(1))

    def __attrs_post_init__(self) -> None:
        list(feed_names(self.kinds, ()))


async def run_worker(
    crm: AsyncClient,
    hub: Hub,
    *,
    kinds: Collection[str] = KINDS,
    since: Now | None = None,
    interval: float = 300.0,
    lease: float = 60.0,
    concurrency: int = 4,
    stop: asyncio.Event | None = None,
    clock: Clock | None = None,
) -> WorkerStats:
    """Work on a hub's feeds until `stop` is set; then finish the polls under way and return.

    Discovers sequences and adds their feeds; any number of workers may do so at once. Rows become CloudEvents in
    the hub's log, gaps and unreadable rows too. Requests are made one try at a time under the hub's rate limit.

    Args:
        crm: The client; not closed here.
        hub: The hub; not closed here.
        kinds: What to follow, as for `crm.watch`.
        since: Where feeds that the hub does not know yet start: `None`: all the API still shows; `NOW`: what comes
            after. Feeds of sequences that appear later start at their beginning in either case.
        interval: Seconds between polls of a list; a busy one is polled sooner.
        lease: Seconds a worker has for one poll and its commit; after that another may take the feed.
        concurrency: How many polls may be under way at once in this worker.
        stop: Set it to stop.
        clock: What pauses are measured with.

    Raises:
        AuthenticationError: The key is refused: no feed could be polled. `PermissionDeniedError` likewise.
        ConfigurationError: The client cannot be used, or the engine would lose what is committed.
        ValueError: A number out of its range, or an unknown kind.
    """
    options = WorkerOptions(kinds=kinds, since=since, interval=interval, lease=lease, concurrency=concurrency)
    return await Worker(crm, hub, options, stop or asyncio.Event(), clock or SystemClock()).run()


class Worker:
    """One worker's tasks; see `run_worker`."""

    def __init__(
        self, crm: AsyncClient, hub: Hub, options: WorkerOptions, stop: asyncio.Event, clock: Clock
    ) -> None:
        # One try: each permit is for one request, and the hub is what backs off. Half the lease: the rest is for
        # the commit.
        self._crm = crm.with_options(timeout=options.lease / 2, max_retries=0)
        self._hub = hub
        self._options = options
        self._stop = stop
        self._clock = clock
        self._source = ""
        self.stats = WorkerStats()

    async def run(self) -> WorkerStats:
        """Work until stopped; return what was done."""
        await self._hub.init()
        await self._hub.check()
        workspace = await self._crm.with_options(max_retries=4).zapier.auth_test()
        self._source = f"/workspaces/{workspace.id}"
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._discover())
                for _ in range(self._options.concurrency):
                    tasks.create_task(self._work())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        return self.stats

    # -- discovering -------------------------------------------------------------------------------------------

    async def _discover(self) -> None:
        since, known = self._options.since, set[str]()
        while not self._stop.is_set():
            try:
                known |= await self._add_feeds(known, since)
                since, pause = None, self._options.interval
            except (APIError, HubError) as error:
                _raise_if_hopeless(error)
                _log.warning("looking for sequences failed, tried again soon: %s", error)
                pause = min(self._options.interval, FIRST_BACK_OFF)
            await self._pause(pause)

    async def _add_feeds(self, known: set[str], since: Now | None) -> set[str]:
        sequence_ids: list[str] = []
        if {"enrollments", "sends", "replies"} & set(self._options.kinds):
            await self._permit()
            sequence_ids = [sequence.id for sequence in await self._crm.sequences.list()]
        new = set(feed_names(self._options.kinds, sequence_ids)) - known
        for name in sorted(new):
            feed = open_feed(self._crm, name, since=since, interval=self._options.interval)
            await self._hub.add(name, feed.cursor)
        return new

    # -- polling -----------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while not self._stop.is_set():
            try:
                claim = await self._hub.claim(self._options.lease)
                if claim is None:
                    await self._pause(IDLE)
                else:
                    await self._poll(claim)
            except FencedError as error:
                self.stats.fenced += 1
                _log.warning("%s", error)
            except HubError as error:
                self.stats.hub_errors += 1
                _log.warning("the hub failed, asked again in %.1f s: %s", ENGINE_PAUSE, error)
                await self._pause(ENGINE_PAUSE)

    async def _poll(self, claim: Claim) -> None:
        if not await self._permit(at_most=self._options.lease / 4):
            await self._hub.release(claim)
            await self._pause(IDLE)
            return
        try:
            feed = open_feed(self._crm, claim.feed, since=None, interval=self._options.interval)
            poll = await feed.poll(claim.cursor)
        except (AuthenticationError, PermissionDeniedError, ConfigurationError):
            await self._hub.release(claim)  # it is not the feed's fault
            raise
        except (APIError, CursorError, ValueError) as error:
            self.stats.failures += 1
            _log.warning("%s: poll failed: %s", claim.feed, error)
            await self._hub.fail(claim, str(error), _again_in(error, claim.failures, self._options.interval))
            return
        await self._commit(claim, poll)

    async def _commit(self, claim: Claim, poll: Poll[Any]) -> None:
        events = self._events(claim.feed, poll)
        for attempt in range(1, COMMIT_TRIES + 1):
            try:
                await self._hub.commit(claim, poll.cursor, events, poll.next_in, gaps=len(poll.gaps))
                break
            except HubError:
                if attempt == COMMIT_TRIES:
                    raise  # the lease ends by itself, and the rows are polled again
                self.stats.hub_errors += 1
                await self._clock.sleep(ENGINE_PAUSE)
        self.stats.polls += 1
        self.stats.events += len(events)
        self.stats.gaps += len(poll.gaps)

    def _events(self, feed: str, poll: Poll[Any]) -> list[Event]:
        now = datetime.now(UTC)
        return [
            *(gap_event(self._source, gap, now) for gap in poll.gaps),
            *(bad_row_event(self._source, feed, bad, now) for bad in poll.bad),
            *(row_event(self._source, feed, row, now) for row in poll.rows),
        ]

    # -- waiting -----------------------------------------------------------------------------------------------

    async def _permit(self, at_most: float = LONGEST_BACK_OFF) -> bool:
        """Wait for leave to make one request; False if that would take too long."""
        waited = 0.0
        while (wait := await self._hub.permit()) > 0:
            waited += wait
            if waited > at_most:
                return False
            await self._clock.sleep(wait)
        return True

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until the worker is to stop."""
        stopping = asyncio.ensure_future(self._stop.wait())
        sleeping = asyncio.ensure_future(_as_coroutine(self._clock, seconds))
        try:
            await asyncio.wait((stopping, sleeping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            sleeping.cancel()
            await asyncio.gather(stopping, sleeping, return_exceptions=True)


async def _as_coroutine(clock: Clock, seconds: float) -> None:
    await clock.sleep(seconds)


def _raise_if_hopeless(error: Exception) -> None:
    if isinstance(error, AuthenticationError | PermissionDeniedError | ConfigurationError):
        raise error


def _again_in(error: Exception, failures: int, interval: float) -> float | None:
    """Seconds until a feed whose poll failed is due again; `None`: never, until somebody revives it."""
    if isinstance(error, CursorError | ValueError):
        return None
    if isinstance(error, APIStatusError) and error.status in (400, 404):
        return None
    asked = error.retry_after if isinstance(error, APIStatusError) else None
    back_off = min(FIRST_BACK_OFF * 2.0 ** min(failures, 16), max(interval, FIRST_BACK_OFF), LONGEST_BACK_OFF)
    return max(back_off, asked or 0.0)
