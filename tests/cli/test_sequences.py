"""`impactive sequences`: from a file to people on it, and off it again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from impactive_async.cli.kit.errors import UsageError
from impactive_async.cli.resources._sequence_file import EXAMPLE, read_sequence_file
from tests.cli.support import Live, invoke

TOML = """
name = "Welcome"
description = "For new people"
status = "draft"
extra = { color = "red" }

[[steps]]
subject = "Hello"
body = "Hi"

[[steps]]
subject = "Still there?"
body = "Hi again"
delay_days = 3
"""
COUNTLESS = ("noun",)
"""Dialects that do not say how many were paused."""
WIRE_JSON = json.dumps({"name": "Welcome", "steps": [{"subject": "Hello", "body": "Hi", "delayDays": 2}]})


@pytest.fixture
def sequence(live: Live) -> str:
    return live.state.create_sequence("Welcome", delays=[0, 3]).id


@pytest.fixture
def contacts(live: Live) -> list[str]:
    return [row.id for row in live.state.rows("contacts")]


def test_the_template_makes_a_sequence(live: Live) -> None:
    """What `template` prints, `create` takes."""
    template = invoke("sequences", "template").out
    assert template == EXAMPLE
    (row,) = live.cli("sequences", "create", "-f", "-", text=template).rows
    assert [step["delay_days"] for step in row["steps"]] == [0, 3]


def test_create_from_toml(live: Live, tmp_path: Path) -> None:
    """Every field of a TOML file is sent."""
    file = tmp_path / "welcome.toml"
    file.write_text(TOML, encoding="utf-8")
    assert live.cli("sequences", "create", "--file", str(file)).code == 0
    assert live.sandbox.requests_to("POST /api/agent/sequences")[-1].body == {
        "name": "Welcome",
        "description": "For new people",
        "status": "draft",
        "color": "red",
        "steps": [
            {"subject": "Hello", "body": "Hi", "delayDays": 0},
            {"subject": "Still there?", "body": "Hi again", "delayDays": 3},
        ],
    }


def test_create_from_json_in_the_wires_spelling(live: Live) -> None:
    """JSON is read too, and `delayDays` as well as `delay_days`."""
    (row,) = live.cli("sequences", "create", "-f", "-", text=WIRE_JSON).rows
    assert row["steps"][0]["delay_days"] == 2


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("s.toml", "name = ", "neither TOML nor JSON"),
        ("s.yaml", "name: Welcome", "YAML is not read"),
        ("s.json", "[]", "expected a table"),
        ("s.toml", "", "name is missing"),
        ("s.toml", "name = 'W'\nstepps = []", "'stepps' is not a field"),
        ("s.toml", "name = 1", "name has the wrong type, int"),
        ("s.toml", "name = 'W'\n[[steps]]\nsubject = 'S'", "step 1: body is missing"),
        (
            "s.toml",
            "name = 'W'\n[[steps]]\nsubject = 'S'\nbody = 'B'\ndelay_days = '2'",
            "step 1: delay_days has the wrong type, str",
        ),
        (
            "s.toml",
            "name = 'W'\n[[steps]]\nsubject = 'S'\nbody = 'B'\ndelay_days = true",
            "step 1: delay_days has the wrong type, bool",
        ),
        ("s.toml", "name = 'W'\nsteps = ['S']", "step 1: expected a table"),
    ],
)
def test_a_file_that_will_not_do(name: str, text: str, reason: str) -> None:
    """What is wrong with a sequence's file is said with its place, before anything is sent."""
    with pytest.raises(UsageError, match=reason):
        read_sequence_file(Path(name), text)


def test_show(live: Live, sequence: str) -> None:
    """A sequence is one object for programs; for people its steps are a second table."""
    (row,) = live.cli("sequences", "show", sequence).rows
    assert [step["position"] for step in row["steps"]] == [0, 1]
    table = live.cli("sequences", "show", sequence, "--table", COLUMNS="120").out
    assert "Days after" in table
    assert "Step 2 of Welcome" in table


def test_enroll_from_everywhere(live: Live, sequence: str, contacts: list[str], tmp_path: Path) -> None:
    """Ids come from files, options and JSON lines alike; whoever is on it already is counted so."""
    file = tmp_path / "ids.txt"
    file.write_text(f"\ufeff{contacts[0]}\n\n  {contacts[1]}  \n", encoding="utf-8")
    first = live.cli("sequences", "enroll", sequence, "--contacts", str(file), "--contact", contacts[2])
    assert first.rows[0] | {"enrolled": 3, "contacts": 3} == first.rows[0]
    lines = live.cli("contacts", "list", "--limit", "500").out
    second = live.cli("sequences", "enroll", sequence, "--contacts", "-", text=lines)
    assert second.rows[0]["enrolled"] == len(contacts) - 3
    assert second.rows[0]["already_enrolled"] == 3
    assert len(live.state.enrollments(sequence)) == len(contacts)


