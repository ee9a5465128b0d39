"""`Feed`: `async for` over the new rows of a list that can only be polled."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Generic, Self, TypeVar

from impactive_async._codec.json_bytes import StoredJson
from impactive_async.errors import APIError, InvalidArgumentError
from impactive_async.feeds.delivery.batches import Acknowledged, FeedBatches, Hands
from impactive_async.feeds.delivery.checkpointer import Checkpointer, TakenRow
from impactive_async.feeds.delivery.coverage import coverage_of
from impactive_async.feeds.delivery.home import with_home
from impactive_async.feeds.delivery.opening import open_cursor, stored_cursor
from impactive_async.feeds.delivery.page_queue import PageQueue
from impactive_async.feeds.delivery.poll import Poll, PolledFeed, progress_from
from impactive_async.feeds.delivery.source import FeedOptions, Source
from impactive_async.feeds.delivery.stats import FeedStats
from impactive_async.models.gap import Coverage

R = TypeVar("R")


class Feed(Generic[R]):
    """The new rows of one list, the oldest first, each once. Rows that became unreachable are reported as gaps.

    Iterate over it: `async for row in feed`. A row counts as handled when the next one is asked for, or by `ack`.
    So do not gather rows and write them later: a crash in between loses them, because they count as handled. Take
    them from `batches`, or follow the list with `ack="manual"`.
    A feed has one consumer at a time; a second loop continues where the first one stopped.

    With a `store`, the cursor is saved when a page is handled, and at least once a second while rows are handled.
    `async with`, or `aclose`, saves the rest. After a crash, rows handled since the last saving come again.

    `anext` may be cancelled at any time, as by `asyncio.wait_for`. Its request continues in a task, and the next
    `anext` gets the answer. The task ends with the request, or by `aclose`.

    Transient failures (no connection, time-out, 408, 425, 429, 5xx) are retried for ever, logged, and counted in
    `stats`. So are answers that are unreadable or not the API's (a page of HTML, a redirect, a challenge of a
    firewall, a 404 of a list without an id that was there before), until ten have come in a row, over ten seconds
    at least. Then, and for any other failure, it is raised. Iterating again tries again when a poll is due.

    `poll` makes a single request and keeps no state, for programs with a schedule of their own.
    """

    def __init__(self, source: Source[R], options: FeedOptions) -> None:
        self._source = source
        self._options = options
        self._checkpointer: Checkpointer[R] | None = None
        self._last: TakenRow[R] | None = None
        self._in_hand: dict[int, TakenRow[R]] = {}  # by the `id` of the row, with `ack="manual"`
        self._before_page: Callable[[], str] | None = None  # returns the cursor from before the last page
        self._pace = options.pace_of(source)
        self._turn: asyncio.Timeout | None = None  # the wait for the next poll, then for its request
        self._request: asyncio.Task[None] | None = None  # continues when the turn is cancelled
        self._due = source.clock.monotonic()
        self._iterating = False
        self._closed = False
        self.stats = FeedStats()
        """What was polled and delivered so far."""

    def __repr__(self) -> str:
        return f"<Feed {self.name} ({self.stats.rows} rows, {self.stats.polls} polls)>"

    @property
    def name(self) -> str:
        """The name in cursors, gaps, logs and events, such as `sequences/42/replies`."""
        return self._source.name

    @property
    def cursor(self) -> str:
        """The cursor as of the rows handled so far: compact JSON, to be passed to `poll` or kept in a store.

        Before the first row is asked for, the cursor is where `since` says, because the store has not been read.
        While gaps or bad rows of a page are not handled, it is the cursor from before that page.
        """
        return with_home(self._cursor_text(), self._source.home)

    @property
    def coverage(self) -> Coverage:
        """Up to when the feed is complete, which gaps are open, and how late rows are. It makes no request."""
        opened = None if self._checkpointer is None else self._checkpointer.queue.cursor
        return coverage_of(self.name, opened or open_cursor(self._source, self._options, None))

    def _cursor_text(self) -> str:
        if self._checkpointer is None:
            return open_cursor(self._source, self._options, None).dumps()
        queue = self._checkpointer.queue
        if self._before_page is None or queue.may_be_saved:
            return queue.cursor.dumps()
        return self._before_page()

    async def poll(self, cursor: StoredJson | None = None) -> Poll[R]:
        """Make one request and return what is new since `cursor`. The feed itself remembers and saves nothing.

        Gaps are returned and never raised. Sibling lists are not searched for their rows.

        Args:
            cursor: `Poll.cursor` of the poll before; also its bytes, or the `dict` that a JSON column makes of it.
                `None` or an empty text starts where the feed's `since` says.

        Raises:
            CursorError: The cursor is damaged, of a newer version, of another feed, or of another server.
            APIError: The request failed.
        """
        return await (await self._progress(cursor)).poll()

    async def _progress(self, cursor: StoredJson | None) -> PolledFeed[R]:
        return await progress_from(self._source, self._options, cursor)

    def batches(
        self,
        *,
        max: int = 200,  # noqa: A002 - as the batches of hubs have it
        within: float = 2.0,
    ) -> FeedBatches[R]:
        """Iterate over batches: `async for batch in feed.batches(): async with batch: await write(batch)`.

        A batch is a list of rows. It is handled when its `async with` block is left without an error, or by
        `batch.ack()`. If the block raises, its rows come again. A batch ends with its page, because the list is
        not polled while rows of it are unacknowledged.

        Args:
            max: How many rows make a batch full.
            within: Seconds after its first row in which others may join a batch.

        Raises:
            InvalidArgumentError: A number is out of range.
        """
        hands = Hands(take=self._take_for_batch, ack=self._ack_all, put_back=self._put_back, save=self._save)
        return FeedBatches(hands, most=max, within=within, clock=self._source.clock)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> R:
        manual = self._options.ack == "manual"
        taken = await self._take_alone(manual=manual)
        if taken is None:
            raise StopAsyncIteration
        self._last = taken
        if manual:
            self._in_hand[id(taken.row)] = taken
        return taken.row

    async def _take_for_batch(self, left: float | None) -> TakenRow[R] | None:
        taken = await self._take_alone(manual=True, shown=left is not None)
        if taken is None and left is None:
            raise StopAsyncIteration
        return taken

    async def _take_alone(self, *, manual: bool, shown: bool = False) -> TakenRow[R] | None:
        """Take the next row, unless another task is at it."""
        if self._iterating:
            raise RuntimeError(f"{self!r} has a consumer already: make a second feed")
        self._iterating = True
        try:
            return await self._take(manual=manual, shown=shown)
        except Exception:
            # A loop around `anext` may meet this error again and again without waiting for anything.
            if self._checkpointer is None or not self._checkpointer.delivering:
                await asyncio.sleep(0)
            raise
        finally:
            self._iterating = False

    async def _take(self, *, manual: bool, shown: bool) -> TakenRow[R] | None:
        """Take the next row; `None` when the feed is closed.

        Args:
            manual: Whether it is handled by `_ack_all` only.
            shown: Return `None` also if the last page has no other row, or something else comes first.
        """
        if self._checkpointer is None and self._closed:
            return None
        checkpointer = self._checkpointer or await self._open()
        checkpointer.finish()
        while not self._closed:
            # While a request of a cancelled `anext` is under way, its page may be waiting for a recovery.
            if self._request is None:
                taken = await checkpointer.take(until_next=not manual, only_row=shown)
                if taken is not None or shown:
                    return taken
            await self._take_turn(checkpointer)
        await checkpointer.save()  # the last row was handled after `aclose`
        return None

    async def _open(self) -> Checkpointer[R]:
        saved = await stored_cursor(self._source, self._options)
        queue = PageQueue(self._source, open_cursor(self._source, self._options, saved))
        queue.before_change = self._keep_cursor
        self._checkpointer = Checkpointer(self._source, self._options, queue, self.stats)
        return self._checkpointer

    def _keep_cursor(self) -> None:
        if self._checkpointer is not None:
            self._before_page = self._checkpointer.queue.cursor.dumps_later()

    async def _take_turn(self, checkpointer: Checkpointer[R]) -> None:
        """Wait until the next poll is due, and make it. `aclose` in another task ends the waiting."""
        turn = self._turn = asyncio.timeout(None)
        try:
            async with turn:
                await self._poll_when_due(checkpointer)
        except TimeoutError:
            if not turn.expired():  # the clock's own
                raise
        finally:
            self._turn = None

    async def _poll_when_due(self, checkpointer: Checkpointer[R]) -> None:
        """Wait until the next poll is due, then for its request; after a cancellation, for the same request."""
        if self._request is None:
            await checkpointer.settle()
            if not checkpointer.queue.idle:
                return
            await self._wait()
            self._request = asyncio.create_task(self._request_page(checkpointer))
            self._request.add_done_callback(_retrieve_exception)
        request = self._request
        try:
            await asyncio.shield(request)
        finally:
            if request.done():
                self._request = None

    async def _wait(self) -> None:
        if (left := self._due - self._source.clock.monotonic()) > 0:
            await self._source.wait_open(lambda: self._source.clock.sleep(left))

    async def _request_page(self, checkpointer: Checkpointer[R]) -> None:
        try:
            await checkpointer.queue.fetch()
        except APIError as error:
            self._schedule(self._pause_after(error, checkpointer))
        except Exception as error:
            self.stats.note_error(error)
            self._schedule(self._pace.after_refusal(error))
            raise
        else:
            self.stats.poll_succeeded()
            queue, now = checkpointer.queue, self._source.clock.monotonic()
            self._schedule(self._pace.after_page(queue.new_rows, now, queue.cursor.cap))
            await queue.recover()
            checkpointer.count_waiting()

    def _pause_after(self, error: APIError, checkpointer: Checkpointer[R]) -> float:
        """Return the pause after a failed poll.

        Raises:
            APIError: The same error, if polling again would not help. The next poll keeps its time all the same.
        """
        try:
            was_there = checkpointer.queue.cursor.server_clock is not None and not self._source.has_id
            wait = self._pace.after_failure(error, self._source.clock.monotonic(), was_there=was_there)
        except APIError:
            self.stats.note_error(error)
            self._schedule(self._pace.after_refusal(error))
            raise
        return self.stats.poll_failed(self.name, error, wait)

    def _schedule(self, seconds: float) -> None:
        self.stats.next_in = seconds
        self._due = self._source.clock.monotonic() + seconds

    def ack(self, row: R | None = None) -> Acknowledged:
        """Count a row as handled now. `await feed.ack()` also saves the cursor.

        Args:
            row: A row that the feed gave, and not a copy of it. With `ack="manual"` each row needs this, in any
                order. `None`: the last row. Without `ack="manual"` it would be handled when the next one is asked
                for; call this before a `break`.

        Raises:
            InvalidArgumentError: The feed did not give this row, or it was acknowledged before.
        """
        if row is None and self._checkpointer is not None:
            self._checkpointer.finish()  # also a gap that was raised
        taken = self._last if row is None else self._taken_for(row)
        self._ack_all([] if taken is None else [taken])
        return Acknowledged(self._save)

    def _taken_for(self, row: R) -> TakenRow[R]:
        taken = self._in_hand.get(id(row), self._last)
        if taken is None or taken.row is not row or not taken.in_hand:
            raise InvalidArgumentError(
                f"{self!r} has not given this row, or the row was acknowledged before: ack() takes the row that "
                "the feed gave, and no copy of it"
            )
        return taken

    def _ack_all(self, rows: Sequence[TakenRow[R]]) -> None:
        for taken in rows:
            self._in_hand.pop(id(taken.row), None)
        if self._checkpointer is not None:
            self._checkpointer.ack_all(rows)

    def _put_back(self, rows: Sequence[TakenRow[R]]) -> None:
        if self._checkpointer is not None:
            self._checkpointer.put_back(rows)

    async def _save(self, _: Sequence[TakenRow[R]] = ()) -> None:
        if self._checkpointer is not None:
            await self._checkpointer.save()

    async def aclose(self) -> None:
        """Save what was handled, and end the iteration, also one that waits in another task.

        The row that the consumer is handling comes again in a later run, unless the consumer asks for the next
        one.
        """
        self._closed = True
        if self._turn is not None:
            self._turn.reschedule(-math.inf)
            self._turn = None
        if self._request is not None:
            self._request.cancel()
            await asyncio.wait((self._request,))
        if self._checkpointer is not None:
            await self._checkpointer.save()

    async def __aenter__(self) -> Self:
        if self._closed:
            raise RuntimeError(
                f"{self!r} was closed before: make a new one, which goes on by the store of this one"
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


async def progress_of(feed: Feed[R], cursor: StoredJson | None) -> PolledFeed[R]:
    """Return the progress from which `feed.poll(cursor)` makes its request; see there for errors."""
    return await feed._progress(cursor)  # noqa: SLF001 - it is this very module


def _retrieve_exception(request: asyncio.Task[None]) -> None:
    # A feed may be dropped after its `anext` was cancelled. Then nobody awaits the request, and asyncio would log
    # "Task exception was never retrieved".
    if not request.cancelled():
        request.exception()
