"""The scripts, as processes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from impactive_async.sandbox import Sandbox
from tests.examples.programs import EXAMPLES, run

pytestmark = pytest.mark.slow


def rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as db:
        return db.execute(query).fetchall()


@pytest.mark.impactive(populate=False)
async def test_bulk_enrollment_can_be_started_again(impactive_sandbox: Sandbox, tmp_path: Path) -> None:
    """Everybody of the file is created once and enrolled once, however often it is run."""
    sequence = impactive_sandbox.state.create_sequence("Welcome").id
    arguments = (EXAMPLES / "leads.csv", sequence, "--journal", tmp_path / "leads.journal")
    code, out, err = await run(impactive_sandbox, "bulk_enroll", *arguments)
    assert (code, out.count("1000 created"), out.count("1000 enrolled")) == (0, 1, 1), err
    assert "created: 1000 done, 0 failed" in err
    code, out, _ = await run(impactive_sandbox, "bulk_enroll", *arguments)
    assert (code, out.count("1000 already created"), out.count("1000 already on the sequence")) == (0, 1, 1)
    assert len(impactive_sandbox.state.rows("contacts")) == 1000
    assert len(impactive_sandbox.state.enrollments(sequence)) == 1000


LEADS = "First Name;Last Name;E-Mail\r\nZoé;Müller;zoe@example.com\r\n;;\r\n"


@pytest.mark.impactive(populate=False)
@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(";", "utf-8-sig"), (";", "cp1252"), ("\t", "utf-16"), (",", "utf-8")]
)
async def test_bulk_enrollment_takes_what_excel_saves(
    impactive_sandbox: Sandbox, tmp_path: Path, delimiter: str, encoding: str
) -> None:
    """With a mark, in Windows' letters, with semicolons or tabs, and an empty line at the end."""
    sequence = impactive_sandbox.state.create_sequence("Welcome").id
    leads = tmp_path / "leads.csv"
    leads.write_bytes(LEADS.replace(";", delimiter).encode(encoding))
    code, out, err = await run(impactive_sandbox, "bulk_enroll", leads, sequence)
    assert (code, "1 created" in out, "1 enrolled" in out) == (0, True, True), err
    (contact,) = impactive_sandbox.state.rows("contacts")
    assert (contact.fields["firstName"], contact.fields["lastName"]) == ("Zoé", "Müller")


@pytest.mark.impactive(populate=False)
async def test_bulk_enrollment_reads_the_first_sheet_of_a_workbook(
    impactive_sandbox: Sandbox, tmp_path: Path
) -> None:
    """An Excel file is read as it is; here the people stand on another sheet, which is told."""
    leads = tmp_path / "leads.xlsx"
    leads.write_bytes((EXAMPLES.parent / "tests" / "cli" / "files" / "workbook.xlsx").read_bytes())
    code, _, err = await run(impactive_sandbox, "bulk_enroll", leads, "seq_1")
    assert code == 1
    assert "has no columns First Name and Last Name" in err
    assert "Traceback" not in err


@pytest.mark.impactive(populate=False)
async def test_bulk_enrollment_names_the_columns_that_it_needs(impactive_sandbox: Sandbox, tmp_path: Path) -> None:
    """Another table is a message, not a traceback."""
    leads = tmp_path / "leads.csv"
    leads.write_text("Name,Mail\nAda,ada@example.com\n")
    code, _, err = await run(impactive_sandbox, "bulk_enroll", leads, "seq_1")
    assert code == 1
    assert "has no columns First Name and Last Name" in err
    assert "Traceback" not in err


