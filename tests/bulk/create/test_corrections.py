"""Rows that failed, or that were left out, may be others the next time; rows that have a contact may not."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from impactive_async._codec.codec import dumps
from impactive_async._http.caller import Answer
from impactive_async.bulk.drafts import LeftOut, plain_body
from impactive_async.bulk.journal.recorded import RecordedRow, open_journal, recorded_rows
from impactive_async.bulk.reconcile.pairing import ListedContact
from impactive_async.errors import BulkError, JournalError, ServerError
from impactive_async.models import Workspace
from tests.bulk.model import Model, people


def bad(row: dict[str, Any]) -> dict[str, Any]:
    """The same row as the server refuses it."""
    return {**row, "title": "bad"}


async def rows_of(journal: Path) -> list[RecordedRow]:
    async with open_journal(journal) as book:
        return [row async for row in recorded_rows(book)]


def blind(model: Model) -> Model:
    """Let nobody tell from the lists what became of a lost batch: they show too little, and no times."""
    newest = model.newest

    async def timeless(limit: int) -> Any:
        answer = await newest(limit)
        return Answer([ListedContact(one.id, {**one.fields, "createdAt": None}) for one in answer.value], 1, None)

    async def full(since: Any) -> Any:
        assert since
        answer = await newest(500)
        answer.value.extend(answer.value * 50)
        return answer

    model.newest, model.changed = timeless, full  # type: ignore[method-assign]
    model.add({"firstName": "Known", "lastName": "Contact"})
    return model


def to_version_one(journal: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Make a journal of it as version 0.1 left it behind, with the digests of these rows."""
    connection = sqlite3.connect(journal, isolation_level=None)
    for first, count in connection.execute("SELECT first, count FROM batches").fetchall():
        documents = [dumps(plain_body(row)) + b"," for row in rows[: first + count]]
        digest = blake2b(b"".join(documents), digest_size=16).digest()
        connection.execute("UPDATE batches SET digest = ? WHERE first = ?", (digest, first))
    for statement in (
        "ALTER TABLE batches DROP COLUMN fingerprints",
        "ALTER TABLE batches DROP COLUMN remarks",
        "DROP TABLE notes",
        "PRAGMA user_version = 1",
    ):
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("size", [4, 10, 100])
async def test_a_row_that_failed_may_be_corrected(tmp_path: Path, size: int) -> None:
    """Bad and refused rows are sent as they are now, each time until they are created, and nobody else is."""
    model, right = Model(), people(30)
    wrong = [*right[:5], bad(right[5]), {"first_name": "No"}, *right[7:]]
    first = await model.run(wrong, journal=tmp_path / "journal")
    assert (first.created, len(first.failed)) == (28, 2)
    half = [*right[:6], {"first_name": "No", "last_name": ""}, *right[7:]]
    second = await model.run(half, journal=tmp_path / "journal", batch_size=size)
    assert (second.created, second.already_created, len(second.failed)) == (1, 28, 1)
    third = await model.run(right, journal=tmp_path / "journal", batch_size=size)
    assert (third.created, third.already_created) == (1, 29)
    assert (await model.run(right, journal=tmp_path / "journal")).already_created == 30
    assert set(model.emails().values()) == {1}


async def test_a_corrected_row_is_fixed_once_it_is_created(tmp_path: Path) -> None:
    """What held for the others holds for it from then on."""
    model, right = Model(), people(30)
    await model.run([bad(right[0]), *right[1:]], journal=tmp_path / "journal")
    await model.run(right, journal=tmp_path / "journal")
    with pytest.raises(JournalError, match=r"row 0 \(from 0\) is not the one that was sent"):
        await model.run([{**right[0], "phone": "1"}, *right[1:]], journal=tmp_path / "journal")


async def test_a_row_that_may_exist_may_not_be_changed(tmp_path: Path) -> None:
    """Nobody knows of which of the two the contact would be."""
    model, rows = blind(Model()), people(40)
    model.script = ["ok"] * 3 + ["lost"]
    report = await model.run(rows, journal=tmp_path / "journal", concurrency=1)
    assert len(report.unknown) == 10
    with pytest.raises(JournalError, match="is not the one that was sent"):
        await model.run([*rows[:30], {**rows[30], "phone": "1"}, *rows[31:]], journal=tmp_path / "journal")


