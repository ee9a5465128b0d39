"""The contract of `Hub`, over every engine.

Leases and visibilities of 0 seconds have ended when the next call looks at them: time passes without anyone
waiting.
"""

from __future__ import annotations

import asyncio
import time

import pytest

from impactive_async.errors import ConfigurationError, FencedError
from impactive_async.hub import Claim, Hub

from .conftest import MakeHub
from .engines import Corner, event, events


async def claimed(hub: Hub, lease: float = 60.0) -> Claim:
    claim = await hub.claim(lease)
    assert claim is not None
    return claim


async def logged(hub: Hub, group: str = "checking") -> list[int]:
    """Numbers of all events in the log, in the order of delivery to a group that has seen none."""
    await hub.drop_group(group)
    return [delivery.event.data["n"] for delivery in await hub.receive(group, count=1000)]


# Schedule and leases


async def test_an_empty_hub_has_nothing_to_claim(hub: Hub) -> None:
    """Without feeds a claim is None."""
    assert await hub.claim(60) is None


async def test_a_new_feed_is_due_at_once_with_its_cursor(hub: Hub) -> None:
    """An added feed can be claimed, and the claim carries its cursor."""
    await hub.add("replies:ключ 🔑", "start")
    claim = await claimed(hub)
    assert (claim.feed, claim.cursor, claim.failures) == ("replies:ключ 🔑", "start", 0)


async def test_adding_again_changes_nothing(hub: Hub) -> None:
    """A feed that is there keeps its cursor, its lease and its place in the schedule."""
    await hub.add("a", "1")
    await claimed(hub)
    await hub.add("a", "2")
    assert await hub.claim(60) is None
    assert (await hub.status()).feeds == 1


async def test_a_leased_feed_is_not_given_to_another(hub: Hub, make_hub: MakeHub) -> None:
    """While a lease runs, no hub object on the same data gets the feed."""
    await hub.add("a")
    await claimed(hub)
    assert await (await make_hub()).claim(60) is None


async def test_the_most_overdue_feed_comes_first(hub: Hub) -> None:
    """Feeds are claimed in the order in which they fell due."""
    for feed in "cab":
        await hub.add(feed)
    assert [(await claimed(hub)).feed for _ in range(3)] == ["c", "a", "b"]


