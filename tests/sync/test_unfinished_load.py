"""A load that was cut off after its rows were written, and before the cursor was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("dlt", reason="the extra `sync` is not installed")
pytest.importorskip("psycopg2", reason="the extra `sync` is not installed")

from impactive_async.sandbox import Sandbox
from impactive_async.sync_source import tidying
from tests.sync.places import ENGINES, Place, place_of, sync

pytestmark = [pytest.mark.slow, pytest.mark.impactive(populate=False)]

CUT_OFF = "DELETE FROM _dlt_loads WHERE load_id >= (SELECT max(_dlt_load_id) FROM _dlt_pipeline_state)"
"""What a process leaves that is killed when all rows are written: dlt takes the load for one that never was."""


@pytest.fixture(params=ENGINES)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place of each engine."""
    async with place_of(request.param, tmp_path) as made:
        yield made


@pytest.mark.parametrize("history", [False, True])
async def test_a_row_that_left_after_it_is_gone(impactive_sandbox: Sandbox, place: Place, history: bool) -> None:
    """The cursor has never known it."""
    state = impactive_sandbox.state
    for number in range(3):
        state.add("bookings", {"title": f"Call {number}"})
    await sync(impactive_sandbox, place, kinds=["bookings"], history=history)
    fourth = state.add("bookings", {"title": "Fourth"}).id
    await sync(impactive_sandbox, place, kinds=["bookings"], history=history)
    place.query(CUT_OFF)
    state.remove("bookings", fourth)
    for _ in range(2):
        await impactive_sandbox.clock.advance(hours=1)
        await sync(impactive_sandbox, place, kinds=["bookings"], history=history)
    now = " AND _dlt_valid_to IS NULL" if history else ""
    assert place.values(f"SELECT id FROM bookings WHERE _removed_at IS NOT NULL{now}") == [fourth]


async def test_the_first_load_of_all(impactive_sandbox: Sandbox, place: Place) -> None:
    """Then there is no cursor, and no record of any load."""
    state = impactive_sandbox.state
    gone, _ = (state.add("bookings", {"title": title}).id for title in ("Gone", "Kept"))
    await sync(impactive_sandbox, place, kinds=["bookings"])
    place.query("DELETE FROM _dlt_loads")
    state.remove("bookings", gone)
    for _ in range(2):
        await impactive_sandbox.clock.advance(hours=1)
        await sync(impactive_sandbox, place, kinds=["bookings"])
    assert place.values("SELECT id FROM bookings WHERE _removed_at IS NOT NULL") == [gone]


async def test_without_one_each_list_is_asked_once(
    impactive_sandbox: Sandbox, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the records of the loads that brought its rows are deleted."""
    monkeypatch.setattr(tidying, "KEPT", 2)
    for number in range(4):
        impactive_sandbox.state.add("bookings", {"title": f"Call {number}"})
        await impactive_sandbox.clock.advance(hours=1)
        await sync(impactive_sandbox, place, kinds=["bookings"])
    assert len(impactive_sandbox.requests) == 4


async def test_an_enrollment_that_ended_after_it_is_gone(impactive_sandbox: Sandbox, place: Place) -> None:
    """Each sequence has a list of its own."""
    state = impactive_sandbox.state
    people = [state.create_contact("P", str(number), email="p@example.com").id for number in range(4)]
    sequences = [state.create_sequence(name, [0, 9]).id for name in ("One", "Other")]
    for sequence in sequences:
        state.enroll(sequence, people[:3])
    await sync(impactive_sandbox, place, kinds=["enrollments"])
    await impactive_sandbox.clock.advance(hours=1)
    state.enroll(sequences[0], people[3:])
    await sync(impactive_sandbox, place, kinds=["enrollments"])
    place.query(CUT_OFF)
    state.unenroll(sequences[0], people[3])
    for _ in range(2):
        await impactive_sandbox.clock.advance(hours=2)
        await sync(impactive_sandbox, place, kinds=["enrollments"])
    there = place.values("SELECT contact_id FROM enrollments WHERE _removed_at IS NULL ORDER BY 1")
    assert there == sorted(people[:3] * 2)


async def test_what_is_again_as_it_was(impactive_sandbox: Sandbox, place: Place) -> None:
    """The cursor knows the list as it was before the load and is again; the table has what was in between."""
    state = impactive_sandbox.state
    one = state.add("bookings", {"title": "Before"}).id
    await sync(impactive_sandbox, place, kinds=["bookings"])
    moment = state.get("bookings", one).updated_at
    state.touch("bookings", one, {"title": "Between"})
    await sync(impactive_sandbox, place, kinds=["bookings"])
    place.query(CUT_OFF)
    state.touch("bookings", one, {"title": "Before"}, at=moment)
    await sync(impactive_sandbox, place, kinds=["bookings"])
    assert place.values("SELECT title FROM bookings") == ["Before"]
