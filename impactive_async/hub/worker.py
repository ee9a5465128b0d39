"""The loop of a worker: claim a feed, poll it, commit cursor and events in one step. Any number share a hub.

Nothing is renewed: a claim is for one poll. What a worker that died or froze had in hand is polled by the next
one, and what it brings too late is refused by its fencing token.

A claim comes first and the permit for its request after it, as a permit taken for nothing is a request that nobody
makes. Only one claim of a worker waits for its permit at a time, and for a quarter of its lease at the most.

Nothing outlasts a lease, not even the wait for an engine that is frozen: so a worker stops within one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final, ParamSpec, TypeVar

from impactive_async import AsyncClient, Clock
from impactive_async._clock import SystemClock
from impactive_async.errors import APIError, FencedError, HubError
from impactive_async.feeds.rules import Now
from impactive_async.hub.back_off import is_hopeless_at_first, pause_after
from impactive_async.hub.base import Claim, Hub
from impactive_async.hub.bounds import within
from impactive_async.hub.discovery import Discovery
from impactive_async.hub.feeds import KINDS
from impactive_async.hub.options import WorkerOptions
from impactive_async.hub.polling import ENGINE_PAUSE, PERMIT_SHARE, REQUEST_SHARE, Poller
from impactive_async.hub.reports import (
    Draining,
    Fenced,
    Listener,
    RateLimited,
    Report,
    Started,
    Trouble,
    WorkerStats,
    log,
)
from impactive_async.hub.stopping import Stopped, Stopping
from impactive_async.hub.terms import identity
from impactive_async.hub.throttle import Throttle

IDLE: Final = 0.25
"""Seconds between two looks at a hub that has nothing due."""

START: Final = 5.0
"""Seconds that the engine has at the start, however short the lease: drivers try for three before they say why."""

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
    stop: asyncio.Event | None = None,
    on_report: Listener = log,
    clock: Clock | None = None,
) -> WorkerStats:
    """Work on a hub's feeds until `stop` is set; then finish the polls under way and return.

    Discovers sequences and adds their feeds; any number of workers may do so at once. Rows become CloudEvents in
    the hub's log, gaps and unreadable rows too. Requests are made one try at a time under the hub's rate limit.
    What fails for a while is tried again for ever: the API, the hub's engine, and each feed for itself, less and
    less often.

    Args:
        crm: The client; not closed here. One hub is for one workspace.
        hub: The hub, made by `Hub.init`; not closed here.
        kinds: What to follow, as for `crm.watch`.
        since: Where the feeds of an empty hub start: `None`: all the API still shows; `NOW`: what comes after the
            first poll. Feeds that appear later start at their beginning in either case.
        interval: Seconds between polls of a list; a busy one is polled sooner. Also between looks for sequences.
        lease: Seconds a worker has for one poll and its commit; after that another may take the feed.
        concurrency: How many polls may be under way at once in this worker.
        stop: Set it to stop.
        on_report: Is told what happens, at once; what it raises ends the worker. Default: the log.
        clock: What pauses are measured with.

    Raises:
        AuthenticationError: The key is refused: no feed could be polled.
        PermissionDeniedError: The key may not list sequences, and nothing else is followed.
        ConfigurationError: The client cannot be used; the hub was not made by `Hub.init`, is of another workspace,
            has another rate limit, cannot be reached at its URL by any waiting, or could lose what is committed.
        APIError: The server is not the API, to judge by its first answer.
        ValueError: A number out of its range, or an unknown kind.
    """
    options = WorkerOptions(kinds=kinds, since=since, interval=interval, lease=lease, concurrency=concurrency)
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
        self._throttle = Throttle(hub, options, self._stopping, clock)
        self._failure: Exception | None = None
        self._under_way = 0
        self.stats = WorkerStats()

    async def run(self, stop: asyncio.Event) -> WorkerStats:
        """Work until stopped; return what was done."""
        following = asyncio.create_task(self._ending_all(self._follow, stop))
        try:
            await self._ending_all(self._work)
        finally:
            following.cancel()
            await asyncio.wait((following,))
        if self._failure is not None:
            raise self._failure
        return self.stats

    async def _work(self) -> None:
        patience = max(self._options.lease, START)
        await self._patiently(lambda: within(patience, self._hub.check), is_hopeless_at_first)
        workspace = await self._patiently(self._ask_for_workspace, is_hopeless_at_first)
        if workspace is None:
            return
        served = identity(workspace, self._crm.base_url)
        await self._patiently(lambda: within(patience, lambda: self._hub.bind(served)), is_hopeless_at_first)
        self._report(Started(workspace=workspace))
        discovering = asyncio.create_task(self._ending_all(self._discover, served))
        try:
            await self._claim_and_poll(self._poller(workspace))
        finally:
            discovering.cancel()  # whatever it has left undone, the next look of any worker does
            await asyncio.wait((discovering,))

    async def _ending_all(
        self, work: Callable[P, Awaitable[None]], *arguments: P.args, **options: P.kwargs
    ) -> None:
        """Do a part of the work; what it raises ends the others too, but lets them finish what they have begun."""
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
        await self._throttle.leave()
        return (await self._crm.zapier.auth_test()).id

    async def _discover(self, workspace: str) -> None:
        options = self._options
        discovery = Discovery(
            self._crm,
            self._hub,
            workspace=workspace,
            kinds=options.kinds,
            since=options.since,
            permit=self._throttle.leave,
            report=self._report,
        )
        while not self._stopping.is_set():
            await self._patiently(discovery.look, discovery.is_hopeless)
            await self._stopping.pause(options.interval)

    async def _patiently(
        self, step: Callable[[], Awaitable[T]], gives_up: Callable[[Exception], bool]
    ) -> T | None:
        """Do a step, again while it fails, less and less often; `None` if the worker is to stop before that."""
        failures = 0
        while not self._stopping.is_set():
            try:
                return await step()
            except Stopped:
                break
            except (APIError, HubError) as error:
                if gives_up(error):
                    raise
                if self._stopping.is_set():
                    break
                wait = pause_after(error, failures, self._options.interval)
                self._report(Trouble(error=str(error), again_in=wait))
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
            report=self._report,
        )

    async def _claim_and_poll(self, poller: Poller) -> None:
        async with asyncio.TaskGroup() as polls:  # is left when the last poll is finished
            await self._ending_all(self._start_polls, poller, polls)

    async def _start_polls(self, poller: Poller, polls: asyncio.TaskGroup) -> None:
        while not self._stopping.is_set():
            await self._slots.acquire()
            held = None if self._stopping.is_set() else await self._next_claim()
            if held is None:
                self._slots.release()
            else:
                polls.create_task(self._ending_all(self._serve, poller, *held))

    async def _next_claim(self) -> tuple[Claim, float] | None:
        """Claim a feed and get leave to poll it; `None`, after a pause, if there is none.

        With the claim comes when its lease has ended, by our clock, which began it no sooner than the engine's.
        """
        await self._throttle.silence()
        try:
            claim = await within(self._options.lease, lambda: self._hub.claim(self._options.lease))
            ends = self._clock.monotonic() + self._options.lease
            if claim is None:
                await self._stopping.pause(IDLE)
                return None
            return (claim, ends) if await self._may_poll(claim, ends) else None
        except HubError as error:
            await self._engine_failed(error)
            return None

    async def _may_poll(self, claim: Claim, ends: float) -> bool:
        """Get leave for a claim's request. A claim that would have to wait for too long is given back."""
        try:
            wait = await self._throttle.permit(self._options.lease * PERMIT_SHARE)
        except HubError:
            await self._give_back(claim, ends)
            raise
        if wait:
            await self._give_back(claim, ends)
            await self._stopping.pause(wait)  # it is due at once: without a pause, it would be claimed at once
        return not wait

    async def _give_back(self, claim: Claim, ends: float) -> None:
        try:
            await within(ends - self._clock.monotonic(), lambda: self._hub.release(claim))
        except FencedError:
            self._report(Fenced(feed=claim.feed))

    async def _serve(self, poller: Poller, claim: Claim, ends: float) -> None:
        self._under_way += 1
        try:
            if pause := self._throttle.heed(await poller.serve(claim, ends)):
                self._report(RateLimited(pause=pause))
        except FencedError:
            self._report(Fenced(feed=claim.feed))
        except HubError as error:
            await self._engine_failed(error)
        finally:
            self._under_way -= 1
            self._slots.release()

    async def _engine_failed(self, error: Exception) -> None:
        self._report(Trouble(error=str(error), again_in=ENGINE_PAUSE))
        await self._stopping.pause(ENGINE_PAUSE)
