"""Journals that version 0.1 left behind: files that its code wrote, one of them as it was killed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from impactive_async import created_ids
from tests.bulk.model import Model, people

WRITTEN = Path(__file__).parent / "from_0_1"
FINISHED_ROWS = [
    *people(20),
    {"first_name": "No"},
    {"first_name": "Bad", "last_name": "Row", "title": "bad", "email": "bad@example.com"},
    *people(8, first=20),
]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A copy of what was written."""
    shutil.copytree(WRITTEN, tmp_path / "kept")
    return tmp_path / "kept"


def workspace(count: int) -> Model:
    """The one that the journals belong to, with so many of the people created."""
    model = Model()
    for row in people(count):
        model.add({"firstName": row["first_name"], "lastName": row["last_name"], "email": row["email"]})
    return model


async def test_a_finished_import_of_0_1_creates_nobody_again(kept: Path) -> None:
    """The same rows are done already, and those that failed fail as they did."""
    model = workspace(28)
    model.script = ["refused"] * 20
    report = await model.run(FINISHED_ROWS, journal=kept / "finished")
    assert (report.created, report.already_created, len(report.failed)) == (0, 28, 2)
    assert len([one async for one in created_ids(kept / "finished")]) == 28


@pytest.mark.parametrize("arrived", [30, 40, 60])
async def test_an_import_of_0_1_that_was_killed_is_finished(kept: Path, arrived: int) -> None:
    """Whether or not the requests under way at the kill arrived: everybody is there once."""
    model = workspace(arrived)
    report = await model.run(people(60), journal=kept / "killed")
    assert report.ok
    assert report.created == 60 - arrived
    assert set(model.emails().values()) == {1}
    assert len(model.emails()) == 60
    again = await model.run(people(60), journal=kept / "killed")
    assert (again.created, again.already_created) == (0, 60)
