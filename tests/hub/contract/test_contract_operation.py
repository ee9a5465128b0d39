"""The contract of `Hub`, over every engine: the shared rate limit, status and set-up."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import pytest

from impactive_async.errors import ConfigurationError
from impactive_async.hub import Hub, connect
from impactive_async.sandbox import Sandbox
from tests.hub.conftest import MakeHub
from tests.hub.engines import Corner, claimed, events
from tests.support import client_of

# The rate limit


async def test_without_a_limit_everything_is_permitted(hub: Hub) -> None:
    """A hub without a rate limit permits at once."""
    assert [await hub.permit() for _ in range(5)] == [0.0] * 5


async def test_workers_share_one_limit(make_hub: MakeHub) -> None:
    """A permit taken through one hub object makes another wait, never longer than the interval."""
    one, two = await make_hub(rate_limit=0.0001), await make_hub(rate_limit=0.0001)
    assert await one.permit() == 0.0
    for hub in (two, one):
        assert 5_000 < await hub.permit() <= 10_000
    await two.bind("wsp_1")
    assert 5_000 < (await one.status()).rate_wait <= 10_000


async def test_a_rate_that_is_raised_takes_effect_at_once(make_hub: MakeHub) -> None:
    """What was stored under a slower rate does not hold up a faster one for longer than its own interval."""
    slow, fast = await make_hub(rate_limit=0.0001), await make_hub(rate_limit=1.0)
    await slow.permit()
    assert await slow.permit() > 5_000
    assert await fast.permit() <= 1.0


async def test_no_more_than_the_rate_is_permitted(make_hub: MakeHub) -> None:
    """Several workers that ask as often as they can get at most 110 % of the rate."""
    rate, wanted = 200.0, 60
    hubs = [await make_hub(rate_limit=rate) for _ in range(3)]
    granted = 0
    began = time.perf_counter()

    async def ask(hub: Hub) -> None:
        nonlocal granted
        while granted < wanted:
            granted += await hub.permit() == 0.0

    async with asyncio.TaskGroup() as tasks:
        for hub in hubs:
            tasks.create_task(ask(hub))
    elapsed = time.perf_counter() - began
    assert granted <= 1.1 * rate * max(elapsed, 1.0)
    assert granted - 0.1 * rate <= rate * elapsed + 1


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_rate_is_refused(wrong: float) -> None:
    """A rate limit that is not a positive number is a `ValueError` when the hub is made."""
    for url in ("sqlite:///x.db", "redis://x", "postgresql://x"):
        with pytest.raises(ValueError, match="rate_limit"):
            connect(url, rate_limit=wrong)


async def test_the_first_worker_records_the_limit_for_all(hub: Hub, make_hub: MakeHub) -> None:
    """One that names no limit takes the recorded one, one that names the same is welcome, and all see it."""
    one, same = await make_hub(rate_limit=0.0001), await make_hub(rate_limit=0.0001)
    await one.bind("wsp_1")
    for other in (hub, same):
        await other.bind("wsp_1")
    assert (await hub.status()).rate_limit == 0.0001
    assert await hub.permit() == 0.0
    assert 5_000 < await same.permit() <= 10_000


async def test_a_worker_with_another_limit_is_refused(make_hub: MakeHub) -> None:
    """Two limits on one hub would be the greater one: the second is refused, with how to change it for all."""
    await (await make_hub(rate_limit=2.0)).bind("wsp_1")
    with pytest.raises(ConfigurationError, match=r"2 requests a second.*told 7.*`impactive hub limit 7`"):
        await (await make_hub(rate_limit=7.0)).bind("wsp_1")
    assert (await (await make_hub()).status()).rate_limit == 2.0


async def test_changing_the_limit_reaches_workers_at_work(hub: Hub, make_hub: MakeHub) -> None:
    """A new limit, or none, counts from the next permit on; workers that were told the old one go on with it."""
    worker = await make_hub(rate_limit=5.0)
    await worker.bind("wsp_1")
    await hub.limit(0.0001)
    assert await worker.permit() == 0.0
    assert await worker.permit() > 5_000
    await worker.bind("wsp_1")
    assert (await hub.status()).rate_limit == 0.0001
    await hub.limit(None)
    assert [await worker.permit() for _ in range(3)] == [0.0] * 3
    assert (await hub.status()).rate_limit is None
    with pytest.raises(ConfigurationError, match="here it is none"):
        await (await make_hub(rate_limit=5.0)).bind("wsp_1")


# The workspace


async def test_a_hub_is_one_workspaces(hub: Hub, make_hub: MakeHub) -> None:
    """A second workspace would take the first one's cursors for its own: it is refused, and leaves nothing."""
    assert (await hub.status()).workspace is None
    await hub.bind("wsp_1")
    other = await make_hub(rate_limit=1.0)
    with pytest.raises(ConfigurationError, match=r"workspace wsp_1.*opens wsp_2.*--namespace.*another file"):
        await other.bind("wsp_2")
    await hub.bind("wsp_1")
    status = await hub.status()
    assert (status.workspace, status.rate_limit) == ("wsp_1", None)


