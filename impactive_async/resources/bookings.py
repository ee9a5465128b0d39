"""Bookings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from impactive_async._codec.codec import encode_fields
from impactive_async._codec.shapes import many, one
from impactive_async._http.wire import build_request, create, get
from impactive_async._unset import UNSET, Unset
from impactive_async.models import Booking
from impactive_async.models.row_list import RowList
from impactive_async.resources._base import Extra, Resource, not_null
from impactive_async.resources.listing.truncation import listing
from impactive_async.resources.watching.options import of_list_without_since, watching
from impactive_async.resources.watching.polled_list import PolledList

if TYPE_CHECKING:
    from impactive_async.feeds.delivery.source import FeedOptions
    from impactive_async.feeds.feed import Feed
    from impactive_async.models import Removed
    from impactive_async.resources.watching.options import WatchBookingsOptions

LIST = get("/api/agent/bookings")
BOOKINGS = PolledList(endpoint=LIST, row=Booking)
CREATE = create("/api/agent/bookings")


class Bookings(Resource):
    """`crm.bookings`."""

    async def list(
        self,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> RowList[Booking]:
        """List all bookings of the workspace.

        `rows.truncated` of the result says whether there may be more.

        Raises:
            APIError: The call failed.
        """
        return await self._caller.call(
            build_request(LIST),
            listing(self._caller, LIST, "bookings.list", many(Booking)),
            timeout,
            max_retries,
            deadline,
            extra_headers,
        )

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
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Booking:
        """Create a booking (field names: A10). Never sent twice: the server does not de-duplicate.

        Args:
            title: What the meeting is about.
            start_time: When it begins, with a time zone.
            end_time: When it ends, with a time zone.
            contact_id: The contact that the booking is linked to, if any.
            guest_name: The guest's name, if the guest is not a contact.
            guest_email: The guest's address.
            notes: Free text.
            status: One of the workspace's names for states of a booking.
            extra: Undocumented wire fields, sent along as given.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.
            deadline: Seconds for the whole call, attempts and waits included; `None`: the client's.
            extra_headers: Sent with this call, beside the client's own headers.

        Raises:
            InvalidArgumentError: A datetime has no time zone, or a time or the status is `None`.
            BadRequestError: A field is invalid, or the contact is of another workspace.
            APIError: The call failed; if `outcome_unknown`, the booking may exist nevertheless.
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
        return await self._caller.call(
            build_request(CREATE, body=body), one(Booking), timeout, max_retries, deadline, extra_headers
        )

    @overload
    def watch(
        self, *, removals: Literal[True], **options: Unpack[WatchBookingsOptions]
    ) -> Feed[Booking | Removed]: ...

    @overload
    def watch(
        self, *, removals: Literal[False] = False, **options: Unpack[WatchBookingsOptions]
    ) -> Feed[Booking]: ...

    @watching(of_list_without_since, "Feed[Booking | Removed]")
    def watch(self, options: FeedOptions) -> Feed[Any]:
        """Follow bookings: each new booking, and each one again whenever its content changes.

        The list has no `since`. Rows are compared by id and content.
        """
        return BOOKINGS.feed(self._caller, options)
