"""The contract of `export_cursors` and `import_cursors`, over every engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from attrs import evolve

from impactive_async.errors import ConfigurationError, CursorError, FencedError
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.hub import CursorArchive, Hub, SqliteHub
from tests.hub.engines import claimed, events

HOME = "wsp_1 at https://here"
RULES = Rules(timestamp="updatedAt", overlap=timestamps.SECOND, cap=100)


def cursor_at(seconds: int, feed: str = "a") -> str:
    """A cursor that has seen a page at that second."""
    cursor = Cursor(RULES, feed=feed)
    moment = timestamps.parse("2026-01-01T00:00:00Z") + seconds * timestamps.SECOND
    for version, _ in cursor.accept([{"id": "r", "updatedAt": timestamps.render(moment)}], moment).fresh:
        cursor.ack(version)
    return cursor.dumps()


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[Hub]:
    """An empty hub on another engine."""
    async with SqliteHub(tmp_path / "other.db") as other:
        await other.init()
        yield other


async def test_a_hub_moves_to_another_engine_with_its_cursors(hub: Hub, other: Hub) -> None:
    """Every feed goes on from where it was; the hub is that of the workspace, and refuses workers of others."""
    await hub.bind(HOME)
    for feed in (names := [f"feed {number}" for number in range(250)]):
        await hub.add(feed, cursor_at(1, feed))
    await hub.add("new")
    archive = await hub.export_cursors()
    assert archive == CursorArchive.loads(archive.dumps())
    would = await other.import_cursors(archive, dry_run=True)
    assert (len(would.added), await other.workspace(), await other.feeds()) == (251, None, {})
    assert await other.import_cursors(archive) == would
    assert await other.cursors([*names, "new"]) == archive.cursors == await hub.cursors([*names, "new"])
    with pytest.raises(ConfigurationError, match="holds the feeds of workspace wsp_1"):
        await other.bind("wsp_2 at https://here")
    again = await other.import_cursors(archive)
    assert (len(again.same), again.added, again.replaced, again.ahead) == (251, (), (), ())


async def test_feeds_are_set_back_and_not_forward(hub: Hub) -> None:
    """A cursor that has seen less replaces one that has seen more; the other way round it must be asked for."""
    await hub.bind(HOME)
    for feed in ("back", "forward", "same", "damaged", "new"):
        await hub.add(feed, cursor_at(5, feed))
    archive = await hub.export_cursors()
    await hub.exchange_cursor("back", cursor_at(5, "back"), later := cursor_at(9, "back"))
    await hub.exchange_cursor("forward", cursor_at(5, "forward"), earlier := cursor_at(2, "forward"))
    await hub.exchange_cursor("damaged", cursor_at(5, "damaged"), "{")
    await hub.exchange_cursor("new", cursor_at(5, "new"), "")
    would = await hub.import_cursors(archive, dry_run=True)
    assert (would.workspace, would.added, would.same) == (HOME, (), ("same",))
    assert (set(would.replaced), set(would.ahead)) == ({"back", "damaged"}, {"forward", "new"})
    assert (await hub.cursors(["back"])) == {"back": later}
    assert await hub.import_cursors(archive) == would
    assert await hub.cursors(["back", "forward"]) == {"back": cursor_at(5, "back"), "forward": earlier}
    await hub.import_cursors(archive, go_ahead=True)
    assert await hub.cursors([*archive.cursors]) == archive.cursors


async def test_a_worker_that_has_the_feed_does_not_undo_an_import(hub: Hub) -> None:
    """Its commit is refused, and the feed is due from the imported cursor."""
    await hub.bind(HOME)
    await hub.add("a", cursor_at(1))
    archive = await hub.export_cursors()
    claim = await claimed(hub)
    await hub.commit(claim, cursor_at(5), events(1), 0)
    claim = await claimed(hub)
    assert (await hub.import_cursors(archive)).replaced == ("a",)
    with pytest.raises(FencedError):
        await hub.commit(claim, cursor_at(9), events(2), 0)
    assert (await claimed(hub)).cursor == cursor_at(1)


async def test_an_import_goes_on_after_a_commit_in_between(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker commits between the look and the change is set back, too."""
    await hub.bind(HOME)
    await hub.add("a", cursor_at(1))
    archive = await hub.export_cursors()
    await hub.commit(await claimed(hub), cursor_at(5), [], 0)
    claim, exchange = await claimed(hub), hub.exchange_cursor

    async def commits_first(feed: str, before: str, after: str) -> bool:
        monkeypatch.undo()
        await hub.commit(claim, cursor_at(9), [], 0)
        return await exchange(feed, before, after)

    monkeypatch.setattr(hub, "exchange_cursor", commits_first)
    assert (await hub.import_cursors(archive)).replaced == ("a",)
    assert await hub.cursors(["a"]) == {"a": cursor_at(1)}


async def test_another_workspaces_cursors_are_refused(hub: Hub) -> None:
    """Also those that do not say whose they are, and those of another feed; nothing is changed."""
    with pytest.raises(ConfigurationError, match="no workspace's yet"):
        await hub.export_cursors()
    await hub.bind(HOME)
    await hub.add("a", cursor_at(1))
    archive = await hub.export_cursors()
    foreign = evolve(archive, workspace="wsp_2 at https://here", cursors={"b": cursor_at(1, "b")})
    for wrong, why in (
        (foreign, r"of workspace wsp_2.*of wsp_1"),
        (evolve(foreign, workspace=None), "no export of a hub"),
        (evolve(archive, cursors={"b": cursor_at(1)}), "b has the cursor of another feed"),
    ):
        with pytest.raises(CursorError, match=why):
            await hub.import_cursors(wrong)
    assert await hub.feeds() == {"a": None}


async def test_damaged_cursors_are_left_out_and_named(hub: Hub) -> None:
    """The others are exported all the same."""
    await hub.bind(HOME)
    await hub.add("a", cursor_at(1))
    await hub.add("b", cursor_at(1, "b")[:-4])
    archive = await hub.export_cursors()
    assert [*archive.cursors] == ["a"]
    assert "damaged" in archive.left_out["b"]
    assert "b" not in CursorArchive.loads(archive.dumps()).left_out
