"""Who is on a sequence, and the answers of enroll and pause."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from impactive_async.models._pydantic import PydanticType


class EnrollmentStatus(StrEnum):
    """The statuses that the contract names. A row keeps any other as a plain `str`."""

    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    UNSUBSCRIBED = "unsubscribed"


class SkipReason(StrEnum):
    """Why `enroll` skipped somebody. A row keeps any other reason as a plain `str`."""

    ALREADY_ENROLLED = "already_enrolled"
    NOT_FOUND = "not_found"


@attrs.frozen(kw_only=True)
class EnrolledContact(PydanticType):
    """The summary of a contact that comes with an enrollment."""

    id: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class Enrollment(PydanticType):
    """One contact on one sequence. It changes as the sequence proceeds, under the same id."""

    id: str
    contact_id: str
    status: EnrollmentStatus | str
    updated_at: datetime
    contact: EnrolledContact | None = None
    current_step: int | None = None
    started_at: datetime | None = None
    next_send_at: datetime | None = None
    completed_at: datetime | None = None
    paused_at: datetime | None = None
    pause_reason: str | None = None
    last_send_error: str | None = None
    last_send_error_at: datetime | None = None
    consecutive_failures: int | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class SkippedContact(PydanticType):
    """Somebody whom `enroll` skipped, and why."""

    contact_id: str
    reason: SkipReason | str
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class EnrollResult(PydanticType):
    """What `enroll` did (A3).

    If `attempts` is above 1, the request was sent again after an answer was lost. Then somebody `already_enrolled`
    may have been enrolled by this very call.
    """

    enrolled_count: int | None = None
    """`None` where the server does not say how many."""
    skipped: tuple[SkippedContact, ...] = ()
    attempts: int = attrs.field(default=1, metadata={"wire": False})
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class PauseResult(PydanticType):
    """What `pause` did (A4)."""

    paused_count: int | None = None
    """`None` where the server does not say."""
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