async def test_a_hub_follows_its_workspace_to_another_address(hub: Hub, make_hub: MakeHub) -> None:
    """Rebound, it is the same hub for those who call there, and refuses those who do not."""
    await hub.bind("wsp_1 at here")
    await hub.add("a", "7")
    await hub.rebind("wsp_1 at there")
    await (await make_hub()).bind("wsp_1 at there")
    assert (await hub.status()).workspace == "wsp_1 at there"
    with pytest.raises(ConfigurationError, match="impactive hub move"):
        await hub.bind("wsp_1 at here")
    claim = await hub.claim(60)
    assert claim
    assert claim.cursor == "7"


async def test_only_one_of_two_workspaces_gets_a_new_hub(make_hub: MakeHub) -> None:
    """Bound by two at the same moment, a hub is one's, and the other is told so."""
    hubs = [await make_hub() for _ in range(2)]
    ends = await asyncio.gather(*(hub.bind(f"wsp_{n}") for n, hub in enumerate(hubs)), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["ConfigurationError", "NoneType"]


# Operation


async def test_status_counts_what_is_there(hub: Hub, make_hub: MakeHub) -> None:
    """Status tells feeds, leases, overdue feeds, gaps, events and groups apart."""
    for feed in "abcd":
        await hub.add(feed)
    await hub.commit(await claimed(hub), "1", events(1, 2, 3), 3600, gaps=2)
    await hub.fail(await claimed(hub), "503", 3600)
    await claimed(hub)
    first, *_ = await hub.receive("billing", count=2)
    await first.ack()
    limited = await make_hub(rate_limit=5.0)
    await limited.bind("wsp_1")
    status = await limited.status()
    assert status.engine.split()[0] in {"SQLite", "Redis", "PostgreSQL"}
    assert (status.feeds, status.leased, status.due, status.failing) == (4, 1, 1, 1)
    assert (status.gaps, status.dead_count, status.dead) == (2, 0, ())
    assert status.lag > 0
    assert (status.events, status.rate_limit, status.rate_wait) == (3, 5.0, 0.0)
    (group,) = status.groups
    assert (group.name, group.behind, group.in_flight) == ("billing", 2, 1)


async def test_an_empty_hub_has_a_status(hub: Hub) -> None:
    """Nothing there is all zeros."""
    status = await hub.status()
    assert (status.feeds, status.due, status.lag, status.gaps, status.events) == (0, 0, 0.0, 0, 0)
    assert (status.dead, status.groups, status.rate_limit, status.rate_wait) == ((), (), None, 0.0)


async def test_all_feeds_are_listed_and_the_dead_with_their_reason(hub: Hub) -> None:
    """Living feeds have no reason, whatever happened to them; a dead one has its own until it is revived."""
    for feed in "abc":
        await hub.add(feed)
    await hub.fail(await claimed(hub), "503", 3600)
    await hub.fail(await claimed(hub), "404", None)
    assert await hub.feeds() == {"a": None, "b": "404", "c": None}
    await hub.revive("b")
    assert await hub.feeds() == {"a": None, "b": None, "c": None}


async def test_removing_says_whether_there_was_anything(hub: Hub) -> None:
    """A name that no feed has is told from one that is gone now."""
    await hub.add("a")
    assert await hub.remove("a") is True
    assert await hub.remove("a") is False
    assert await hub.feeds() == {}


async def test_init_is_repeatable_and_checked(corner: Corner, hub: Hub) -> None:
    """Initialising again, also at the same moment, changes nothing, and an initialised hub passes its check."""
    await hub.add("a", "1")
    async with corner.hub() as other:
        await asyncio.gather(hub.init(), other.init())
    await hub.check()
    assert (await claimed(hub)).cursor == "1"


async def test_a_namespace_is_an_identifier() -> None:
    """A namespace that could not be a schema's name is refused before anything is connected."""
    for url in ("redis://127.0.0.1:1", "postgresql://127.0.0.1:1/x"):
        for wrong in ("", "A", "a b", 'a"; DROP', "x" * 60):
            with pytest.raises(ConfigurationError, match="namespace"):
                Corner(url, wrong).hub()


# Coverage


async def test_cursors_are_read_by_the_names_of_their_feeds(hub: Hub) -> None:
    """Of the feeds that are asked for, those that the hub has come with what was last committed."""
    await hub.add("replies:ключ 🔑", "start")
    await hub.add("new")
    assert await hub.cursors(["replies:ключ 🔑", "new", "unknown"]) == {"replies:ключ 🔑": "start", "new": ""}
    await hub.commit(await claimed(hub), "next", [], 60)
    assert await hub.cursors(["replies:ключ 🔑"]) == {"replies:ключ 🔑": "next"}
    assert await hub.cursors([]) == {}


async def test_a_hub_tells_up_to_when_its_feeds_are_complete(hub: Hub) -> None:
    """It is what the committed cursor says; of a feed without one, or with a damaged one, nothing is known."""
    async with Sandbox() as sandbox, client_of(sandbox) as crm:
        poll = await crm.zapier.contacts.watch().poll()
    await hub.add("zapier/contacts", poll.cursor)
    await hub.add("zapier/deals")
    await hub.add("zapier/projects", "{damaged")
    await hub.add("of another version", "{}")
    found = await hub.coverage()
    assert list(found) == ["of another version", "zapier/contacts", "zapier/deals", "zapier/projects"]
    known = found.pop("zapier/contacts")
    assert known.complete_until is not None
    assert known.last_page is not None
    assert known.last_row == poll.rows[-1].updated_at
    assert [one.complete_until for one in found.values()] == [None, None, None]
    assert list(await hub.coverage(["zapier/deals", "unknown"])) == ["zapier/deals"]


async def test_the_age_of_what_a_group_has_not_acknowledged(hub: Hub) -> None:
    """That of its oldest event, whether it is in flight or not taken yet. Dead letters do not count."""

    async def oldest() -> float | None:
        (group,) = (await hub.status()).groups
        return group.oldest

    await hub.add("a")
    await hub.commit(await claimed(hub), "", events(1, 2), 0)
    await hub.commit(await claimed(hub), "", events(3), 0)
    first, second = await hub.receive("billing", count=2)
    in_flight = await oldest()
    assert in_flight is not None
    assert 0 <= in_flight < 3600
    await hub.ack("billing", [first.position])
    await second.reject("no use")
    not_taken = await oldest()
    assert not_taken is not None
    assert 0 <= not_taken < 3600
    (third,) = await hub.receive("billing")
    await hub.ack("billing", [third.position])
    assert await oldest() is None


async def test_a_group_that_is_moved_back_has_old_events_again(hub: Hub) -> None:
    """Also where it only noted a place, and has taken none of them yet."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "", events(1, 2), 0)
    taken = await hub.receive("billing", count=2)
    await hub.ack("billing", [delivery.position for delivery in taken])
    await hub.seek("billing", to=datetime(2026, 1, 1, tzinfo=UTC))
    (group,) = (await hub.status()).groups
    assert group.behind == 2
    assert group.oldest is not None