@pytest.mark.impactive(populate=False)
async def test_bulk_enrollment_says_who_failed(impactive_sandbox: Sandbox, tmp_path: Path) -> None:
    """A row that the server refuses fails alone: the exit code is 1, and the message has its number."""
    sequence = impactive_sandbox.state.create_sequence("Welcome").id
    leads = tmp_path / "leads.csv"
    leads.write_text("First Name,Last Name,Email\nAda,Lovelace,ada@example.com\nGrace,,grace@example.com\n")
    code, out, err = await run(impactive_sandbox, "bulk_enroll", leads, sequence)
    assert (code, "1 created" in out, "1 enrolled" in out) == (1, True, True)
    assert "Row 1:" in err


async def test_the_nightly_sync_copies_and_then_only_what_changed(
    impactive_sandbox: Sandbox, tmp_path: Path
) -> None:
    """The database has each row in its newest version; a second run writes what is new."""
    database = tmp_path / "crm.db"
    state = impactive_sandbox.state
    assert (await run(impactive_sandbox, "nightly_sync", database))[0] == 0
    assert rows(database, "SELECT count(*) FROM deals") == [(len(state.rows("deals")),)]
    assert rows(database, "SELECT count(*) FROM invoices") == [(len(state.rows("invoices")),)]
    await impactive_sandbox.clock.advance(hours=24)
    deal = state.touch("deals", state.rows("deals")[0].id, {"name": "Renamed", "value": 0.1})
    code, out, _ = await run(impactive_sandbox, "nightly_sync", database)
    assert (code, out.splitlines()[0]) == (0, "deals: 1 new or changed, 0 gaps, 0 unreadable")
    assert rows(database, f"SELECT name, value FROM deals WHERE id = '{deal.id}'") == [("Renamed", "0.1")]


async def test_the_nightly_sync_reports_what_it_could_not_get(impactive_sandbox: Sandbox, tmp_path: Path) -> None:
    """More changes than a list shows: the gap is in the database, and the exit code is 1."""
    database = tmp_path / "crm.db"
    assert (await run(impactive_sandbox, "nightly_sync", database))[0] == 0
    await impactive_sandbox.clock.advance(hours=24)
    for number in range(200):
        impactive_sandbox.state.add_invoice(f"INV-{number}", 10)
        await impactive_sandbox.clock.advance(seconds=1)
    code, _, err = await run(impactive_sandbox, "nightly_sync", database)
    assert (code, err) == (1, "")
    assert ("zapier/invoices", "overflow") in rows(database, "SELECT feed, kind FROM gaps")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("bulk_enroll", ("leads.csv", "seq_1", "--journal", "leads.journal")), ("nightly_sync", ("crm.db",))],
)
async def test_a_script_that_is_refused_says_what_to_do(
    impactive_sandbox: Sandbox, tmp_path: Path, name: str, arguments: tuple[str, ...]
) -> None:
    """A revoked key is one sentence on standard error, and no traceback."""
    (tmp_path / "leads.csv").write_text("First Name,Last Name,Email\nAda,Lovelace,ada@example.com\n")
    impactive_sandbox.revoke_key()
    paths = (tmp_path / part if "." in part else part for part in arguments)
    code, _, err = await run(impactive_sandbox, name, *paths)
    assert code == 1
    assert "The API key was refused: check that" in err
    assert "Traceback" not in err


async def test_logs_and_traces_can_be_joined(impactive_sandbox: Sandbox) -> None:
    """Each request is a log line and a span of one trace, and neither has the key."""
    code, out, err = await run(impactive_sandbox, "traced")
    assert code == 0, err
    logs = [json.loads(line) for line in err.splitlines()]
    said = [json.loads(line) for line in out.splitlines()]
    spans = [line for line in said if "context" in line]
    assert [line.keys() for line in said if line not in spans] == [{"workspace", "deals"}]
    assert [log["logger"] for log in logs] == ["impactive_async.http"] * 2
    assert {"0x" + log["trace_id"] for log in logs} == {span["context"]["trace_id"] for span in spans}
    assert [span["name"] for span in spans] == [
        "GET /api/zapier/auth/test",
        "GET /api/zapier/deals",
        "count the workspace",
    ]
    assert impactive_sandbox.api_key not in out + err