async def test_a_committed_feed_is_due_again_when_told(hub: Hub) -> None:
    """A feed is not claimed before `again_in` is over, and at once when that is 0."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", [], 0)
    await hub.commit(await claimed(hub), "2", [], 3600)
    assert await hub.claim(60) is None


async def test_a_commit_moves_the_cursor(hub: Hub) -> None:
    """The next claim carries what the last commit kept."""
    await hub.add("a")
    cursor = '{"frontier":"2026-01-02","seen":["ü"]}' * 1000
    await hub.commit(await claimed(hub), cursor, [], 0)
    assert (await claimed(hub)).cursor == cursor


async def test_an_ended_lease_goes_to_the_next(hub: Hub) -> None:
    """A feed whose lease has ended is claimed again, with the committed cursor and a greater token."""
    await hub.add("a", "1")
    lost = await claimed(hub, lease=0)
    found = await claimed(hub)
    assert (found.feed, found.cursor) == ("a", "1")
    assert found.token > lost.token


async def test_tokens_grow_also_over_a_feed_that_is_removed_and_added_again(hub: Hub) -> None:
    """No token is ever given twice for one name: an old holder cannot pass for a new one."""
    await hub.add("a")
    old = await claimed(hub)
    await hub.remove("a")
    await hub.add("a")
    new = await claimed(hub)
    assert new.token > old.token
    with pytest.raises(FencedError):
        await hub.commit(old, "old", events(1), 0)


async def test_a_negative_or_endless_time_is_refused(hub: Hub) -> None:
    """Durations that can never be right are `ValueError`s before the engine is asked."""
    await hub.add("a")
    with pytest.raises(ValueError, match="lease"):
        await hub.claim(-1)
    claim = await claimed(hub)
    for wrong in (float("inf"), float("nan"), -0.1):
        with pytest.raises(ValueError, match="again_in"):
            await hub.commit(claim, "1", [], wrong)
        with pytest.raises(ValueError, match="again_in"):
            await hub.fail(claim, "why", wrong)


# Fencing


async def test_a_fenced_commit_leaves_nothing(hub: Hub) -> None:
    """Once another has the feed, a late commit raises and neither moves the cursor nor logs an event."""
    await hub.add("a", "1")
    late = await claimed(hub, lease=0)
    holder = await claimed(hub)
    with pytest.raises(FencedError, match=f"'a'.*token {late.token}"):
        await hub.commit(late, "late", events(1), 3600)
    assert await logged(hub) == []
    await hub.commit(holder, "2", events(2), 0)
    assert await logged(hub) == [2]
    assert (await claimed(hub)).cursor == "2"


async def test_a_commit_after_the_lease_is_fenced_though_nobody_took_over(hub: Hub) -> None:
    """A lease that has ended is ended, also while nobody else has the feed yet."""
    await hub.add("a", "1")
    with pytest.raises(FencedError):
        await hub.commit(await claimed(hub, lease=0), "late", events(1), 0)
    assert await logged(hub) == []
    assert (await claimed(hub)).cursor == "1"


async def test_a_commit_to_a_removed_feed_is_fenced(hub: Hub) -> None:
    """Removing a feed fences whoever holds it."""
    await hub.add("a")
    claim = await claimed(hub)
    await hub.remove("a")
    with pytest.raises(FencedError):
        await hub.commit(claim, "1", events(1), 0)
    assert await logged(hub) == []
    assert (await hub.status()).feeds == 0


async def test_failing_and_releasing_are_fenced_too(hub: Hub) -> None:
    """A holder whose lease has ended can neither fail nor release the feed under its successor."""
    await hub.add("a")
    late = await claimed(hub, lease=0)
    await claimed(hub)
    with pytest.raises(FencedError):
        await hub.fail(late, "too late", None)
    with pytest.raises(FencedError):
        await hub.release(late)
    assert await hub.claim(60) is None
    assert (await hub.status()).leased == 1


async def test_the_same_commit_again_is_done_and_not_doubled(hub: Hub) -> None:
    """A commit sent again because its answer was lost is neither fenced nor carried out twice."""
    await hub.add("a")
    claim = await claimed(hub)
    for _ in range(3):
        await hub.commit(claim, "1", events(1, 2), 3600, gaps=1)
    assert await logged(hub) == [1, 2]
    assert (await hub.status()).gaps == 1


async def test_a_commit_again_is_recognised_after_its_lease_and_not_after_the_next_commit(hub: Hub) -> None:
    """Recognition rests on the token alone: it outlives the lease, and ends with the next holder's commit."""
    await hub.add("a")
    first = await claimed(hub)
    await hub.commit(first, "1", events(1), 0)
    second = await claimed(hub)
    await hub.commit(first, "1", events(1), 0)
    await hub.commit(second, "2", events(2), 0)
    with pytest.raises(FencedError):
        await hub.commit(first, "1", events(1), 0)
    assert await logged(hub) == [1, 2]


async def test_a_claim_commits_once(hub: Hub) -> None:
    """A second, different commit under one claim is fenced: the lease ended with the first."""
    await hub.add("a")
    claim = await claimed(hub)
    await hub.commit(claim, "1", events(1), 0)
    with pytest.raises(FencedError):
        await hub.commit(claim, "2", events(2), 0)
    assert await logged(hub) == [1]


@pytest.mark.parametrize("deed", ["fail", "release"])
async def test_a_claim_that_was_given_back_cannot_commit(hub: Hub, deed: str) -> None:
    """After fail or release a commit is fenced, also one that does not move the cursor."""
    await hub.add("a", "1")
    claim = await claimed(hub)
    await (hub.fail(claim, "why", 0) if deed == "fail" else hub.release(claim))
    with pytest.raises(FencedError):
        await hub.commit(claim, "1", events(1), 0)
    assert await logged(hub) == []


# Failing feeds


async def test_failures_are_counted_until_a_commit(hub: Hub) -> None:
    """Each failure makes the next claim's count greater; a commit makes it 0; the cursor stays meanwhile."""
    await hub.add("a", "1")
    for failures in range(3):
        claim = await claimed(hub)
        assert (claim.failures, claim.cursor) == (failures, "1")
        await hub.fail(claim, "503", 0)
        await hub.fail(claim, "503", 0)  # again, as its answer was lost
    assert (await hub.status()).failing == 1
    await hub.commit(await claimed(hub), "2", [], 0)
    assert (await claimed(hub)).failures == 0
    assert (await hub.status()).failing == 0


