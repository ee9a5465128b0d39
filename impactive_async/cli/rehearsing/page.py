"""The page of a rehearsal: one file of HTML, without scripts, that loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from html import escape
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Final

from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.words.wording import count
from impactive_async.cli.rehearsing.days import (
    DayCell,
    DayRow,
    days_of,
    people_rows,
    step_rows,
)
from impactive_async.cli.rehearsing.picture import headline, named, period, words
from impactive_async.pages.document import document, stranger
from impactive_async.pages.texts import plain
from impactive_async.rehearsal import Rehearsal, RehearsedMail

MOST_PEOPLE: Final = 100
"""People who have a row of their own; of more, steps are drawn."""
MOST_MAILS: Final = 500
MOST_WARNINGS: Final = 20
"""Sentences that are shown of each kind of warning."""
_HUES: Final = 6


def check_place(path: Path) -> None:
    """Refuse a path to which no page can be written, before anything is asked.

    Raises:
        UsageError: It is a folder, or in none that there is.
    """
    if path.is_dir():
        raise UsageError(f"--html {path}: that is a folder; name a file in it.")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"--html {path}: there is no folder {path.parent}.")


def page(rehearsal: Rehearsal) -> str:
    """Return the page as HTML."""
    style = files("impactive_async.cli.rehearsing").joinpath("page.css").read_text(encoding="utf-8")
    name, body = rehearsal.sequence_name, "".join(_sections(rehearsal))
    return document(
        f"Rehearsal of {name}", f"Rehearsal of {stranger(name)}", style, body, foot="Nothing was sent. "
    )


def _sections(rehearsal: Rehearsal) -> Iterator[str]:
    mails = headline(rehearsal).removeprefix(f"{named(rehearsal)}: ")
    yield f'<p class="total">{escape(mails)}</p>\n<p class="quiet">{escape(period(rehearsal))}</p>\n'
    yield _warnings(rehearsal)
    yield _timeline(rehearsal)
    yield _mails(rehearsal)


def _warnings(rehearsal: Rehearsal) -> str:
    told: dict[str, list[str]] = {}
    for warning in rehearsal.all_warnings():
        told.setdefault(warning.kind, []).append(warning.message)
    if not told:
        return ""
    groups = "".join(_warning_group(kind, told[kind]) for kind in rehearsal.counts())
    return f'<section class="warned">\n<h2>To look at first</h2>\n{groups}</section>\n'


def _warning_group(kind: str, texts: Sequence[str]) -> str:
    items = "".join(f"<li>{stranger(text)}</li>" for text in texts[:MOST_WARNINGS])
    if len(texts) > MOST_WARNINGS:
        items += f"<li>… and {len(texts) - MOST_WARNINGS:,} more</li>"
    few = " open" if len(texts) <= 3 else ""
    return (
        f"<details{few}><summary>{escape(words(kind))} <b>{len(texts):,}</b></summary><ul>{items}</ul></details>\n"
    )


def _timeline(rehearsal: Rehearsal) -> str:
    by_person = len(rehearsal.people) <= MOST_PEOPLE
    rows = people_rows(rehearsal) if by_person else step_rows(rehearsal)
    days = days_of(rehearsal)
    head = "".join(f'<th scope="col"{_weekend(day)}>{day:%a}<br/>{day:%d %b}</th>' for day in days)
    body = "".join(_row(row, days, by_person=by_person) for row in rows)
    legend = "A number is the step that goes out" if by_person else "How many mails of the step go out"
    legend += "; ○ is a mail of another sequence" if by_person and rehearsal.elsewhere else ""
    legend += "; a red edge: look at its warnings" if any(mail.warnings for mail in rehearsal.mails) else ""
    return (
        '<section>\n<h2>Day by day</h2>\n<div class="scroll" tabindex="0" role="region" aria-label="Day by day">'
        f'<table class="days"><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>\n'
        f'<p class="quiet">{legend}.</p>\n</section>\n'
    )


def _row(row: DayRow, days: Sequence[date], *, by_person: bool) -> str:
    if row.why_none and not row.cells:
        cells = f'<td class="none" colspan="{len(days)}">{escape(row.why_none)}</td>'
    else:
        cells = "".join(
            f"<td{_weekend(day)}>{_cell(row.cells.get(day), by_person=by_person)}</td>" for day in days
        )
    return f'<tr><th scope="row">{stranger(row.name)}</th>{cells}</tr>'


def _cell(cell: DayCell | None, *, by_person: bool) -> str:
    if cell is None:
        return ""
    marks = [_mark(mail, str(mail.step + 1)) for mail in cell.mails] if by_person else []
    if not by_person:
        edge = " look" if cell.is_warned else ""
        marks = [f'<span class="mark hue{cell.mails[0].step % _HUES}{edge}">{len(cell.mails):,}</span>']
    others = "".join(f'<span class="other" title="{_attribute(_what(mail))}">○</span>' for mail in cell.elsewhere)
    return "".join(marks) + others


def _mark(mail: RehearsedMail, text: str) -> str:
    edge = " look" if mail.warnings else ""
    title = "\n".join([_what(mail), *(warning.message for warning in mail.warnings)])
    return f'<span class="mark hue{mail.step % _HUES}{edge}" title="{_attribute(title)}">{text}</span>'


def _what(mail: RehearsedMail) -> str:
    return f"{mail.at:%H:%M} {mail.sequence_name}, step {mail.step + 1}: {mail.subject}"


def _mails(rehearsal: Rehearsal) -> str:
    if not rehearsal.mails:
        return ""
    shown = rehearsal.mails[:MOST_MAILS]
    days = "".join(
        f"<h3>{day:%A, %d %B %Y}</h3>\n{''.join(map(_mail, mails))}"
        for day, mails in groupby(shown, key=lambda mail: mail.at.date())
    )
    more = len(rehearsal.mails) - len(shown)
    rest = f'<p class="quiet">… and {count(more, "mail")} more, not on this page.</p>\n' if more else ""
    return f"<section>\n<h2>Every mail, in order</h2>\n{days}{rest}</section>\n"


def _mail(mail: RehearsedMail) -> str:
    warnings = "".join(f'<li class="warning">{stranger(warning.message)}</li>' for warning in mail.warnings)
    sender = f'<p class="quiet">from {stranger(mail.from_address)}</p>' if mail.from_address else ""
    return (
        f"<details><summary>{_mark(mail, str(mail.step + 1))} <time>{mail.at:%H:%M}</time> "
        f"<b>{stranger(mail.name)}</b> <small>{stranger(mail.to)}</small> {stranger(mail.subject)}</summary>"
        f'{sender}<ul>{warnings}</ul><p class="body">{stranger(mail.body)}</p></details>\n'
    )


def _weekend(day: date) -> str:
    return ' class="weekend"' if day.isoweekday() >= 6 else ""


def _attribute(text: str) -> str:
    return escape(plain(text))
