"""What becomes of each line: looked at, placed in the journal, and judged by its address."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final

import attrs

from impactive_async import JournalError
from impactive_async.bulk.journal.fingerprints import fingerprint_of
from impactive_async.cli.importing.columns.evidence import ColumnEvidence
from impactive_async.cli.importing.columns.mapping import Columns
from impactive_async.cli.importing.people.address import same_address
from impactive_async.cli.importing.people.person import BadLine, Person, PersonReader
from impactive_async.cli.importing.planning.alignment import OtherLineError, align
from impactive_async.cli.importing.planning.companies import ListedCompanies
from impactive_async.cli.importing.planning.keys import NOBODY, FirstPlaces, holds, key_of, text_key, unpacked
from impactive_async.cli.importing.planning.plan import NOT_GIVEN, Fate, Plan
from impactive_async.cli.importing.planning.recorded import Recorded
from impactive_async.cli.importing.reading.sheet import Sheet
from impactive_async.cli.kit.words.complaints import Complaints


@attrs.frozen(kw_only=True)
class Policy:
    """What the user wants done with lines that could be left out."""

    allow_duplicates: bool = False
    existing: dict[int, str] = attrs.field(factory=dict)
    """Contacts by the keys of their addresses."""
    update: bool = False
    """Whether they are updated."""
    no_email: bool = False
    handed_over: bool = False
    """Whether the file of rejects was imported by itself."""
    journal: str = ""
    """What messages call the journal."""


def make_plan(
    sheet: Sheet,
    columns: Columns,
    companies: ListedCompanies | None = None,
    known: Recorded | None = None,
    policy: Policy | None = None,
    watch: Callable[[float, int], object] = lambda _, __: None,
) -> Plan:
    """Look at every line before anything is sent.

    Args:
        sheet: The file.
        columns: What its columns are.
        companies: The companies that are listed.
        known: What the journal knows.
        policy: What becomes of doubtful lines.
        watch: Called now and then with the share of the file, and the number of lines, that are read.

    Raises:
        UsageError: The file cannot be read to its end, or has addresses that would be lost.
        JournalError: The journal has created people who are not in this file.
    """
    policy = policy or Policy()
    plan = Plan(
        sheet=sheet,
        columns=columns,
        companies=companies or ListedCompanies(),
        known=known or Recorded(),
        reader=PersonReader(sheet, columns),
        evidence=ColumnEvidence(columns),
        bad=Complaints(),
    )
    texts = unpacked(plan.known.notes.handed_texts if policy.handed_over else "")
    for record in sheet.records(lambda share: watch(share, len(plan))):
        plan.evidence.see(record.cells)
        plan.handed.append(bool(texts) and holds(texts, text_key(record)))
        _look_at(plan, plan.reader.read(record))
    if not policy.no_email:
        plan.evidence.refuse_lost_addresses(sheet.header)
    _place(plan, policy)
    _decide(plan, policy)
    return plan


_NULL: Final = int.from_bytes(fingerprint_of(None), "big")


def _look_at(plan: Plan, row: Person | BadLine) -> None:
    plan.lines.append(row.line)
    if isinstance(row, BadLine):
        plan.prints.append(_NULL)
        plan.keys.append(NOBODY)
        plan.fates.append(Fate.BAD)
        plan.bad.add(row.line, row.reason)
        return
    plan.companies.note(row.company, row.line)
    body = row.body(plan.companies.id_of(row.company))
    plan.prints.append(int.from_bytes(fingerprint_of(body), "big"))
    plan.keys.append(key_of(same_address(row.draft.email)) if row.draft.email else NOBODY)
    plan.fates.append(Fate.CREATED)


def _place(plan: Plan, policy: Policy) -> None:
    if plan.known.by_version_one:
        good = iter(range(len(plan)))
        plan.places.extend(NOT_GIVEN if fate == Fate.BAD else next(good) for fate in plan.fates)
        return
    try:
        plan.places.extend(align(plan.known, plan.prints))
    except OtherLineError as error:
        raise JournalError(_other_line(plan, policy, error)) from None


def _other_line(plan: Plan, policy: Policy, error: OtherLineError) -> str:
    name = plan.sheet.name
    if error.record < len(plan):
        where = f"{name}, line {plan.lines[error.record]}, is not the line"
    else:
        where = f"{name} ends without the line"
    return (
        f"{where} that the import recorded in {policy.journal} has sent. It was changed, moved or deleted; or the "
        "columns are mapped otherwise than in that run. Undo that: only lines that were not created may be "
        "corrected or deleted, and new ones follow at the end. Another file needs a journal of its own: --journal "
        "FILE."
    )


def _decide(plan: Plan, policy: Policy) -> None:
    """Tell which lines are not created; those that an earlier run settled stay as they are."""
    firsts = FirstPlaces(plan.keys)
    for record, place in enumerate(plan.places if plan.known.states else ()):
        if plan.keys[record] != NOBODY and plan.known.settled(place):
            firsts.place(record)
    handed = plan.known.notes.handed_over if policy.handed_over else []
    for record, key in enumerate(plan.keys):
        place = plan.places[record]
        if plan.known.settled(place) or _is_fixed(plan, place):
            continue
        if plan.handed[record] or _is_within(handed, place):
            plan.fates[record] = Fate.HANDED_OVER
        elif plan.fates[record] == Fate.CREATED and key != NOBODY:
            _decide_by_address(plan, policy, firsts, record)


def _is_fixed(plan: Plan, place: int) -> bool:
    """Whether version 0.1 has recorded the row, which then must be what it was."""
    return plan.known.by_version_one and place < len(plan.known.states)


def _is_within(runs: Sequence[tuple[int, int]], place: int) -> bool:
    """Whether a place is within one of these runs, which are in order."""
    run = bisect_right(runs, place, key=itemgetter(0)) - 1
    return run >= 0 and place <= runs[run][1]


def _decide_by_address(plan: Plan, policy: Policy, firsts: FirstPlaces, record: int) -> None:
    first = firsts.place(record)
    if first != record and not policy.allow_duplicates:
        plan.duplicate(record, first)
    elif (contact_id := policy.existing.get(plan.keys[record])) is not None:
        plan.fates[record] = Fate.UPDATED if policy.update else Fate.EXISTING
        plan.contacts[record] = contact_id
