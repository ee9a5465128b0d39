"""From values to HTML. Every text that comes from elsewhere is escaped here, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TypeAlias

from attrs import frozen

_WIDTH, _HEIGHT, _GAP = 10, 60, 1


@frozen
class Markup:
    """HTML, which is not escaped again."""

    html: str


Cell: TypeAlias = Markup | object
"""What stands in a table: HTML, or anything else as text."""


def text(value: Cell) -> str:
    """Return a value as HTML."""
    return value.html if isinstance(value, Markup) else escape(str(value))


def section(name: str, title: str, body: str) -> str:
    """Return a part of the page under its title. One that is empty keeps its place."""
    if not body:
        return f'<section id="{name}" hidden></section>'
    return f'<section id="{name}"><h2>{escape(title)}</h2>{body}</section>'


def table(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a table; nothing where there is no row. On a narrow screen each cell has the head of its column."""
    body = "".join(
        "<tr>"
        + "".join(
            f'<td data-head="{escape(head)}">{text(cell)}</td>' for head, cell in zip(heads, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""


def figures(pairs: Iterable[tuple[str, str]]) -> str:
    """Return numbers with their names."""
    return "<dl>" + "".join(f"<div><dt>{escape(n)}</dt><dd>{escape(v)}</dd></div>" for n, v in pairs) + "</dl>"


def bars(label: str, counts: Sequence[int]) -> str:
    """Return a chart of sixty minutes."""
    most = max(1, *counts)
    heights = [round(count * _HEIGHT / most, 1) for count in counts]
    drawn = "".join(
        f'<rect x="{number * _WIDTH}" y="{_HEIGHT - height}" width="{_WIDTH - _GAP}" height="{height}"/>'
        for number, height in enumerate(heights)
        if height
    )
    size = f"0 0 {len(counts) * _WIDTH} {_HEIGHT}"
    said = escape(f"{label}, minute by minute for an hour: {sum(counts):,} in all, {max(counts):,} at the most")
    return (
        f'<figure><svg viewBox="{size}" preserveAspectRatio="none" role="img" aria-label="{said}">{drawn}</svg>'
        f"<figcaption>{said}</figcaption></figure>"
    )


def button(action: str, label: str, form_key: str | None, **fields: str) -> Markup:
    """Return a form of one button; nothing for whoever may not act."""
    if form_key is None:
        return Markup("")
    name = escape(" ".join((action, *fields.values())))
    return Markup(
        f'<form method="post" action="actions">{hidden(form_key=form_key, action=action, **fields)}'
        f'<button id="{name}" aria-label="{escape(label)}: {name.partition(" ")[2]}">{escape(label)}</button>'
        "</form>"
    )


def hidden(**fields: str) -> str:
    """Return fields of a form that nobody sees."""
    return "".join(f'<input type="hidden" name="{n}" value="{escape(v)}">' for n, v in fields.items())


def buttons(*shown: Markup) -> Markup:
    """Return buttons side by side."""
    return Markup("".join(one.html for one in shown))


def moment(seconds: float | None) -> str:
    """Return seconds since 1970 as people read them."""
    return "never" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%m-%d %H:%M:%SZ}"


def span(seconds: float | None) -> str:
    """Return a number of seconds as people read it."""
    if seconds is None:
        return ""
    for unit, size in _UNITS.items():
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:.0f} s"


_UNITS: Mapping[str, int] = {"d": 86_400, "h": 3600, "min": 60}
