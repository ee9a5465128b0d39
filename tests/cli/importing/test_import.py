"""`impactive contacts import`: every person once, nothing before every line was looked at."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from impactive_async.cli.importing.columns.fields import is_known
from impactive_async.cli.importing.columns.mapping import map_columns
from impactive_async.cli.importing.planning.deciding import make_plan
from impactive_async.cli.importing.planning.plan import Plan
from impactive_async.cli.importing.reading.origin import opened
from impactive_async.cli.importing.reading.sheet import open_sheet
from tests.cli.support import Live, live_sandbox

HEADER = "First Name,Last Name,Email,Shoe size\n"
GOOD = "".join(f"Ada,Number {n},ada{n}@import.example,{n}\n" for n in range(120))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A hundred and twenty people, all fine."""
    file = tmp_path / "people.csv"
    file.write_text(HEADER + GOOD, encoding="utf-8")
    return file


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Two good lines, and bad ones at 3 and 5."""
    file = tmp_path / "people.csv"
    file.write_text(f"{HEADER}Ada,A,a@x.example,\nBob,,b@x.example,\nEve,E,e@x.example,\nMal,M,nowhere,\n")
    return file


def imported(live: Live) -> Counter[str]:
    """How often each address of the file is in the sandbox."""
    emails = (str(row.fields.get("email")) for row in live.state.rows("contacts"))
    return Counter(email for email in emails if email.endswith(("import.example", "x.example")))


def test_everybody_is_created_once(live: Live, good: Path) -> None:
    """An import creates each line's contact, and a second one with the same journal creates nobody."""
    first = live.cli("contacts", "import", str(good))
    assert (first.code, first.rows[0]["created"]) == (0, 120)
    again = live.cli("contacts", "import", str(good))
    assert (again.rows[0]["created"], again.rows[0]["already_created"]) == (0, 120)
    assert set(imported(live).values()) == {1}
    assert len(imported(live)) == 120
    assert good.with_name("people.csv.journal").exists()


def test_dry_run_sends_nothing_and_shows_everything(live: Live, good: Path) -> None:
    """--dry-run puts out each contact with its line, and needs no key."""
    before = len(live.sandbox.requests)
    outcome = live.cli("contacts", "import", str(good), "--dry-run", IMPACTIVE_API_KEY="")
    assert outcome.code == 0
    assert len(outcome.rows) == 120
    assert outcome.rows[0] == {
        "line": 2,
        "first_name": "Ada",
        "last_name": "Number 0",
        "email": "ada0@import.example",
        "phone": None,
        "title": None,
        "company_id": None,
        "extra": {},
    }
    assert len(live.sandbox.requests) == before
    assert not good.with_name("people.csv.journal").exists()


def test_dry_run_for_people_shows_the_beginning(live: Live, good: Path) -> None:
    """A table of the first lines, and how many more there are."""
    outcome = live.cli("contacts", "import", str(good), "--dry-run", "--table", COLUMNS="120")
    assert "ada9@import.example" in outcome.out
    assert "ada10@import.example" not in outcome.out
    assert "110 more" in outcome.err


def test_dry_run_for_people_has_every_column_that_somebody_fills(live: Live, tmp_path: Path) -> None:
    """What only the second person has is shown, too; what nobody has is not."""
    file = tmp_path / "people.csv"
    file.write_text("first,last,email,phone,title,colour\nAda,A,,,,\nBob,B,b@x.example,+1 555,,red\n")
    arguments = ("contacts", "import", str(file), "--dry-run", "--map", "colour=extra.favouriteColour")
    head, _, ada, bob = live.cli(*arguments, "--table", COLUMNS="120").out.splitlines()
    assert head.split() == ["Line", "First", "name", "Last", "name", "Email", "Phone", "Favouritecolour"]
    assert bob.split() == ["3", "Bob", "B", "b@x.example", "+1", "555", "red"]
    assert ada.split() == ["2", "Ada", "A"]


def test_columns_that_are_not_imported_are_told(live: Live, good: Path, tmp_path: Path) -> None:
    """Also into a pipe, and also those without a name, if there is something in them."""
    outcome = live.cli("contacts", "import", str(good), "--dry-run")
    assert outcome.err == "Not imported: the column 'Shoe size'. To import one: --map COLUMN=FIELD.\n"
    assert live.cli("contacts", "import", str(good), "--dry-run", "--map", "Shoe size=-").err == ""
    file = tmp_path / "excel.csv"
    file.write_text("first,last,,x,,\nAda,A,lost,y,,\n")
    outcome = live.cli("contacts", "import", str(file), "--dry-run")
    assert outcome.err.startswith("Not imported: the columns 'x', #3 (which has no name). ")


def test_every_bad_line_is_told_and_nothing_is_sent(live: Live, mixed: Path) -> None:
    """Bad lines are told with file, line and reason; unless asked to, nothing is sent then."""
    for arguments, code in (((), 2), (("--dry-run",), 10)):
        outcome = live.cli("contacts", "import", str(mixed), *arguments)
        assert outcome.code == code
        assert f"{mixed}:3: no last name" in outcome.err
        assert f"{mixed}:5: 'nowhere' is no email address" in outcome.err
    assert imported(live) == {}


