"""The source for dlt: what stands in the tables, on each engine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dlt", reason="the extra `sync` is not installed")
pytest.importorskip("psycopg2", reason="the extra `sync` is not installed")

from impactive_async import AsyncClient, Poll, Profile
from impactive_async.errors import (
    AuthenticationError,
    ConfigurationError,
    CursorError,
    InvalidArgumentError,
)
from impactive_async.models import Deal
from impactive_async.resources.watching import kinds
from impactive_async.sandbox import Sandbox
from impactive_async.sync_source import KINDS, source
from impactive_async.sync_source.rows import loadable
from impactive_async.sync_source.tables import TABLES
from tests.sync.places import ENGINES, Place, place_of, sync

pytestmark = [pytest.mark.slow, pytest.mark.impactive(populate=False)]


@pytest.fixture(params=ENGINES)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place of each engine."""
    async with place_of(request.param, tmp_path) as made:
        yield made


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[Place]:
    """A DuckDB file, for what is the same everywhere."""
    async with place_of("duckdb", tmp_path) as made:
        yield made


def test_every_list_that_can_be_watched_can_be_synced() -> None:
    """And the list of sequences beside them."""
    assert set(KINDS) == {*kinds.KINDS, "sequences"}


async def test_all_tables_are_there_with_their_types(impactive_sandbox: Sandbox, place: Place) -> None:
    """Also those without rows; money is decimal, moments have a zone, and what has parts is JSON."""
    state = impactive_sandbox.state
    state.add("deals", {"name": "Deal", "value": "0.10", "colour": {"hue": [1, 2]}})
    state.add("deals", {"name": "Other", "value": "0.20"})
    sequence = state.create_sequence("Hello").id
    person = state.create_contact("Ada", "Lovelace", email="ada@example.com").id
    state.enroll(sequence, [person])
    await impactive_sandbox.clock.advance(hours=1)
    summaries = await sync(impactive_sandbox, place)
    assert (summaries["deals"].new, summaries["sends"].new, summaries["invoices"].new) == (2, 1, 0)
    assert place.query("SELECT sum(value) = 0.3, count(*) FROM deals") == [(True, 2)]
    [(value, created, extra)] = place.query("SELECT value, created_at, extra FROM deals WHERE name = 'Deal'")
    assert isinstance(value, Decimal)
    assert created.utcoffset() == timedelta()
    assert "hue" in str(extra)
    tables = place.values(
        f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{place.dataset}'"
    )
    own = {*KINDS, "_gaps", "_unreadable", "_coverage", "emails_of_sequences"}
    assert {table for table in tables if not table.startswith("_dlt")} == own
    assert place.query("SELECT sequence_id, kind FROM emails_of_sequences") == [(sequence, "sends")]
    assert place.values("SELECT sequence_id FROM enrollments") == [sequence]


async def test_coverage_says_of_each_list_up_to_when_it_is_complete(
    impactive_sandbox: Sandbox, place: Place
) -> None:
    """With each run the moment moves on, also without new rows."""
    sequence = impactive_sandbox.state.create_sequence("Hello").id
    found: list[dict[str, datetime]] = []
    for _ in range(2):
        await sync(impactive_sandbox, place, kinds=["deals", "replies"])
        found.append(dict(place.query("SELECT feed, complete_until FROM _coverage")))
        await impactive_sandbox.clock.advance(hours=1)
    assert set(found[0]) == {"zapier/deals", f"sequences/{sequence}/replies"}
    assert all(found[1][feed] - found[0][feed] >= timedelta(minutes=59) for feed in found[0])


async def test_history_keeps_each_version_that_was_seen(impactive_sandbox: Sandbox, place: Place) -> None:
    """One version of each row is the present one, and a row that did not come keeps its own."""
    state = impactive_sandbox.state
    one, other = (state.add("deals", {"name": name, "value": "1"}).id for name in ("One", "Other"))
    await sync(impactive_sandbox, place, kinds=["deals"], history=True)
    for value in ("2", "3"):
        await impactive_sandbox.clock.advance(hours=1)
        state.touch("deals", one, {"value": value})
        await sync(impactive_sandbox, place, kinds=["deals"], history=True)
    versions = "SELECT value FROM deals WHERE id = '{}' ORDER BY _dlt_valid_from"
    assert [float(value) for value in place.values(versions.format(one))] == [1, 2, 3]
    present = dict(place.query("SELECT id, value FROM deals WHERE _dlt_valid_to IS NULL"))
    assert {row_id: float(value) for row_id, value in present.items()} == {one: 3, other: 1}


