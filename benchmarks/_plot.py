"""The table as a picture: a bar for each ratio, its quartiles, its gate and its aim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from benchmarks._run import Result, number

_WIDTH, _LABELS, _BAR, _ROW, _TOP = 1000, 470, 420, 26, 54
_MOST: Final = 3.2
"""The ratio at the right edge; longer bars are cut, their numbers are not."""
_COLOURS: Final = {"aim reached": "#1a7f5a", "gate held": "#4c8bbf", "-": "#9aa5b1"}
_PAST: Final = "#c8503c"
_STYLE: Final = "text{font:12px system-ui,sans-serif;fill:#222}.title{font-size:15px;font-weight:600}"


def plot(results: Sequence[Result]) -> str:
    """An SVG of all results that are ratios; legible on light and dark pages, as it brings its own ground."""
    ratios = [result for result in results if result.unit == "x"]
    height = _TOP + _ROW * len(ratios) + 34
    body = [line for index, result in enumerate(ratios) for line in _row(result, _TOP + index * _ROW)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            f"<style>{_STYLE}</style>",
            f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
            '<text class="title" x="16" y="24">What we take, as a multiple of what the base takes</text>',
            '<text x="16" y="42">dashed: gate; dotted: aim; thin line: quartiles; '
            "of throughput more is better, of all else less</text>",
            *body,
            *_one(height),
            "</svg>\n",
        ]
    )


def _at(ratio: float) -> float:
    return _LABELS + _BAR * min(ratio, _MOST) / _MOST


def _row(result: Result, top: int) -> Iterator[str]:
    colour, middle = _COLOURS.get(result.verdict, _PAST), top + _ROW / 2
    label = f"{result.benchmark} / {result.base}"
    yield f'<text x="{_LABELS - 8}" y="{middle + 4}" text-anchor="end">{escape(_short(label))}</text>'
    yield (
        f'<rect x="{_LABELS}" y="{top + 5}" width="{_at(result.value) - _LABELS:.1f}" height="{_ROW - 10}" '
        f'fill="{colour}"><title>{escape(label)}</title></rect>'
    )
    yield _line(_at(result.low), middle, _at(result.high), middle)
    if result.gate is not None and result.aim is not None:
        yield _line(_at(result.gate), top + 2, _at(result.gate), top + _ROW - 2, "5 2")
        yield _line(_at(result.aim), top + 2, _at(result.aim), top + _ROW - 2, "1 2")
    yield f'<text x="{_LABELS + _BAR + 12}" y="{middle + 4}">{number(result.value)} x</text>'


def _line(x1: float, y1: float, x2: float, y2: float, dashes: str = "none") -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1}" x2="{x2:.1f}" y2="{y2}" stroke="#222" '
        f'stroke-width="1.2" stroke-dasharray="{dashes}"/>'
    )


def _one(height: int) -> Iterator[str]:
    yield f'<line x1="{_at(1)}" y1="{_TOP}" x2="{_at(1)}" y2="{height - 26}" stroke="#222" stroke-opacity="0.35"/>'
    yield f'<text x="{_at(1)}" y="{height - 10}" text-anchor="middle">1 x: the same</text>'


def _short(label: str, most: int = 72) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"
