"""`crm.watch`: the options of the stream over all lists of a workspace."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from impactive_async._checks import check_count
from impactive_async._http.caller import Caller

if TYPE_CHECKING:
    from impactive_async.feeds.cursor.rules import Now
    from impactive_async.feeds.delivery.source import Ack, OnBadRow, OnGap
    from impactive_async.feeds.workspace.stream import WorkspaceWatch
    from impactive_async.resources.watching.kinds import Kind
    from impactive_async.stores import CursorStore


class WatchesWorkspace:
    """The part of `AsyncClient` that follows the whole workspace."""

    _caller: Caller

    def watch(
        self,
        kinds: Collection[Kind] | None = None,
        *,
        since: datetime | str | Now | None = None,
        store: CursorStore | None = None,
        interval: float = 300.0,
        max_interval: float | None = None,
        overlap: float | None = None,
        on_gap: OnGap = "raise",
        on_bad_row: OnBadRow = "raise",
        ack: Ack = "auto",
        distinct: bool = True,
        ignore: Collection[str] = (),
        concurrency: int = 8,
    ) -> WorkspaceWatch:
        """Follow the whole workspace as one stream of `Event`s.

        `async with crm.watch() as events: async for event in events: …`. An event is handled when the next one is
        asked for. So never gather events and write them later, because a crash in between loses them. Take
        batches: `async for batch in events.batches(): async with batch: await write(batch)`.

        New sequences are followed when they appear; archived and deleted ones no longer. A list that the key may
        not read (403) is left out; a key that is refused (401) ends the stream.

        Args:
            kinds: Some of `enrollments`, `sends`, `replies`, `companies`, `contacts`, `deals`, `invoices`,
                `projects` and `bookings`; `None`: all.
            since: Where to start: `None`: with all that the API still shows; `NOW`: with what comes from now on;
                or a moment. A cursor in the store takes precedence.
            store: Where to keep the cursors, under the feeds' names. Each workspace needs its own store.
            interval: Seconds between the polls of a list; a busy list is polled sooner.
            max_interval: Seconds after which even an idle list is polled; default: `interval`.
            overlap: Seconds by which a row may appear late; default: what each list needs.
            on_gap: `"raise"` a `FeedGapError` for rows that the API no longer shows, `"continue"`, or call this.
            on_bad_row: `"raise"` a `DecodeError` for a row that cannot be read, or call this.
            ack: `"auto"`: an event is handled when the next one is asked for. `"manual"`: when `event.ack()` is
                called, in any order. A list is polled again when all its events are handled.
            distinct: Whether an email that belongs to several sequences is one event; `event.sequence_ids` says to
                which. `False`: one for each of them.
            ignore: Names of fields that change all the time, of bookings: one is not delivered again for them.
            concurrency: How many polls may be under way at once.

        Raises:
            InvalidArgumentError: A kind is unknown, `since` has no time zone, or a number is out of its range.
        """
        from impactive_async.feeds.delivery.source import FeedOptions
        from impactive_async.feeds.workspace.stream import WorkspaceWatch
        from impactive_async.resources.watching.lists import followed_lists

        options = FeedOptions(
            since=since,
            store=store,
            interval=interval,
            max_interval=max_interval,
            overlap=overlap,
            on_gap=on_gap,
            on_bad_row=on_bad_row,
            ack=ack,
            ignore=ignore,
        )
        lists, places = followed_lists(self._caller, kinds, overlap), check_count(concurrency, "concurrency")
        return WorkspaceWatch(
            lists,
            options,
            clock=self._caller.clock,
            concurrency=places,
            distinct=distinct,
            wait_open=self._caller.limits.wait_open,
        )
