"""`impactive sequences rehearse`: what goes out, and nothing that happens."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest

from impactive_async.sandbox import StepRecord
from tests.cli.pages import Reader
from tests.cli.support import Live, invoke
from tests.cli.terminal import on_terminal

EVIL = "A\x1b[2J\x9b31m\u202e\n<b>B</b>"
START = ("--start", "2026-05-06T09:00", "--zone", "Europe/Berlin")


@pytest.fixture
def sequence(live: Live) -> str:
    return live.state.create_sequence("Welcome", delays=[0, 3, 30]).id


@pytest.fixture
def ada(live: Live) -> str:
    return live.state.create_contact("Ada", "Lovelace", email="ada@example.com").id


def steps(live: Live, sequence: str) -> list[StepRecord]:
    return list(live.state.steps(sequence))


def test_one_object_for_programs(live: Live, sequence: str, ada: str) -> None:
    """JSON is the whole rehearsal, with people and warnings; a start without an offset is one of the zone."""
    done = live.cli("sequences", "rehearse", sequence, "--contact", ada, *START)
    (told,) = done.rows
    assert done.code == 0
    assert [(mail["at"], mail["to"], mail["step"]) for mail in told["mails"]] == [
        ("2026-05-06T07:00:00Z", "ada@example.com", 0),
        ("2026-05-09T07:00:00Z", "ada@example.com", 1),
    ]
    assert (told["zone"], told["later"], told["people"][0]["contact_id"]) == ("Europe/Berlin", 1, ada)
    assert [warning["kind"] for warning in told["mails"][1]["warnings"]] == ["weekend"]


def test_some_fields(live: Live, sequence: str, ada: str) -> None:
    """Names are those of the rehearsal, and one that is none is refused."""
    (told,) = live.cli("sequences", "rehearse", sequence, "--contact", ada, "--json", "later,steps").rows
    assert told == {"later": 1, "steps": 3}
    done = live.cli("sequences", "rehearse", sequence, "--contact", ada, "--json", "latre,at")
    assert (done.code, "no field 'latre'" in done.err) == (2, True)
    assert live.cli("sequences", "rehearse", sequence, "--contact", ada, "--json", "at").code == 2
    assert live.cli("sequences", "rehearse", sequence, "--contact", ada, "--csv", "at").code == 0


def test_a_line_for_each_mail_in_csv(live: Live, sequence: str, ada: str) -> None:
    """Spreadsheets get mails; what to look at goes to standard error."""
    done = live.cli("sequences", "rehearse", sequence, "--contact", ada, *START, "--csv", "at,to,step")
    assert list(csv.reader(io.StringIO(done.out))) == [
        ["at", "to", "step"],
        ["2026-05-06T07:00:00Z", "ada@example.com", "0"],
        ["2026-05-09T07:00:00Z", "ada@example.com", "1"],
    ]
    assert "weekend: 1" in done.err


def test_nothing_is_written(live: Live, sequence: str, ada: str, tmp_path: Path) -> None:
    """Whatever the form: every request is a GET."""
    arguments = ("sequences", "rehearse", sequence, "--contact", ada)
    for form in (("--json",), ("--csv",), ("--table",), ("--html", str(tmp_path / "page.html"))):
        assert live.cli(*arguments, *form).code == 0
    assert {request.method for request in live.sandbox.requests} == {"GET"}


def test_a_picture_for_people(live: Live, sequence: str, ada: str) -> None:
    """Days across, people down; then the mails and the warnings."""
    cy = live.state.create_contact("Cy", "Nobody").id
    done = live.cli("sequences", "rehearse", sequence, "--contact", ada, "--contact", cy, *START, "--table")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert lines[:2] == [
        "Welcome: 2 mails to 1 of 2 people",
        "Wed 06 May 2026 09:00 to Wed 20 May 2026 09:00 (Europe/Berlin); 1 more later",
    ]
    assert "We Th Fr Sa Su Mo Tu We Th Fr Sa Su Mo Tu We" in lines
    assert "May 2026 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20" in lines
    assert f"Ada Lovelace 1 · · 2! {' '.join('·' * 11)}" in lines
    assert "Cy Nobody no address" in lines
    assert "Sat 09 May 09:00 ada@example.com 2 weekend Welcome 2" in lines
    assert lines[-1] == "Nothing was sent."
    assert (done.code, "no address: 1" in lines) == (0, True)


def test_many_people_are_told_by_step(live: Live, sequence: str) -> None:
    """More people than rows make sense for: numbers by step, and the first mails only."""
    for number in range(30):
        live.state.create_contact("P", str(number), email=f"p{number}@example.com")
    everybody = "".join(f"{row.id}\n" for row in live.state.rows("contacts")[-30:])
    done = live.cli("sequences", "rehearse", sequence, "--contacts", "-", *START, "--table", text=everybody)
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert f"step 1: Welcome 1 30 {' '.join('·' * 14)}" in lines
    assert "… and 40 mails more: --html shows them, --json has them all." in lines


def test_a_long_time_is_drawn_where_there_are_mails(live: Live, sequence: str, ada: str) -> None:
    """Days on which nothing happens for weeks have no lines."""
    done = live.cli("sequences", "rehearse", sequence, "--contact", ada, *START, "--table", "--days", "365")
    assert sum(line.startswith("Ada Lovelace") for line in done.out.splitlines()) == 2
    assert "Jun 2026" in done.out


def test_a_narrow_terminal(live: Live, sequence: str, ada: str) -> None:
    """No line is longer than the terminal is wide."""
    command = ("sequences", "rehearse", sequence, "--contact", ada, *START)
    with on_terminal(*command, env=live.env, columns=44) as terminal:
        terminal.wait_for("Nothing was sent.")
        assert max(map(len, terminal.raw.splitlines())) <= 44
        assert terminal.raw.count("Ada Lovelace ") > 1


def test_the_page_is_whole(live: Live, sequence: str, ada: str, tmp_path: Path) -> None:
    """It has every mail and warning, loads nothing, and replaces the one before it."""
    page = tmp_path / "page.html"
    page.write_text("old")
    done = live.cli("sequences", "rehearse", sequence, "--contact", ada, *START, "--html", str(page), "--json")
    assert (done.code, f"The page is in {page}." in done.err) == (0, True)
    read = Reader(page.read_text(encoding="utf-8"))
    assert not {"script", "link", "img", "iframe"} & set(read.tags)
    assert not [value for name, value in read.attributes if name in ("src", "href") or name.startswith("on")]
    for text in (
        "Rehearsal of Welcome",
        "2 mails to 1 of 1 person",
        "Step 2 to Ada Lovelace goes out on a Saturday.",
        "Step 2 of Welcome",
    ):
        assert text in read.text
    assert list(tmp_path.iterdir()) == [page]


def test_words_of_strangers_are_text(live: Live, tmp_path: Path) -> None:
    """Names, subjects and addresses neither steer a terminal nor become HTML."""
    contact = live.state.create_contact(EVIL, EVIL, email=f"{EVIL}@example.com", extra={"title": EVIL}).id
    sequence, page = live.state.create_sequence(EVIL).id, tmp_path / "page.html"
    done = live.cli("sequences", "rehearse", sequence, "--contact", contact, "--table", "--html", str(page))
    assert done.code == 0
    for text in (done.out, done.err):
        assert all(character in "\n\t" or character.isprintable() for character in text), ascii(text)
    assert "b" not in Reader(page.read_text(encoding="utf-8")).tags[-3:]
    assert "<b>B</b>" not in page.read_text(encoding="utf-8")


def test_a_workspace_of_warnings_only(live: Live, ada: str) -> None:
    """A sequence without steps has a picture without a mail."""
    empty = live.state.create_sequence("Empty", delays=[], status="draft").id
    done = live.cli("sequences", "rehearse", empty, "--contact", ada, "--table")
    assert (done.code, "Empty: 0 mails to 0 of 1 person" in done.out) == (0, True)
    assert "no steps: 1" in done.out
    assert "not active: 1" in done.out


@pytest.mark.silent
@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        ((), 2, "give --contacts FILE or --contact ID"),
        (("--contacts", "nowhere.csv"), 2, "nowhere.csv"),
        (("--contacts", "."), 2, "is a directory"),
        (("--contacts", "empty.txt"), 2, "is empty"),
        (("--contacts", "header.csv"), 2, "nobody to rehearse with"),
        (("--contacts", "latin.txt"), 2, "not UTF-8"),
        (("--contact", "con_1", "--days", "0"), 2, "days is a positive number"),
        (("--contact", "con_1", "--days", "-3"), 2, "days is a positive number"),
        (("--contact", "con_1", "--days", "many"), 2, "--days"),
        (("--contact", "con_1", "--start", "soon"), 2, "is not a moment"),
        (("--contact", "con_1", "--zone", "Berlin"), 2, "Europe/Berlin"),
        (("--contact", "con_1", "--zone", "Berlin", "--start", "2026-05-01"), 2, "Europe/Berlin"),
        (("--contact", "con_1", "--html", "."), 2, "that is a folder"),
        (("--contact", "con_1", "--html", "nowhere/page.html"), 2, "there is no folder"),
        (("--contact", "con 1 "), 2, "is not an id"),
    ],
)
def test_wrong_arguments(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, reason: str
) -> None:
    """The message says what is wrong; nothing is asked of the workspace."""
    monkeypatch.chdir(tmp_path)
    Path("empty.txt").write_text("\n \n")
    Path("header.csv").write_text("First Name,Last Name,Email\n")
    Path("latin.txt").write_bytes("con_1\nJos\xe9\n".encode("latin-1"))
    done = live.cli("sequences", "rehearse", "seq_1", *arguments)
    assert (done.code, reason in " ".join(done.err.split())) == (code, True), done.err
    assert live.sandbox.requests == ()


def test_a_page_that_cannot_be_written(live: Live, sequence: str, ada: str, tmp_path: Path) -> None:
    """It is told after the rehearsal, which is on standard output by then."""
    (tmp_path / "page.html.part").mkdir()
    page = str(tmp_path / "page.html")
    done = live.cli("sequences", "rehearse", sequence, "--contact", ada, "--html", page)
    assert (done.code, len(done.rows), page in done.err) == (2, 1, True)


def test_ids_that_are_not_there(live: Live, sequence: str, ada: str) -> None:
    """An unknown sequence is an error, an unknown contact part of the result."""
    assert live.cli("sequences", "rehearse", "9" * 24, "--contact", ada).code == 5
    some = live.cli("sequences", "rehearse", sequence, "--contact", ada, "--contact", "9" * 24)
    assert (some.code, len(some.rows[0]["mails"])) == (10, 2)
    nobody = live.cli("sequences", "rehearse", sequence, "--contact", "9" * 24)
    assert (nobody.code, nobody.rows[0]["mails"]) == (5, [])


def test_no_key_and_no_service(tmp_path: Path) -> None:
    """Both are told as by any other command."""
    env = {"IMPACTIVE_BASE_URL": "http://127.0.0.1:9"}
    arguments = ("sequences", "rehearse", "seq_1", "--contact", "con_1", "--max-retries", "0")
    assert invoke(*arguments, env=env).code == 3
    down = invoke(*arguments, env={**env, "IMPACTIVE_API_KEY": "icrm_" + "0" * 32})
    assert (down.code, "--base-url" in down.err) == (9, True)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such zones of the machine")
def test_the_days_are_those_of_the_machine(
    live: Live, sequence: str, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a zone the machine's counts, also for the start."""
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        done = live.cli(
            "sequences", "rehearse", sequence, "--contact", ada, "--start", "2026-05-09T08:00", "--table"
        )
    finally:
        monkeypatch.undo()
        time.tzset()
    assert "Sat 09 May 2026 08:00 to Sat 23 May 2026 08:00 (JST)" in done.out


