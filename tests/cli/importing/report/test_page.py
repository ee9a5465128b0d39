"""The page of an import: it says what came of it, loads nothing, and takes strangers' words for text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from impactive_async.cli.importing.report.chart import lines, nice_end
from impactive_async.cli.importing.report.facts import ImportFacts
from impactive_async.cli.importing.report.page import page
from impactive_async.cli.importing.report.timeline import WorkOverTime
from impactive_async.cli.kit.words.complaints import Complaints
from tests.cli.pages import Reader
from tests.cli.support import Live

EVIL = "<script>alert('x')</script>\u202e&"
BEGAN = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


def facts(**more: object) -> ImportFacts:
    refused = Complaints("not created")
    for line in range(2, 60):
        refused.add(line, f"'{EVIL}{line}' is refused")
    clock = iter([0.0, 1.0, 2.0, 5.0])
    timeline = WorkOverTime(clock=lambda: next(clock))
    timeline.add("lines done", 50)
    timeline.add("lines done", 100)
    timeline.add("people enrolled", 42)
    values = {
        "file": f"/home/{EVIL}.csv",
        "workspace": EVIL,
        "host": "https://crm.example",
        "sequence": EVIL,
        "columns": ((EVIL, "email"),),
        "began": BEGAN,
        "ended": BEGAN + timedelta(seconds=125),
        "sums": {"rows": 100, "created": 42, "already_created": 0, "failed": 58},
        "refusals": [refused],
        "enrolled": {"people": 42, "enrolled": 40, "skipped": 2},
        "not_enrolled": {EVIL: 2},
        "timeline": timeline,
        "rejects": f"{EVIL}.rejects.csv",
    }
    return ImportFacts(**{**values, **more})  # type: ignore[arg-type]


def test_the_page_says_what_came_of_it() -> None:
    """Counts, their names, reasons with their lines, how long it took, and where to go on."""
    text = Reader(page(facts())).text
    for words in (
        "100 lines",
        "42 created",
        "58 refused or failed",
        "58 %",
        "42 people",
        "40 enrolled",
        "2 min 5 s",
    ):
        assert words in text
    assert "lines 2 to 59" in text
    assert "created by an earlier run" not in text


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    """One file, without scripts, links, pictures or fonts from elsewhere."""
    html = page(facts())
    read = Reader(html)
    assert not {"script", "link", "img", "iframe", "object", "a", "form"} & set(read.tags)
    assert not {name for name, _ in read.attributes if name in ("src", "href") or name.startswith("on")}
    assert not re.search(r"url\(|@import|https?://(?!crm\.example)", html)


def test_strangers_words_are_text() -> None:
    """Names of files, workspaces, columns and reasons are shown as they are, and turn no direction."""
    html = page(facts(stopped=EVIL))
    assert "<script" not in html
    assert "\u202e" not in html
    assert Reader(html).text.count("<script>alert('x')</script>") >= 8


def test_a_page_of_nothing() -> None:
    """An import that was stopped before anybody was sent has a page, too."""
    empty = facts(
        sums={}, refusals=[], enrolled={}, not_enrolled={}, timeline=WorkOverTime(), rejects=None, ended=None
    )
    assert "Over time" not in Reader(page(empty)).text


def test_a_timeline_keeps_few_points() -> None:
    """However often it is told, and never the last one less."""
    timeline = WorkOverTime(clock=iter(map(float, range(10_000))).__next__)
    for number in range(10_000):
        timeline.add("work", number)
    line = timeline.lines["work"]
    assert len(line) <= 512
    assert (line[0], line[-1]) == ((0.0, 0), (9999.0, 9999))
    assert line == sorted(line)


@pytest.mark.parametrize(
    ("value", "end"),
    [(0.3, 0.4), (1, 1), (7, 8), (42, 50), (97, 100), (100, 100), (101, 200), (2300, 2500), (0, 0.1)],
)
def test_axes_end_at_round_numbers(value: float, end: float) -> None:
    """Not far beyond the largest value."""
    assert nice_end(value) == pytest.approx(end)


def test_lines_stay_within_the_picture() -> None:
    """Every point of them."""
    timeline = WorkOverTime(clock=iter([0.0, 0.25, 7.5]).__next__)
    for number in (0, 12_345, 500_000):
        timeline.add("work", number)
    svg = lines(timeline)
    numbers = [float(number) for path in re.findall(r'd="([^"]*)"', svg) for number in re.findall(r"[\d.]+", path)]
    assert numbers
    assert max(numbers) <= 640
    assert "500k" in svg


def test_an_import_writes_its_page(live: Live, tmp_path: Path) -> None:
    """With `--report`: of everybody, in the end; also where it was stopped; and not for a dry run."""
    file, report = tmp_path / "people.csv", tmp_path / "report.html"
    people = "".join(f"Ada,Number {n},ada{n}@x.example,\n" for n in range(30))
    file.write_text(f"First,Last,Email,Company ID\n{people}Bad,,b@x.example,\nGone,G,g@x.example,com_gone\n")
    sequence = live.state.create_sequence("Welcome").id
    arguments = ("contacts", "import", str(file), "--skip-bad", "--enroll", sequence, "--report", str(report))
    live.cli(*arguments, "--dry-run")
    assert not report.exists()
    live.sandbox.fail("POST /api/agent/sequences/:id/enroll", status=401, times=None)
    assert live.cli(*arguments).code == 4
    assert "It was stopped before its end" in Reader(report.read_text()).text
    live.sandbox.clear_faults()
    assert live.cli(*arguments).code == 10
    text = Reader(report.read_text()).text
    for words in (
        "32 lines",
        "30 created by an earlier run",
        "1 bad, left out",
        "1 refused or failed",
        "30 enrolled",
    ):
        assert words in text
    assert "no last name" in text
    assert "people.csv.rejects.csv" in text
