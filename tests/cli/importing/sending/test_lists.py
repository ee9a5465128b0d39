"""The lists that an import writes: safe to open, in little memory, and good to import again."""

from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path

import pytest

from impactive_async.bulk.drafts import LeftOut
from impactive_async.cli.importing.columns.fields import is_known
from impactive_async.cli.importing.columns.mapping import map_columns
from impactive_async.cli.importing.planning.deciding import Policy, make_plan
from impactive_async.cli.importing.planning.plan import Fate
from impactive_async.cli.importing.planning.recorded import notes_of
from impactive_async.cli.importing.reading.origin import opened
from impactive_async.cli.importing.reading.sheet import open_sheet
from impactive_async.cli.importing.sending.rejects import write_rejects
from impactive_async.cli.importing.sending.results import write_results
from tests.bulk.model import Model, people
from tests.cli.support import Live

HEADER = "First Name,Last Name,Email\n"
FORMULA = '=HYPERLINK("http://evil.example";"Ada")'


def cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def cells(file: Path) -> list[list[str]]:
    return list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))


@pytest.mark.parametrize("name", [FORMULA, "+1+1", "-2+3", "@SUM(A1)", "\t=1"])
def test_rejects_come_back_as_they_were(live: Live, tmp_path: Path, name: str) -> None:
    """A cell that is a formula stands in the rejects as in the file: corrected, it arrives as it would have."""
    file = tmp_path / "leads.csv"
    file.write_text(f"{HEADER}{cell(name)},Lovelace,ada@@formula.example\nBo,B,bo@formula.example\n")
    live.cli("contacts", "import", str(file), "--skip-bad")
    rejects = tmp_path / "leads.csv.rejects.csv"
    assert cells(rejects)[1][0] == name
    rejects.write_text(rejects.read_text(encoding="utf-8-sig").replace("@@", "@"))
    assert live.cli("contacts", "import", str(rejects), "--map", "reason=-").code == 0
    arrived = {row.fields.get("email"): row.fields["firstName"] for row in live.state.rows("contacts")}
    assert arrived["ada@formula.example"] == name.strip()


async def test_no_result_is_carried_out_as_a_formula(tmp_path: Path) -> None:
    """What the server calls a contact, or says of a row, is text to a spreadsheet."""
    model, journal, out = Model(), tmp_path / "journal", tmp_path / "results.csv"
    rows = [*people(1), LeftOut(outcome="existing", reason=FORMULA, contact_id="=1+1")]
    await model.run(rows, journal=journal)
    await write_results(out, journal)
    assert cells(out)[2][1:] == ["existing", "'=1+1", f"'{FORMULA}"]
    assert cells(out)[1][2] == "con_0"


def peak_of(file: Path, lines: int) -> int:
    """The bytes that it takes to plan a file of bad lines and to write them as rejects."""
    with opened(file) as origin:
        sheet = open_sheet(origin, is_known)
        tracemalloc.start()
        try:
            plan = make_plan(sheet, map_columns(sheet.header, ()), policy=Policy(no_email=True))
            assert write_rejects(file.with_suffix(".rejects"), plan, {}) == lines - lines // 100
            plan.known.notes.dump()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def test_memory_does_not_grow_with_bad_lines(tmp_path: Path) -> None:
    """Each of ten times as many bad lines takes a few bytes, the note of what stands on it included."""
    peaks = []
    for lines in (1_000, 10_000):
        file = tmp_path / f"{lines}.csv"
        bad = (f"Ada,{'Number' if n % 100 == 0 else ''},ada{n}@x.example\n" for n in range(lines))
        file.write_text(HEADER + "".join(bad))
        peaks.append(peak_of(file, lines))
    assert peaks[1] < peaks[0] + 100 * 9_000


def test_what_was_handed_over_is_known_again(tmp_path: Path) -> None:
    """Lines that stand in an imported file of rejects are left to it, wherever they are in the file by then."""
    file = tmp_path / "leads.csv"
    file.write_text(HEADER + "".join(f"Ada,{'' if n % 3 else 'L'},ada{n}@x.example\n" for n in range(30)))
    with opened(file) as origin:
        sheet = open_sheet(origin, is_known)
        plan = make_plan(sheet, map_columns(sheet.header, ()))
        write_rejects(tmp_path / "rejects.csv", plan, {})
        bad = [place for place, fate in enumerate(plan.fates) if fate == Fate.BAD]
    notes = notes_of(json.dumps(json.loads(plan.known.notes.dump())).encode())
    assert notes.handed_texts == plan.known.notes.handed_texts
    moved = tmp_path / "moved.csv"
    head, *lines = file.read_text().splitlines(keepends=True)
    moved.write_text("".join([head, *reversed(lines)]))
    with opened(moved) as origin:
        sheet = open_sheet(origin, is_known)
        plan.known.notes.handed_over = []
        again = make_plan(sheet, map_columns(sheet.header, ()), known=plan.known, policy=Policy(handed_over=True))
    fates = [place for place, fate in enumerate(again.fates) if fate == Fate.HANDED_OVER]
    assert fates == sorted(29 - place for place in bad)
