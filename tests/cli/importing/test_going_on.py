"""What an import leaves to do, and the ways to do it: corrections, deletions, rejects, results."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.support import Live, Outcome, live_sandbox

HEADER = "First Name,Last Name,Email,Company ID"
PEOPLE = tuple(f"Ada,Number {n},ada{n}@on.example," for n in range(12))


def write(file: Path, *lines: str) -> Path:
    file.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    return file


@pytest.fixture
def leads(tmp_path: Path) -> Path:
    """Twelve people: line 4 has no last name, line 6 a company that is not there."""
    lines = list(PEOPLE)
    lines[2] = "Ada,,ada2@on.example,"
    lines[4] = "Ada,Number 4,ada4@on.example,com_gone"
    return write(tmp_path / "leads.csv", *lines)


def run(live: Live, file: Path, *arguments: str) -> Outcome:
    return live.cli("contacts", "import", str(file), "--skip-bad", "--batch-size", "4", *arguments)


def there(live: Live) -> Counter[str]:
    """How often each address of the file is in the workspace."""
    emails = (str(row.fields.get("email")) for row in live.state.rows("contacts"))
    return Counter(email for email in emails if email.endswith("on.example"))


def each_once(live: Live, *numbers: int) -> bool:
    return there(live) == dict.fromkeys((f"ada{n}@on.example" for n in numbers), 1)


def test_lines_may_be_corrected_in_the_original(live: Live, leads: Path) -> None:
    """Bad lines and refused ones are put right in the file, and the same command does what is left."""
    first = run(live, leads)
    assert (first.code, first.rows[0]["created"], first.rows[0]["failed"], first.rows[0]["left_out"]) == (
        10,
        10,
        1,
        1,
    )
    write(leads, *PEOPLE)
    second = run(live, leads)
    assert (second.code, second.rows[0]["created"], second.rows[0]["already_created"]) == (0, 2, 10), second.err
    assert each_once(live, *range(12))


def test_lines_that_were_not_created_may_be_deleted(live: Live, leads: Path) -> None:
    """The lines behind them move up, and are not taken for others; new ones follow."""
    run(live, leads)
    kept = [*PEOPLE[:2], *PEOPLE[3:4], *PEOPLE[5:], "Eve,New,ada99@on.example,"]
    outcome = run(live, write(leads, *kept))
    assert (outcome.code, outcome.rows[0]["created"], outcome.rows[0]["already_created"]) == (0, 1, 10), (
        outcome.err
    )
    assert each_once(live, 0, 1, 3, *range(5, 12), 99)
    again = run(live, leads)
    assert (again.rows[0]["created"], again.rows[0]["already_created"]) == (0, 11)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: [*lines[:7], "Ada,Changed,ada7@on.example,", *lines[8:]], 9),
        (lambda lines: [*lines[:7], *lines[8:]], 9),
        (lambda lines: ["Eve,New,eve@on.example,", *lines], 2),
        (lambda lines: [lines[1], lines[0], *lines[2:]], 2),
    ],
    ids=["changed", "deleted", "inserted", "swapped"],
)
def test_lines_that_were_created_may_not_change(live: Live, tmp_path: Path, change: object, line: int) -> None:
    """The error names the line of the file, and nobody is created."""
    file = write(tmp_path / "people.csv", *PEOPLE)
    assert run(live, file).code == 0
    write(file, *change(list(PEOPLE)))  # type: ignore[operator]
    outcome = run(live, file)
    assert outcome.code == 12
    assert (
        f"people.csv, line {line}, is not the line that the import recorded in {file}.journal has sent"
        in outcome.err
    )
    assert len(there(live)) == 12


def test_a_file_that_ends_too_early(live: Live, tmp_path: Path) -> None:
    """Lines that are missing at the end are told as well."""
    file = write(tmp_path / "people.csv", *PEOPLE)
    run(live, file)
    outcome = run(live, write(file, *PEOPLE[:9]))
    assert outcome.code == 12
    assert "people.csv ends without the line" in outcome.err


def test_a_journal_that_has_created_nobody_is_begun_anew(live: Live, tmp_path: Path) -> None:
    """After a first run in which all was refused, any other file may be imported with it, and elsewhere."""
    file = write(tmp_path / "people.csv", *(f"Ada,N {n},n{n}@on.example,com_gone" for n in range(5)))
    assert run(live, file).rows[0]["failed"] == 5
    with live_sandbox(seed="other") as other:
        outcome = run(other, write(file, *PEOPLE[:3]))
        assert (outcome.code, outcome.rows[0]["created"]) == (0, 3), outcome.err


def test_rejects_have_the_lines_as_they_stand_and_the_reasons(live: Live, leads: Path) -> None:
    """Header and lines are the original's, with a column for the reason; the way on is told."""
    outcome = run(live, leads)
    file = leads.with_name("leads.csv.rejects.csv")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.reader(lines))
    assert rows[0] == [*HEADER.split(","), "reason"]
    assert [row[:-1] for row in rows[1:]] == [
        ["Ada", "", "ada2@on.example", ""],
        ["Ada", "Number 4", "ada4@on.example", "com_gone"],
    ]
    assert rows[1][-1] == "no last name"
    assert "companyId" in rows[2][-1]
    assert f"2 lines to correct: {file} has them with their reasons." in outcome.err


