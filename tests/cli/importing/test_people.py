"""What an import does about people who are there already, companies, and addresses that stand twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from impactive_async.bulk.journal.recorded import open_journal
from tests.cli.support import Live, Outcome

HEADER = "First Name,Last Name,Email,Phone,Company\n"


def write(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "people.csv"
    file.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def run(live: Live, file: Path, *arguments: str) -> Outcome:
    return live.cli("contacts", "import", str(file), *arguments)


def contacts(live: Live) -> list[dict[str, Any]]:
    """The contacts that the tests make, in the order in which they were made."""
    return [
        dict(row.fields) for row in live.state.rows("contacts") if "@there" in str(row.fields.get("email")).lower()
    ]


def test_who_is_there_is_skipped(live: Live, tmp_path: Path) -> None:
    """By the address, however it is written; they are left as they are, not enrolled, and counted."""
    old = live.state.create_contact("Ada", "Old", email="Ada@There.example").id
    sequence = live.state.create_sequence("Welcome").id
    file = write(tmp_path, "Ada,New,ada@there.example,+1 555 01234,", "Bob,New,bob@there.example,,")
    outcome = run(live, file, "--existing", "skip", "--enroll", sequence)
    assert (outcome.code, outcome.rows[0]["created"], outcome.rows[0]["existing"]) == (0, 1, 1), outcome.err
    assert (
        "1 line with the address of somebody who is in the workspace: left alone, and not enrolled." in outcome.err
    )
    assert "the 500 newest and the 100 changed last, at most" in outcome.err
    assert [row["lastName"] for row in contacts(live)] == ["Old", "New"]
    assert old not in {row.contact_id for row in live.state.enrollments(sequence)}
    told = live.cli("contacts", "imported", str(file)).rows
    assert [(row["outcome"], row["contact_id"] == old) for row in told] == [("existing", True), ("created", False)]


def test_who_is_there_is_updated(live: Live, tmp_path: Path) -> None:
    """They get what the line says, keep what it does not say, and are enrolled; again does no harm."""
    made = live.cli("contacts", "create", "Ada", "Old", "--email", "ada@there.example", "--title", "Founder")
    old = made.rows[0]["id"]
    sequence = live.state.create_sequence("Welcome").id
    file = write(tmp_path, "Ada,New,ada@there.example,+1 555 01234,", "Bob,New,bob@there.example,,")
    for created in (1, 0):
        outcome = run(live, file, "--existing", "update", "--enroll", sequence)
        assert (outcome.code, outcome.rows[0]["created"], outcome.rows[0]["updated"]) == (0, created, 1), (
            outcome.err
        )
    ada, bob = contacts(live)
    assert (ada["lastName"], ada["phone"], ada["title"], bob["lastName"]) == (
        "New",
        "+1 555 01234",
        "Founder",
        "New",
    )
    assert old in {row.contact_id for row in live.state.enrollments(sequence)}
    assert len(live.state.enrollments(sequence)) == 2


@pytest.mark.contract("it is PATCH that is refused", "express", "next")
def test_an_update_that_is_refused_is_told_and_rejected(live: Live, tmp_path: Path) -> None:
    """The line counts as failed, and stands in the file of rejects."""
    live.state.create_contact("Ada", "Old", email="ada@there.example")
    live.sandbox.fail("PATCH /api/agent/contacts/:id", status=400, times=None)
    file = write(tmp_path, "Ada,New,ada@there.example,,", "Bob,New,bob@there.example,,")
    outcome = run(live, file, "--existing", "update")
    assert (outcome.code, outcome.rows[0]["updated"], outcome.rows[0]["failed"]) == (10, 0, 1)
    assert f"{file}:2: not updated: PATCH /api/agent/contacts/" in outcome.err
    rejects = file.with_name("people.csv.rejects.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line[:8] for line in rejects] == ["First Na", "Ada,New,"]
    assert [row["outcome"] for row in live.cli("contacts", "imported", str(file)).rows] == ["failed", "created"]


def test_without_being_asked_nobody_is_looked_for(live: Live, tmp_path: Path) -> None:
    """By default everybody of the file is created."""
    live.state.create_contact("Ada", "Old", email="ada@there.example")
    run(live, write(tmp_path, "Ada,New,ada@there.example,,"))
    assert [row["lastName"] for row in contacts(live)] == ["Old", "New"]


def test_who_was_there_is_known_also_when_the_lists_have_moved_on(live: Live, tmp_path: Path) -> None:
    """An import that goes on remembers whom it found when it began; its own people are not taken for others."""
    live.state.create_contact("Ada", "Old", email="ada0@there.example")
    lines = [f"Ada,New {n},ada{n}@there.example,," for n in range(700)]
    file = write(tmp_path, *lines[1:], lines[0])
    live.sandbox.fail("POST /api/agent/contacts", status=401, times=None, after=10)
    arguments = ("--existing", "skip", "--concurrency", "1")
    assert run(live, file, *arguments).rows[0]["created"] == 500
    live.sandbox.clear_faults()
    outcome = run(live, file, *arguments)
    assert (outcome.rows[0]["created"], outcome.rows[0]["already_created"], outcome.rows[0]["existing"]) == (
        199,
        500,
        1,
    )
    assert len({row["email"] for row in contacts(live)}) == len(contacts(live)) == 700


def test_a_dry_run_looks_up_what_it_can(live: Live, tmp_path: Path) -> None:
    """With a key it knows who is there; without one it says that it does not."""
    live.state.create_contact("Ada", "Old", email="ada@there.example")
    file = write(tmp_path, "Ada,New,ada@there.example,,", "Bob,New,bob@there.example,,")
    assert [row["first_name"] for row in run(live, file, "--existing", "skip", "--dry-run").rows] == ["Bob"]
    without = run(live, file, "--existing", "skip", "--dry-run", "--max-retries", "0")
    assert without.code == 0
    offline = live.cli("contacts", "import", str(file), "--existing", "skip", "--dry-run", IMPACTIVE_API_KEY="")
    assert len(offline.rows) == 2
    assert "is looked for when the key is set" in offline.err


def test_a_company_is_found_by_its_name(live: Live, tmp_path: Path) -> None:
    """Case and blanks do not matter; a name that two have, or none, means no company, and is told."""
    wanted = live.state.add("companies", {"name": "Difference Works"}).id
    for _ in range(2):
        live.state.add("companies", {"name": "Twice"})
    file = write(
        tmp_path,
        "Ada,A,ada@there.example,,difference  WORKS",
        "Bob,B,bob@there.example,,Twice",
        "Eve,E,eve@there.example,,Nowhere",
        "Zoe,Z,zoe@there.example,,",
    )
    outcome = run(live, file)
    assert [row.get("companyId") for row in contacts(live)] == [wanted, None, None, None]
    assert "2 lines name a company that the workspace does not list" in outcome.err
    assert "such as 'Twice': these people get none." in outcome.err


def test_companies_are_looked_up_once(live: Live, tmp_path: Path) -> None:
    """What was sent stays what it was, though a company of that name is listed meanwhile."""
    file = write(tmp_path, "Ada,A,ada@there.example,,Late", "Bob,,bob@there.example,,Late")
    assert run(live, file, "--skip-bad").rows[0]["created"] == 1
    live.state.add("companies", {"name": "Late"})
    write(tmp_path, "Ada,A,ada@there.example,,Late", "Bob,B,bob@there.example,,Late")
    outcome = run(live, file)
    assert (outcome.code, outcome.rows[0]["created"], outcome.rows[0]["already_created"]) == (0, 1, 1), outcome.err


def test_an_id_goes_before_a_name(live: Live, tmp_path: Path) -> None:
    """A column of ids is believed."""
    named, meant = (live.state.add("companies", {"name": name}).id for name in ("Named", "Meant"))
    file = tmp_path / "ids.csv"
    file.write_text(f"First,Last,Email,Company,Company ID\nAda,A,ada@there.example,Named,{meant}\n")
    run(live, file)
    assert contacts(live)[0]["companyId"] == meant != named


def test_duplicates_are_imported_on_request(live: Live, tmp_path: Path) -> None:
    """`--allow-duplicates` creates every line; without it both line numbers are told."""
    file = write(tmp_path, "Ada,A,ada@there.example,,", "Ada,B,ADA@there.example,,")
    outcome = run(live, file)
    assert (outcome.code, outcome.rows[0]["created"], outcome.rows[0]["duplicate"]) == (0, 1, 1)
    assert f"{file}:3: not imported again: it has the address of line 2" in outcome.err
    again = run(live, file, "--allow-duplicates")
    assert (again.rows[0]["created"], again.rows[0]["already_created"], again.rows[0]["duplicate"]) == (1, 1, 0)
    assert run(live, file).rows[0]["already_created"] == 2


def test_a_bad_line_is_not_the_first_one_of_its_address(live: Live, tmp_path: Path) -> None:
    """The good one behind it is imported; once the bad one is corrected, it is the duplicate."""
    file = write(tmp_path, "Ada,,ada@there.example,,", "Ada,B,ada@there.example,,")
    assert run(live, file, "--skip-bad").rows[0]["created"] == 1
    write(tmp_path, "Ada,A,ada@there.example,,", "Ada,B,ada@there.example,,")
    outcome = run(live, file)
    assert (outcome.rows[0]["created"], outcome.rows[0]["duplicate"]) == (0, 1)
    assert f"{file}:2: not imported again: it has the address of line 3" in outcome.err


def test_who_cannot_be_written_to_is_counted(live: Live, tmp_path: Path) -> None:
    """`--enroll` says how many have no address."""
    sequence = live.state.create_sequence("Welcome").id
    file = write(tmp_path, "Ada,A,ada@there.example,,", "Bob,B,,,", "Eve,E,,,")
    outcome = run(live, file, "--enroll", sequence)
    assert "2 lines of 3 have no email address: the sequence cannot write to these people." in outcome.err
    assert (
        "no email address"
        not in run(live, write(tmp_path, "Ada,A,ada@there.example,,", "Bob,B,,,", "Eve,E,,,")).err
    )


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("5", 5),
        ("1.5", 1.5),
        ("true", True),
        ('"{""a"": [1]}"', {"a": [1]}),
        ("0815", "0815"),
        ("NaN", "NaN"),
        ("x", "x"),
    ],
)
def test_an_undocumented_field_is_read_as_create_reads_it(
    live: Live, tmp_path: Path, cell: str, sent: object
) -> None:
    """JSON where it is JSON, else text; the dry run shows what the run sends."""
    file = tmp_path / "extra.csv"
    file.write_text(f"First,Last,Score\nAda,A,{cell}\n")
    arguments = ("--map", "Score=extra.score")
    assert run(live, file, *arguments, "--dry-run").rows[0]["extra"] == {"score": sent}
    run(live, file, *arguments)
    (body,) = live.sandbox.requests_to("POST /api/agent/contacts")[-1].body
    assert body["score"] == sent


async def test_notes_of_the_command_stand_in_the_journal(tmp_path: Path) -> None:
    """A journal keeps what the command noted, whatever version wrote it."""
    async with open_journal(tmp_path / "journal", create=True) as book:
        assert await book.note("import") is None
        await book.put_note("import", b"{}")
        await book.put_note("import", b'{"later": 1}')
        assert await book.note("import") == b'{"later": 1}'
