"""The page of a report: it has the figures, loads nothing, and takes strangers' words for text."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

import attrs
import pytest

from impactive_async.errors import ConfigurationError
from impactive_async.reports import page
from impactive_async.reports.charts import bars
from impactive_async.reports.pipeline import pipeline_of
from tests.cli.pages import Reader
from tests.reports.made import START, a_pipeline_report, a_sequence_report, deal

pytestmark = pytest.mark.skipif(find_spec("pygal") is None, reason="the extra `report` is not installed")

BOTH = pytest.mark.parametrize("make", [a_sequence_report, a_pipeline_report])
EVIL = "</script><script>alert('x')</script>\u202e\x07&<svg onload=alert(1)>"


@BOTH
def test_it_stands_alone(make: Callable[..., Any]) -> None:
    """No script, no style or picture from elsewhere, no link: it can be sent and kept."""
    html = page(make(missing=("Some deals.",)))
    read = Reader(html)
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(read.tags)
    assert {"src", "href", "xlink:href"}.isdisjoint(name for name, _ in read.attributes)
    assert "url(" not in html
    assert "@import" not in html
    assert "Some deals." in read.text
    assert read.tags.count("svg") == (2 if make is a_sequence_report else 1)


@BOTH
def test_words_of_strangers_are_text(make: Callable[..., Any]) -> None:
    """In titles, tables and charts: nothing becomes an element, and nothing turns the direction."""
    harmless, evil = Reader(page(make())), page(make(EVIL))
    assert Reader(evil).tags == harmless.tags
    assert "\u202e" not in evil
    assert "\x07" not in evil


@BOTH
def test_it_is_the_same_for_the_same_report(make: Callable[..., Any]) -> None:
    """Nothing in it is made up, so that pages can be compared."""
    assert page(make()) == page(make())


def test_the_figures_of_a_sequence() -> None:
    """They are there, with their shares, and the chart says them in words."""
    read = Reader(page(a_sequence_report()))
    words = read.text
    assert "enrolled 5 got an email 4 80 % replied 2 50 % booked 1 25 % time to reply 2 h median" in words
    labels = [value for name, value in read.attributes if name == "aria-label"]
    assert labels == ["5 enrolled, 4 sent, 2 replied, 1 booked", "1: 4 sent, 2 replied, 1 booked"]


def test_what_is_cut_has_no_share_of_the_whole() -> None:
    """Emails that are not shown may have gone to anybody."""
    html = page(attrs.evolve(a_sequence_report(), emails_since=START))
    assert "of those shown" in html
    assert "80 %" not in html


@pytest.mark.parametrize(
    "deals",
    [
        [],
        [deal(None, None, None)],
        [deal("Lead", "-5", "EUR")],
        [deal("Lead", "-5", "EUR"), deal("Won", "5", "EUR")],
        [deal("Lead", "1e400", "EUR"), deal("Won", "1e-400", "EUR")],
        [deal("L" * 300, "1", "E" * 300)],
    ],
)
def test_a_pipeline_of_any_deals_has_a_page(deals: list[Any]) -> None:
    """None, none with a value, negative, huge and tiny sums, and long names."""
    report = pipeline_of(deals, stages=["Nowhere"], at=START)
    assert str(len(deals) or "no deals") in Reader(page(report)).text


def test_a_sequence_without_anybody_has_a_page() -> None:
    """And so has one without steps."""
    empty = attrs.evolve(
        a_sequence_report(), enrolled=0, sent=0, replied=0, booked=0, steps=(), time_to_reply=None, statuses={}
    )
    assert "The sequence has no steps." in page(empty)


def test_bars_are_as_long_as_their_numbers() -> None:
    """From the top in the order that was given, each series in its colour."""
    svg = bars(["first", "second"], {"a": [10, 5], "b": [0, 2]}, said="")
    assert svg.index("second") < svg.index("first")  # drawn from the bottom, as pygal does
    assert svg.count("<rect") >= 4
    for value in ("10", "5", "0", "2"):
        assert f">{value}</text>" in svg


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pygal the error says what to install."""
    monkeypatch.setitem(sys.modules, "pygal", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'impactive-async\[report\]'"):
        page(a_pipeline_report())


def test_long_times_and_exact_sums_are_written_out() -> None:
    """No figure of a report is rounded away."""
    slow = attrs.evolve(a_sequence_report(), time_to_reply=timedelta(days=4, hours=2))
    assert "4 d 2 h" in page(slow)
    exact = attrs.evolve(a_pipeline_report().totals[0], value=Decimal("0.125"))
    assert "0.125" in page(attrs.evolve(a_pipeline_report(), totals=(exact,)))


def test_imports_that_fail_warn_of_nothing(recwarn: pytest.WarningsRecorder) -> None:
    """Drawing leaves no finder of modules behind that warns of its own age."""
    page(a_pipeline_report())
    assert find_spec("no_such_module_anywhere") is None
    assert len(recwarn) == 0
