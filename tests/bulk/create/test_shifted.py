"""Rows that have moved up since the last run, because others were taken out before them, are not created again."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async.bulk.journal.recorded import open_journal
from impactive_async.bulk.report import CreateReport
from impactive_async.errors import BulkError, JournalError
from tests.bulk.create.test_corrections import bad, to_version_one
from tests.bulk.model import Model, people
from tests.support import often


def forget(model: Model, journal: Path, rows: list[dict[str, Any]], firsts: list[int]) -> None:
    """Leave batches out of the journal and of the workspace, as a kill does that comes before they are begun."""
    connection = sqlite3.connect(journal, isolation_level=None)
    for first in firsts:
        ((count,),) = connection.execute("SELECT count FROM batches WHERE first = ?", (first,)).fetchall()
        gone = {row.get("email") for row in rows[first : first + count]}
        model.contacts[:] = [contact for contact in model.contacts if contact.get("email") not in gone]
        connection.execute("DELETE FROM batches WHERE first = ?", (first,))
    connection.close()


async def attempt(model: Model, rows: list[dict[str, Any]], journal: Path, **options: Any) -> Exception | None:
    try:
        await model.run(rows, journal=journal, **options)
    except (BulkError, JournalError) as error:
        return error
    return None


@pytest.mark.parametrize("old", [False, True], ids=["journal", "journal of 0.1"])
@pytest.mark.parametrize("size", [1, 2, 3, 10])
async def test_a_row_taken_out_of_an_unsent_stretch(tmp_path: Path, size: int, old: bool) -> None:
    """The row behind the stretch stands in it now: it is recognised before anything is sent."""
    model, rows = Model(), people(12)
    await model.run(rows, journal=tmp_path / "journal", batch_size=2)
    forget(model, tmp_path / "journal", rows, [4])
    if old:
        to_version_one(tmp_path / "journal", rows)
    error = await attempt(model, [*rows[:5], *rows[6:]], tmp_path / "journal", batch_size=size)
    assert isinstance(error, BulkError | JournalError)
    assert "another input" in str(error) + str(error.__cause__)
    assert max(model.emails().values()) == 1
    assert await attempt(model, rows, tmp_path / "journal", batch_size=size) is None
    assert sorted(model.emails().values()) == [1] * 12


@pytest.mark.parametrize("size", [1, 4, 10])
async def test_a_failed_row_taken_out(tmp_path: Path, size: int) -> None:
    """A created row that has moved into the place of a failed one is no correction of it."""
    model, rows = Model(), people(12)
    wrong = [*rows[:5], bad(rows[5]), *rows[6:]]
    await model.run(wrong, journal=tmp_path / "journal", batch_size=size)
    error = await attempt(model, [*rows[:5], *rows[6:]], tmp_path / "journal", batch_size=size)
    assert error is not None
    assert max(model.emails().values()) == 1
    assert await attempt(model, rows, tmp_path / "journal") is None
    assert sorted(model.emails().values()) == [1] * 12


@pytest.mark.parametrize("twin", [3, 6, 9])
async def test_a_row_that_stands_twice_in_the_input_is_no_dead_end(tmp_path: Path, twin: int) -> None:
    """An unsent row that equals a created one behind it is sent, as soon as that one is seen in its place."""
    model, rows = Model(), people(12)
    rows[twin] = rows[2]
    await model.run(rows, journal=tmp_path / "journal", batch_size=1, concurrency=1)
    forget(model, tmp_path / "journal", [row if i != twin else {} for i, row in enumerate(rows)], [2])
    # Both contacts of that address are gone now; the one that the journal has is put back.
    model.add({"firstName": rows[2]["first_name"], "lastName": "Lovelace", "email": rows[2]["email"]})
    assert await attempt(model, rows, tmp_path / "journal") is None
    assert model.emails()[rows[2]["email"]] == 2
    assert set(model.emails().values()) == {1, 2}


async def test_what_is_held_back_is_reported(tmp_path: Path) -> None:
    """Rows that wait for a later one are not lost from the report if the input ends before it."""
    model, rows = Model(), people(12)
    await model.run([bad(rows[0]), *rows[1:]], journal=tmp_path / "journal", batch_size=2)
    forget(model, tmp_path / "journal", rows, [4])
    with pytest.raises(BulkError) as caught:
        await model.run([*rows[:4], *rows[6:8]], journal=tmp_path / "journal")
    assert isinstance(caught.value.report, CreateReport)
    assert caught.value.report.already_created == 3
    assert [failure.index for failure in caught.value.report.failed] == [4, 5]
    assert all("not sent" in failure.reason for failure in caught.value.report.failed)


async def test_many_corrections_hold_nothing_back(tmp_path: Path) -> None:
    """Corrected rows that equal no created one are sent batch by batch, as they come."""
    model, rows = Model(), people(300)
    await model.run([*map(bad, rows[:250]), *rows[250:]], journal=tmp_path / "journal", batch_size=50)
    read = 0

    def source() -> Any:
        nonlocal read
        for row in rows:
            read += 1
            yield row

    read_ahead: list[int] = []

    def note(_: object) -> str:
        read_ahead.append(read)
        return "ok"

    model.fate_of = note
    report = await model.run(source(), journal=tmp_path / "journal", concurrency=1)
    assert (report.created, report.already_created) == (250, 50)
    assert read_ahead[0] < 250


@pytest.mark.thorough
def test_nobody_is_created_twice_whatever_is_taken_out(tmp_path: Path) -> None:
    """Rows taken out, put in and corrected, with stretches unsent: an address has one contact at most."""

    @settings(derandomize=True, deadline=None, max_examples=often(60, 1000))
    @given(st.data())
    def law(data: st.DataObject) -> None:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.journal"
        asyncio.run(one(data, path))

    law()


async def one(data: st.DataObject, path: Path) -> None:
    model, rows = Model(), people(data.draw(st.integers(3, 14)))
    places = st.lists(st.integers(0, len(rows) - 1), max_size=4, unique=True)
    wrong, size = data.draw(places), data.draw(st.integers(1, 4))
    begun = [bad(row) if place in wrong else row for place, row in enumerate(rows)]
    await attempt(model, begun, path, batch_size=size)
    async with open_journal(path) as journal:
        firsts = [entry.first async for entry in journal.entries()]
    forget(model, path, rows, [first for first in firsts if data.draw(st.booleans())])
    for _ in range(2):
        again = list(rows)
        for place in sorted(data.draw(places), reverse=True):
            del again[place]
        if data.draw(st.booleans()):
            again.insert(data.draw(st.integers(0, len(again))), people(1, first=99)[0])
        await attempt(model, again, path, batch_size=data.draw(st.integers(1, 5)))
        assert max(model.emails().values(), default=1) == 1