async def test_a_failed_feed_waits_as_long_as_told(hub: Hub) -> None:
    """A failing feed is not claimed before its back-off is over."""
    await hub.add("a")
    await hub.fail(await claimed(hub), "503", 3600)
    assert await hub.claim(60) is None


async def test_a_dead_feed_is_never_claimed_and_says_why(hub: Hub) -> None:
    """A feed failed for good is out of the schedule and in the status; adding does not revive it."""
    await hub.add("a")
    await hub.fail(await claimed(hub), "401 \0\ud800 " + "x" * 1000, None)
    await hub.add("a")
    assert await hub.claim(60) is None
    status = await hub.status()
    assert (status.feeds, status.dead_count, status.failing, status.due) == (1, 1, 0, 0)
    (dead,) = status.dead
    assert (dead.feed, dead.failures) == ("a", 1)
    assert dead.error.startswith("401 ")
    assert len(dead.error) == 500


async def test_a_revived_feed_goes_on_where_it_died(hub: Hub) -> None:
    """Reviving makes a dead feed due at once, with its cursor and no failures; only a dead one can be revived."""
    await hub.add("a", "1")
    await hub.fail(await claimed(hub), "401", None)
    assert await hub.revive("a") is True
    assert await hub.revive("a") is False
    assert await hub.revive("never added") is False
    claim = await claimed(hub)
    assert (claim.cursor, claim.failures) == ("1", 0)


async def test_a_released_feed_is_due_at_once_and_has_not_failed(hub: Hub) -> None:
    """Releasing undoes a claim."""
    await hub.add("a", "1")
    claim = await claimed(hub)
    await hub.release(claim)
    await hub.release(claim)  # again, as its answer was lost
    again = await claimed(hub)
    assert (again.cursor, again.failures) == ("1", 0)
    assert again.token > claim.token


# The event log


async def test_events_are_delivered_as_committed_and_in_order(hub: Hub) -> None:
    """A group receives what was committed, equal and in the order of the commits."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(3, 1), 0)
    await hub.commit(await claimed(hub), "2", events(2), 0)
    taken = await hub.receive("billing")
    assert [delivery.event for delivery in taken] == events(3, 1, 2)
    assert [delivery.redelivered for delivery in taken] == [False] * 3


async def test_every_group_gets_every_event_and_each_event_goes_to_one_consumer(
    hub: Hub, make_hub: MakeHub
) -> None:
    """Consumers of one group share its events; another group has its own; a late group begins with the oldest."""
    await hub.add("a")
    other = await make_hub()
    await hub.receive("billing")
    await hub.commit(await claimed(hub), "1", events(1, 2, 3), 0)
    first = await hub.receive("billing", count=2)
    second = await other.receive("billing", count=2)
    assert [delivery.event.data["n"] for delivery in first + second] == [1, 2, 3]
    assert await hub.receive("billing") == []
    assert [delivery.event.data["n"] for delivery in await hub.receive("audit")] == [1, 2, 3]


async def test_what_is_not_acknowledged_comes_again_and_what_is_does_not(hub: Hub) -> None:
    """An event comes again once its visibility is over, marked, until it is acknowledged."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1, 2), 0)
    first, _ = await hub.receive("billing", visibility=0)
    await first.ack()
    (again,) = await hub.receive("billing", visibility=0)
    assert (again.event, again.redelivered) == (event(2), True)
    await again.ack()
    await again.ack()
    assert await hub.receive("billing", visibility=0) == []