def test_enroll_by_tag_and_list(live: Live, sequence: str) -> None:
    """Everybody with a tag or on a list is enrolled by one request."""
    tag, a_list = next(iter(live.state.tags)), next(iter(live.state.lists))
    outcome = live.cli("sequences", "enroll", sequence, "--tag", tag, "--list", a_list)
    assert outcome.code == 0
    assert outcome.rows[0]["enrolled"] == len(live.state.enrollments(sequence)) > 3


def test_enroll_somebody_unknown(live: Live, sequence: str, contacts: list[str]) -> None:
    """Whoever cannot be enrolled is named with the reason, and the run exits with 10."""
    outcome = live.cli("sequences", "enroll", sequence, "--contact", contacts[0], "--contact", "con_gone")
    assert outcome.code == 10
    assert "con_gone: not enrolled: not_found" in outcome.err
    assert (outcome.rows[0]["enrolled"], outcome.rows[0]["skipped"]) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [((), "Nobody to enroll"), (("--contacts", "-"), "Nobody to enroll")],
)
def test_enroll_nobody(live: Live, sequence: str, arguments: tuple[str, ...], reason: str) -> None:
    """An empty list never means everybody."""
    outcome = live.cli("sequences", "enroll", sequence, *arguments, text="\n")
    assert outcome.code == 2
    assert reason in outcome.err


def test_a_line_that_is_no_id_is_named(live: Live, sequence: str) -> None:
    """A JSON object without an id is refused with its line number."""
    outcome = live.cli("sequences", "enroll", sequence, "--contacts", "-", text='con_1\n{"name": "Ada"}\n')
    assert outcome.code == 2
    assert "standard input, line 2" in outcome.err


def test_pause_some_or_everyone(live: Live, sequence: str, contacts: list[str], dialect: str) -> None:
    """Pausing everyone has to be said; naming nobody is refused."""
    live.state.enroll(sequence, contacts)
    assert live.cli("sequences", "pause", sequence).code == 2
    assert live.cli("sequences", "pause", sequence, "--all", "--contact", contacts[0]).code == 2
    one, others = (None, None) if dialect in COUNTLESS else (1, len(contacts) - 1)
    assert live.cli("sequences", "pause", sequence, "--contact", contacts[0]).rows[0]["paused_count"] == one
    assert live.cli("sequences", "pause", sequence, "--all").rows[0]["paused_count"] == others
    assert {one.status for one in live.state.enrollments(sequence)} == {"paused"}


def test_pausing_somebody_who_is_not_there(live: Live, sequence: str, contacts: list[str], dialect: str) -> None:
    """The server is silent about them; the command line is not, and the exit code says whether anybody was."""
    live.state.enroll(sequence, contacts[:2])
    nobody = live.cli("sequences", "pause", sequence, "--contact", "nope", "--contact", "nope")
    assert (nobody.code, nobody.err) == (5, f"nope: not paused: not on {sequence}.\n")
    some = live.cli("sequences", "pause", sequence, "--contact", contacts[0], "--contact", "nope")
    assert (some.code, some.err) == (10, f"nope: not paused: not on {sequence}.\n")
    again = live.cli("sequences", "pause", sequence, "--contact", contacts[0])
    none = None if dialect in COUNTLESS else 0
    assert (again.code, again.rows[0]["paused_count"], again.err) == (0, none, "")
    live.advance(hours=24 * 30)
    late = live.cli("sequences", "pause", sequence, "--contact", contacts[1])
    assert (late.code, late.err) == (0, f"{contacts[1]}: not paused: completed.\n")


def test_unenroll(live: Live, sequence: str, contacts: list[str]) -> None:
    """A contact is taken off; twice is an error."""
    live.state.enroll(sequence, contacts[:1])
    outcome = live.cli("sequences", "unenroll", sequence, contacts[0])
    assert (outcome.code, outcome.out) == (0, "")
    assert "is off" in outcome.err
    assert live.state.enrollments(sequence) == []
    assert live.cli("sequences", "unenroll", sequence, contacts[0]).code == 5


def test_enrollments_and_sends(live: Live, sequence: str, contacts: list[str]) -> None:
    """Who is on a sequence and what was sent can be listed, in both forms."""
    live.state.enroll(sequence, contacts[:2])
    live.advance(hours=1)
    assert len(live.cli("sequences", "sends", sequence).rows) == 2
    statuses = [row["status"] for row in live.cli("sequences", "enrollments", sequence).rows]
    assert statuses == ["active", "active"]
    table = live.cli("sequences", "enrollments", sequence, "--table", COLUMNS="120").out
    assert contacts[0] in table
    assert live.cli("sequences", "sends", sequence, "--since", "2999-01-01").rows == []