def test_bad_lines_can_be_left_out(live: Live, mixed: Path) -> None:
    """--skip-bad imports the rest, says how many are missing, and exits with 10."""
    outcome = live.cli("contacts", "import", str(mixed), "--skip-bad")
    assert outcome.code == 10
    assert (outcome.rows[0]["created"], outcome.rows[0]["left_out"]) == (2, 2)
    assert set(imported(live)) == {"a@x.example", "e@x.example"}


def test_everybody_is_enrolled(live: Live, good: Path) -> None:
    """--enroll puts on the sequence whom this journal has created, however often it is run."""
    sequence = live.state.create_sequence("Welcome").id
    for enrolled, already in ((120, 0), (0, 120)):
        _, counts = live.cli("contacts", "import", str(good), "--enroll", sequence).rows
        assert counts["work"] == "enroll"
        assert (counts["enrolled"], counts["already_enrolled"]) == (enrolled, already)
    assert len(live.state.enrollments(sequence)) == 120


def test_a_mistyped_sequence_is_told_before_anybody_is_created(live: Live, good: Path) -> None:
    """A sequence that is not there ends the import before it begins."""
    outcome = live.cli("contacts", "import", str(good), "--enroll", "seq_typo")
    assert outcome.code == 5
    assert imported(live) == {}


def test_columns_go_where_they_are_mapped(live: Live, good: Path) -> None:
    """--map sends a column under the API's own name for it."""
    live.cli("contacts", "import", str(good), "--map", "Shoe size=extra.shoeSize")
    sent = live.sandbox.requests_to("POST /api/agent/contacts")[0].body
    assert {person["shoeSize"] for person in sent} <= set(range(120))


def test_rows_that_the_server_refuses_are_told_by_line(live: Live, tmp_path: Path) -> None:
    """A row that only the server can refuse is told with its line; the others are created."""
    file = tmp_path / "people.csv"
    file.write_text(
        "first,last,email,company id\nAda,A,a@x.example,\nBob,B,b@x.example,com_gone\nEve,E,e@x.example,\n"
    )
    outcome = live.cli("contacts", "import", str(file))
    assert outcome.code == 10
    assert f"{file}:3: not created: " in outcome.err
    assert "companyId" in outcome.err
    assert (outcome.rows[0]["created"], outcome.rows[0]["failed"]) == (2, 1)
    assert set(imported(live)) == {"a@x.example", "e@x.example"}


@pytest.mark.contract("the sizes are those of the contract's caps", "small-pages")
def test_lost_answers_create_nobody_twice(live: Live, good: Path) -> None:
    """Requests whose answers are lost, and refused ones, end in each person once all the same."""
    live.sandbox.fail("POST /api/agent/contacts", drop_after_commit=True, times=1, after=1)
    live.sandbox.fail("POST /api/agent/contacts", status=429, retry_after=0, times=2)
    outcome = live.cli("contacts", "import", str(good), "--batch-size", "20")
    assert outcome.code == 0, outcome.err
    assert len(imported(live)) == 120
    assert set(imported(live).values()) == {1}


def test_a_journal_of_another_file_is_refused(live: Live, good: Path, mixed: Path, tmp_path: Path) -> None:
    """A journal belongs to its rows: with others it is refused, and nobody is created."""
    journal = str(tmp_path / "a.journal")
    other = tmp_path / "other.csv"
    other.write_text("first,last,email\nMal,M,m@x.example\n")
    good.write_text(HEADER + GOOD)
    assert live.cli("contacts", "import", str(good), "--journal", journal).code == 0
    outcome = live.cli("contacts", "import", str(other), "--journal", journal)
    assert outcome.code == 12
    assert "m@x.example" not in imported(live)


def test_an_import_that_is_stopped_lists_what_failed(live: Live, good: Path) -> None:
    """A key that is revoked half-way: the lines are told, what is done is counted, and the code is the cause's."""
    live.sandbox.fail("POST /api/agent/contacts", status=401, times=None, after=2)
    outcome = live.cli("contacts", "import", str(good), "--batch-size", "20", "--concurrency", "1")
    assert outcome.code == 4
    assert outcome.rows[0]["created"] == 40
    assert outcome.rows[0]["rows"] == 120
    assert outcome.rows[0]["failed"] + outcome.rows[0]["not_sent"] == 80
    assert outcome.rows[0]["failed"] == 20
    assert f"{good}:42 to 61: not created: POST /api/agent/contacts" in outcome.err
    assert "Run the same command again to go on from there." in outcome.err
    live.sandbox.clear_faults()
    again = live.cli("contacts", "import", str(good))
    assert (again.code, again.rows[0]["already_created"]) == (0, 40)
    assert set(imported(live).values()) == {1}