def test_a_sequence_that_is_not_created_yet(live: Live, ada: str, tmp_path: Path) -> None:
    """A file as `sequences create -f` reads it; nothing is created, and standard input is one of the two."""
    file = tmp_path / "welcome.toml"
    file.write_text(live.cli("sequences", "template").out, encoding="utf-8")
    arguments = ("sequences", "rehearse", "--contact", ada, *START)
    (told,) = live.cli(*arguments, "-f", str(file)).rows
    assert [mail["subject"] for mail in told["mails"]] == ["Hello", "How is it going?"]
    assert told["sequence_id"] is None
    (piped,) = live.cli(*arguments, "--file", "-", text=file.read_text(encoding="utf-8")).rows
    assert piped == told
    drawn = live.cli(*arguments, "-f", str(file), "--table", "--html", str(tmp_path / "page.html"))
    assert drawn.out.startswith("Welcome: 2 mails to 1 of 1 person")
    assert {request.method for request in live.sandbox.requests} == {"GET"}


def test_one_sequence_is_said(live: Live, ada: str, tmp_path: Path) -> None:
    """An id or a file, not both, and not a file that is none."""
    file = tmp_path / "welcome.toml"
    file.write_text('name = "Welcome"\nstep = 1\n', encoding="utf-8")
    for arguments, said in (
        (("--contact", ada), "Say which sequence"),
        (("seq_1", "-f", str(file), "--contact", ada), "Say which sequence"),
        (("-f", str(file), "--contact", ada), "'step' is not a field"),
        (("-f", "-", "--contacts", "-"), "Standard input cannot be"),
    ):
        done = live.cli("sequences", "rehearse", *arguments, text="")
        assert (done.code, said in done.err) == (2, True), done.err
    assert live.sandbox.requests == ()
