"""Who a rehearsal is with, from files of all kinds."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from impactive_async import Contact, ContactDraft
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.rehearsing.people import people_from
from tests.cli.support import Live

BEN = ContactDraft(first_name="Ben", last_name="Ford", email="ben@example.com")
CSV = "First Name,Last Name,Email\nBen,Ford,ben@example.com\n"
ROW = {"id": "con_1", "first_name": "Ada", "last_name": "Lovelace", "company_name": "Engines"}
WIRE = '[{"id": "con_1", "firstName": "Ada", "lastName": "Lovelace", "companyName": "Engines"}]'
ADA = Contact(id="con_1", first_name="Ada", last_name="Lovelace", company_name="Engines")


@pytest.mark.parametrize(
    ("name", "text", "people"),
    [
        ("ids.txt", "con_1\n\n con_2 \r\n", ["con_1", "con_2"]),
        ("ids", "\ufeffcon_1", ["con_1"]),
        ("rows.jsonl", json.dumps(ROW) + "\n" + '{"id": "con_2"}\n{"id": 3}\n', [ADA, "con_2", "3"]),
        ("rows.json", json.dumps([ROW, {"id": "con_2"}], indent=2), [ADA, "con_2"]),
        (
            "wire.json",
            '[{"id": "con_1", "firstName": "Ada", "lastName": "Lovelace", "companyName": "Engines"}]',
            [ADA],
        ),
        ("drafts.json", '{"first_name": "Ben", "last_name": "Ford", "email": "ben@example.com"}', [BEN]),
        ("leads.csv", CSV, [BEN]),
        ("leads.txt", CSV.replace(",", ";"), [BEN]),
        ("leads.tsv", CSV.replace(",", "\t"), [BEN]),
        ("ids.csv", "id\ncon_1\ncon_2\n", ["con_1", "con_2"]),
        ("ids.csv", "id,email\ncon_1,a@example.com\n,b@example.com\n", ["con_1"]),
        ("rows.csv", "id,first_name,last_name,company_name\ncon_1,Ada,Lovelace,Engines\n", [ADA]),
    ],
)
def test_files(tmp_path: Path, name: str, text: str, people: list[object]) -> None:
    """Ids, JSON lines, a JSON array under either kind of names, and tables."""
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    assert people_from(file) == (people, [])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_is_read_as_an_import_reads_it(tmp_path: Path, encoding: str) -> None:
    """In any encoding, and compressed; the company fills placeholders."""
    file = tmp_path / "leads.csv.gz"
    file.write_bytes(
        gzip.compress("Vorname;Nachname;E-Mail;Firma\nJosé;Größe;j@example.com;Öl AG\n".encode(encoding))
    )
    ((person,), bad) = people_from(file)
    assert isinstance(person, ContactDraft)
    assert (person.first_name, person.last_name, person.extra["company"], bad) == ("José", "Größe", "Öl AG", [])


def test_lines_that_are_nobody(live: Live, tmp_path: Path) -> None:
    """They are told by their lines, left out, and make the exit code 10."""
    file = tmp_path / "leads.csv"
    file.write_text(CSV + ",,x@example.com\nCy,Young,not an address\n", encoding="utf-8")
    people, bad = people_from(file)
    assert people == [BEN]
    assert [line.partition(" is left out")[0] for line in bad] == ["line 3", "line 4"]
    sequence = live.state.create_sequence("Welcome").id
    done = live.cli("sequences", "rehearse", sequence, "--contacts", str(file))
    assert (done.code, len(done.rows[0]["mails"]), "line 3 is left out" in done.err) == (10, 1, True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "line 1 is no JSON"),
        ("[1]", "entry 1: no contact"),
        ("[", "no JSON"),
        ('con_1\n{"email": "x"}', "line 2: no contact"),
        ('{"first_name": "Ada"}', "last_name"),
        ('{"id": "1", "first_name": "Ada", "last_name": "L", "nonsense": 1}', "nonsense"),
    ],
)
def test_what_is_no_person(tmp_path: Path, text: str, reason: str) -> None:
    """The message has the place."""
    file = tmp_path / "people"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=reason):
        people_from(file)


def test_standard_input_may_be_a_table(live: Live) -> None:
    """What `contacts list --csv` writes, or a file of leads, can be piped in."""
    sequence = live.state.create_sequence("Welcome").id
    done = live.cli("sequences", "rehearse", sequence, "--contacts", "-", text=CSV)
    assert [mail["to"] for mail in done.rows[0]["mails"]] == ["ben@example.com"]
    for form in ("--csv", "--json"):
        listed = live.cli("contacts", "list", form).out
        done = live.cli("sequences", "rehearse", sequence, "--contacts", "-", text=listed)
        assert done.code == 0, done.err
        assert len(done.rows[0]["people"]) == len(live.state.rows("contacts"))
        assert done.rows[0]["people"][0]["contact_id"]


def test_a_table_that_needs_options_of_an_import(live: Live, tmp_path: Path) -> None:
    """The error names them and the way, and what a dry run prints is read."""
    file = tmp_path / "leads.csv"
    file.write_text("Name,Email\nBen Ford,ben@example.com\n", encoding="utf-8")
    sequence = live.state.create_sequence("Welcome").id
    refused = live.cli("sequences", "rehearse", sequence, "--contacts", str(file))
    assert (refused.code, "--split-name" in refused.err, "--dry-run --json" in refused.err) == (2, True, True)
    dry = live.cli("contacts", "import", str(file), "--split-name", "Name", "--dry-run", "--json").out
    (told,) = live.cli("sequences", "rehearse", sequence, "--contacts", "-", text=dry).rows
    assert [(mail["name"], mail["to"]) for mail in told["mails"]] == [("Ben Ford", "ben@example.com")]
