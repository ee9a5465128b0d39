"""`impactive doctor` from its arguments to its exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from impactive_async import Profile
from impactive_async.cli.doctor import prober
from impactive_async.cli.doctor.examining import READING, WRITING
from tests.cli.doctor.workspaces import fill
from tests.cli.support import Live, invoke, live_sandbox

MARKS = ("Quixmark", "quixmark.example", "quix_")
"""Parts of the marked values: no text for others may have one."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(seconds: float) -> None:
        assert 0 < seconds < 60

    monkeypatch.setattr(prober, "pause", at_once)


@pytest.fixture
def full() -> Iterator[Live]:
    """A workspace with rows of every kind."""
    with live_sandbox(seed="doctor", reply_rate=0.5) as live:
        live.do(fill)
        yield live


def test_the_first_line_says_how_many_requests_are_made(full: Live) -> None:
    """No more are made, and all of them read."""
    outcome = full.cli("doctor", "--json")
    assert outcome.code == 0
    assert outcome.err.startswith(f"At most {READING} requests, at most 5 a second")
    assert 40 < len(full.sandbox.requests) <= READING
    assert {request.method for request in full.sandbox.requests} <= {"GET", "OPTIONS", "PROPFIND"}


def test_it_puts_out_a_row_for_each_check(full: Live) -> None:
    """Programs get check, what was assumed and seen, verdict and advice; all is as assumed of the contract."""
    rows = {row["check"]: row for row in full.cli("doctor", "--json").rows}
    assert set(rows["Date"]) == {"check", "assumed", "seen", "verdict", "advice"}
    assert rows["sequences.sends: since"]["seen"] == ">="
    assert rows["zapier.contacts: length"]["seen"] == "100"
    assert "breaks" not in {row["verdict"] for row in rows.values()}


def test_the_profile_is_one_that_the_sdk_reads(full: Live, tmp_path: Path) -> None:
    """`--save` writes a profile which `Profile.load` accepts; of the contract it implies no deviation."""
    outcome = full.cli("doctor", "--json", "--save", str(tmp_path / "profile.json"))
    assert f"IMPACTIVE_PROFILE={tmp_path / 'profile.json'}" in outcome.err
    profile = Profile.load(tmp_path / "profile.json")
    assert profile.settings("zapier.deals.list")["since_operator"] == ">"
    assert profile.deviations() == frozenset()


def test_a_key_that_is_refused_has_its_exit_code(full: Live) -> None:
    """Code 4, and no list is asked for."""
    outcome = full.cli("doctor", "--json", IMPACTIVE_API_KEY="icrm_" + "0" * 32)
    assert outcome.code == 4
    assert "Create a key" in outcome.err
    assert len(full.sandbox.requests) == 1


def test_a_host_that_cannot_be_reached_has_its_exit_code() -> None:
    """Code 9, and what is wrong; the key is not shown."""
    env = {"IMPACTIVE_BASE_URL": "http://127.0.0.1:9", "IMPACTIVE_API_KEY": "icrm_" + "a" * 32}
    outcome = invoke("doctor", "--json", env=env)
    assert outcome.code == 9
    assert "the connection was refused" in outcome.err
    assert "a" * 32 not in outcome.out + outcome.err


def test_without_a_key_nothing_is_asked() -> None:
    """Code 3, as of all commands."""
    assert invoke("doctor").code == 3


def test_what_breaks_has_its_exit_code(full: Live) -> None:
    """A list in which no rows can be found ends with 10, and the advice says what to do."""
    full.sandbox.fail("GET /api/zapier/deals", times=None, status=200, body=b'{"a": [], "b": []}')
    outcome = full.cli("doctor", "--json")
    assert outcome.code == 10
    assert "zapier.deals: envelope: {a: [], b: []}" in outcome.err


def test_a_redirect_is_told(full: Live) -> None:
    """The SDK follows none, so that the address must be corrected."""
    full.sandbox.fail("GET /api/zapier/auth/test", redirect_to="https://elsewhere.example/")
    outcome = full.cli("doctor", "--json")
    assert outcome.code == 10
    assert "302 to another host" in outcome.out
    assert "elsewhere" not in outcome.out + outcome.err


def test_writes_are_asked_about(full: Live) -> None:
    """Without `--yes` and without a terminal nothing is sent, and what would be left behind is said."""
    outcome = full.cli("doctor", "--writes")
    assert outcome.code == 2
    assert "three contacts at example.com" in outcome.err
    assert full.sandbox.requests == ()


