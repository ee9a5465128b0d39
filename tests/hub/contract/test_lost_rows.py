"""Rows of a hub are lost in a database: deleted by hand, or not restored. It is found, told and mended."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from impactive_async.hub import Hub
from tests.hub.engines import Corner, claimed, corner_of, events, logged, run_sql


@pytest.fixture(params=["sqlite", "postgres"])
async def corner(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Corner]:
    async with corner_of(request.param, tmp_path) as corner:
        yield corner


@pytest.fixture
async def hub(corner: Corner) -> AsyncIterator[Hub]:
    """A hub that works, with three events in its log."""
    async with corner.hub(rate_limit=0.5) as hub:
        await hub.init()
        await hub.bind("wsp_1")
        for feed in ("a", "b"):
            await hub.add(feed)
        await hub.commit(await claimed(hub), "1", events(1, 2, 3), 3600)
        yield hub


async def run(corner: Corner, sqlite: str, postgres: str) -> None:
    """Run a statement on the engine of the corner, where tables have no prefix."""
    if corner.url.startswith("sqlite"):
        with closing(sqlite3.connect(corner.url.removeprefix("sqlite:///"))) as connection, connection:
            connection.execute(sqlite)
    else:
        await run_sql(postgres.replace("@", corner.namespace))


async def lose_log(corner: Corner) -> None:
    await run(corner, "DELETE FROM outbox", "TRUNCATE @.outbox CASCADE")


async def test_a_hub_that_lost_nothing_is_left_alone(hub: Hub, corner: Corner) -> None:
    """Nothing is mended where nothing is broken; a log that was trimmed is not lost."""
    assert await hub.heal() == []
    async with corner.hub(retention=0) as forgetful:
        assert await forgetful.trim() == 3
    assert await hub.heal() == []
    assert len(await hub.feeds()) == 2


@pytest.mark.parametrize("engine", ["sqlite", "postgres", "redis"])
async def test_events_that_come_again_are_no_loss(engine: str, tmp_path: Path) -> None:
    """After a crash or a rewind a commit brings events that the log has, as its only ones or as its last."""
    async with corner_of(engine, tmp_path) as corner, corner.hub() as hub:
        await hub.init()
        await hub.add("a")
        for again in ((1, 2, 3), (1, 2, 3), (4, 2), (2,)):
            await hub.commit(await claimed(hub), "1", events(*again), 0)
            assert await hub.heal() == []
        assert len(await hub.feeds()) == 1
        await hub.commit(await claimed(hub), "2", events(5), 0)
        assert await hub.heal() == []


async def test_a_lost_log_is_filled_again(hub: Hub, corner: Corner) -> None:
    """Its events are with nobody any more, so all feeds begin anew, once, and no old claim gets through."""
    claim = await claimed(hub)
    await run(corner, "SELECT 1", "UPDATE @.meta SET clock = '-infinity'")  # what a later second would save
    await hub.add("c")
    await lose_log(corner)
    (loss,) = await hub.heal()
    assert loss.startswith("the log, ")
    assert await hub.feeds() == {}
    assert await hub.heal() == []
    await hub.add("a")
    again = await claimed(hub)
    assert again.token > claim.token
    await hub.commit(again, "1", events(1, 2, 3), 3600)
    assert await logged(hub) == [1, 2, 3]
    assert await hub.heal() == []


async def test_a_lost_log_is_found_behind_later_events(hub: Hub, corner: Corner) -> None:
    """What is logged before anybody looks hides no loss."""
    claim = await claimed(hub)
    await run(corner, "SELECT 1", "UPDATE @.meta SET clock = '-infinity'")
    await hub.add("c")
    await lose_log(corner)
    await hub.commit(claim, "1", events(4), 3600)
    await run(corner, "SELECT 1", "UPDATE @.meta SET clock = '-infinity'")
    await hub.add("d")
    (loss,) = await hub.heal()
    assert loss.startswith("the log, ")
    assert await hub.feeds() == {}
    assert await hub.heal() == []


async def test_a_group_whose_row_is_lost_goes_on(hub: Hub, corner: Corner) -> None:
    """It gets what it had not acknowledged, and what was logged since; nothing is lost, and nobody is held up."""
    taken = await hub.receive("billing", count=2, visibility=0)
    await hub.ack("billing", [taken[0].position])
    await run(corner, "DELETE FROM groups", "DELETE FROM @.groups")
    await hub.commit(await claimed(hub), "1", events(4, 5), 3600)
    found = await taken_by(hub, "billing")
    assert found | {1} == {1, 2, 3, 4, 5}
    assert await taken_by(hub, "billing") == set()
    assert await hub.heal() == []


async def taken_by(hub: Hub, group: str) -> set[int]:
    """Read and acknowledge all that a group gets."""
    found: set[int] = set()
    while deliveries := await hub.receive(group, visibility=0):
        await hub.ack(group, [delivery.position for delivery in deliveries])
        found |= {delivery.event.data["n"] for delivery in deliveries}
    return found


async def test_a_lost_clock_is_made_again(hub: Hub, corner: Corner) -> None:
    """What a hub counts with is one row or a few: without them claims go on, and no token is given twice."""
    claim = await claimed(hub)
    await run(corner, "DELETE FROM counters", "DELETE FROM @.meta")
    assert len(await hub.receive("billing", visibility=0)) == 3
    async with corner.hub() as other:
        await other.check()
        await other.bind("wsp_1")
    await hub.heal()
    assert await hub.heal() == []
    await hub.add("c")
    again = await claimed(hub)
    assert again.token > claim.token
    await hub.commit(again, "1", events(4), 3600)
    assert (await hub.status()).workspace == "wsp_1"


async def test_a_lost_rate_limit_is_no_freedom(hub: Hub, corner: Corner) -> None:
    """A worker that knows the limit keeps to it, and records it again for the others."""
    await run(corner, "DELETE FROM settings WHERE name = 'rate_limit'", "DELETE FROM @.rate")
    assert await hub.permit() == 0.0
    assert await hub.permit() > 0.0
    await hub.bind("wsp_1")
    assert (await hub.status()).rate_limit == 0.5
    async with corner.hub() as other:
        await other.bind("wsp_1")
        assert await other.permit() > 0.0


async def test_a_trimmed_log_without_its_counters_is_not_lost(hub: Hub, corner: Corner) -> None:
    """Where nobody can know any more whether the log is whole, no feed begins anew."""
    async with corner.hub(retention=0) as forgetful:
        assert await forgetful.trim() == 3
    await run(corner, "DELETE FROM counters", "DELETE FROM @.meta")
    await hub.heal()
    assert len(await hub.feeds()) == 2
    assert await hub.heal() == []


async def test_a_lost_rate_limit_is_told(hub: Hub, corner: Corner) -> None:
    """Each look says what it found missing; that is how somebody hears of it."""
    await run(corner, "DELETE FROM counters WHERE name = 'arrival'", "DELETE FROM @.rate")
    (loss,) = await hub.heal()
    assert "rate" in loss or "arrival" in loss
    assert await hub.heal() == []


async def test_groups_of_sqlite_are_made_again(tmp_path: Path) -> None:
    """Whoever looks at the hub sees groups again whose consumers are not there."""
    async with corner_of("sqlite", tmp_path) as corner, corner.hub() as hub:
        await filled(hub)
        for group in ("billing", "crm"):
            await hub.receive(group)
        await run(corner, "DELETE FROM groups WHERE name = 'crm'", "")
        (loss,) = await hub.heal()
        assert "group crm" in loss
        assert [(group.name, group.behind) for group in (await hub.status()).groups] == [
            ("billing", 3),
            ("crm", 3),
        ]
        assert await hub.heal() == []


async def test_events_that_sqlite_has_lost_are_waited_for_no_more(tmp_path: Path) -> None:
    """Without them no group could ever catch up; all feeds begin anew, and the events come back."""
    async with corner_of("sqlite", tmp_path) as corner, corner.hub() as hub:
        await filled(hub)
        for group in ("billing", "crm"):
            await hub.receive(group)
        await run(corner, "DELETE FROM outbox WHERE seq = 2", "")
        (loss,) = await hub.heal()
        assert loss.startswith("2 times an event")
        assert {group.behind for group in (await hub.status()).groups} == {2}
        assert await hub.feeds() == {}
        assert await hub.heal() == []
        await filled(hub)
        assert await taken_by(hub, "billing") == {2}


LOST = {
    "all": ("DELETE FROM pending", "DELETE FROM @.deliveries"),
    "all at a stroke": ("DELETE FROM pending", "TRUNCATE @.deliveries"),
    "one": ("DELETE FROM pending WHERE seq = 2", "DELETE FROM @.deliveries WHERE seq = 2"),
}


@pytest.mark.parametrize("rows", LOST)
async def test_what_a_group_has_not_handled_is_given_back(hub: Hub, corner: Corner, rows: str) -> None:
    """New events, events in flight and dead letters; what was acknowledged does not come again."""
    first, second, _ = await hub.receive("billing", visibility=0)
    await first.ack()
    await second.reject("no")
    assert len(await hub.receive("crm")) == 3
    await hub.ack("crm", [])
    await run(corner, *LOST[rows])
    losses = await hub.heal()
    assert [loss.partition(" events")[0] for loss in losses] == [
        f"that group {name} had not handled {number}"
        for name, number in {"billing": 1 if rows == "one" else 2, "crm": 1 if rows == "one" else 3}.items()
    ]
    assert [letter.event.data["n"] for letter in await hub.dead_letters("billing") if letter.event] == [2]
    assert await taken_by(hub, "billing") == {3}
    assert await taken_by(hub, "crm") == ({2} if rows == "one" else {1, 2, 3})
    assert await hub.heal() == []


async def test_lost_rows_are_given_back_after_a_trim(hub: Hub, corner: Corner) -> None:
    """What somebody waited for is not trimmed before anybody has looked."""
    await hub.receive("billing")
    await run(corner, *LOST["all"])
    async with corner.hub(retention=0) as forgetful:
        assert await forgetful.trim() == 0
    await hub.heal()
    assert await taken_by(hub, "billing") == {1, 2, 3}


async def test_a_group_and_its_rows_may_be_lost_together(hub: Hub, corner: Corner) -> None:
    """It gets the log from its beginning, with what was logged since."""
    await hub.receive("billing")
    await run(corner, *LOST["all"])
    await run(corner, "DELETE FROM groups", "DELETE FROM @.groups")
    await hub.commit(await claimed(hub), "1", events(4), 3600)
    (loss,) = await hub.heal()
    assert loss.startswith("where group billing is in the log")
    assert await taken_by(hub, "billing") == {1, 2, 3, 4}
    assert await hub.heal() == []


async def test_what_the_hub_itself_deletes_is_not_lost(hub: Hub, corner: Corner) -> None:
    """Acknowledged, dropped, moved over, forgotten with its group: none of it comes again."""
    first, second, _ = await hub.receive("billing", visibility=0)
    await first.ack()
    await second.reject("no")
    assert await hub.drop("billing") == 1
    await hub.seek("billing", event=events(3)[0].id)
    await hub.receive("crm")
    await hub.drop_group("crm")
    assert await hub.heal() == []
    assert await taken_by(hub, "billing") == {3}
    assert await hub.heal() == []


async def test_more_rows_than_a_step_are_given_back(hub: Hub, corner: Corner) -> None:
    """All of them, once each, to each group."""
    await hub.commit(await claimed(hub), "1", events(*range(10, 1210)), 3600)
    for name in ("billing", "crm"):
        await hub.receive(name, count=2000)
    await run(corner, *LOST["all"])
    losses = await hub.heal()
    assert [loss.partition(" events")[0] for loss in losses] == [
        f"that group {name} had not handled 1203" for name in ("billing", "crm")
    ]
    for name in ("billing", "crm"):
        assert await taken_by(hub, name) == {1, 2, 3, *range(10, 1210)}


async def filled(hub: Hub) -> None:
    """Log three events."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1, 2, 3), 3600)
