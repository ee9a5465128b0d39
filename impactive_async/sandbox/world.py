"""The one state of a sandbox: plain data and the few primitives that keep its indexes right."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs
from attrs import define, field, frozen

from .clock import VirtualClock
from .ids import Mint
from .rows import (
    KINDS,
    Audience,
    Enrollment,
    Kind,
    Record,
    Reply,
    Send,
    SendingAccount,
    Sequence,
    Stage,
    Step,
)
from .rules import Rules
from .timeline import Timeline
from .times import floor

__all__ = ["STATUSES", "Book", "Workspace", "World"]

STATUSES = ("active", "paused", "completed", "unsubscribed")

_PREFIXES: Mapping[Kind, str] = {
    "contacts": "con",
    "companies": "com",
    "deals": "dea",
    "invoices": "inv",
    "projects": "prj",
    "bookings": "boo",
}


@frozen(kw_only=True)
class Workspace:
    """What an API key belongs to."""

    id: str
    name: str


@define(eq=False)
class Book:
    """One sequence and everything that hangs on it."""

    sequence: Sequence
    steps: list[Step] = field(factory=list)
    enrollments: Timeline[Enrollment] = field(init=False, factory=Timeline)
    sends: Timeline[Send] = field(init=False, factory=Timeline)
    replies: Timeline[Reply] = field(init=False, factory=Timeline)
    counts: dict[str, int] = field(init=False, factory=lambda: dict.fromkeys(STATUSES, 0))
    by_contact: dict[str, str] = field(init=False, factory=dict)

    def enrollment_of(self, contact_id: str) -> Enrollment | None:
        """The contact's enrollment in this sequence, in whatever status."""
        return self.enrollments.get(self.by_contact.get(contact_id, ""))


@define(eq=False)
class World:
    """Everything one workspace holds; changed through its sibling modules' functions."""

    clock: VirtualClock
    rules: Rules
    mint: Mint
    workspace: Workspace
    tables: dict[Kind, Timeline[Record]] = field(init=False, factory=lambda: {kind: Timeline() for kind in KINDS})
    deal_stages: dict[str, Stage] = field(init=False, factory=dict)
    project_stages: dict[str, Stage] = field(init=False, factory=dict)
    accounts: dict[str, SendingAccount] = field(init=False, factory=dict)
    tags: dict[str, Audience] = field(init=False, factory=dict)
    lists: dict[str, Audience] = field(init=False, factory=dict)
    books: dict[str, Book] = field(init=False, factory=dict)
    memberships: dict[str, set[str]] = field(init=False, factory=dict)
    inboxes: dict[str, Timeline[Reply]] = field(init=False, factory=dict)
    sends: dict[str, Send] = field(init=False, factory=dict)
    sends_by_enrollment: dict[str, list[str]] = field(init=False, factory=dict)
    replies: dict[str, Reply] = field(init=False, factory=dict)
    history: list[Enrollment] = field(init=False, factory=list)
    lateness: dict[str, timedelta] = field(init=False, factory=dict)

    def stamp(self) -> datetime:
        """Now, as a timestamp column holds it."""
        return floor(self.clock.now(), self.rules.stored_precision)

    def visible_at(self, kind: str, stamp: datetime) -> datetime | None:
        """From when lists show a row of that kind; `None`: at once."""
        lateness = self.lateness.get(kind)
        return None if lateness is None else stamp + lateness

    def get(self, kind: Kind, row_id: str) -> Record | None:
        """The newest version of a row of a plain table."""
        return self.tables[kind].get(row_id)

    def write(
        self,
        kind: Kind,
        fields: Mapping[str, Any],
        *,
        old: Record | None = None,
        at: datetime | None = None,
        visible_at: datetime | None = None,
    ) -> Record:
        """Add a row, or a new version of `old`; `at` is the moment that it is stamped with (default: now)."""
        stamp = self.stamp() if at is None else floor(at, self.rules.stored_precision)
        if old is None:
            row = Record(id=self.mint.new(_PREFIXES[kind]), fields=fields, created_at=stamp, updated_at=stamp)
        else:
            row = attrs.evolve(old, fields={**old.fields, **fields}, updated_at=stamp)
        shown_from = visible_at or self.visible_at(kind, stamp)
        self.tables[kind].put(row.id, stamp, row, now=self.clock.now(), visible_at=shown_from)
        return row

    def recent(self, kind: Kind, since: datetime | None = None) -> Iterator[Record]:
        """The rows that a polled list shows: latest `updatedAt` first."""
        inclusive = self.rules.zapier_since == "inclusive"
        return self.tables[kind].newest_first(self.clock.now(), since, inclusive=inclusive)

    def latest_created(self, kind: Kind) -> Iterator[Record]:
        """The rows that an unpolled list shows: the latest created first, whatever was updated since."""
        table, now = self.tables[kind], self.clock.now()
        shown = (table.shown(row_id, now) for row_id in reversed(table))
        return (row for row in shown if row is not None)
