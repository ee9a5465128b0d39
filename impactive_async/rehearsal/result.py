"""What a rehearsal tells: people, mails and warnings, as frozen values that `to_dict` turns into JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

import attrs


class WarningKind(StrEnum):
    """What a warning is about."""

    NO_ADDRESS = "no_address"
    """Somebody has no email address. No mail goes out to them."""
    BAD_ADDRESS = "bad_address"
    """Somebody's address is none that mail can go to."""
    UNKNOWN_CONTACT = "unknown_contact"
    """An id is not among the contacts that the API shows."""
    DUPLICATE_PERSON = "duplicate_person"
    """Somebody is given twice, or shares the address with somebody else."""
    ALREADY_ENROLLED = "already_enrolled"
    """Somebody is on the sequence already: enrolling skips them."""
    ENROLLED_ELSEWHERE = "enrolled_elsewhere"
    """Somebody is active, or paused, on another sequence."""
    UNSUBSCRIBED = "unsubscribed"
    """Somebody has unsubscribed from another sequence."""
    TWO_MAILS_IN_A_DAY = "two_mails_in_a_day"
    """Another mail goes to the same address on the same day, or went there, from this or from another sequence."""
    WEEKEND = "weekend"
    """A mail goes out on a Saturday or a Sunday."""
    UNFILLED_PLACEHOLDER = "unfilled_placeholder"
    """A placeholder of subject or body has no known value."""
    NOT_ACTIVE = "not_active"
    """The sequence is a draft, paused or archived: it sends nothing until it is made active."""
    NO_STEPS = "no_steps"
    """The sequence has no steps."""
    NOT_CHECKED = "not_checked"
    """Something could not be looked up, so that other warnings may be missing."""


class PersonOutcome(StrEnum):
    """What enrolling would do with somebody."""

    ENROLLED = "enrolled"
    ALREADY_ENROLLED = "already_enrolled"
    """They are skipped. What the enrollment that they have still sends is among the mails."""
    NOT_FOUND = "not_found"


@attrs.frozen
class RehearsalWarning:
    """Something to look at before the sequence is let loose."""

    kind: WarningKind
    message: str
    """A sentence for people."""


@attrs.frozen(kw_only=True)
class RehearsedPerson:
    """Somebody whom the sequence is rehearsed with."""

    contact_id: str | None
    """`None`: they are not created yet."""
    name: str
    email: str | None
    outcome: PersonOutcome
    mails: int = 0
    """How many mails of the sequence go to them within the time that is rehearsed."""
    warnings: tuple[RehearsalWarning, ...] = ()


@attrs.frozen(kw_only=True)
class RehearsedMail:
    """One mail that would go out."""

    at: datetime
    """When, in the zone of the rehearsal."""
    person: int
    """The place of its reader in `Rehearsal.people`."""
    contact_id: str | None
    name: str
    to: str
    step: int
    """The position of its step in the sequence, from 0."""
    step_id: str | None
    """`None`: the sequence is not created yet."""
    sequence_id: str | None
    sequence_name: str
    from_address: str | None
    """`None`: the platform's default sender, or the account is not known."""
    subject: str
    body: str
    unfilled: tuple[str, ...] = ()
    """The placeholders that stand in subject and body as they are, each once."""
    warnings: tuple[RehearsalWarning, ...] = ()


@attrs.frozen(kw_only=True)
class Rehearsal:
    """What a sequence would send to some people."""

    sequence_id: str | None
    """`None`: it is not created yet."""
    sequence_name: str
    steps: int
    """How many the sequence has."""
    starts_at: datetime
    """When people are enrolled, in the zone of the rehearsal."""
    ends_at: datetime
    zone: str
    """The time zone by which days and weekends are told."""
    people: tuple[RehearsedPerson, ...]
    """Everybody once, in the order in which they were given."""
    mails: tuple[RehearsedMail, ...]
    """The mails of the sequence, in the order in which they go out."""
    elsewhere: tuple[RehearsedMail, ...] = ()
    """What other sequences send to the same people meanwhile."""
    later: int = 0
    """How many mails of the sequence would follow after `ends_at`."""
    warnings: tuple[RehearsalWarning, ...] = ()
    """Those about the whole. People and mails have their own; `all_warnings` has them all."""

    def all_warnings(self) -> Iterator[RehearsalWarning]:
        """Return every warning: of the whole, of people, of mails."""
        yield from self.warnings
        yield from (warning for person in self.people for warning in person.warnings)
        yield from (warning for mail in self.mails for warning in mail.warnings)

    def counts(self) -> dict[WarningKind, int]:
        """Return how many warnings there are of each kind that occurs, in the order of `WarningKind`."""
        found = Counter(warning.kind for warning in self.all_warnings())
        return {kind: found[kind] for kind in WarningKind if found[kind]}
