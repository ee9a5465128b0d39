"""Rehearsals: which mails a sequence would send to some people, worked out in a sandbox of their own.

`crm.rehearse` reads the sequence, the people and what they are on already, and writes nothing.

    draft.py          a sequence that is not created yet
    people.py         who is meant: ids, contacts, and people who are not created yet
    workspace.py      what is read of the workspace
    sent.py           what was sent already on the first day
    simulation.py     the copies in a sandbox, whose clock is run
    placeholders.py   the texts of a step, filled in for one person
    warnings.py       what somebody should look at before the sequence is let loose
    rehearsing.py     all of it together
    result.py         what comes of it
"""

from impactive_async.rehearsal.draft import SequenceDraft
from impactive_async.rehearsal.result import (
    PersonOutcome,
    Rehearsal,
    RehearsalWarning,
    RehearsedMail,
    RehearsedPerson,
    WarningKind,
)

__all__ = [
    "PersonOutcome",
    "Rehearsal",
    "RehearsalWarning",
    "RehearsedMail",
    "RehearsedPerson",
    "SequenceDraft",
    "WarningKind",
]