def test_a_connection_that_is_lost_is_the_cause(live: Live, good: Path) -> None:
    """However much was created before it."""
    live.sandbox.fail("POST /api/agent/contacts", disconnect=True, times=None, after=1)
    live.sandbox.fail("GET /api/agent/contacts", disconnect=True, times=None, after=1)
    outcome = live.cli(
        "contacts", "import", str(good), *("--concurrency", "1", "--max-retries", "0", "--settle", "0")
    )
    assert outcome.code == 9
    assert outcome.rows[0]["created"] == 50
    assert f"{good}:52 to 101: perhaps created: " in outcome.err


def test_an_enrollment_that_is_stopped_has_the_code_of_its_cause(live: Live, good: Path) -> None:
    """Enrolling people just created may be stopped as well."""
    sequence = live.state.create_sequence("Welcome").id
    live.sandbox.fail("POST /api/agent/sequences/:id/enroll", status=401, times=None, after=1)
    outcome = live.cli("contacts", "import", str(good), "--enroll", sequence)
    assert outcome.code == 4
    assert [row["work"] for row in outcome.rows] == ["create", "enroll"]
    assert "contact 101 to 120: not enrolled: POST /api/agent/sequences/" in outcome.err


def lose_an_answer(live: Live, file: Path) -> str:
    """Import with a batch lost that the lists cannot tell of, since too many others came after it."""
    live.sandbox.fail("POST /api/agent/contacts", drop_after_commit=True, times=1)
    live.sandbox.fail("GET /api/agent/contacts", status=500, times=None, after=1)
    arguments = ("contacts", "import", str(file), "--max-retries", "0", "--settle", "0", "--batch-size", "20")
    assert live.cli(*arguments, "--concurrency", "1").code == 8
    live.sandbox.clear_faults()
    for number in range(600):
        live.state.create_contact("Somebody", f"Else {number}")
    outcome = live.cli(*arguments)
    assert outcome.code == 10
    assert (outcome.rows[0]["created"], outcome.rows[0]["unknown"]) == (100, 20)
    return outcome.err


def test_a_batch_of_unknown_outcome_has_a_way_forward(live: Live, good: Path) -> None:
    """What nobody knows is told by line with what to do; when told to, it is sent again, and is then known."""
    told = lose_an_answer(live, good)
    assert f"{good}:2 to 21: perhaps created: " in told
    assert "if none of them is there, --resend-unknown sends them all again" in told
    again = live.cli("contacts", "import", str(good))
    assert again.rows[0]["unknown"] == 20
    assert "run the import again with --resend-unknown" in again.err
    sent = live.cli("contacts", "import", str(good), "--resend-unknown")
    assert (sent.code, sent.rows[0]["created"], sent.rows[0]["unknown"]) == (0, 20, 0)
    assert live.cli("contacts", "import", str(good), "--resend-unknown").rows[0]["already_created"] == 120
    assert Counter(imported(live).values()) == {1: 100, 2: 20}  # they were there: the user had not looked


def test_a_journal_of_another_sandbox_is_refused(live: Live, good: Path) -> None:
    """A sandbox of the same seed has the same workspace id, and not the same people."""
    assert live.cli("contacts", "import", str(good)).code == 0
    with live_sandbox(seed="cli") as other:
        outcome = other.cli("contacts", "import", str(good))
        assert outcome.code == 12
        assert other.sandbox.url in outcome.err
        assert live.sandbox.url in outcome.err
        assert imported(other) == {}
    assert live.cli("contacts", "import", str(good)).rows[0]["already_created"] == 120


@pytest.mark.parametrize("delimiter", ["", ";;"])
def test_a_delimiter_is_one_character(live: Live, good: Path, delimiter: str) -> None:
    """`--delimiter` takes one character."""
    assert live.cli("contacts", "import", str(good), "--delimiter", delimiter).code == 2


def test_a_file_that_is_not_there(live: Live, tmp_path: Path) -> None:
    """A missing file is named."""
    outcome = live.cli("contacts", "import", str(tmp_path / "none.csv"))
    assert outcome.code == 2
    assert "none.csv" in outcome.err


def plan_of(file: Path) -> Plan:
    with opened(file) as origin:  # a file that is no stream can be read afterwards as well
        sheet = open_sheet(origin, is_known)
        return make_plan(sheet, map_columns(sheet.header, ()))


def peak_of(file: Path) -> int:
    tracemalloc.start()
    try:
        plan = plan_of(file)
        assert sum(1 for _ in plan.persons()) == len(plan)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Each of ten times as many lines, read twice over, takes a few bytes."""
    peaks = []
    for lines in (1_000, 10_000):
        file = tmp_path / f"{lines}.csv"
        file.write_text(HEADER + "".join(f"Ada,Number {n},ada{n}@x.example,{n}\n" for n in range(lines)))
        peaks.append(peak_of(file))
    assert peaks[1] < peaks[0] + 60 * 9_000


def test_a_file_that_changes_meanwhile_is_noticed(good: Path) -> None:
    """What was looked at is what is sent, or the import stops."""
    plan = plan_of(good)
    good.write_text(HEADER + "Ada,A,a@x.example,\n")
    with pytest.raises(Exception, match="was changed"):
        list(plan.persons())
