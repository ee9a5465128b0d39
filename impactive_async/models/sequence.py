"""Email sequences and their steps."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from impactive_async.models._pydantic import PydanticType


class SequenceStatus(StrEnum):
    """The statuses that the contract names. A row keeps any other as a plain `str`."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


@attrs.frozen(kw_only=True)
class StepDraft(PydanticType):
    """A step to be created with its sequence."""

    subject: str
    body: str
    delay_days: int = 0
    """Days after the previous send; 0 for the first."""
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class Step(PydanticType):
    """One email of a sequence."""

    id: str
    subject: str | None = None
    body: str | None = None
    delay_days: int | None = None
    position: int | None = None
    """From 0, without holes within the sequence."""
    sequence_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class EnrollmentCounts(PydanticType):
    """How many people are on a sequence, in total and by status."""

    total: int = 0
    active: int = 0
    paused: int = 0
    completed: int = 0
    unsubscribed: int = 0
    extra: Mapping[str, Any] = attrs.field(factory=dict, hash=False)


@attrs.frozen(kw_only=True)
class Sequence(PydanticType):
    """An email sequence.

    `create` and `get` return the `steps`, in `position` order. `steps`, `step_count` and `enrollment_counts` are
    `None` where the server leaves them out.
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
