"""Rows for scripts: chosen fields, CSV, and the same keys in every object."""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import Any

import pytest

from impactive_async import Contact, Enrollment, Event, Sequence
from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.kit.records import RowFields, csv_line, json_line
from impactive_async.hub import HubStatus
from tests.cli.support import Live, Outcome, invoke
from tests.cli.terminal import on_terminal

LISTS = ["contacts", "companies", "deals", "invoices", "projects", "accounts", "sequences", "bookings"]


def table(outcome: Outcome) -> list[dict[str, str]]:
    """Standard output as CSV."""
    assert outcome.code == 0, outcome.err
    return list(csv.DictReader(StringIO(outcome.out)))


@pytest.fixture
def filled(live: Live) -> Live:
    """A sandbox with a row in every list, one of which has a field that the contract does not name."""
    live.state.create_sequence("Welcome", delays=[0, 3])
    live.state.add("bookings", {"title": "Call"})
    live.state.add("contacts", {"firstName": "Ada", "lastName": "L", "vip": True})
    return live


@pytest.mark.parametrize("what", LISTS)
def test_every_object_has_the_same_keys(filled: Live, what: str) -> None:
    """Whatever a row has no value for, or has beyond the contract, its keys are those of the others."""
    rows = filled.cli(what, "list", "--json").rows
    assert len({tuple(row) for row in rows}) == 1
    assert "extra" in rows[0]


@pytest.mark.parametrize("what", LISTS)
def test_chosen_fields(filled: Live, what: str) -> None:
    """`--json FIELDS` puts out these fields, in this order, and no others."""
    whole = filled.cli(what, "list").rows
    assert filled.cli(what, "list", "--json", "updated_at,id" if "updated_at" in whole[0] else "name,id").rows == [
        {key: row[key] for key in (("updated_at", "id") if "updated_at" in row else ("name", "id"))}
        for row in whole
    ]


@pytest.mark.parametrize("what", LISTS)
def test_csv_of_every_list(filled: Live, what: str) -> None:
    """`--csv` has a header and a record for each row, and the ids are those of `--json`."""
    rows = table(filled.cli(what, "list", "--csv"))
    assert [row["id"] for row in rows] == [row["id"] for row in filled.cli(what, "list").rows]
    assert all(None not in row for row in rows)


def test_csv_says_what_it_is_also_of_nothing(live: Live) -> None:
    """An empty list has its header: who reads it finds the columns."""
    outcome = live.cli("bookings", "list", "--csv")
    assert outcome.out.splitlines() == [
        "id,title,start_time,end_time,contact_id,guest_name,guest_email,notes,status,created_at,updated_at,extra"
    ]
    assert live.cli("bookings", "list", "--csv", "id,title").out == "id,title\n"


def test_fields_within_fields(live: Live) -> None:
    """`contact.email` reaches into a row, `extra.vip` into what the contract does not name."""
    sequence = live.state.create_sequence("Welcome").id
    contact = live.state.add("contacts", {"firstName": "Ada", "lastName": "L", "email": "ada@x.example", "vip": 1})
    live.state.enroll(sequence, [contact.id])
    (row,) = live.cli("sequences", "enrollments", sequence, "--json", "contact.email,status").rows
    assert row == {"contact.email": "ada@x.example", "status": "active"}
    assert {"extra.vip": 1} in live.cli("contacts", "list", "--json", "extra.vip").rows
    (record,) = table(live.cli("sequences", "enrollments", sequence, "--csv"))
    assert (record["contact.email"], record["contact_id"]) == ("ada@x.example", contact.id)
    (counts,) = table(live.cli("sequences", "list", "--csv", "name,enrollment_counts.active"))
    assert counts == {"name": "Welcome", "enrollment_counts.active": "1"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("emial,id", "no field 'emial'; there are id, first_name"),
        ("id.x,id", "id has no fields of its own"),
        ("email,nope.x", "no field 'nope.x'"),
    ],
)
def test_a_mistyped_field_is_told_before_anything_is_sent(live: Live, fields: str, reason: str) -> None:
    """Also of a command that writes: nobody is created for a field that does not exist."""
    for command in (("contacts", "list"), ("contacts", "create", "Ada", "Lovelace")):
        for option in ("--json", "--csv"):
            outcome = live.cli(*command, option, fields)
            assert outcome.code == 2
            assert reason in outcome.err
            assert outcome.out == ""
    assert not live.sandbox.requests


def test_json_stands_before_an_argument_as_well(live: Live) -> None:
    """`--json` alone takes no argument for its fields; a field's name, a comma or `=` says that it does."""
    sequence = live.state.create_sequence("Welcome").id
    for before, keys in {
        ("--json",): None,
        ("--json", "name"): ["name"],
        ("--json=name",): ["name"],
        ("--json", "id,name"): ["id", "name"],
        ("--json="): None,
    }.items():
        arguments = (before,) if isinstance(before, str) else before
        (row,) = live.cli("sequences", "show", *arguments, sequence).rows
        assert keys is None or list(row) == keys
        assert row["name"] == "Welcome"


