"""The state of a sandbox: plain data, and the few functions that keep its indexes consistent."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs
from attrs import define, field, frozen

from impactive_async.sandbox.world.clock import VirtualClock
from impactive_async.sandbox.world.ids import PREFIXES, IdGenerator
from impactive_async.sandbox.world.rows import (
    KINDS,
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
from impactive_async.sandbox.world.timeline import Timeline
from impactive_async.sandbox.world.times import floor

__all__ = ["STATUSES", "Book", "WorkspaceRecord", "World"]

STATUSES = ("active", "paused", "completed", "unsubscribed")


@frozen(kw_only=True)
class WorkspaceRecord:
    """The workspace that an API key belongs to."""

    id: str
    name: str


def _empty_tables() -> dict[Kind, Timeline[TableRecord]]:
    return {kind: Timeline() for kind in KINDS}


@define(eq=False)
class Book:
    """One sequence with its steps, enrollments, sends and replies."""

    sequence: SequenceRecord
    steps: list[StepRecord] = field(factory=list)
    enrollments: Timeline[EnrollmentRecord] = field(init=False, factory=Timeline)
    sends: Timeline[SendRecord] = field(init=False, factory=Timeline)
    replies: Timeline[ReplyRecord] = field(init=False, factory=Timeline)
    counts: dict[str, int] = field(init=False, factory=lambda: dict.fromkeys(STATUSES, 0))
    by_contact: dict[str, str] = field(init=False, factory=dict)

    def enrollment_of(self, contact_id: str) -> EnrollmentRecord | None:
        """The contact's enrollment in this sequence, whatever its status; `None`: not enrolled."""
        return self.enrollments.get(self.by_contact.get(contact_id, ""))


@define(eq=False)
class World:
    """Everything one workspace holds. The functions of the modules beside this one change it."""

    clock: VirtualClock
    rules: SandboxRules
    ids: IdGenerator
    workspace: WorkspaceRecord
    tables: dict[Kind, Timeline[TableRecord]] = field(
        init=False, factory=lambda: {kind: Timeline() for kind in KINDS}
    )
    deal_stages: dict[str, Stage] = field(init=False, factory=dict)
    project_stages: dict[str, Stage] = field(init=False, factory=dict)
    accounts: dict[str, SendingAccountRecord] = field(init=False, factory=dict)
    tags: dict[str, Audience] = field(init=False, factory=dict)
    lists: dict[str, Audience] = field(init=False, factory=dict)
    books: dict[str, Book] = field(init=False, factory=dict)
    memberships: dict[str, set[str]] = field(init=False, factory=dict)
    inboxes: dict[str, Timeline[ReplyRecord]] = field(init=False, factory=dict)
    sends: dict[str, SendRecord] = field(init=False, factory=dict)
    sends_by_enrollment: dict[str, list[str]] = field(init=False, factory=dict)
    replies: dict[str, ReplyRecord] = field(init=False, factory=dict)
    history: list[EnrollmentRecord] = field(init=False, factory=list)
    lateness: dict[str, timedelta] = field(init=False, factory=dict)

    def stamp(self) -> datetime:
        """Now, as a timestamp column holds it."""
        return floor(self.clock.now(), self.rules.stored_precision)

    def visible_at(self, kind: str, stamp: datetime) -> datetime | None:
        """From when lists show a row of that kind; `None`: at once."""
        lateness = self.lateness.get(kind)
        return None if lateness is None else stamp + lateness

    def get(self, kind: Kind, row_id: str) -> TableRecord | None:
        """The newest version of a row of a plain table."""
        return self.tables[kind].get(row_id)

    def write(
        self,
        kind: Kind,
        fields: Mapping[str, Any],
        *,
        old: TableRecord | None = None,
        at: datetime | None = None,
        visible_at: datetime | None = None,
    ) -> TableRecord:
        """Add a row, or a new version of `old`; `at` is the moment that it is stamped with (default: now)."""
        stamp = self.stamp() if at is None else floor(at, self.rules.stored_precision)
        if old is None:
            row = TableRecord(
                id=self.ids.new(PREFIXES[kind][0]), fields=fields, created_at=stamp, updated_at=stamp
            )
        else:
            row = attrs.evolve(old, fields={**old.fields, **fields}, updated_at=stamp)
        shown_from = visible_at or self.visible_at(kind, stamp)
        self.tables[kind].put(row.id, stamp, row, now=self.clock.now(), visible_at=shown_from)
        return row
