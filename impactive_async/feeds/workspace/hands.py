"""The events that the consumer of `crm.watch` has in hand: taken, acknowledged in any order, put back, saved."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import attrs

from impactive_async.feeds.cursor.seen_versions import RowId
from impactive_async.feeds.delivery.batches import Acknowledged
from impactive_async.feeds.delivery.checkpointer import TakenRow
from impactive_async.feeds.delivery.items import version_of
from impactive_async.feeds.delivery.stats import FeedStats
from impactive_async.feeds.workspace.events import EVENT_TYPES, AnyEvent, Event, give
from impactive_async.feeds.workspace.poll_loop import PollLoop
from impactive_async.feeds.workspace.seen_emails import Email, SeenEmails
from impactive_async.feeds.workspace.slots import PendingPage


@attrs.frozen(eq=False)
class TakenEvent:
    """An event that is with the consumer, and where it came from."""

    row: AnyEvent
    page: PendingPage
    taken: TakenRow[Any]
    email: Email | None = None


class EventHands:
    """Takes rows out of pages as events, and learns which of them are handled.

    Args:
        loop: Where pages go back to.
        emails: The kinds of list that show emails, which are told apart by their own ids across sequences.
        stats: Counts what is delivered.
    """

    def __init__(self, loop: PollLoop, emails: Collection[str], stats: FeedStats) -> None:
        self._loop = loop
        self._stats = stats
        self._emails = {kind: SeenEmails(loop.store, kind) for kind in emails}
        self._unsaved: set[PendingPage] = set()  # those of which rows have been acknowledged since the last saving

    async def take(self, page: PendingPage, *, only_row: bool) -> TakenEvent | None:
        """Take the next event of a page; for `None` and `only_row` see `Checkpointer.take`."""
        emails = self._emails.get(page.feed.kind)
        if emails is not None:
            await emails.load()
        while True:
            if emails is not None and page.checkpointer.queue.idle:
                await emails.save()  # before the cursor, which is saved with the end of the page
            taken = await page.checkpointer.take(only_row=only_row)
            if taken is None:
                return None
            event = self._event_of(page, taken, emails)
            if event is not None:
                return event

    def _event_of(self, page: PendingPage, taken: TakenRow[Any], emails: SeenEmails | None) -> TakenEvent | None:
        """Return a row as an event; `None` for an email that was handled, or is in hand, as another list's row."""
        if emails is None or page.feed.sequence_id is None:
            key = page.checkpointer.queue.key_of(taken.item)
            return self._event(page, taken, key, None)
        row_id = _id_of(taken)
        email, is_handled = emails.show(row_id, page.feed.sequence_id)
        if not is_handled and email.owner is None:
            event = self._event(page, taken, f"{page.feed.kind}/{row_id}", email)
            email.owner = event
            return event
        self._stats.rows -= 1
        self._stats.copies += 1
        if is_handled:
            self._ack_rows(page, [taken])
        else:
            email.copies.append(lambda: self._ack_rows(page, [taken]))
        return None

    def _event(self, page: PendingPage, taken: TakenRow[Any], key: str, email: Email | None) -> TakenEvent:
        event = EVENT_TYPES.get(page.feed.kind, Event)(
            kind=page.feed.kind, sequence_id=page.feed.sequence_id, row=taken.row, key=key
        )
        handed = TakenEvent(event, page, taken, email)
        give(event, lambda: self._acknowledge(handed), event.sequence_ids if email is None else email.sequence_ids)
        return handed

    def _acknowledge(self, event: TakenEvent) -> Acknowledged:
        self.ack([event])
        return Acknowledged(lambda: self.save([event]))

    def ack(self, events: Sequence[TakenEvent]) -> None:
        """Count events as handled, and every copy of theirs."""
        emails = [(event, event.email) for event in events if event.email is not None and event.taken.in_hand]
        for page in {event.page: None for event in events}:
            self._ack_rows(page, [event.taken for event in events if event.page is page])
        for event, email in emails:
            self._emails[event.row.kind].handled(_id_of(event.taken), email)

    def _ack_rows(self, page: PendingPage, rows: Sequence[TakenRow[Any]]) -> None:
        page.checkpointer.ack_all(rows)
        self._unsaved.add(page)

    def put_back(self, events: Sequence[TakenEvent]) -> None:
        """Deliver events again, before any others."""
        for event in events:
            if event.email is not None and event.email.owner is event:
                event.email.owner = None
        for page in {event.page: None for event in reversed(events)}:
            page.checkpointer.put_back([event.taken for event in events if event.page is page])
            if page.drained.is_set():
                self._loop.put(page, first=True)

    async def save(self, events: Sequence[TakenEvent]) -> None:
        """Save the cursors of events."""
        await self._save_emails()
        for page in {event.page: None for event in events}:
            await page.checkpointer.save()
            self._unsaved.discard(page)

    async def save_what_is_due(self) -> None:
        """Save the cursors of acknowledged events that were not saved for a second."""
        for page in list(self._unsaved):
            if page.checkpointer.is_due:
                await self._save_emails()
                await page.checkpointer.save_or_keep_on()
            if not page.checkpointer.queue.changed:
                self._unsaved.discard(page)

    async def close(self) -> None:
        """Save everything that was acknowledged."""
        await self._save_emails()
        for page in list(self._unsaved):
            await page.checkpointer.save()

    async def _save_emails(self) -> None:
        for emails in self._emails.values():
            await emails.save()


def _id_of(taken: TakenRow[Any]) -> RowId:
    version = version_of(taken.item)
    assert version is not None  # noqa: S101 - only rows become events
    return version[0]