def test_rejects_are_corrected_and_imported_by_themselves(live: Live, leads: Path) -> None:
    """Their people are created once: the original leaves those lines to them from then on."""
    run(live, leads)
    rejects = leads.with_name("leads.csv.rejects.csv")
    text = rejects.read_text(encoding="utf-8-sig").replace("Ada,,", "Ada,Number 2,").replace(",com_gone", ",")
    rejects.write_text(text, encoding="utf-8")
    outcome = run(live, rejects)
    assert (outcome.code, outcome.rows[0]["created"], outcome.err) == (0, 2, ""), outcome.err
    again = live.cli("contacts", "import", str(leads))
    assert (again.code, again.rows[0]["created"], again.rows[0]["handed_over"]) == (0, 0, 2), again.err
    assert "left to" in again.err
    assert each_once(live, *range(12))
    corrected = run(live, write(leads, *PEOPLE))
    assert (corrected.rows[0]["created"], corrected.rows[0]["handed_over"]) == (0, 2)
    assert each_once(live, *range(12))


def test_rejects_that_are_being_corrected_are_not_overwritten(live: Live, leads: Path) -> None:
    """Another run puts its rejects beside a file that was changed, and over one that was not."""
    run(live, leads)
    rejects = leads.with_name("leads.csv.rejects.csv")
    run(live, leads)
    assert not leads.with_name("leads.csv.rejects-2.csv").exists()
    rejects.write_text("my corrections")
    run(live, leads)
    assert rejects.read_text() == "my corrections"
    assert "no last name" in leads.with_name("leads.csv.rejects-2.csv").read_text(encoding="utf-8-sig")


def test_rejects_go_where_they_are_wanted(live: Live, leads: Path, tmp_path: Path) -> None:
    """`--rejects` says where; a file of somebody else's is refused before anything is sent."""
    wanted = tmp_path / "to-correct.csv"
    wanted.write_text("mine")
    outcome = run(live, leads, "--rejects", str(wanted))
    assert (outcome.code, there(live)) == (2, {})
    wanted.unlink()
    assert run(live, leads, "--rejects", str(wanted)).code == 10
    assert "no last name" in wanted.read_text(encoding="utf-8-sig")


