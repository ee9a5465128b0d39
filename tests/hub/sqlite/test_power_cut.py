"""Idle polls of an SQLite hub wait for the next flush to the disk: what a power cut takes back is polled again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from impactive_async.errors import FencedError
from impactive_async.hub import Claim, SqliteHub
from impactive_async.hub.contract.claim import IdlePoll
from tests.hub.engines import claimed, events, logged


class Disk:
    """What of a hub's file a power cut would leave: all up to the last flush."""

    def __init__(self, place: Path) -> None:
        self.hub = SqliteHub(place / "live" / "hub.db")
        self._live, self._flushed = place / "live", place / "flushed"
        self._live.mkdir()

    async def flush(self) -> None:
        """Commit something that lasts, and note what is on the disk then."""
        await self.hub.limit(None)
        shutil.rmtree(self._flushed, ignore_errors=True)
        shutil.copytree(self._live, self._flushed)

    def cut(self) -> SqliteHub:
        """The hub after a power cut: the same file, and nobody who has held a claim."""
        return SqliteHub(self._flushed / "hub.db")


@pytest.fixture
async def disk(tmp_path: Path) -> Disk:
    disk = Disk(tmp_path)
    await disk.hub.add("a", "0")
    await disk.hub.add("b", "0")
    return disk


async def idle(hub: SqliteHub, claim: Claim, cursor: str, again_in: float = 0.0) -> FencedError | None:
    (outcome,) = await hub.commit_idle([IdlePoll(claim, cursor, again_in)])
    return outcome


async def test_idle_polls_that_were_not_flushed_are_made_again(disk: Disk) -> None:
    """Cursor, lease and schedule go back together, to what was flushed, and no token is given twice."""
    await disk.flush()
    lost = await disk.hub.claim_many(60.0, 2)
    for claim in lost:
        assert await idle(disk.hub, claim, "1", 3600.0) is None
    async with disk.cut() as after:
        again = await after.claim_many(60.0, 2)
        assert {claim.feed for claim in again} == {"a", "b"}
        assert {claim.cursor for claim in again} == {"0"}
        assert min(claim.token for claim in again) > max(claim.token for claim in lost)
    await disk.hub.aclose()


async def test_a_flush_keeps_the_idle_polls_before_it(disk: Disk) -> None:
    """Events are never on the disk without the cursors that were committed before them."""
    for claim in await disk.hub.claim_many(60.0, 2):
        assert await idle(disk.hub, claim, "1") is None
    claim = await claimed(disk.hub)
    await disk.hub.commit(claim, "2", events(1), 3600.0)
    await disk.flush()
    async with disk.cut() as after:
        assert sorted((await after.cursors(["a", "b"])).values()) == ["1", "2"]
        assert await logged(after) == [1]
    await disk.hub.aclose()


async def test_a_claim_of_before_the_cut_commits_nothing_after_it(disk: Disk) -> None:
    """No worker of the machine lives on, but a file may also be restored beneath one."""
    await disk.flush()
    claim = await claimed(disk.hub)
    assert await idle(disk.hub, claim, "1") is None
    old = await claimed(disk.hub)
    async with disk.cut() as after:
        assert isinstance(await idle(after, old, "2"), FencedError)
        with pytest.raises(FencedError):
            await after.commit(old, "2", events(1), 0.0)
        assert await logged(after) == []
    await disk.hub.aclose()
