"""Bookings (contract #19, #20)."""

from __future__ import annotations

from datetime import datetime

from impactive_async._http.caller import Caller
from impactive_async._http.codec import encode_fields
from impactive_async._http.shapes import many, one
from impactive_async._http.wire import build_request, create, get
from impactive_async._unset import UNSET, Unset
from impactive_async.feeds.feed import Feed
from impactive_async.feeds.rules import Now
from impactive_async.feeds.source import INTERVAL, OnBadRow, OnGap, Source, options
from impactive_async.models import Booking
from impactive_async.resources._base import Extra, Resource, not_null, pages
from impactive_async.stores import CursorStore

LIST = get("/api/agent/bookings")
CREATE = create("/api/agent/bookings")


class Bookings(Resource):
    """`crm.bookings`."""

    async def list(self, *, timeout: float | None = None, max_retries: int | None = None) -> list[Booking]:
        """List all bookings of the workspace (contract #19).

        Raises:
            APIError: The call failed.
        """
        return await self._caller.call(build_request(LIST), many(Booking), timeout, max_retries)

    async def create(
        self,
        *,
        title: str | None | Unset = UNSET,
        start_time: datetime | Unset = UNSET,
        end_time: datetime | Unset = UNSET,
        contact_id: str | None | Unset = UNSET,
        guest_name: str | None | Unset = UNSET,
        guest_email: str | None | Unset = UNSET,
        notes: str | None | Unset = UNSET,
        status: str | Unset = UNSET,
        extra: Extra | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> Booking:
        """Create a booking (contract #20; field names: A10). Never sent twice: the server does not de-duplicate.

        Args:
            title: What it is about.
            start_time: When it begins; aware.
            end_time: When it ends; aware.
            contact_id: The contact it is linked to, if any.
            guest_name: Who comes, if they are no contact.
            guest_email: Their address.
            notes: Free text.
            status: As the workspace names it.
            extra: Undocumented wire fields, sent along as given.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.

        Raises:
            ValueError: A naive datetime.
            BadRequestError: A field is invalid, or the contact is of another workspace.
            APIError: The call failed; if `outcome_unknown`, the booking may exist all the same.
        """
        body = encode_fields(
            {
                "title": title,
                **not_null(start_time=start_time, end_time=end_time, status=status),
                "contact_id": contact_id,
                "guest_name": guest_name,
                "guest_email": guest_email,
                "notes": notes,
            },
            extra,
        )
        return await self._caller.call(build_request(CREATE, body=body), one(Booking), timeout, max_retries)

    def watch(
        self,
        *,
        since: Now | None = None,
        store: CursorStore | None = None,
        key: str | None = None,
        interval: float = INTERVAL,
        max_interval: float | None = None,
        on_gap: OnGap = "raise",
        on_bad_row: OnBadRow = "raise",
    ) -> Feed[Booking]:
        """Follow bookings (contract #19): each new one, and each again whenever its content changes.

        The list has no `since`: rows are compared by id and content.

        Makes no request before it is iterated or polled.

        Args:
            since: `None`: all the API still shows; `NOW`: only what comes after. A cursor found in the store goes
                before it.
            store: Where to keep the cursor between runs; `None`: nowhere.
            key: What to keep it under; default: the feed's name. Give one where a store serves several workspaces.
            interval: Seconds between polls; a busy list is polled sooner.
            max_interval: Seconds after which even an idle list is polled; default: `interval`.
            on_gap: What to do about rows out of the API's reach: raise `FeedGapError`, continue (it is logged and
                kept in the cursor), or call this with the `Gap`.
            on_bad_row: What to do about a row that cannot be read: raise `DecodeError`, or call this with the
                `BadRow`. Either way the feed goes on behind it.

        Raises:
            ValueError: An interval out of range.
        """
        source = bookings_source(self._caller)
        chosen = options(
            since=since,
            store=store,
            key=key,
            interval=interval,
            max_interval=max_interval,
            on_gap=on_gap,
            on_bad_row=on_bad_row,
        )
        return Feed(source, chosen)


def bookings_source(caller: Caller) -> Source[Booking]:
    """The list #19 as something to follow."""
    return Source(name="bookings", row=Booking, rules=None, page=pages(caller, LIST), clock=caller.clock)
