"""The days of a rehearsal, and what goes out on each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

import attrs

from impactive_async.rehearsal import Rehearsal, RehearsedMail


@attrs.frozen
class DayCell:
    """What goes out on one day, to one person or of one step.

    Attributes:
        mails: Mails of the sequence.
        elsewhere: Mails of other sequences.
    """

    mails: tuple[RehearsedMail, ...] = ()
    elsewhere: tuple[RehearsedMail, ...] = ()

    @property
    def is_warned(self) -> bool:
        """Whether there is something to look at."""
        return any(mail.warnings for mail in self.mails)

    @property
    def steps(self) -> str:
        """The steps as people count them, such as `1` or `1+2`."""
        return "+".join(str(mail.step + 1) for mail in self.mails)


@attrs.frozen
class DayRow:
    """A row of the picture: its name, and its cells by day.

    Attributes:
        name: The person, or the step.
        cells: What goes out, by day.
        why_none: Why nothing goes out at all, if nothing does.
    """

    name: str
    cells: dict[date, DayCell]
    why_none: str = ""


def days_of(rehearsal: Rehearsal) -> list[date]:
    """Return all days that a rehearsal touches."""
    first, last = rehearsal.starts_at.date(), rehearsal.ends_at.date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def people_rows(rehearsal: Rehearsal) -> list[DayRow]:
    """Return a row for each person."""
    own, others = _by_place(rehearsal.mails), _by_place(rehearsal.elsewhere)
    return [
        DayRow(person.name, _cells(own[place], others[place]), "" if person.mails else _why_none(rehearsal, place))
        for place, person in enumerate(rehearsal.people)
    ]


def step_rows(rehearsal: Rehearsal) -> list[DayRow]:
    """Return a row for each step: for pictures of more people than a person takes in."""
    found: dict[int, list[RehearsedMail]] = defaultdict(list)
    for mail in rehearsal.mails:
        found[mail.step].append(mail)
    return [
        DayRow(f"step {step + 1}: {mails[0].subject}" if mails else f"step {step + 1}", _cells(mails, ()))
        for step, mails in ((step, found[step]) for step in range(rehearsal.steps))
    ]


def _by_place(mails: Sequence[RehearsedMail]) -> dict[int, list[RehearsedMail]]:
    found: dict[int, list[RehearsedMail]] = defaultdict(list)
    for mail in mails:
        found[mail.person].append(mail)
    return found


def _cells(mails: Sequence[RehearsedMail], elsewhere: Sequence[RehearsedMail]) -> dict[date, DayCell]:
    own: dict[date, list[RehearsedMail]] = defaultdict(list)
    others: dict[date, list[RehearsedMail]] = defaultdict(list)
    for mail in mails:
        own[mail.at.date()].append(mail)
    for mail in elsewhere:
        others[mail.at.date()].append(mail)
    return {day: DayCell(tuple(own[day]), tuple(others[day])) for day in sorted(own.keys() | others.keys())}


def _why_none(rehearsal: Rehearsal, place: int) -> str:
    warnings = rehearsal.people[place].warnings
    return str(warnings[0].kind).replace("_", " ") if warnings else "no mail in this time"
