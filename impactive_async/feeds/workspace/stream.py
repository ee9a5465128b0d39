"""`crm.watch`: the whole workspace as one stream."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import NoReturn, Self

from impactive_async._clock import Clock, happens_within
from impactive_async.feeds.delivery.batches import FeedBatches, Hands
from impactive_async.feeds.delivery.source import FeedOptions, WaitOpen, wait_only
from impactive_async.feeds.delivery.stats import FeedStats
from impactive_async.feeds.workspace.events import AnyEvent
from impactive_async.feeds.workspace.followed_lists import FollowedLists
from impactive_async.feeds.workspace.hands import EventHands, TakenEvent
from impactive_async.feeds.workspace.poll_loop import PollLoop
from impactive_async.feeds.workspace.slots import PendingPage
from impactive_async.models.gap import Coverage


class WorkspaceWatch:
    """The stream that `crm.watch` returns: `async with crm.watch(...) as events: async for event in events: ...`.

    An event counts as handled when the next one is asked for, or by `ack`. So do not gather events and write them
    later: a crash in between loses them, because they count as handled. Take them from `batches`, or give
    `ack="manual"` and call `Event.ack` of each. A feed is not polled while its events wait: a slow consumer slows
    the polling down, and memory does not fill.

    An email that belongs to several sequences is one event.

    Leaving the `async with` ends the polling and saves what was handled. Transient failures are retried for ever,
    as by `Feed`. Any other failure of a list costs that list alone, be it the API's, the store's or a cursor's: it
    is logged, named in `failing`, and tried again each `interval`; after a 403, in `denied` too, and each hour.
    Lists that fail are polled one by one for each kind, so that no other list waits for them. The feeds of a
    deleted sequence end without an error.

    A key that is refused (401) ends the stream for good, as does the failure of the last list that is left. The
    error is raised now and at each further attempt, and only a new `crm.watch` goes on.
    """

    def __init__(
        self,
        lists: FollowedLists,
        options: FeedOptions,
        *,
        clock: Clock,
        concurrency: int,
        distinct: bool = True,
        wait_open: WaitOpen = wait_only,
    ) -> None:
        self.stats = FeedStats()
        """What was polled and delivered so far."""
        self._poll_loop = PollLoop(lists, options, clock=clock, concurrency=concurrency, stats=self.stats)
        self._lists = lists
        self._clock, self._wait_open = clock, wait_open
        self._manual = options.ack == "manual"
        self._hands = EventHands(self._poll_loop, lists.emails if distinct else (), self.stats)
        self._page: PendingPage | None = None
        self._last: TakenEvent | None = None  # handled when the next event is asked for
        self._runner: asyncio.Task[None] | None = None
        self._iterating = False
        self._closed = False

    def __reduce__(self) -> NoReturn:
        raise TypeError("a stream cannot be pickled or deep-copied: make one in each process")

    @property
    def feeds(self) -> int:
        """How many lists are being followed."""
        return self._poll_loop.feeds

    def coverage(self) -> dict[str, Coverage]:
        """Return up to when each list that is followed is complete, by its name, as of its last handled page."""
        feeds = [(self._lists.source(one.id), one) for one in self._poll_loop.resting.values() if one.followed]
        return {source.name: feed.coverage(source) for source, feed in feeds}

    @property
    def denied(self) -> tuple[str, ...]:
        """The feeds that the key may not read (403), such as `zapier/deals`. They are tried again each hour."""
        return self._poll_loop.failures.denied

    @property
    def failing(self) -> Mapping[str, Exception]:
        """The feeds that are followed without success at present, each with its error; also those in `denied`.

        They are tried again each `interval`, or each hour after a 403. Failures that pass, such as a time-out or a
        503, are retried sooner, and are not among these.
        """
        return self._poll_loop.failures.errors

    async def __aenter__(self) -> Self:
        if self._runner is not None or self._closed:
            raise RuntimeError("this stream was opened before: make a new one with `crm.watch(...)`")
        self._runner = asyncio.create_task(self._poll_loop.run(), name="impactive_async workspace watch")
        self._runner.add_done_callback(lambda _: self._poll_loop.page_ready.set())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop polling, save what was handled, and end the iteration, also one that waits in another task.

        The event that the consumer is handling comes again in a later run, unless it asks for the next one.
        """
        self._closed = True
        self._poll_loop.page_ready.set()
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
        await self._hands.close()
        if self._page is not None:
            await self._page.checkpointer.save()

    def ack(self) -> None:
        """Count the last event as handled now, not when the next one is asked for. Call it before a `break`.

        With `ack="manual"`, call `Event.ack` of each event instead.
        """
        if self._page is not None:
            self._page.checkpointer.finish()  # a gap that was raised
        if self._last is not None:
            self._hands.ack([self._last])
            self._last = None

    def batches(
        self,
        *,
        max: int = 200,  # noqa: A002 - as the batches of hubs have it
        within: float = 2.0,
    ) -> FeedBatches[AnyEvent]:
        """Iterate over batches: `async for batch in events.batches(): async with batch: await write(batch)`.

        A batch is a list of events. It is handled when its `async with` block is left without an error, or by
        `batch.ack()`. If the block raises, its events come again. A list is not polled while events of it are
        unacknowledged.

        Args:
            max: How many events make a batch full.
            within: Seconds after its first event in which others may join a batch.

        Raises:
            InvalidArgumentError: A number is out of range.
        """
        events = self._hands
        hands = Hands(take=self._take_for_batch, ack=events.ack, put_back=events.put_back, save=events.save)
        return FeedBatches(hands, most=max, within=within, clock=self._clock)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AnyEvent:
        taken = await self._take_alone()
        if taken is None:
            raise StopAsyncIteration
        self._last = None if self._manual else taken
        return taken.row

    async def _take_for_batch(self, left: float | None) -> TakenEvent | None:
        taken = await self._take_alone(left)
        if taken is None and left is None:
            raise StopAsyncIteration
        return taken

    async def _take_alone(self, left: float | None = None) -> TakenEvent | None:
        """Take the next event, unless another task is at it."""
        if self._runner is None:
            raise RuntimeError("this stream is not open: use `async with crm.watch(...) as events`")
        if self._iterating:
            raise RuntimeError("this stream has a consumer already: pass its events on, or make a second stream")
        self._iterating = True
        try:
            return await self._take(left)
        except Exception:
            # A loop around `anext` may meet this error again and again without waiting for anything.
            if self._page is None or not self._page.checkpointer.delivering:
                await asyncio.sleep(0)
            raise
        finally:
            self._iterating = False

    async def _take(self, left: float | None) -> TakenEvent | None:
        """Take the next event; `None` when the stream is closed.

        Args:
            left: Seconds to wait; then, or where a gap or a bad row comes next, return `None`.
        """
        self.ack()
        await self._hands.save_what_is_due()
        while not self._closed:
            page = self._page = self._page or await self._next_page(left)
            if page is None:
                break
            taken = await self._hands.take(page, only_row=left is not None)
            if taken is not None:
                return taken
            if not page.checkpointer.queue.idle:
                return None
            self._page = None
            page.drained.set()
        if self._page is not None:
            await self._page.checkpointer.save()  # its last row has been handled since `aclose`
        return None

    async def _next_page(self, left: float | None) -> PendingPage | None:
        """Wait for a page; `None` when the stream is closed, or so many seconds are over.

        A failure that ended the polling is raised.
        """
        loop, runner = self._poll_loop, self._runner
        while not loop.ready:
            if self._closed:
                return None
            if runner is not None and runner.done():
                runner.result()
            loop.page_ready.clear()
            if left is None:
                await self._wait_open(loop.page_ready.wait)
            elif not await happens_within(loop.page_ready, left, self._clock):
                return None
        return loop.ready.popleft()
