"""Email sequences and their steps (contract #6-#12)."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs


class SequenceStatus(StrEnum):
    """What the contract names. A status it does not name survives as a plain `str`."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


@attrs.frozen(kw_only=True)
class StepDraft:
    """A step to be created with its sequence (contract #6)."""

    subject: str
    body: str
    delay_days: int = 0
    """Days after the previous send; 0 for the first."""
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class Step:
    """One email of a sequence (contract #8, #10, #11)."""

    id: str
    subject: str | None = None
    body: str | None = None
    delay_days: int | None = None
    position: int | None = None
    """Zero-based; contiguous within the sequence."""
    sequence_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class EnrollmentCounts:
    """How many people are on a sequence, in total and by status (contract #7, #8)."""

    total: int = 0
    active: int = 0
    paused: int = 0
    completed: int = 0
    unsubscribed: int = 0
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class Sequence:
    """An email sequence (contract #6-#9).

    `steps` is filled by `create` and `get`, in `position` order, and is `None` where the server leaves it out;
    `step_count` and `enrollment_counts` likewise.
    """

    id: str
    name: str
    description: str | None = None
    status: SequenceStatus | str | None = None
    sending_account_id: str | None = None
    """`None`: the platform's default sender."""
    steps: tuple[Step, ...] | None = None
    step_count: int | None = None
    enrollment_counts: EnrollmentCounts | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