async def test_an_acknowledgement_is_the_groups_own(hub: Hub) -> None:
    """What one group acknowledges, another still gets; acknowledging nothing is nothing."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1, 2), 0)
    taken = await hub.receive("billing")
    await hub.ack("billing", [delivery.position for delivery in taken])
    await hub.ack("billing", [])
    assert len(await hub.receive("audit")) == 2


async def test_an_event_id_is_in_the_log_once(hub: Hub) -> None:
    """An event committed again, by another feed or twice in one commit, is in the log once."""
    for feed in "ab":
        await hub.add(feed)
        await hub.commit(await claimed(hub), "1", events(1, 2, 1), 3600)
    assert await logged(hub) == [1, 2]
    assert (await hub.status()).events == 2


async def test_reading_goes_on_for_ever(hub: Hub) -> None:
    """`events` yields what is there, waits by its clock, and yields what has come."""

    class CommitsWhileWaiting:
        def __init__(self) -> None:
            self.waits: list[float] = []

        def monotonic(self) -> float:
            return 0.0

        async def sleep(self, seconds: float) -> None:
            self.waits.append(seconds)
            if len(self.waits) == 2:
                await hub.commit(await claimed(hub), "2", events(4), 0)

    clock = CommitsWhileWaiting()
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1, 2, 3), 0)
    seen = []
    async for delivery in hub.events("billing", batch=2, idle=7.0, clock=clock):
        seen.append(delivery.event.data["n"])
        await delivery.ack()
        if len(seen) == 4:
            break
    assert seen == [1, 2, 3, 4]
    assert clock.waits == [7.0, 7.0]
    assert (await hub.status()).groups[0].behind == 0


async def test_trimming_deletes_only_what_is_old_and_acknowledged_by_all(hub: Hub, make_hub: MakeHub) -> None:
    """An event leaves the log when it is older than the retention and no group waits for it."""
    forgetful = await make_hub(retention=0)
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1, 2, 3), 0)
    billing = await hub.receive("billing")
    (slow,) = await hub.receive("slow", count=1)
    await hub.ack("billing", [delivery.position for delivery in billing])
    assert await forgetful.trim() == 0
    await slow.ack()
    assert await hub.trim() == 0
    assert await forgetful.trim() == 1
    assert [delivery.event.data["n"] for delivery in await hub.receive("slow")] == [2, 3]
    assert await forgetful.trim() == 0


async def test_a_trimmed_log_keeps_working(hub: Hub, make_hub: MakeHub) -> None:
    """After trimming, groups go on with what comes next, a new group gets only what is left."""
    forgetful = await make_hub(retention=0)
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1, 2), 0)
    taken = await hub.receive("billing")
    await hub.ack("billing", [delivery.position for delivery in taken[:1]])
    assert await forgetful.trim() == 1
    await taken[1].ack()
    assert await forgetful.trim() == 1
    assert await forgetful.trim() == 0
    await hub.commit(await claimed(hub), "2", events(3), 0)
    assert await logged(hub, "audit") == [3]
    assert [delivery.event.data["n"] for delivery in await hub.receive("billing")] == [3]


async def test_a_dropped_group_holds_nothing_back(hub: Hub, make_hub: MakeHub) -> None:
    """Events that only a dropped group waited for can be trimmed; dropping what is not there is nothing."""
    forgetful = await make_hub(retention=0)
    await hub.drop_group("never seen")
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1), 0)
    await hub.receive("billing")
    assert await forgetful.trim() == 0
    await hub.drop_group("billing")
    assert await forgetful.trim() == 1
    assert (await hub.status()).groups == ()


# The rate limit


async def test_without_a_limit_everything_is_permitted(hub: Hub) -> None:
    """A hub without a rate limit permits at once."""
    assert [await hub.permit() for _ in range(5)] == [0.0] * 5


async def test_workers_share_one_limit(make_hub: MakeHub) -> None:
    """A permit taken through one hub object makes another wait, never longer than the interval."""
    one, two = await make_hub(rate_limit=0.01), await make_hub(rate_limit=0.01)
    assert await one.permit() == 0.0
    for hub in (two, one):
        assert 90 < await hub.permit() <= 100
    assert 90 < (await two.status()).rate_wait <= 100


async def test_a_rate_that_is_raised_takes_effect_at_once(make_hub: MakeHub) -> None:
    """What was stored under a slower rate does not hold up a faster one for longer than its own interval."""
    slow, fast = await make_hub(rate_limit=0.001), await make_hub(rate_limit=1.0)
    await slow.permit()
    assert await slow.permit() > 900
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
            Corner(url, "x").hub(rate_limit=wrong)


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
    status = await limited.status()
    assert status.engine.split()[0] in {"SQLite", "Redis", "PostgreSQL"}
    assert (status.feeds, status.leased, status.due, status.failing) == (4, 1, 1, 1)
    assert (status.gaps, status.dead_count, status.dead) == (2, 0, ())
    assert 0 < status.lag < 60
    assert (status.events, status.rate_limit, status.rate_wait) == (3, 5.0, 0.0)
    (group,) = status.groups
    assert (group.name, group.behind, group.in_flight) == ("billing", 2, 1)


async def test_an_empty_hub_has_a_status(hub: Hub) -> None:
    """Nothing there is all zeros."""
    status = await hub.status()
    assert (status.feeds, status.due, status.lag, status.gaps, status.events) == (0, 0, 0.0, 0, 0)
    assert (status.dead, status.groups, status.rate_limit, status.rate_wait) == ((), (), None, 0.0)


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
