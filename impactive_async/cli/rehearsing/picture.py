"""A rehearsal for a terminal: a picture over the days, the mails in order, and what to look at."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date
from textwrap import wrap
from typing import Any, Final

import attrs
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from impactive_async.cli.kit.words.wording import count, cut
from impactive_async.cli.rehearsing.days import DayCell, DayRow, days_of, people_rows, step_rows
from impactive_async.pages.texts import plain
from impactive_async.rehearsal import Rehearsal

MOST_PEOPLE: Final = 15
"""People who have a row of their own; of more, steps are drawn."""
MOST_MAILS: Final = 20
_EXAMPLES: Final = 3
_MOST_BLOCKS: Final = 4
"""Of more lines of days, those are drawn on which there is a mail."""
_WIDEST_NAME: Final = 28
_NARROWEST_NAME: Final = 16
_SATURDAY: Final = 6
_UNLIMITED: Final = 100
"""Characters of a line where nothing says how many there are."""


def picture(rehearsal: Rehearsal, width: int | None) -> str:
    """Return the picture as lines, with colors if standard output takes them.

    Args:
        rehearsal: What was rehearsed.
        width: The width of the terminal in characters; `None`: there is none.
    """
    console = Console(file=sys.stdout, width=width or _UNLIMITED, highlight=False)
    lines = [Text(headline(rehearsal), style="bold"), Text(period(rehearsal)), *_drawn(rehearsal, console.width)]
    with console.capture() as capture:  # Rich would end the process on a broken pipe
        for line in lines:
            console.print(line, overflow="fold")
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def headline(rehearsal: Rehearsal) -> str:
    """Return what the rehearsal comes to."""
    reached = sum(person.mails > 0 for person in rehearsal.people)
    mails = count(len(rehearsal.mails), "mail")
    return f"{named(rehearsal)}: {mails} to {reached:,} of {count(len(rehearsal.people), 'person')}"


def named(rehearsal: Rehearsal) -> str:
    """Return the name of the sequence in one line."""
    return plain(" ".join(rehearsal.sequence_name.split()))


def period(rehearsal: Rehearsal) -> str:
    """Return from when to when, and what follows."""
    later = f"; {rehearsal.later:,} more later" if rehearsal.later else ""
    start, end = (f"{moment:%a %d %b %Y %H:%M}" for moment in (rehearsal.starts_at, rehearsal.ends_at))
    return f"{start} to {end} ({rehearsal.zone}){later}"


def mail_rows(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    """Return the first mails as rows of a table."""
    return [
        {
            "when": f"{mail.at:%a %d %b %H:%M}",
            "to": mail.to,
            "step": mail.step + 1,
            "look_at": ", ".join(dict.fromkeys(words(warning.kind) for warning in mail.warnings)) or None,
            "subject": mail.subject,
        }
        for mail in rehearsal.mails[:MOST_MAILS]
    ]


def warning_lines(rehearsal: Rehearsal, width: int | None = None) -> list[str]:
    """Return the warnings by kind, a few of each, in lines that are no longer than the terminal is wide."""
    told: dict[str, list[str]] = {}
    for warning in rehearsal.all_warnings():
        told.setdefault(warning.kind, []).append(warning.message)
    lines = []
    for kind, number in rehearsal.counts().items():
        lines.append(f"{words(kind)}: {number:,}")
        lines += [f"  {cut(plain(text), 160)}" for text in told[kind][:_EXAMPLES]]
        lines += [f"  … and {number - _EXAMPLES:,} more"] if number > _EXAMPLES else []
    return [part for line in lines for part in _wrapped(line, width)]


def _wrapped(line: str, width: int | None) -> list[str]:
    if width is None:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    further = f"{indent}  "
    return wrap(line, max(width, 20), subsequent_indent=further, break_long_words=False, break_on_hyphens=False)


def words(kind: str) -> str:
    """Return what a kind of warning is called."""
    return str(kind).replace("_", " ")


def _drawn(rehearsal: Rehearsal, width: int) -> Iterator[Text]:
    drawing = _Drawing.of(rehearsal, width)
    blocks = list(_blocks(days_of(rehearsal), drawing.days))
    for days in blocks:
        if len(blocks) <= _MOST_BLOCKS or any(day in row.cells for row in drawing.rows for day in days):
            yield Text()
            yield from drawing.block(days)
    yield Text()
    yield from _legend(rehearsal, by_person=drawing.by_person)


def _blocks(days: Sequence[date], number: int) -> Iterator[Sequence[date]]:
    return (days[place : place + number] for place in range(0, len(days), number))


@attrs.frozen(kw_only=True)
class _Drawing:
    """How the picture is laid out.

    Attributes:
        rows: People, or steps.
        by_person: Whether they are people.
        label: The width of the names.
        cell: The width of a day.
        marks: How many of it are for marks behind the number.
        days: How many days there is room for.
    """

    rows: Sequence[DayRow]
    by_person: bool
    label: int
    cell: int
    marks: int
    days: int

    @classmethod
    def of(cls, rehearsal: Rehearsal, width: int) -> _Drawing:
        """Lay it out for a terminal of this width."""
        by_person = len(rehearsal.people) <= MOST_PEOPLE
        rows = people_rows(rehearsal) if by_person else step_rows(rehearsal)
        cells = [cell for row in rows for cell in row.cells.values()]
        marks = max((len(_marks(cell)) for cell in cells), default=0)
        number = max((len(_number(cell, by_person=by_person)) for cell in cells), default=1)
        names = max((cell_len(plain(row.name)) for row in rows), default=0)
        label = max(min(names, _WIDEST_NAME, width // 3), _NARROWEST_NAME)
        cell = max(number, 2) + 1 + marks
        return cls(
            rows=rows,
            by_person=by_person,
            label=label,
            cell=cell,
            marks=marks,
            days=max((width - label) // cell, 1),
        )

    def block(self, days: Sequence[date]) -> Iterator[Text]:
        """Return the lines of these days."""
        months = list(dict.fromkeys(f"{day:%b}" for day in days))
        month = f"{' to '.join(months if len(months) == 1 else (months[0], months[-1]))} {days[-1]:%Y}"
        yield self._line("", [(f"{day:%a}"[:2], "", _day_style(day)) for day in days])
        yield self._line(month, [(str(day.day), "", _day_style(day)) for day in days])
        for row in self.rows:
            if row.why_none and not row.cells:
                yield Text.assemble(_label(row.name, self.label), ("  " + row.why_none, "yellow"))
            else:
                yield self._line(row.name, [self._cell(row.cells.get(day), day) for day in days])

    def _line(self, name: str, cells: Sequence[tuple[str, str, str]]) -> Text:
        line = Text(_label(name, self.label))
        for number, marks, style in cells:
            line.append(" " * (self.cell - self.marks - len(number)))
            line.append(f"{number}{marks:{self.marks}}" if self.marks else number, style)
        return line

    def _cell(self, cell: DayCell | None, day: date) -> tuple[str, str, str]:
        if cell is None:
            return "·", "", "dim" if day.isoweekday() < _SATURDAY else "dim cyan"
        color = "yellow" if cell.is_warned else "green" if cell.mails else "magenta"
        return _number(cell, by_person=self.by_person), _marks(cell), f"bold {color}"


def _label(name: str, width: int) -> str:
    text = plain(" ".join(name.split()))
    return set_cell_size(text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…", width)


def _number(cell: DayCell, *, by_person: bool) -> str:
    return cell.steps if by_person else str(len(cell.mails))


def _marks(cell: DayCell) -> str:
    return f"{'o' if cell.elsewhere else ''}{'!' if cell.is_warned else ''}"


def _day_style(day: date) -> str:
    return "cyan" if day.isoweekday() >= _SATURDAY else ""


def _legend(rehearsal: Rehearsal, *, by_person: bool) -> Iterator[Text]:
    parts = ["1, 2 … the step that is sent" if by_person else "how many mails of the step are sent"]
    parts += ["o a mail of another sequence"] if by_person and rehearsal.elsewhere else []
    parts += ["! look at the warnings"] if any(mail.warnings for mail in rehearsal.mails) else []
    yield Text("; ".join(parts), style="dim")