@pytest.mark.parametrize("history", [False, True])
async def test_rows_that_are_gone_keep_their_values(
    impactive_sandbox: Sandbox, place: Place, history: bool
) -> None:
    """They have the moment in `_removed_at`; those that a whole list shows do not."""
    state = impactive_sandbox.state
    kept, gone = (state.add("bookings", {"title": title, "colour": "red"}).id for title in ("Kept", "Gone"))
    summaries = [await sync(impactive_sandbox, place, kinds=["bookings"], history=history)]
    state.remove("bookings", gone)
    for _ in range(2):
        await impactive_sandbox.clock.advance(hours=1)
        summaries.append(await sync(impactive_sandbox, place, kinds=["bookings"], history=history))
    assert [one["bookings"].removed for one in summaries] == [0, 0, 1]
    now = " WHERE _dlt_valid_to IS NULL" if history else ""
    found = place.query(f"SELECT id, title, _removed_at IS NULL, extra FROM bookings{now}")
    assert {row_id: (title, there) for row_id, title, there, _ in found} == {
        kept: ("Kept", True),
        gone: ("Gone", False),
    }
    assert all("red" in str(extra) for *_, extra in found)


async def test_what_the_list_does_not_show_is_a_gap(impactive_sandbox: Sandbox, file: Place) -> None:
    """Rows that a capped list cannot show stand in `_gaps` as a span of time, and the summary counts them."""
    for _ in range(101):
        impactive_sandbox.state.add("deals", {"name": "Deal", "value": "12.50"})
    summaries = await sync(impactive_sandbox, file, kinds=["deals"])
    assert (summaries["deals"].new, summaries["deals"].gaps) == (100, 1)
    assert file.query("SELECT kind, feed FROM _gaps") == [("history", "zapier/deals")]
    assert file.values("SELECT gaps FROM _coverage") == [1]


async def test_values_that_no_database_holds_do_not_stop_the_rest(
    impactive_sandbox: Sandbox, place: Place
) -> None:
    """They are left out or replaced, and `_unreadable` says which."""
    state = impactive_sandbox.state
    state.add("deals", {"name": "Huge", "value": "1e40"})
    state.add("deals", {"name": "Null\0", "value": "1", "note": "a\0b"})
    state.add("deals", {"name": "Fine", "value": "2"})
    summaries = await sync(impactive_sandbox, place, kinds=["deals"])
    assert summaries["deals"].unreadable == 3
    values = dict(place.query("SELECT name, value FROM deals"))
    assert values == {"Huge": None, "Null\ufffd": 1, "Fine": 2}
    reasons = sorted(reason.partition(":")[0] for reason in place.values("SELECT reason FROM _unreadable"))
    assert reasons == ["extra", "name", "value"]


