"""Who is on a sequence, and the answers of enroll and pause (contract #13, #14, #17)."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs


class EnrollmentStatus(StrEnum):
    """What the contract names. A status it does not name survives as a plain `str`."""

    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    UNSUBSCRIBED = "unsubscribed"


class SkipReason(StrEnum):
    """Why `enroll` skipped somebody. A reason the contract does not name survives as a plain `str`."""

    ALREADY_ENROLLED = "already_enrolled"
    NOT_FOUND = "not_found"


@attrs.frozen(kw_only=True)
class EnrolledContact:
    """The summary of a contact that comes with an enrollment."""

    id: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class Enrollment:
    """One contact's way through one sequence (contract #14). Mutable: the same id comes again as it changes."""

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
class SkippedContact:
    """Somebody `enroll` left out, and why."""

    contact_id: str
    reason: SkipReason | str
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class EnrollResult:
    """What `enroll` did (contract #13, A3).

    If `attempts` is above 1 the call was repeated after an answer had been lost: `already_enrolled` may then mean
    "by this very call".
    """

    enrolled_count: int
    skipped: tuple[SkippedContact, ...] = ()
    attempts: int = attrs.field(default=1, metadata={"wire": False})
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class PauseResult:
    """What `pause` did (contract #17, A4)."""

    paused_count: int | None = None
    """`None` where the server does not say."""
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