async def test_rows_that_are_left_out_keep_their_places(tmp_path: Path) -> None:
    """They are counted, recorded with their reasons, and may be created later."""
    model, rows = Model(), people(30)
    holes: list[Any] = [LeftOut(reason="said so")] * 12
    holes[3] = LeftOut(reason="is there", outcome="existing", contact_id="con_x")
    first = await model.run([*holes, *rows[12:]], journal=tmp_path / "journal", keep_results=True)
    assert (first.rows, first.created, first.left_out, first.ok) == (30, 18, 12, True)
    assert [str(result.outcome) for result in first.results or ()] == ["left_out"] * 12 + ["created"] * 18
    told = await rows_of(tmp_path / "journal")
    assert [(row.outcome, row.reason, row.contact_id) for row in told[2:4]] == [
        ("left_out", "said so", None),
        ("existing", "is there", "con_x"),
    ]
    assert [row.index for row in told] == list(range(30))
    second = await model.run(rows, journal=tmp_path / "journal")
    assert (second.created, second.already_created, second.left_out) == (12, 18, 0)
    assert set(model.emails().values()) == {1}


async def test_a_row_that_was_created_cannot_be_left_out_afterwards(tmp_path: Path) -> None:
    """The row is another one then, and whose contact that is would be forgotten."""
    model, rows = Model(), people(10)
    await model.run(rows, journal=tmp_path / "journal")
    with pytest.raises(JournalError, match="is not the one that was sent"):
        await model.run([LeftOut(reason="late"), *rows[1:]], journal=tmp_path / "journal")


async def test_what_a_journal_says_of_its_rows(tmp_path: Path) -> None:
    """Who was created, what failed with its reason, and what may have been created."""
    model, rows = blind(Model()), people(30)
    rows[2] = bad(rows[2])
    model.fate_of = lambda bodies: "lost" if bodies[0]["email"] == rows[20]["email"] else None
    await model.run(rows, journal=tmp_path / "journal", concurrency=1)
    told = await rows_of(tmp_path / "journal")
    assert [row.outcome for row in told] == ["created"] * 2 + ["failed"] + ["created"] * 17 + ["unknown"] * 10
    assert "HTTP 400" in (told[2].reason or "")
    assert "may have been created" in (told[20].reason or "")
    assert [row.settled for row in told] == [index != 2 for index in range(30)]
    assert all(row.contact_id for row in told if row.outcome == "created")


async def test_what_a_killed_import_was_about_to_do_is_told_as_unknown(tmp_path: Path) -> None:
    """The next run looks for it; until then nobody knows."""
    model = Model()
    model.fate_of = lambda _: "dropped"

    async def unreachable(limit: int) -> Any:
        if model.sent:
            raise ServerError("HTTP 500.", status=500)
        return await Model.newest(model, limit)

    model.newest = unreachable  # type: ignore[method-assign]
    with pytest.raises(BulkError):
        await model.run(people(5), journal=tmp_path / "journal", concurrency=1)
    told = await rows_of(tmp_path / "journal")
    assert {(row.outcome, row.settled) for row in told} == {("unknown", True)}
    assert "the next run looks for it" in (told[0].reason or "")


async def test_a_journal_that_has_created_nobody_is_begun_anew(tmp_path: Path) -> None:
    """Other rows, and even another workspace, are welcome then; what its user noted stays."""
    model = Model()
    await model.run([bad(row) for row in people(25)], journal=tmp_path / "journal")
    async with open_journal(tmp_path / "journal") as book:
        await book.put_note("mine", b"kept")
        assert not await book.somebody()

    async def elsewhere() -> Workspace:
        return Workspace(id="wsp_2", name="Elsewhere")

    model.workspace = elsewhere  # type: ignore[method-assign]
    report = await model.run(people(7), journal=tmp_path / "journal")
    assert (report.created, report.rows) == (7, 7)
    async with open_journal(tmp_path / "journal") as book:
        assert await book.note("mine") == b"kept"
        assert await book.somebody()


async def test_a_journal_of_version_one_goes_on(tmp_path: Path) -> None:
    """Its rows must be the same, the failed ones as well: it has one digest for all. More may follow."""
    model, rows = Model(), people(40)
    rows[3] = bad(rows[3])
    await model.run(rows[:25], journal=tmp_path / "journal")
    to_version_one(tmp_path / "journal", rows)
    assert {row.fingerprint for row in await rows_of(tmp_path / "journal")} == {None}
    report = await model.run(rows, journal=tmp_path / "journal")
    assert (report.created, report.already_created, len(report.failed)) == (15, 24, 1)
    with pytest.raises(JournalError, match="of another input"):
        await model.run([{**rows[0], "phone": "1"}, *rows[1:]], journal=tmp_path / "journal")
    to_version_one(tmp_path / "journal", rows)
    with pytest.raises(JournalError, match=r"rows 0 to 9 \(from 0\), or some before, differ"):
        await model.run([*rows[:3], people(4)[3], *rows[4:]], journal=tmp_path / "journal")
