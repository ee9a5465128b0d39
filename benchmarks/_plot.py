"""The main ratios as a picture: a bar for each, with its quartiles, gate and aim. The table has all of them.

The picture is narrow, with each label above its bar, so that it can be read on a phone, and it follows the
reader's light or dark setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

from benchmarks._run import Result, number

_BULK: Final = "bulk: 50,000 contacts created and enrolled, throughput, impactive"

_GROUPS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("Decoding a page", "pydantic"): ("decode 500",),
    ("A poll of a busy list that brings five new rows", "orjson.loads"): ("poll of a busy list, 5 new rows",),
    ("Feeding rows to a consumer", "dlt incremental"): ("cursor: ",),
    ("A call", "bare aiohttp"): ("call, ",),
    ("The same call", "httpx + pydantic"): ("call, ",),
    ("Bulk: 50,000 contacts created and enrolled (more is better)", "bare aiohttp"): (_BULK,),
    ("Importing", "aiohttp"): ("import impactive_async, and make a client",),
}
"""The title of each group, the base that its bars are a multiple of, and how the names of its benchmarks begin."""

_BASES: Final = {"orjson.loads": "orjson", "aiohttp": "import aiohttp"}
"""What a base is called in the table, where a reader would not know it by that name."""

_WIDTH, _LEFT, _BAR, _ROW, _HEAD = 480, 16, 380, 40, 46
_MOST: Final = 1.6
"""The ratio at the right edge; longer bars are cut, their numbers are not."""
_VERDICTS: Final = {"aim reached": "reached", "gate held": "held"}
_STYLE: Final = """
text { font: 13px system-ui, sans-serif; fill: #1c2024 }
.title { font-size: 16px; font-weight: 600 } .group { font-weight: 600 } .value { font-weight: 600 }
.ground { fill: #fff } .reached { fill: #8fd3b4 } .held { fill: #9cc4ea } .past { fill: #eba698 }
line { stroke: #1c2024; stroke-width: 1.2 } .one { stroke-opacity: 0.35 }
.gate { stroke-dasharray: 5 2 } .aim { stroke-dasharray: 1 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e8e8e8 } line { stroke: #e8e8e8 } .ground { fill: #131416 }
  .reached { fill: #1f6f50 } .held { fill: #2a5c8f } .past { fill: #8f3526 }
}
"""


def plot(results: Sequence[Result]) -> str:
    """Return an SVG of the ratios that compare the package with what others use."""
    body, height = list[str](), _HEAD + 22
    for (title, base), beginnings in _GROUPS.items():
        group = [
            one
            for one in results
            if one.unit == "x" and one.base == _BASES.get(base, base) and one.benchmark.startswith(beginnings)
        ]
        if group:
            body += _group(group, f"{title}, as a multiple of {base}", height)
            height += _HEAD + _ROW * len(group)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
            f'width="{_WIDTH}" height="{height}" role="img">',
            f"<style>{_STYLE}</style>",
            f'<rect class="ground" width="{_WIDTH}" height="{height}"/>',
            f'<text class="title" x="{_LEFT}" y="26">What impactive-async takes, beside others</text>',
            f'<text x="{_LEFT}" y="46">Less is better. Dashed: gate; dotted: aim; thin: quartiles.</text>',
            *body,
            "</svg>\n",
        ]
    )


def _group(group: Sequence[Result], title: str, top: int) -> Iterator[str]:
    words, bottom = title.partition(", as"), top + _HEAD + _ROW * len(group) - 8
    yield f'<text class="group" x="{_LEFT}" y="{top + 20}">{escape(words[0])}</text>'
    yield f'<text x="{_LEFT}" y="{top + 37}">{escape("as" + words[2])}</text>'
    for index, result in enumerate(group):
        yield from _row(result, top + _HEAD + index * _ROW)
    yield _line("one", _at(1), top + _HEAD, _at(1), bottom)


def _row(result: Result, top: int) -> Iterator[str]:
    verdict = _VERDICTS.get(result.verdict, "past")
    yield f'<text x="{_LEFT}" y="{top + 12}">{escape(_name(result.benchmark))}</text>'
    width = _at(result.value) - _LEFT
    yield f'<rect class="{verdict}" x="{_LEFT}" y="{top + 17}" width="{width:.1f}" height="14"/>'
    yield _line("quartiles", _at(result.low), top + 24, _at(result.high), top + 24)
    for mark, ratio in (("gate", result.gate), ("aim", result.aim)):
        if ratio is not None and ratio <= _MOST:
            yield _line(mark, _at(ratio), top + 15, _at(ratio), top + 33)
    yield f'<text class="value" x="{_LEFT + _BAR + 10}" y="{top + 29}">{number(result.value)} x</text>'


def _name(benchmark: str) -> str:
    """Return what tells a benchmark from the others of its group."""
    if benchmark == _BULK:
        return "without a journal"
    for beginnings in _GROUPS.values():
        for beginning in beginnings:
            if benchmark != beginning and benchmark.startswith(beginning):
                return benchmark.removeprefix(beginning).strip(" :,")
    return benchmark


def _at(ratio: float) -> float:
    return _LEFT + _BAR * min(ratio, _MOST) / _MOST


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1}" x2="{x2:.1f}" y2="{y2}"/>'
