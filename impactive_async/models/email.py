"""Emails: what a sequence sent, and what came back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from impactive_async.models._pydantic import PydanticType


@attrs.frozen(kw_only=True)
class Send(PydanticType):
    """An outbound email of a sequence."""

    id: str
    contact_id: str
    email_date: datetime
    sequence_step_id: str | None = None
    sequence_enrollment_id: str | None = None
    """`None` once the contact is unenrolled."""
    subject: str | None = None
    from_address: str | None = None
    to_addresses: tuple[str, ...] = ()
    body: str | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class Reply(PydanticType):
    """An inbound email. It may arrive long after its `email_date`."""

    id: str
    contact_id: str
    email_date: datetime
    enrollment_id: str | None = None
    """`None` in the list of a contact (#4), which does not say the sequence."""
    subject: str | None = None
    from_address: str | None = None
    body: str | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
