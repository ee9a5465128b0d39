"""Emails: what a sequence sent, and what came back (contract #4, #15, #16)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Send:
    """An outbound email of a sequence (contract #15)."""

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
class Reply:
    """An inbound email (contract #4, #16). Its `email_date` is the email's own, older than its arrival."""

    id: str
    contact_id: str
    email_date: datetime
    enrollment_id: str | None = None
    """`None` in a contact's own list (#4), which knows no sequence."""
    subject: str | None = None
    from_address: str | None = None
    body: str | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
