"""The contract of `Hub`, over every engine: schedule, leases, fencing, failing feeds.

Leases of 0 seconds have ended when the next call looks at them: time passes without anyone waiting.
"""

from __future__ import annotations

import pytest

from impactive_async.errors import FencedError
from impactive_async.hub import Hub
from tests.hub.conftest import MakeHub
from tests.hub.engines import claimed, events, logged

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