async def test_each_row_that_cannot_be_read_is_told(impactive_sandbox: Sandbox, file: Place) -> None:
    """A field that has changed its type on the server costs its rows, and each of them is in `_unreadable`."""
    state = impactive_sandbox.state
    changed = state.add("deals", {"name": "Fine", "value": "1"}).id
    await sync(impactive_sandbox, file, kinds=["deals"])
    await impactive_sandbox.clock.advance(hours=1)
    state.touch("deals", changed, {"value": {"amounts": [1]}})
    state.add("deals", {"name": "Yes", "value": True})
    state.add("deals", {"name": ["a", "list"], "value": "1"})
    state.add("deals", {"name": "Fine, too", "value": "1"})
    for new in (1, 0):
        summaries = await sync(impactive_sandbox, file, kinds=["deals"])
        assert (summaries["deals"].new, summaries["deals"].unreadable) == (new, 3 * new)
    assert file.values("SELECT count(*) FROM _unreadable WHERE len(id) < 80") == [3]
    assert file.query("SELECT name, value FROM deals ORDER BY name") == [("Fine", 1), ("Fine, too", 1)]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("1" + "0" * 19, True), ("9" * 29, True), ("9" * 29 + ".999999999", True), ("-" + "9" * 29, True),
        ("1" + "0" * 29, False), ("0.1234567891", False), ("9" * 29 + ".9999999999", False), ("1e-12", False),
        ("NaN", False), ("-Infinity", False), ("1e400", False), ("1.000000000000", True), ("1e28", True),
    ],
)  # fmt: skip
def test_amounts_are_kept_whole_or_left_out(value: str, kept: bool) -> None:
    """Whatever a decimal of 38 digits holds is kept to the digit; nothing else stops the sync."""
    amount = Decimal(value)
    poll = Poll(rows=[Deal(id="1", name="", value=amount)], gaps=[], cursor="", next_in=1, bad=[])
    loaded = loadable(TABLES["deals"], "zapier/deals", None, poll)
    assert loaded.rows[0]["value"] == (amount if kept else None)
    assert len(loaded.bad) == (not kept)


@pytest.mark.parametrize("kinds", [["sends"], ["deals"]])
async def test_tables_are_there_before_any_row(impactive_sandbox: Sandbox, place: Place, kinds: list[str]) -> None:
    """Also if there is no list to poll, or none answers: what asks them gets no rows, and no error."""
    impactive_sandbox.fail("GET /api/zapier/deals", status=403)
    await sync(impactive_sandbox, place, kinds=kinds)
    beside = ["emails_of_sequences"] if kinds == ["sends"] else []
    for table in (*kinds, *beside, "_gaps", "_unreadable"):
        assert place.values(f"SELECT count(*) FROM {table}") == [0]
    assert place.values("SELECT count(*) FROM _coverage") == [int(kinds == ["deals"])]


async def test_a_list_that_fails_costs_no_other(impactive_sandbox: Sandbox, file: Place) -> None:
    """It is in `_coverage` with its error, and the next run brings its rows."""
    state = impactive_sandbox.state
    state.add("deals", {"name": "Deal"})
    state.add_invoice("INV-1", 12.5)
    impactive_sandbox.fail("GET /api/zapier/invoices", status=403)
    summaries = await sync(impactive_sandbox, file, kinds=["deals", "invoices"])
    assert (summaries["deals"].new, summaries["invoices"].failed) == (1, 1)
    [error] = file.values("SELECT error FROM _coverage WHERE kind = 'invoices'")
    assert "403" in error
    summaries = await sync(impactive_sandbox, file, kinds=["deals", "invoices"])
    assert (summaries["invoices"].new, summaries["invoices"].failed) == (1, 0)
    assert file.values("SELECT error FROM _coverage WHERE kind = 'invoices'") == [None]


async def test_a_sequence_that_is_deleted_ends_quietly(impactive_sandbox: Sandbox, file: Place) -> None:
    """Its lists answer 404 from then on, and what they brought stays."""
    sequence = impactive_sandbox.state.create_sequence("Hello").id
    person = impactive_sandbox.state.create_contact("Ada", "Lovelace", email="ada@example.com").id
    impactive_sandbox.state.enroll(sequence, [person])
    await sync(impactive_sandbox, file, kinds=["enrollments"])
    impactive_sandbox.fail("GET /api/agent/sequences/:id/enrollments", status=404)
    summaries = await sync(impactive_sandbox, file, kinds=["enrollments"])
    assert summaries["enrollments"].failed == 0
    assert file.values("SELECT sequence_id FROM enrollments") == [sequence]


