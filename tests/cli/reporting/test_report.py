"""`impactive report`: for people, programs and printers, and what it says of what it cannot know."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import attrs
import pytest
from rich.cells import cell_len

from impactive_async.cli.reporting import tables
from impactive_async.cli.reporting.tables import pipeline_text, sequence_text
from impactive_async.reports.pipeline import pipeline_of
from tests.cli.support import Live, live_sandbox
from tests.cli.terminal import on_terminal
from tests.reports.made import START, a_pipeline_report, a_sequence_report, deal

pytestmark = pytest.mark.skipif(find_spec("pygal") is None, reason="the extra `report` is not installed")


TIME = timedelta(hours=3, minutes=20)


@pytest.fixture
def sequence(live: Live) -> str:
    """A sequence with two people on it, one of whom answered."""
    sequence_id = live.state.create_sequence("Welcome", delays=[0, 3]).id
    people = [row.id for row in live.state.rows("contacts")[:2]]
    live.state.enroll(sequence_id, people)
    live.advance(hours=1)
    live.state.add_reply(people[0], body="Tell me more")
    return sequence_id


@pytest.fixture
def cut() -> Iterator[Live]:
    """A sandbox with more rows than lists show."""
    with live_sandbox(populate="large") as sandbox:
        yield sandbox


def test_the_funnel_for_people(live: Live, sequence: str) -> None:
    """A table with bars, which says how many got an email and replied, and after what time."""
    done = live.cli("report", "sequence", sequence, "--table")
    assert done.code == 0
    assert "got an email  2  100 %  ███" in done.out
    assert "replied       1   50 %  ███" in done.out
    assert "time to reply: " in done.out


def test_the_funnel_for_programs(live: Live, sequence: str) -> None:
    """One object, with times in seconds, and of chosen fields only these."""
    (report,) = live.cli("report", "sequence", sequence).rows
    assert (report["enrolled"], report["sent"], report["replied"]) == (2, 2, 1)
    assert [step["position"] for step in report["steps"]] == [0, 1]
    assert report["steps"][0]["time_to_reply"] == report["time_to_reply"] >= 0
    assert live.cli("report", "sequence", sequence, "--json", "name,replied").rows == [
        {"name": "Welcome", "replied": 1}
    ]


def test_the_pipeline_for_people(live: Live) -> None:
    """A table for each currency, with the stages in the order that was asked for."""
    live.state.add("deals", {"name": "Deal", "value": 5, "currency": "EUR"})
    done = live.cli("report", "pipeline", "--table", "--stage", "Won", "--stage", "Lead")
    assert done.code == 0
    assert "91,400.50" in done.out
    assert done.out.index("EUR") < done.out.index("Won") < done.out.rindex("Lead") < done.out.rindex("Lost")
    assert "█" in done.out


def test_a_pipeline_without_deals() -> None:
    """It says so, and has a page."""
    with live_sandbox(populate="none") as live:
        done = live.cli("report", "pipeline", "--table", "--stage", "Lead")
        assert (done.code, done.out) == (0, "There are no deals.\n")
        assert live.cli("report", "pipeline", "--stage", "Lead").rows[0]["stages"][0]["deals"] == 0


def test_what_is_not_counted_is_said_once(cut: Live) -> None:
    """On stderr for people, under `missing` for programs, on the page for readers; and not by the log as well."""
    done = cut.cli("report", "pipeline")
    (report,) = done.rows
    assert report["deals"] == 100
    assert "100 deals are all that the API shows" in report["missing"][0]
    assert done.err == f"Not counted: {report['missing'][0]}\n"
    assert cut.cli("deals", "list").err.startswith("impactive_async.lists: ")  # the log is as it was


def test_a_page_beside_the_figures(live: Live, sequence: str, tmp_path: Path) -> None:
    """`--html` writes it in one piece, over an older one, and says where it is."""
    file = tmp_path / "report.html"
    file.write_text("old")
    for arguments in (("pipeline",), ("sequence", sequence)):
        done = live.cli("report", *arguments, "--html", str(file))
        assert len(done.rows) == 1
        assert done.err.endswith(f"The page is in {file}.\n")
        assert file.read_text().endswith("</html>\n")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_page_that_cannot_be_written(live: Live, tmp_path: Path) -> None:
    """The figures are there all the same, and the error names the file that was asked for."""
    done = live.cli("report", "pipeline", "--html", str(tmp_path / "nowhere" / "report.html"))
    assert done.code == 2
    assert len(done.rows) == 1
    assert done.err == f"impactive: No such file or directory: {tmp_path}/nowhere/report.html\n"


def test_a_missing_extra(live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the page needs pygal; without it the error says what to install, and writes nothing."""
    monkeypatch.setitem(sys.modules, "pygal", None)
    assert live.cli("report", "pipeline").code == 0
    done = live.cli("report", "pipeline", "--html", str(tmp_path / "report.html"))
    assert done.code == 3
    assert "pip install 'impactive-async[report]'" in done.err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_sequence(live: Live) -> None:
    """The exit code is that of an unknown id, and the message says where ids are."""
    done = live.cli("report", "sequence", "nope")
    assert (done.code, done.out) == (5, "")
    assert "impactive sequences list" in done.err


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 200])
def test_it_fits_a_terminal(live: Live, sequence: str, columns: int) -> None:
    """No line is wider than the terminal, or than can be read."""
    with on_terminal("report", "sequence", sequence, env=live.env, columns=columns) as terminal:
        assert terminal.end() == 0
        lines = terminal.raw.splitlines()
    assert max(map(len, lines)) == min(columns, 100)
    assert any(line.startswith("replied") and "█" in line for line in lines)


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_words_of_strangers_push_no_figure_out(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are cut, figures are not, and nothing controls the terminal; every line fits."""
    monkeypatch.setattr(tables, "_width", lambda: width)
    evil = "漢字 \x1b[31m\u202e" * 40
    shown = [sequence_text(a_sequence_report(evil)), pipeline_text(a_pipeline_report(evil[:9]))]
    assert "\x1b" not in "".join(shown)
    assert "\u202e" not in "".join(shown)
    assert "1,234.50" in shown[1]
    for line in "".join(shown).splitlines():
        assert cell_len(line) <= width


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100])
def test_no_figure_is_cut(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a table is too wide, its rows are lines below each other: on a phone, too, every figure is read."""
    monkeypatch.setattr(tables, "_width", lambda: width)
    (step,) = a_sequence_report().steps
    steps = tuple(
        attrs.evolve(step, position=place, sent=12_345 + place, replied=6_789, booked=4_321, time_to_reply=TIME)
        for place in range(3)
    )
    text = sequence_text(attrs.evolve(a_sequence_report(), steps=steps, enrolled=98_765))
    for figure in ("98,765", "12,345", "12,347", "6,789", "4,321", "35 %", "3 h 20 min", "time to reply"):
        assert figure in text
    assert "…" not in text
    deals = [deal("Lead", "1234567.50", "EUR"), deal("Qualified", "99999999.125", "EUR"), deal("Won", None, "EUR")]
    deals.append(deal("[/b] [red]", "3", "[/i]"))
    text = pipeline_text(pipeline_of(deals, stages=(), at=START))
    for words in ("1,234,567.50", "99,999,999.125", "101,234,566.625", "Qualified", "[/b] [red]", "[/I]"):
        assert words in text


def test_sums_of_any_size_have_bars() -> None:
    """Beyond what a float holds, too."""
    deals = [deal("Lead", "1e400", "EUR"), deal("Won", "5e399", "EUR"), deal("Lost", "-1", "EUR")]
    assert "EUR" in pipeline_text(pipeline_of(deals, stages=(), at=START))