def test_lines_whose_quotes_do_not_match_are_rejected_as_they_stand(live: Live, tmp_path: Path) -> None:
    """A line that cannot be read is there with its characters, short ones are filled up to the reason."""
    file = write(tmp_path / "people.csv", '"Ada"x,B,b@on.example,', "Bob", *PEOPLE[:1])
    run(live, file)
    lines = file.with_name("people.csv.rejects.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[1].startswith('"Ada"x,B,b@on.example,,"its quotes do not match')
    assert lines[2] == "Bob,,,,no last name"


def test_nothing_to_correct_leaves_no_file(live: Live, tmp_path: Path) -> None:
    """An import in which everybody was created writes no rejects."""
    file = write(tmp_path / "people.csv", *PEOPLE)
    run(live, file)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["people.csv", "people.csv.journal"]


def test_results_say_what_became_of_each_line(live: Live, leads: Path, tmp_path: Path) -> None:
    """As a file by `--results`, and at any time from the journal: line, outcome, contact and reason."""
    write(leads, *leads.read_text().splitlines()[1:], "Eve,Twin,ADA1@on.example,")
    run(live, leads, "--results", str(tmp_path / "results.csv"))
    with (tmp_path / "results.csv").open(encoding="utf-8-sig", newline="") as lines:
        written = list(csv.DictReader(lines))
    told = live.cli("contacts", "imported", str(leads)).rows
    assert [{key: value or "" for key, value in row.items()} for row in told] == [
        {**row, "line": int(row["line"])} for row in written
    ]
    ids = {row.id: row.fields["email"] for row in live.state.rows("contacts")}
    assert [(row["line"], row["outcome"]) for row in told] == [
        (line, {4: "bad", 6: "failed", 14: "duplicate"}.get(line, "created")) for line in range(2, 15)
    ]
    assert [ids[row["contact_id"]] for row in told if row["contact_id"]] == [
        f"ada{n}@on.example" for n in range(12) if n not in (2, 4)
    ]
    assert told[-1]["reason"] == "it has the address of line 3"
    assert "companyId" in told[4]["reason"]


def test_results_of_no_import(live: Live, tmp_path: Path) -> None:
    """Where nothing was imported, that is what is said."""
    outcome = live.cli("contacts", "imported", str(tmp_path / "none.csv"))
    assert outcome.code == 12
    assert "There is no journal at" in outcome.err


def test_a_dry_run_says_what_is_left(live: Live, leads: Path) -> None:
    """Of a half-done import it puts out who is not created yet, and counts the others; it changes nothing."""
    live.sandbox.fail("POST /api/agent/contacts", status=401, times=None, after=1)
    run(live, leads, "--concurrency", "1")
    live.sandbox.clear_faults()
    before = live.cli("contacts", "imported", str(leads)).out
    outcome = live.cli("contacts", "import", str(leads), "--dry-run", IMPACTIVE_API_KEY="")
    left = 11 - len(there(live))
    assert len(outcome.rows) == left > 0
    assert f"{11 - left} lines are done already, {left} are left." in outcome.err
    assert live.cli("contacts", "imported", str(leads)).out == before


def test_the_sums_add_up_to_the_lines_of_the_file(live: Live, leads: Path) -> None:
    """Whatever becomes of lines, each is counted once; also where the import was stopped."""
    write(leads, *leads.read_text().splitlines()[1:], "Eve,Twin,ADA1@on.example,")
    for fault in (True, False):
        if fault:
            live.sandbox.fail("POST /api/agent/contacts", status=401, times=None, after=1)
        (sums,) = run(live, leads, "--concurrency", "1").rows
        live.sandbox.clear_faults()
        parts = {key: value for key, value in sums.items() if isinstance(value, int) and key != "rows"}
        assert sums["rows"] == 13 == sum(parts.values())
        assert bool(sums["not_sent"]) is fault


@pytest.mark.contract("quotes the status of a refusal", "wrapped")
def test_a_thousand_refusals_are_told_by_their_kinds(live: Live, tmp_path: Path) -> None:
    """A few lines say what kept a thousand, with examples and a sum, whatever ids stand in the reasons."""
    lines = [f"Ada,Number {n},ada{n}@on.example,com_gone{n}" if n % 2 else f"Ada,,{n}," for n in range(200)]
    outcome = run(live, write(tmp_path / "people.csv", *lines))
    assert (outcome.rows[0]["failed"], outcome.rows[0]["left_out"]) == (100, 100)
    told = outcome.err.splitlines()
    assert len(told) < 8
    assert f"{tmp_path}/people.csv: 100 lines: no last name (lines 2, 4, 6, " in outcome.err
    assert f"{tmp_path}/people.csv: 100 lines: not created: POST /api/agent/contacts: HTTP 400" in outcome.err
    assert "and 80 more)" in outcome.err