def test_writes_leave_three_contacts_and_one_archived_sequence(full: Live) -> None:
    """Nothing is sent by mail, and nobody else is touched."""
    contacts, sends = len(full.state.rows("contacts")), len(full.state.sends)
    sequences = set(full.state.sequences)
    assert full.cli("doctor", "--json", "--writes", "--yes").code == 0
    full.advance(hours=24 * 30)
    (made,) = set(full.state.sequences) - sequences
    assert full.state.sequences[made].status == "archived"
    assert len(full.state.steps(made)) == 2
    assert full.state.enrollments(made) == []
    assert len(full.state.rows("contacts")) == contacts + 3
    assert full.state.rows("contacts")[-1].fields["email"].endswith("@example.com")
    assert len([send for send in full.state.sends if send.subject.startswith(("Step", "Edited"))]) == 0
    assert sends <= len(full.state.sends)
    assert len(full.sandbox.requests) <= READING + WRITING


@pytest.fixture(params=["contract", "wrapped", "noun", "numbers", "express"])
def marked(request: pytest.FixtureRequest) -> Iterator[Live]:
    """A workspace in which every value that a person or the service wrote has a mark."""
    with live_sandbox(dialect=request.param, seed="Quixmark", workspace_id="quix_workspace") as live:
        live.do(_mark)
        yield live


async def _mark(sandbox: Any) -> None:
    await fill(sandbox)
    state = sandbox.state
    for kind in ("contacts", "companies", "deals", "invoices", "projects", "bookings"):
        for row in state.rows(kind):
            texts = {name: f"Quixmark {name}" for name, value in row.fields.items() if _is_words(name, value)}
            state.touch(kind, row.id, {**texts, "quixUndocumented": "Quixmark secret"})


def _is_words(name: str, value: object) -> bool:
    return isinstance(value, str) and not name.endswith(("Id", "Date", "Time")) and name != "status"


def test_no_file_for_others_holds_anything_of_the_workspace(marked: Live, tmp_path: Path) -> None:
    """Report, profile and transcript of a marked workspace hold no marked value, no key, no host and no id."""
    report, profile, folder = tmp_path / "report.md", tmp_path / "profile.json", tmp_path / "transcript"
    outcome = marked.cli(
        "doctor", "--json", "--report", str(report), "--save", str(profile), "--transcript", str(folder)
    )
    assert outcome.code in (0, 10)
    texts = [
        report.read_text(),
        profile.read_text(),
        outcome.out,
        *(file.read_text() for file in folder.iterdir()),
    ]
    rows = [row for kind in ("contacts", "companies", "deals") for row in marked.state.rows(kind)]
    ids = [str(row.id) for row in rows if len(str(row.id)) > 6]
    host = marked.sandbox.url.removeprefix("http://")
    emails = [row.fields["email"] for row in rows if "@" in str(row.fields.get("email"))]
    for text in texts:
        for secret in (*MARKS, host, marked.sandbox.api_key, *ids, *emails, "Analytical Engines", "Step 1 of"):
            assert secret not in text


def test_a_transcript_keeps_the_shape_of_answers(full: Live, tmp_path: Path) -> None:
    """Each exchange is a file; rows have the same fields, kinds and prints, and one value is replaced alike."""
    full.cli("doctor", "--json", "--transcript", str(tmp_path / "kept"))
    files = sorted((tmp_path / "kept").iterdir())
    assert len(files) == len(full.sandbox.requests)
    kept = [json.loads(file.read_text()) for file in files]
    contacts = next(one for one in kept if one["request"]["path"] == "/api/agent/contacts")
    row = contacts["answer"]["body"][0]
    assert set(row) >= {"id", "firstName", "email", "createdAt"}
    assert row["email"].endswith("@example.com")
    assert len(row["createdAt"]) == len("2026-05-01T09:00:00.000Z")
    sends = next(one for one in kept if one["request"]["path"].endswith("/sends"))["answer"]["body"]
    enrolled = next(one for one in kept if one["request"]["path"].endswith("/enrollments"))["answer"]["body"]
    assert {send["contactId"] for send in sends} <= {one["contactId"] for one in enrolled}


def test_the_table_shows_every_check_with_its_verdict(full: Live) -> None:
    """For people each check has its verdict in words, and what was seen stands whole, in up to three lines."""
    lines = full.cli("doctor", "--table").out.splitlines()
    (line,) = [line for line in lines if line.startswith("auth test")]
    assert line.split() == ["auth", "test", "row", "row", "as", "assumed"]
    assert lines[0].split() == ["Check", "Assumed", "Seen", "Verdict", "Advice"]
