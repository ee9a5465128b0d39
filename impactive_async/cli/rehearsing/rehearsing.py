"""From the arguments of the command to its output."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import attrs

from impactive_async.cli.kit.arguments import lines_from, moment
from impactive_async.cli.kit.errors import INCOMPLETE, NOT_FOUND, UsageError
from impactive_async.cli.kit.run import Run
from impactive_async.cli.kit.streams import is_shown
from impactive_async.cli.kit.words.wording import count
from impactive_async.cli.rehearsing.page import check_place, page
from impactive_async.cli.rehearsing.people import Asked, people_from
from impactive_async.cli.rehearsing.picture import MOST_MAILS, mail_rows, picture, warning_lines
from impactive_async.cli.resources._sequence_file import read_sequence_file
from impactive_async.pages.document import write_page
from impactive_async.rehearsal import PersonOutcome, Rehearsal, RehearsedMail, SequenceDraft

FIELDS: Final = tuple(field.name for cls in (Rehearsal, RehearsedMail) for field in attrs.fields(cls))
"""What may be asked for: fields of the rehearsal in JSON, of mails in CSV. Which of them, `--csv` decides."""
_NOTED: Final = 5
"""Bad lines that are told one by one."""


@attrs.frozen(kw_only=True)
class Wanted:
    """What the user asks for."""

    sequence: str | None
    draft: Path | None
    file: Path | None
    ids: tuple[str, ...]
    days: float
    start: str | None
    zone: str | None
    html: Path | None
    elsewhere: bool


async def rehearse_and_show(run: Run, wanted: Wanted) -> None:
    """Do it all. See `impactive sequences rehearse`."""
    run.out.expect(RehearsedMail if run.options.csv is not None else Rehearsal)
    with run.before_sending():
        sequence = _sequence(wanted)
        people, bad = _people(wanted)
        start = _start(wanted.start, wanted.zone)
        if wanted.html is not None:
            check_place(wanted.html)
    for line in bad[:_NOTED]:
        run.note(f"{wanted.file}, {line}.")
    if len(bad) > _NOTED:
        run.note(f"… and {len(bad) - _NOTED:,} lines more are left out.")
    rehearsal = await run.crm.rehearse(
        sequence, people, days=wanted.days, start=start, zone=wanted.zone, elsewhere=wanted.elsewhere
    )
    _show(run, rehearsal)
    if wanted.html is not None:
        write_page(wanted.html, page(rehearsal))
        run.note(f"The page is in {wanted.html}.")
    missing = sum(person.outcome == PersonOutcome.NOT_FOUND for person in rehearsal.people)
    if missing or bad:
        run.code = NOT_FOUND.code if missing == len(rehearsal.people) else INCOMPLETE.code


def _sequence(wanted: Wanted) -> str | SequenceDraft:
    """Return the id, or the sequence of a file."""
    if (wanted.sequence is None) == (wanted.draft is None):
        raise UsageError("Say which sequence: its id, or --file FILE with one that is not created yet.")
    if wanted.draft is None:
        return wanted.sequence or ""
    if str(wanted.draft) == "-" == str(wanted.file):
        raise UsageError("Standard input cannot be the sequence and the people: give a file for one of them.")
    return read_sequence_file(wanted.draft, "".join(lines_from(wanted.draft)))


def _people(wanted: Wanted) -> tuple[list[Asked], list[str]]:
    if wanted.file is None and not wanted.ids:
        raise UsageError("Nobody to rehearse with: give --contacts FILE or --contact ID.")
    people, bad = ([], []) if wanted.file is None else people_from(wanted.file)
    return [*people, *wanted.ids], bad


def _start(text: str | None, zone: str | None) -> datetime | None:
    """Read the start. Without an offset it is a time of the zone, as on the wall there."""
    if text is None or (when := moment(text)) is None:
        return None
    wall = datetime.fromisoformat(text)
    if wall.tzinfo is not None:
        return when
    try:
        return wall.astimezone() if zone is None else wall.replace(tzinfo=ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        return when  # the client refuses the zone, and says what would be one


def _show(run: Run, rehearsal: Rehearsal) -> None:
    if run.options.csv is not None:
        run.show(rehearsal.mails)
    elif run.out.for_programs:
        run.show([rehearsal])
    else:
        _draw(run, rehearsal)
        return
    for line in warning_lines(rehearsal) if run.options.csv is not None else ():
        run.note(line)


def _draw(run: Run, rehearsal: Rehearsal) -> None:
    width = shutil.get_terminal_size().columns if is_shown() else None
    run.out.drawing(picture(rehearsal, width))
    if rehearsal.mails:
        run.out.text("")
        run.show(mail_rows(rehearsal))
    if more := max(len(rehearsal.mails) - MOST_MAILS, 0):
        run.out.text(f"… and {count(more, 'mail')} more: --html shows them, --json has them all.")
    lines = warning_lines(rehearsal, width)
    run.out.text("\n".join(["", "To look at first:", *lines] if lines else ["", "Nothing to look at."]))
    run.out.text("Nothing was sent.")
