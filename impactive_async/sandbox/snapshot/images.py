"""What stands in a snapshot: frozen values, from which the file is written and a sandbox is made again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from attrs import frozen

from impactive_async.sandbox.http.faults import ChaosKind, Fault
from impactive_async.sandbox.seeds import Beginning
from impactive_async.sandbox.world.rows import (
    Audience,
    EnrollmentRecord,
    Kind,
    ReplyRecord,
    SendingAccountRecord,
    SendRecord,
    SequenceRecord,
    Stage,
    StepRecord,
    TableRecord,
)
from impactive_async.sandbox.world.rules import SandboxRules
from impactive_async.sandbox.world.timeline import TimelineImage
from impactive_async.sandbox.world.world import WorkspaceRecord

__all__ = [
    "ArmedImage",
    "BookImage",
    "DueAnswerImage",
    "DueSendImage",
    "FaultsImage",
    "IdsImage",
    "PoisonImage",
    "SandboxImage",
    "WorldImage",
]


@frozen(kw_only=True)
class IdsImage:
    """How many ids of each prefix were made."""

    seed: str
    numbered: tuple[str, ...]
    made: dict[str, int]


@frozen(kw_only=True)
class BookImage:
    """A sequence and what belongs to it."""

    sequence: SequenceRecord
    steps: tuple[StepRecord, ...]
    enrollments: TimelineImage[EnrollmentRecord]
    sends: TimelineImage[SendRecord]
    replies: TimelineImage[ReplyRecord]
    by_contact: dict[str, str]


@frozen(kw_only=True)
class DueSendImage:
    """An email that is due. `number` is its turn among what is due at one moment."""

    at: datetime
    number: int
    sequence_id: str
    enrollment_id: str
    due: datetime


@frozen(kw_only=True)
class DueAnswerImage:
    """An answer that is due."""

    at: datetime
    number: int
    send_id: str
    text: str


@frozen(kw_only=True)
class WorldImage:
    """The rows of a workspace, and what its clock is about to do."""

    now: datetime
    scheduled: int
    due_sends: tuple[DueSendImage, ...]
    due_answers: tuple[DueAnswerImage, ...]
    rules: SandboxRules
    ids: IdsImage
    workspace: WorkspaceRecord
    tables: dict[Kind, TimelineImage[TableRecord]]
    deal_stages: tuple[Stage, ...]
    project_stages: tuple[Stage, ...]
    accounts: tuple[SendingAccountRecord, ...]
    tags: tuple[Audience, ...]
    lists: tuple[Audience, ...]
    books: tuple[BookImage, ...]
    inboxes: dict[str, TimelineImage[ReplyRecord]]
    sends: tuple[SendRecord, ...]
    replies: tuple[ReplyRecord, ...]
    history: tuple[EnrollmentRecord, ...]
    lateness: dict[str, timedelta]


@frozen(kw_only=True)
class ArmedImage:
    """A fault that is armed."""

    number: int
    pattern: str
    fault: Fault
    times: int | None
    after: int
    hits: int


@frozen(kw_only=True)
class FaultsImage:
    """The faults, and where the random numbers of chaos stand."""

    armed: tuple[ArmedImage, ...]
    made: int
    rate: float
    kinds: tuple[ChaosKind, ...]
    random: tuple[int, ...]


@frozen(kw_only=True)
class PoisonImage:
    """A row that is printed wrongly."""

    noun: str
    row_id: str
    how: str
    field: str | None


@frozen(kw_only=True)
class SandboxImage:
    """All of it.

    Attributes:
        requests: How many have arrived: answers are numbered.
        accepted: The age in seconds of each request that the rate limit still counts.
    """

    beginning: Beginning
    profile: Mapping[str, Any]
    poisons: tuple[PoisonImage, ...]
    world: WorldImage
    faults: FaultsImage
    keys_made: int
    requests: int
    rate_limit: float | None
    accepted: tuple[float, ...]