def test_json_behind_another_option_is_its_value(live: Live) -> None:
    """What an option takes is not looked into, nor what stands behind `--`."""
    (row,) = live.cli("bookings", "create", "--title", "--json").rows
    assert row["title"] == "--json"
    (row,) = live.cli("contacts", "create", "--", "Ada", "--csv").rows
    assert row["last_name"] == "--csv"


@pytest.mark.parametrize("formats", [("--json", "--csv"), ("--csv", "--table"), ("--json", "id", "--table")])
def test_one_format_at_a_time(live: Live, formats: tuple[str, ...]) -> None:
    """Two formats contradict each other."""
    outcome = live.cli("contacts", "list", *formats)
    assert outcome.code == 2
    assert "Choose one of" in outcome.err


def test_a_stream_has_one_header_and_chosen_fields(live: Live) -> None:
    """`watch` puts out CSV and chosen fields row by row, of a list and of the whole workspace."""
    (first, second) = table(live.cli("watch", "deals", "--count", "2", "--csv", "id,name"))
    assert list(first) == list(second) == ["id", "name"]
    rows = live.cli("watch", "--all", "--count", "3", "--json", "kind,row.id").rows
    assert all(row["kind"] and row["row.id"] for row in rows)
    assert live.cli("watch", "deals", "--count", "1", "--json", "nome").code == 2


def test_a_summary_has_the_same_keys_whatever_the_work(live: Live) -> None:
    """What an enrollment comes to by ids and by tags is said under the same keys."""
    sequence, tag = live.state.create_sequence("Welcome").id, next(iter(live.state.tags))
    contact = live.state.rows("contacts")[0].id
    outcome = live.cli("sequences", "enroll", sequence, "--contact", contact, "--tag", tag)
    first, second = outcome.rows
    assert list(first) == list(second)
    assert (first["work"], first["enrolled"], first["created"]) == ("enroll", 1, None)


def test_rows_of_a_hub(live: Live, tmp_path: Any) -> None:
    """A hub's status and events can be had as chosen fields and as CSV."""
    hub = f"sqlite:///{tmp_path / 'hub.db'}"
    assert invoke("hub", "init", "--hub", hub).code == 0
    assert invoke("hub", "status", "--hub", hub, "--json", "feeds,lag").rows == [{"feeds": 0, "lag": 0.0}]
    (status,) = table(invoke("hub", "status", "--hub", hub, "--csv"))
    assert (status["feeds"], status["groups"]) == ("0", "[]")
    assert invoke("hub", "events", "--hub", hub, "--group", "g", "--json", "ids").code == 2


def test_the_books_of_the_demo_as_csv(tmp_path: Any) -> None:
    """`demo --csv` is the books, and the story goes to stderr."""
    leads = tmp_path / "few.csv"
    leads.write_text("First Name,Last Name,Email\nAda,L,ada@x.example\n")
    outcome = invoke("demo", str(leads), "--csv", "kind,missing")
    assert [row["missing"] for row in table(outcome)] == ["0", "0", "0"]
    assert "A week of an email sequence" in outcome.err


@pytest.mark.parametrize("row_class", [Contact, Enrollment, Sequence, Event, HubStatus], ids=lambda c: c.__name__)
def test_a_shape_knows_every_column(row_class: type) -> None:
    """Every column of a class's CSV is a field that may be asked for."""
    shape = RowFields(row_class)
    shape.check(shape.columns)
    with pytest.raises(UsageError, match="no field"):
        shape.check(["nothing"])


def test_a_cell_holds_anything() -> None:
    """Lists and objects are JSON in their cell; nothing is an empty one; a truth is written as JSON writes it."""
    line = csv_line([None, True, 1.5, 'a,b\n"c"', ["x", 1], {"k": None}])
    assert line == ',true,1.5,"a,b\n""c""","[""x"", 1]","{""k"": null}"\n'


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3+cmd", "'-2+3+cmd"),
        ("\t=1", "'\t=1"),
        ("+49 (170) 12-34", "+49 (170) 12-34"),
        ("-5", "-5"),
        ("a=b", "a=b"),
    ],
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    """What a spreadsheet would carry out is text in it; a phone number stays as it is."""
    (record,) = csv.reader([csv_line([text])])
    assert record == [cell]


STEERING = "\x1b[2J \x9b1m \x7f \u202e \u2066 \u200f \u061c \r \x00"


def test_json_escapes_what_steers_a_terminal() -> None:
    """The text that programs read is the same, and no character of it reaches a terminal as it is."""
    line = json_line({"name": STEERING})
    assert json.loads(line)["name"] == STEERING
    assert all(character == "\n" or character.isprintable() for character in line)


def test_csv_is_exact_in_a_file_and_plain_on_a_terminal(live: Live) -> None:
    """CSV knows no escapes: a pipe gets the very text, a terminal what cannot steer it."""
    live.state.create_contact(f"Eve{STEERING}", "X")
    arguments = ("contacts", "list", "--limit", "1", "--csv", "first_name")
    assert f"Eve{STEERING}".split()[0] in live.cli(*arguments).out
    with on_terminal(*arguments, env=live.env) as terminal:
        assert terminal.end() == 0
    assert all(character == "\n" or character.isprintable() for character in terminal.raw)
