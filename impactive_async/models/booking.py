"""Bookings."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from impactive_async.models._pydantic import PydanticType


@attrs.frozen(kw_only=True)
class Booking(PydanticType):
    """A booked meeting (field names: A10)."""

    id: str
    title: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    contact_id: str | None = None
    guest_name: str | None = None
    guest_email: str | None = None
    notes: str | None = None
    status: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
