"""The loop of a worker: claim a feed, poll it, commit cursor and events in one step. Any number share a hub.

A claim is for one poll, and no lease is renewed. When a worker dies or freezes, the next one polls its feeds, and
a late commit of the first is refused by its fencing token.

No wait is longer than a lease, also for an engine that is frozen: so a worker stops within one lease.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final, ParamSpec, TypeVar

from impactive_async import AsyncClient, Clock
from impactive_async._checks import check_listener
from impactive_async._clock import SystemClock
from impactive_async.errors import APIError, FencedError, HubError
from impactive_async.feeds.cursor.rules import Now
from impactive_async.hub.contract.claim import Claim
from impactive_async.hub.contract.hub import Hub
from impactive_async.hub.contract.settings import identity
from impactive_async.hub.worker.bounds import within
from impactive_async.hub.worker.claiming import Claiming, Permitted
from impactive_async.hub.worker.discovery import Discovery
from impactive_async.hub.worker.failures import is_fatal_at_start, pause_after
from impactive_async.hub.worker.kept import KeptFeeds
from impactive_async.hub.worker.kinds import Kinds
from impactive_async.hub.worker.options import WorkerOptions
from impactive_async.hub.worker.polling import POLL_SHARE, REQUEST_SHARE, Answered, HandOver, IdleCommits, Poller
from impactive_async.hub.worker.reports import (
    Draining,
    Fenced,
    Listener,
    RateLimited,
    Report,
    Started,
    Trimmed,
    WorkerStats,
    log,
)
from impactive_async.hub.worker.stopping import Stopped, Stopping
from impactive_async.hub.worker.throttle import Throttle
from impactive_async.hub.worker.troubles import LONGEST, Troubles
from impactive_async.resources.watching.kinds import KINDS

START: Final = 5.0
"""Seconds that the engine has at the start at least: drivers try for three before they say what is wrong."""

P = ParamSpec("P")
T = TypeVar("T")


async def run_worker(
    crm: AsyncClient,
    hub: Hub,
    *,
    kinds: Collection[str] = KINDS,
    since: Now | None = None,
    interval: float = 300.0,
    lease: float = 60.0,
    concurrency: int = 4,
    distinct: bool = True,
    ignore: Collection[str] = (),
    stop: asyncio.Event | None = None,
    on_report: Listener = log,
    clock: Clock | None = None,
) -> WorkerStats:
    """Work on a hub's feeds until `stop` is set; then finish the polls under way and return.

    The worker discovers sequences and adds their feeds; any number of workers may do so at once. Rows, gaps and
    rows that cannot be read become CloudEvents in the hub's log. Each request is tried once, under the hub's rate
    limit. The worker tries again, less and less often, while the API, the engine or a single feed fails.

    Args:
        crm: The client; not closed here. One hub is for one workspace.
        hub: The hub, made by `Hub.init`; not closed here.
        kinds: What to follow, as for `crm.watch`.
        since: Where the feeds of an empty hub start: `None`: all the API still shows; `NOW`: what comes after the
            first poll. Feeds that appear later start at their beginning in either case.
        interval: Seconds between polls of a list; a busy one is polled sooner. Also between looks for sequences.
        lease: Seconds a worker has for one poll and its commit; after that another may take the feed.
        concurrency: How many polls may be under way at once in this worker.
        distinct: Whether an email that belongs to several sequences is one event, as for `crm.watch`. All workers
            of a hub should agree.
        ignore: Names of fields that change all the time, of bookings: one is no new event for them.
        stop: Set it to stop.
        on_report: Called at once with each report; an error that it raises ends the worker. Default: the log.
        clock: What pauses and leases are measured with.

    Raises:
        AuthenticationError: The key is refused: no feed could be polled.
        PermissionDeniedError: The key may not list sequences, and nothing else is followed.
        ConfigurationError: The client cannot be used; the hub was not made by `Hub.init`, is of another workspace,
            has another rate limit, cannot be reached at its URL by any waiting, or could lose what is committed.
        APIError: The server is not the API, to judge by its first answer.
        ValueError: A number out of its range, or an unknown kind; or `on_report` is `async`.
    """
    check_listener(on_report, "on_report")
    options = WorkerOptions(
        kinds=kinds,
        since=since,
        interval=interval,
        lease=lease,
        concurrency=concurrency,
        distinct=distinct,
        ignore=ignore,
    )
    worker = Worker(crm, hub, options, on_report, clock or SystemClock())
    return await worker.run(stop or asyncio.Event())


class Worker:
    """One worker's tasks; see `run_worker`."""

    def __init__(
        self, crm: AsyncClient, hub: Hub, options: WorkerOptions, listener: Listener, clock: Clock
    ) -> None:
        self._crm = crm.with_options(timeout=options.lease * REQUEST_SHARE, max_retries=0)
        self._hub = hub
        self._options = options
        self._listener = listener
        self._clock = clock
        self._slots = asyncio.Semaphore(options.concurrency)
        self._stopping = Stopping(clock)
        self._kinds = Kinds()
        self._throttle = Throttle(hub, options, self._stopping, clock)
        self._failure: Exception | None = None
        self._under_way = 0
        self.stats = WorkerStats()
        self._troubles = Troubles(self.stats, listener, clock)

    async def run(self, stop: asyncio.Event) -> WorkerStats:
        """Work until `stop` is set; return what was done."""
        following = asyncio.create_task(self._stopping_all(self._follow, stop))
        try:
            await self._stopping_all(self._work)
        finally:
            following.cancel()
            await asyncio.wait((following,))
        if self._failure is not None:
            raise self._failure
        return self.stats

    async def _work(self) -> None:
        patience = max(self._options.lease, START)
        await self._retrying("start", lambda: within(patience, self._hub.check), is_fatal_at_start)
        workspace = await self._retrying("start", self._ask_for_workspace, is_fatal_at_start)
        if workspace is None:
            return
        served = identity(workspace, self._crm.base_url)
        await self._retrying("start", lambda: within(patience, lambda: self._hub.bind(served)), is_fatal_at_start)
        self._report(Started(workspace=workspace))
        beside = [
            asyncio.create_task(self._stopping_all(self._discover, served)),
            asyncio.create_task(self._stopping_all(self._keep_trimmed)),
        ]
        try:
            await self._claim_and_poll(self._poller(workspace))
        finally:
            for task in beside:
                task.cancel()  # the next look of any worker does what is left
            await asyncio.wait(beside)

    async def _stopping_all(
        self, work: Callable[P, Awaitable[None]], *arguments: P.args, **options: P.kwargs
    ) -> None:
        """Do a part of the work; an error in it stops the worker, which finishes the polls under way first."""
        try:
            await work(*arguments, **options)
        except Exception as error:
            self._failure = self._failure or error
            self._stopping.set()

    async def _follow(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping.set()
        self._report(Draining(polls=self._under_way))

    def _report(self, report: Report) -> None:
        self.stats.count(report)
        self._listener(report)

    # -- the workspace -----------------------------------------------------------------------------------------

    async def _ask_for_workspace(self) -> str:
        await self._throttle.acquire()
        return (await self._crm.zapier.auth_test()).id

    async def _discover(self, workspace: str) -> None:
        options = self._options
        discovery = Discovery(
            self._crm,
            self._hub,
            workspace=workspace,
            kinds=options.kinds,
            since=options.since,
            permit=self._throttle.acquire,
            report=self._report,
        )
        while not self._stopping.is_set():
            await self._retrying("discovery", discovery.look, discovery.is_fatal)
            await self._stopping.pause(options.interval)

    async def _keep_trimmed(self) -> None:
        # Apart from discovery: a log that cannot be trimmed keeps no list from being found.
        while not self._stopping.is_set():
            if trimmed := await self._retrying("trim", self._hub.trim, lambda error: False):
                self._report(Trimmed(events=trimmed))
            await self._stopping.pause(self._options.interval)

    async def _retrying(
        self, step: str, act: Callable[[], Awaitable[T]], gives_up: Callable[[Exception], bool]
    ) -> T | None:
        """Repeat a step until it succeeds, less and less often; return None if the worker is to stop."""
        failures = 0
        while not self._stopping.is_set():
            try:
                done = await act()
            except Stopped:
                break
            except (APIError, HubError) as error:
                if gives_up(error):
                    raise
                if self._stopping.is_set():
                    break
                longest = min(LONGEST, self._options.interval) if isinstance(error, HubError) else None
                wait = pause_after(error, failures, longest or self._options.interval)
                self._troubles.failed(step, error, wait)
            else:
                self._troubles.passed(step)
                return done
            failures += 1
            await self._stopping.pause(wait)
        return None

    # -- its feeds ---------------------------------------------------------------------------------------------

    def _poller(self, workspace: str) -> Poller:
        return Poller(
            crm=self._crm,
            hub=self._hub,
            clock=self._clock,
            source=f"/workspaces/{workspace}",
            interval=self._options.interval,
            distinct=self._options.distinct,
            ignore=self._options.ignore,
            report=self._report,
            troubles=self._troubles,
            kept=KeptFeeds(self._clock, self._options.interval),
        )

    def _claiming(self) -> Claiming:
        return Claiming(
            hub=self._hub,
            options=self._options,
            kinds=self._kinds,
            throttle=self._throttle,
            stopping=self._stopping,
            troubles=self._troubles,
            report=self._report,
            clock=self._clock,
        )

    async def _claim_and_poll(self, poller: Poller) -> None:
        async with asyncio.TaskGroup() as polls:  # is left when the last poll is finished
            await self._stopping_all(self._start_polls, poller, polls)

    async def _start_polls(self, poller: Poller, polls: asyncio.TaskGroup) -> None:
        claiming = self._claiming()

        def start(work: Callable[P, Awaitable[None]], *arguments: P.args, **options: P.kwargs) -> None:
            polls.create_task(self._stopping_all(work, *arguments, **options))

        async def alone(answered: Answered) -> None:
            await self._told(answered.claim, poller.commit(answered))

        idle = IdleCommits(poller, start, self._stopping_all, alone)

        def begin(permitted: Permitted) -> None:
            start(self._serve, poller, permitted, idle.add)

        while not self._stopping.is_set():
            places = await self._take_places()
            taken = 0 if self._stopping.is_set() else await claiming.next(places, begin)
            for _ in range(places - taken):
                self._slots.release()

    async def _take_places(self) -> int:
        """Wait until there is a place for a poll; take all that there are."""
        await self._slots.acquire()
        places = 1
        while not self._slots.locked():
            await self._slots.acquire()
            places += 1
        return places

    async def _serve(self, poller: Poller, permitted: Permitted, hand_over: HandOver) -> None:
        claim = permitted.claim
        self._under_way += 1
        bound = self._kinds.bound(claim, self._options.interval, claim.lease * POLL_SHARE)
        try:
            await self._told(claim, self._polled(claim, poller.serve(claim, permitted.ends, bound, hand_over)))
        finally:
            self._under_way -= 1
            if permitted.apart:
                self._kinds.end(claim)
            else:
                self._slots.release()

    async def _polled(self, claim: Claim, poll: Awaitable[Exception | None]) -> None:
        began = self._clock.monotonic()
        error = await poll
        self._kinds.record(claim, error, self._clock.monotonic() - began)
        if pause := self._throttle.record(claim.feed.rpartition("/")[2], error):
            self._report(RateLimited(pause=pause))

    async def _told(self, claim: Claim, end: Awaitable[object]) -> None:
        """Wait until a claim has ended; tell if it was too late, and pause if the engine failed."""
        try:
            await end
        except FencedError:
            self._report(Fenced(feed=claim.feed))
        except HubError as error:
            await self._stopping.pause(self._troubles.failed("commit", error))