async def test_any_id_that_the_server_gives_is_asked_for(impactive_sandbox: Sandbox, file: Place) -> None:
    """Ids are percent-encoded; one that no URL can hold fails alone."""
    ids = ["v1.2", "a/b", "..", "plain"]
    body = json.dumps([{"id": one, "name": "x", "status": "active"} for one in ids]).encode()
    impactive_sandbox.fail("GET /api/agent/sequences", status=200, body=body, times=None)
    impactive_sandbox.fail("GET /api/agent/sequences/:id/enrollments", status=200, body=b"[]", times=None)
    summaries = await sync(impactive_sandbox, file, kinds=["enrollments"])
    assert summaries["enrollments"].failed == 1
    asked = impactive_sandbox.requests_to("GET /api/agent/sequences/:id/enrollments")
    assert {one.path.split("/")[4] for one in asked} == {"v1.2", "a%2Fb", "plain"}
    assert file.query("SELECT sequence_id FROM _coverage WHERE error IS NOT NULL") == [("..",)]


async def test_another_workspace_is_refused(impactive_sandbox: Sandbox, file: Place) -> None:
    """Its rows would be mixed with those that are there."""
    await sync(impactive_sandbox, file, kinds=["deals"])
    async with Sandbox(populate=False, seed="another") as other:
        with pytest.raises(CursorError, match="rows of this workspace would be missed"):
            await sync(other, file, kinds=["deals"])


async def test_a_refused_key_loads_nothing(impactive_sandbox: Sandbox, file: Place) -> None:
    """The error is ours, and not dlt's; what was polled before is not half there."""
    await sync(impactive_sandbox, file, kinds=["deals"])
    impactive_sandbox.state.add("deals", {"name": "Deal"})
    impactive_sandbox.fail("GET /api/zapier/projects", status=401)
    with pytest.raises(AuthenticationError):
        await sync(impactive_sandbox, file, kinds=["deals", "projects"])
    assert file.values("SELECT id FROM deals") == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("DROP TABLE deals", "deals is gone, and earlier syncs have filled it"),
        ("ALTER TABLE deals DROP COLUMN value", "has lost value since an earlier sync"),
        ("ALTER TABLE deals ALTER COLUMN value TYPE varchar", "value is text and was decimal"),
    ],
)
async def test_a_table_that_was_changed_by_hand_is_refused(
    impactive_sandbox: Sandbox, place: Place, change: str, says: str
) -> None:
    """The message says what has changed and the way out; the rows wait for the next run."""
    impactive_sandbox.state.add("deals", {"name": "Deal"})
    await sync(impactive_sandbox, place, kinds=["deals"])
    place.query(change)
    with pytest.raises(ConfigurationError, match=f"{says}.*or sync into another dataset"):
        await sync(impactive_sandbox, place, kinds=["deals"])


async def test_history_is_not_switched_on_or_off_in_place(impactive_sandbox: Sandbox, file: Place) -> None:
    """Merging would throw the versions away that are there."""
    impactive_sandbox.state.add("deals", {"name": "Deal"})
    await sync(impactive_sandbox, file, kinds=["deals"], history=True)
    with pytest.raises(ConfigurationError, match="was made with history, and now would be without"):
        await sync(impactive_sandbox, file, kinds=["deals"])


async def test_a_table_of_somebody_else_is_not_written_to(impactive_sandbox: Sandbox, file: Place) -> None:
    """A table of the same name that no sync has made stays as it is."""
    file.query("CREATE TABLE deals AS SELECT 'mine' AS id")
    with pytest.raises(ConfigurationError, match="is there already, and no sync has made it"):
        await sync(impactive_sandbox, file, kinds=["deals"])
    assert file.query("SELECT * FROM deals") == [("mine",)]


@pytest.mark.parametrize("kinds", ["deals", [], ["deals", "leads"]])
def test_unknown_kinds_are_refused(kinds: Any) -> None:
    """Kinds that do not exist are refused before anything is polled, and those that do are named."""
    with pytest.raises(InvalidArgumentError, match="collection of companies, contacts, deals, invoices, projects"):
        source(kinds=kinds)


def test_a_profile_belongs_to_one_client() -> None:
    """A profile beside a client of one's own would be ignored, and is refused."""
    with pytest.raises(InvalidArgumentError, match="make_client"):
        source(profile=Profile(), make_client=AsyncClient)
