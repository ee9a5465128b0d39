"""Bookings (contract #19, #20)."""

from __future__ import annotations

from datetime import datetime

from impactive_async._http.codec import encode_fields
from impactive_async._http.shapes import many, one
from impactive_async._http.wire import build_request, create, get
from impactive_async._unset import UNSET, Unset
from impactive_async.models import Booking
from impactive_async.resources._base import Extra, Resource

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
                "start_time": start_time,
                "end_time": end_time,
                "contact_id": contact_id,
                "guest_name": guest_name,
                "guest_email": guest_email,
                "notes": notes,
                "status": status,
            },
            extra,
        )
        return await self._caller.call(build_request(CREATE, body=body), one(Booking), timeout, max_retries)
