"""The pictures of the page: a bar of parts, and lines over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from impactive_async.cli.importing.report.timeline import WorkOverTime
from impactive_async.reports.words import duration

_WIDTH: Final = 640
_HEIGHT: Final = 220
_LEFT: Final = 56
_RIGHT: Final = 12
_TOP: Final = 12
_BOTTOM: Final = 28
_THOUSANDS: Final = 10_000
"""From here on an axis is marked in thousands."""


def bar(parts: Mapping[str, int], kinds: Mapping[str, str]) -> str:
    """A bar of parts, with what each of them is below it.

    Args:
        parts: How many, by what they are.
        kinds: The class of each, which has its colour.
    """
    shown = {name: number for name, number in parts.items() if number}
    pieces = "".join(
        f'<span class="{kinds[name]}" style="flex-grow:{number}" title="{escape(name)}: {number:,}"></span>'
        for name, number in shown.items()
    )
    total = sum(shown.values())
    legend = "".join(
        f'<li><i class="{kinds[name]}"></i><b>{number:,}</b> {escape(name)} '
        f"<small>{_share(number, total)}</small></li>"
        for name, number in shown.items()
    )
    said = ", ".join(f"{number:,} {name}" for name, number in shown.items())
    return (
        f'<div class="bar" role="img" aria-label="{escape(said)}">{pieces}</div><ul class="legend">{legend}</ul>'
    )


def _share(number: int, total: int) -> str:
    share = 100 * number / total
    return f"{share:.0f} %" if 1 <= share <= 99 or number == total else "< 1 %" if share < 1 else "> 99 %"


def lines(timeline: WorkOverTime) -> str:
    """Counts over time, a line for each kind of work."""
    across, up = nice_end(timeline.seconds), nice_end(timeline.most)
    parts = [
        *(_level(up * step / 4, up) for step in range(5)),
        *(_moment(across * step / 4, across) for step in range(5)),
        *(_line(place, line, across, up) for place, line in enumerate(timeline.lines.values(), 1)),
    ]
    names = "".join(
        f'<li><i class="line{place}"></i>{escape(name)}</li>' for place, name in enumerate(timeline.lines, 1)
    )
    said = "; ".join(
        f"{name}: {line[-1][1]:,} after {duration(line[-1][0])}" for name, line in timeline.lines.items()
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(said)}">{"".join(parts)}</svg>'
        f'<ul class="legend">{names}</ul>'
    )


def nice_end(value: float) -> float:
    """The end of an axis: a round number that is not smaller."""
    size = 1.0
    while size < value:
        size *= 10
    while size > value * 10 > 0:
        size /= 10
    return next((size * part for part in (0.1, 0.2, 0.25, 0.4, 0.5, 0.8) if size * part >= value), size)


def _x(seconds: float, across: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * seconds / across


def _y(number: float, up: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * number / up


def _level(number: float, up: float) -> str:
    y = _y(number, up)
    label = f"{number / 1000:g}k" if up >= _THOUSANDS else f"{number:g}"
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    )


def _moment(seconds: float, across: float) -> str:
    anchor = "start" if not seconds else "end" if seconds == across else "middle"
    return (
        f'<text x="{_x(seconds, across):.1f}" y="{_HEIGHT - 8}" text-anchor="{anchor}">{duration(seconds)}</text>'
    )


def _line(place: int, line: Sequence[tuple[float, int]], across: float, up: float) -> str:
    """A line that rises in steps: between two points nothing is known."""
    steps = [f"M{_x(line[0][0], across):.1f} {_y(0, up):.1f}"]
    steps += [f"H{_x(seconds, across):.1f}V{_y(number, up):.1f}" for seconds, number in line]
    return f'<path class="line{place}" d="{"".join(steps)}"/>'
