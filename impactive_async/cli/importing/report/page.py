"""The page of an import: one file of HTML, without scripts, that loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Final

from impactive_async.cli.importing.report.chart import bar, lines
from impactive_async.cli.importing.report.facts import ImportFacts
from impactive_async.cli.kit.words.complaints import Complaints
from impactive_async.pages.document import document, stranger
from impactive_async.reports.words import duration

_SAID: Final = {
    "created": "created",
    "already_created": "created by an earlier run",
    "updated": "updated",
    "existing": "there already, left alone",
    "duplicate": "with the address of an earlier line",
    "handed_over": "left to a file of rejects",
    "failed": "refused or failed",
    "unknown": "perhaps created",
    "left_out": "bad, left out",
    "not_sent": "not sent",
    "enrolled": "enrolled",
    "already_enrolled": "on the sequence already",
    "skipped": "not enrolled",
    "unaccounted": "unaccounted for",
}
"""What the names of sums mean."""
_NOUNS: Final = {"rows": ("line", "lines"), "people": ("person", "people")}
_GROUPS: Final = 50
"""Reasons that the page lists of one kind of refusal."""


def page(facts: ImportFacts) -> str:
    """The page as HTML."""
    style = files("impactive_async.cli.importing.report").joinpath("page.css").read_text(encoding="utf-8")
    name = Path(facts.file).name
    body = "".join(filter(None, _sections(facts)))
    return document(f"Import of {name}", f"Import of {stranger(name)}", style, body)


def _sections(facts: ImportFacts) -> Iterator[str]:
    yield _head(facts)
    if facts.stopped is not None:
        yield f'<p class="stopped">It was stopped before its end: {stranger(facts.stopped)}</p>\n'
    yield _sums("What became of the lines", facts.sums)
    yield from (_refusals(complaints) for complaints in facts.refusals if complaints.number)
    if facts.rejects is not None:
        yield f"<p>Lines to correct, with their reasons: <code>{stranger(facts.rejects)}</code></p>\n"
    yield _sums("On the sequence", facts.enrolled)
    yield _reasons("Not enrolled", [(reason, number, "") for reason, number in facts.not_enrolled.items()])
    yield _timeline(facts)
    yield _columns(facts)


def _head(facts: ImportFacts) -> str:
    rows = {
        "File": facts.file,
        "Workspace": f"{facts.workspace} ({facts.host})",
        "Sequence": facts.sequence,
        "Began": _moment(facts.began),
        "Took": duration((facts.ended - facts.began).total_seconds()) if facts.ended else None,
    }
    items = "".join(f"<dt>{name}</dt><dd>{stranger(value)}</dd>" for name, value in rows.items() if value)
    return f"<dl>{items}</dl>\n"


def _moment(when: datetime) -> str:
    local = when.astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S} {local:%Z}".rstrip()


def _sums(title: str, sums: Mapping[str, int]) -> str:
    if not sums:
        return ""
    (whole, total), *parts = sums.items()
    named = {_SAID.get(name, name): number for name, number in parts}
    kinds = {_SAID.get(name, name): name for name, _ in parts}
    noun = _NOUNS[whole][total != 1]
    picture = bar(named, kinds) if any(named.values()) else "<p>Nothing was done.</p>"
    return f'<section>\n<h2>{title}</h2>\n<p class="total"><b>{total:,}</b> {noun}</p>\n{picture}\n</section>\n'


def _refusals(complaints: Complaints) -> str:
    groups = complaints.largest()
    rows = [(group.example, group.number, group.where(complaints.noun)) for group in groups[:_GROUPS]]
    if rest := sum(group.number for group in groups[_GROUPS:]):
        rows.append(("other reasons", rest, ""))
    what = complaints.what or "not imported"
    return _reasons(what[0].upper() + what[1:], rows)


def _reasons(title: str, rows: list[tuple[str, int, str]]) -> str:
    if not rows:
        return ""
    most = max(number for _, number, _ in rows)
    items = "".join(
        f'<li><span class="share" style="width:{100 * number / most:.1f}%"></span><b>{number:,}</b>'
        f"<p>{stranger(reason)}</p><small>{stranger(where)}</small></li>"
        for reason, number, where in rows
    )
    return f'<section>\n<h2>{title}</h2>\n<ul class="reasons">{items}</ul>\n</section>\n'


def _timeline(facts: ImportFacts) -> str:
    if not facts.timeline.most or not facts.timeline.seconds:
        return ""
    return f"<section>\n<h2>Over time</h2>\n{lines(facts.timeline)}\n</section>\n"


def _columns(facts: ImportFacts) -> str:
    rows = "".join(
        f"<tr><td>{stranger(name)}</td><td>{stranger(field)}</td></tr>" for name, field in facts.columns
    )
    head = "<tr><th>Column</th><th>Field</th></tr>"
    return f"<section>\n<h2>Columns</h2>\n<table>{head}{rows}</table>\n</section>\n"
