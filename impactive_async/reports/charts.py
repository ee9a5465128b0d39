"""Charts of reports, drawn by pygal as SVG that the style of the page colours."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from impactive_async.errors import ConfigurationError
from impactive_async.pages.texts import in_one_line

if TYPE_CHECKING:
    from pygal.graph.graph import Graph

_WIDTH: Final = 420
"""Units, and pixels on most screens: little wider than a phone, so that text can be read there."""
_FONT: Final = 14
_LETTER: Final = 9
"""Width of a digit."""
_BAR: Final = 24
"""Height of a bar and of the space around it."""
_HUGE: Final = 10**12
"""From here on a chart has no room for all digits."""
_LABEL: Final = 16
"""Characters of a label. The tables have the whole names."""
_DROPPED: Final = {"desc", "title", "style", "script"}
"""What only pygal's own script would use, which is left out, and its style: that of the page counts."""


def bars(labels: Sequence[str], series: Mapping[str, Sequence[int | Decimal]], *, said: str) -> str:
    """Return a chart of horizontal bars as an `svg` element.

    Args:
        labels: What each bar is about, from the top.
        series: The lengths of the bars by name, one for each label, not all of them 0. The style has colours for
            three series.
        said: The chart in words, for readers who do not see it.

    Raises:
        ConfigurationError: pygal is not installed.
    """
    lengths = [Decimal(length) for some in series.values() for length in some]
    most = max(map(abs, lengths))
    chart = _chart(
        height=_BAR * len(lengths) + _FONT,
        margin_right=_LETTER * max(len(_written(length)) + 1 if length >= 0 else 1 for length in lengths),
        range=(float(min(Decimal(), *lengths) / most), float(max(Decimal(), *lengths) / most)),
        print_values=min(lengths) >= 0,  # pygal would write them over bars that go to the left
    )
    chart.x_labels = [_short(label) for label in reversed(labels)]  # pygal begins at the bottom
    for name, some in series.items():
        chart.add(name, [_bar(Decimal(length), most) for length in reversed(some)])
    return _as_html(chart.render_tree(), said)


def _bar(length: Decimal, most: Decimal) -> dict[str, Any]:
    """Return a bar as a part of the longest one: no amount is too large for that."""
    return {"value": float(length / most), "formatter": lambda _: _written(length)}


def _written(length: Decimal) -> str:
    return f"{length:,.0f}" if abs(length) < _HUGE else f"{length:.3g}"


def _short(label: str) -> str:
    text = in_one_line(label)
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 1].rstrip()}…"


def _chart(**settings: Any) -> Graph:
    pygal = _pygal()
    style = pygal.style.Style(label_font_size=_FONT, major_label_font_size=_FONT, value_font_size=_FONT)
    return pygal.HorizontalBar(
        style=style,
        css=(),
        js=(),
        width=_WIDTH,
        margin=0,
        show_legend=False,
        print_values_position="top",
        show_x_guides=False,
        show_y_guides=False,
        show_x_labels=False,
        **settings,
    )


def _pygal() -> Any:
    try:
        import pygal
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"The page needs {error.name}, which is not installed: pip install 'impactive-async[report]'"
        ) from error
    # Its finder of maps is of an old protocol: Python 3.11 would warn of it whenever an import fails.
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]
    return pygal


def _as_html(svg: Any, said: str) -> str:
    """Return the chart without scripts, styles, comments and tooltips, with a description."""
    from pygal.etree import etree

    for parent in list(svg.iter()):
        for child in list(parent):
            if _is_dropped(child):
                parent.remove(child)
    svg.attrib.pop("id", None)
    svg.set("role", "img")
    svg.set("aria-label", in_one_line(said))
    return str(etree.tostring(svg, encoding="unicode"))


def _is_dropped(element: Any) -> bool:
    is_comment = not isinstance(element.tag, str)
    return is_comment or element.tag in _DROPPED or "tooltip-overlay" in element.get("class", "")
