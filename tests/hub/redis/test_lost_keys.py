"""One key of a hub is lost: deleted by hand, evicted, or not restored. It is found, told and mended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from impactive_async.hub import Hub
from tests.hub.engines import REDIS_URL, Corner, claimed, corner_of, events, logged

FEEDS = [f"feed {number}" for number in range(600)]
"""More than one step of the scripts."""


@pytest.fixture
async def corner(tmp_path: Path) -> AsyncIterator[Corner]:
    async with corner_of("redis", tmp_path) as corner:
        yield corner


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    async with Redis.from_url(REDIS_URL, decode_responses=True) as redis:
        yield redis


@pytest.fixture
async def hub(corner: Corner) -> AsyncIterator[Hub]:
    """A hub that works: feeds that are due, leased, failing and dead, and events."""
    async with corner.hub() as hub:
        await hub.init()
        await hub.bind("wsp_1")
        for feed in FEEDS:
            await hub.add(feed, "start")
        await hub.commit(await claimed(hub), "1", events(1, 2, 3), 3600, gaps=2)
        await hub.fail(await claimed(hub), "503", 3600)
        await hub.fail(await claimed(hub), "404", None)
        yield hub


async def lose(redis: Redis, corner: Corner, key: str) -> None:
    assert await redis.delete(f"{{{corner.namespace}}}:{key}")


async def all_claimed(hub: Hub) -> dict[str, str]:
    """Feeds that can be claimed now, and from where."""
    found = {}
    while claim := await hub.claim(3600):
        found[claim.feed] = claim.cursor
    return found


async def test_a_hub_that_lost_nothing_is_left_alone(hub: Hub) -> None:
    """Nothing is mended where nothing is broken."""
    assert await hub.heal() == []
    assert len(await all_claimed(hub)) == len(FEEDS) - 3


async def test_a_lost_schedule_is_made_again(hub: Hub, redis: Redis, corner: Corner) -> None:
    """Every feed that is not dead is due at once, with its cursor."""
    await lose(redis, corner, "schedule")
    assert await hub.claim(60) is None
    assert len(await hub.heal()) == len(FEEDS) - 1
    found = await all_claimed(hub)
    assert len(found) == len(FEEDS) - 1
    assert found["feed 0"] == "1"
    assert await hub.heal() == []


async def test_feeds_whose_pause_is_lost_are_due(hub: Hub, redis: Redis, corner: Corner) -> None:
    """Of a paused feed nothing else says that it is not to be polled: it is told, and polled again."""
    assert await hub.pause("feed 7")
    assert await hub.heal() == []
    await lose(redis, corner, "paused")
    assert await hub.heal() == ["feed 7: when it is due; it is due now"]
    assert "feed 7" in await all_claimed(hub)
    assert await hub.heal() == []


async def test_feeds_without_a_cursor_begin_anew(hub: Hub, redis: Redis, corner: Corner) -> None:
    """They are taken out, so that discovery adds them again; meanwhile no claim is made of one."""
    await lose(redis, corner, "cursors")
    assert await hub.claim(60) is None
    await hub.heal()
    assert await hub.feeds() == {}
    await hub.add("feed 7", "beginning")
    assert (await claimed(hub)).cursor == "beginning"


async def test_one_feed_without_a_cursor_holds_up_no_other(hub: Hub, redis: Redis, corner: Corner) -> None:
    """A claim passes over it, and says nothing of it; the next look finds it."""
    await redis.hdel(f"{{{corner.namespace}}}:cursors", "feed 3", "feed 4")
    assert (await claimed(hub)).feed == "feed 5"
    assert await hub.heal() == []
    assert not {"feed 3", "feed 4"} & (await hub.feeds()).keys()


async def test_lost_states_are_made_again(hub: Hub, redis: Redis, corner: Corner) -> None:
    """Cursors and what is due stay; what is dead stays dead, and can be revived."""
    await lose(redis, corner, "states")
    claim = await claimed(hub)
    assert (claim.feed, claim.cursor, claim.failures) == ("feed 3", "start", 0)
    await hub.commit(claim, "2", events(4), 3600)
    assert len(await hub.heal()) == len(FEEDS) - 1
    assert len(await hub.feeds()) == len(FEEDS)
    assert (await hub.status()).dead_count == 1
    assert await hub.revive("feed 2")


async def test_a_feed_that_lost_all_but_its_cursor_goes_on_from_there(
    hub: Hub, redis: Redis, corner: Corner
) -> None:
    """Discovery adds it again, and its cursor is worth more than a beginning."""
    await lose(redis, corner, "states")
    await lose(redis, corner, "schedule")
    await hub.add("feed 0", "beginning")
    assert (await claimed(hub)).cursor == "1"


async def test_feeds_of_which_nobody_knows_that_they_are_dead_live_again(
    hub: Hub, redis: Redis, corner: Corner
) -> None:
    """A feed that is neither due nor dead would never be heard of again."""
    await lose(redis, corner, "dead")
    (loss,) = await hub.heal()
    assert loss.startswith("feed 2: ")
    assert "feed 2" in await all_claimed(hub)


async def test_lost_leases_end_where_they_would_have_ended(hub: Hub, redis: Redis, corner: Corner) -> None:
    """The holder is refused, and the feed comes to another when it is due."""
    claim = await hub.claim(0)
    assert claim
    await redis.delete(f"{{{corner.namespace}}}:leased")
    assert await hub.heal() == []
    assert claim.feed in await all_claimed(hub)


@pytest.mark.parametrize("goes_on", [False, True], ids=["gone", "begun anew"])
async def test_a_lost_log_is_filled_again(hub: Hub, redis: Redis, corner: Corner, goes_on: bool) -> None:
    """Its events are with nobody any more, so all feeds begin anew; also where commits have begun a new log."""
    await lose(redis, corner, "events")
    if goes_on:
        await hub.commit(await claimed(hub), "2", events(4), 3600)
    (loss,) = await hub.heal()
    assert loss.startswith("the log, ")
    assert await hub.feeds() == {}
    assert (await hub.status()).gaps == 0
    await hub.add("feed 0", "")
    await hub.commit(await claimed(hub), "1", events(1, 2, 3), 3600)
    assert {1, 2, 3} <= set(await logged(hub))
    assert await hub.heal() == []


async def test_a_log_that_was_trimmed_is_not_lost(hub: Hub, corner: Corner) -> None:
    """Nor is one that never had an event."""
    async with corner.hub(retention=0) as forgetful:
        assert await forgetful.trim() == 3
    assert await hub.heal() == []


async def test_lost_ids_are_noted_again(hub: Hub, redis: Redis, corner: Corner) -> None:
    """An event of the log is not logged twice, however large the log is."""
    await hub.commit(await claimed(hub), "2", events(*range(1200)), 3600)
    await lose(redis, corner, "ids")
    (loss,) = await hub.heal()
    assert "ids" in loss
    assert await hub.heal() == []
    await hub.commit(await claimed(hub), "2", events(*range(1200)), 3600)
    assert (await hub.status()).events == 1200
    async with corner.hub(retention=0) as forgetful:
        assert await forgetful.trim() == 1200
    assert await redis.zrange(f"{{{corner.namespace}}}:ids", 0, -1) == []


async def test_lost_dead_letters_are_told(hub: Hub, redis: Redis, corner: Corner) -> None:
    """Nobody can mend that, so somebody must hear of it: once."""
    for delivery in await hub.receive("billing"):
        await delivery.reject("no")
    assert await hub.replay("billing", [(await hub.dead_letters("billing"))[0].position]) == 1
    assert await hub.heal() == []
    await lose(redis, corner, "letters:billing")
    assert await hub.heal() == ["2 dead letters of group billing"]
    assert await hub.heal() == []


async def test_what_all_workers_agree_on_is_told_again(hub: Hub, redis: Redis, corner: Corner) -> None:
    """Version, workspace and limit are recorded by the next look; tokens go on growing."""
    claim = await claimed(hub)
    await lose(redis, corner, "meta")
    await hub.bind("wsp_1")
    assert await hub.heal() == []
    await hub.check()
    assert (await hub.status()).workspace == "wsp_1"
    assert (await claimed(hub)).token > claim.token
    await hub.commit(claim, "2", events(4), 3600)


async def test_a_state_that_cannot_be_read_ends_no_claim(hub: Hub, redis: Redis, corner: Corner) -> None:
    """What somebody else wrote in its place costs a feed its failures and gaps, and the others nothing."""
    for odd, feed in zip(("", "not JSON", "7", "[]"), FEEDS[3:], strict=False):
        await redis.hset(f"{{{corner.namespace}}}:states", feed, odd)
    found = await all_claimed(hub)
    assert len(found) == len(FEEDS) - 3
