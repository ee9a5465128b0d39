"""Many claimers on one hub: tasks, hub objects and processes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from secrets import token_hex
from typing import Any

from attrs import evolve

from impactive_async.errors import FencedError, HubError
from impactive_async.hub import Claim, Hub
from impactive_async.hub.contract.claim import IdlePoll
from impactive_async.hub.postgres.hub import PostgresHub
from tests.hub.conftest import MakeHub
from tests.hub.engines import Corner, claimed, event, logged
from tests.hub.processes import children, freeze_in_mid_poll, step, work

TOGETHER = 8
"""Calls at once."""
PASSES = 40
"""After how many passes of the loop a call is cancelled at the latest; the first few are where it is sent."""


async def numbers(hub: Hub) -> dict[str, list[int]]:
    """What was logged for each feed, in order."""
    found: dict[str, list[int]] = {}
    while batch := await hub.receive("checking", count=500):
        for delivery in batch:
            found.setdefault(delivery.event.id.split("/")[0], []).append(delivery.event.data["n"])
    return found


async def test_tasks_never_hold_the_same_feed(hub: Hub, make_hub: MakeHub) -> None:
    """However many tasks claim over however many hub objects, a feed is with one of them at a time."""
    hubs = [hub] + [await make_hub() for _ in range(3)]
    feeds = [f"feed{number}" for number in range(5)]
    for feed in feeds:
        await hub.add(feed)
    held: set[str] = set()
    done: Counter[str] = Counter()

    async def claimer(mine: Hub) -> None:
        for _ in range(15):
            if (claim := await mine.claim(60)) is None:
                continue
            assert claim.feed not in held
            held.add(claim.feed)
            await asyncio.sleep(0)
            number = int(claim.cursor or "0") + 1
            held.discard(claim.feed)
            await mine.commit(claim, str(number), [event(number, claim.feed)], 0)
            done[claim.feed] += 1

    async with asyncio.TaskGroup() as tasks:
        for mine in hubs * 2:
            tasks.create_task(claimer(mine))
    assert sum(done.values()) > 30
    assert await numbers(hub) == {feed: list(range(1, done[feed] + 1)) for feed in feeds if done[feed]}


async def test_processes_lose_no_update_and_are_never_fenced(hub: Hub, corner: Corner) -> None:
    """Processes that count feeds up under long leases leave each feed at exactly its number of commits."""
    for number in range(4):
        await hub.add(f"feed{number}")
    start = children.Barrier(3)
    ours, theirs = children.Pipe(duplex=False)
    workers = [children.Process(target=work, args=(corner, 25, start, theirs), daemon=True) for _ in range(3)]
    for worker in workers:
        worker.start()
    theirs.close()
    await joined(workers)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert [ours.recv() for _ in workers] == [25, 25, 25]
    ours.close()
    logged = await numbers(hub)
    assert sum(len(found) for found in logged.values()) == 75
    assert all(found == list(range(1, len(found) + 1)) for found in logged.values())


async def test_a_process_that_freezes_past_its_lease_holds_up_nobody_and_commits_nothing(
    hub: Hub, corner: Corner
) -> None:
    """A worker stopped with SIGSTOP in mid-poll loses its feed to another, and is fenced when it wakes."""
    await hub.add("a")
    ours, theirs = children.Pipe()
    worker: Any = children.Process(target=freeze_in_mid_poll, args=(corner, theirs), daemon=True)
    worker.start()
    theirs.close()
    assert await asyncio.to_thread(ours.recv) == "a"
    os.kill(worker.pid, signal.SIGSTOP)
    try:
        while await step(hub, 60.0) is None:
            pass  # the lease is not over
    finally:
        os.kill(worker.pid, signal.SIGCONT)
    ours.send("go on")
    assert await asyncio.to_thread(ours.recv) == "FencedError"
    ours.close()
    await joined([worker])
    assert await numbers(hub) == {"a": [1]}


async def joined(workers: list[Any]) -> None:
    for worker in workers:
        await asyncio.to_thread(worker.join)


async def test_a_group_that_joins_during_commits_misses_none(hub: Hub, make_hub: MakeHub) -> None:
    """A consumer group that is new while commits are under way gets every event, each once."""
    hubs = [await make_hub() for _ in range(3)]
    for number in range(6):
        await hub.add(f"feed{number}")

    async def commits(mine: Hub) -> None:
        for _ in range(10):
            await step(mine, 60.0)

    async def take() -> list[str]:
        return [delivery.event.id for delivery in await hub.receive("late", count=1000)]

    async with asyncio.TaskGroup() as tasks:
        joining = tasks.create_task(take())
        for mine in hubs:
            tasks.create_task(commits(mine))
    early, rest = joining.result(), await take()
    everything = [delivery.event.id for delivery in await hub.receive("checking", count=1000)]
    assert len(everything) == 30
    assert sorted(early + rest) == sorted(everything)


async def test_consumers_of_one_group_share_its_events(hub: Hub, make_hub: MakeHub) -> None:
    """Consumers that take at the same moment get disjoint events and together all of them."""
    await hub.add("a")
    for _ in range(30):
        await step(hub, 60.0)
    consumers = [await make_hub() for _ in range(4)]

    async def consume(mine: Hub) -> list[int]:
        taken = []
        while batch := await mine.receive("billing", count=3):
            taken += [delivery.event.data["n"] for delivery in batch]
            await mine.ack("billing", [delivery.position for delivery in batch])
        return taken

    async with asyncio.TaskGroup() as tasks:
        shares = [tasks.create_task(consume(mine)) for mine in consumers]
    assert sorted(number for share in shares for number in share.result()) == list(range(1, 31))
    assert (await hub.status()).groups[0].behind == 0


async def test_no_call_goes_on_when_its_task_is_cancelled(hub: Hub) -> None:
    """A cancellation is never lost in a call, in whichever pass of the event loop it comes."""
    await hub.add("a")
    lost = []

    async def working() -> None:
        while True:
            await hub.claim(60.0)
            task = asyncio.current_task()
            if task and task.cancelling():
                return

    for passes in range(1, PASSES):  # before the first nothing is called
        task = asyncio.create_task(working())
        for _ in range(passes):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            lost.append(passes)
    assert not lost


async def claims_of(hub: Hub, count: int) -> list[Claim]:
    found = await asyncio.gather(*(hub.claim(60) for _ in range(count)))
    return [claim for claim in found if claim]


async def test_claims_at_once_are_of_different_feeds(hub: Hub) -> None:
    """Each has a token of its own, greater than any before; who comes too late gets none."""
    for number in range(TOGETHER):
        await hub.add(f"feed {number}")
    first = await claimed(hub)
    claims = await claims_of(hub, TOGETHER + 3)
    assert len(claims) == TOGETHER - 1
    assert len({claim.feed for claim in [first, *claims]}) == TOGETHER
    tokens = [claim.token for claim in claims]
    assert len(set(tokens)) == len(tokens)
    assert min(tokens) > first.token


async def test_commits_at_once_are_each_of_their_own(hub: Hub) -> None:
    """One that is fenced commits nothing of its own and all of the others; an id is logged once."""
    for number in range(TOGETHER):
        await hub.add(f"feed {number}")
    claims = await claims_of(hub, TOGETHER)
    lost, sent_before, *others = claims
    await hub.remove(lost.feed)
    await hub.commit(sent_before, "1", [event(50)], 3600, gaps=1)
    outcomes = await asyncio.gather(
        hub.commit(lost, "1", [event(60), event(0)], 3600),
        hub.commit(sent_before, "1", [event(50)], 3600, gaps=1),
        *(
            hub.commit(claim, f"{place}", [event(place), event(99)], 3600, gaps=place)
            for place, claim in enumerate(others)
        ),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [FencedError, *[type(None)] * (TOGETHER - 1)]
    assert sorted(await logged(hub)) == [*range(len(others)), 50, 99]
    assert await hub.cursors([claim.feed for claim in others]) == {
        claim.feed: f"{place}" for place, claim in enumerate(others)
    }
    assert (await hub.status()).gaps == 1 + sum(range(len(others)))
    assert await hub.claim(60) is None


async def test_one_feed_committed_twice_at_once_is_committed_once(hub: Hub) -> None:
    """The same commit sent twice is one; another one of the same claim is refused."""
    await hub.add("a")
    claim = await claimed(hub)
    outcomes = await asyncio.gather(
        hub.commit(claim, "1", [event(1)], 3600, gaps=1),
        hub.commit(claim, "1", [event(1)], 3600, gaps=1),
        hub.commit(claim, "2", [event(2)], 3600),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), type(None), FencedError]
    assert (await logged(hub), (await hub.status()).gaps) == ([1], 1)


async def test_what_one_cannot_commit_takes_nothing_from_the_others(hub: Hub) -> None:
    """An id that is too long for an index of PostgreSQL is refused alone there, and kept by the others."""
    for number in range(3):
        await hub.add(f"feed {number}")
    wrong, *others = await claims_of(hub, 3)
    long = evolve(event(9), id=token_hex(5_000))
    outcomes = await asyncio.gather(
        hub.commit(wrong, "1", [long], 3600),
        *(hub.commit(claim, "1", [event(place)], 3600) for place, claim in enumerate(others)),
        return_exceptions=True,
    )
    assert outcomes[1:] == [None, None]
    refused = isinstance(outcomes[0], HubError)
    assert refused == isinstance(hub, PostgresHub)
    assert sorted(await logged(hub)) == ([0, 1] if refused else [0, 1, 9])


async def test_many_are_claimed_in_one_call(hub: Hub) -> None:
    """So many at the most, each another feed under a token of its own; the most overdue come first."""
    for number in range(TOGETHER):
        await hub.add(f"feed {number}")
    first = await hub.claim_many(60, 3)
    rest = await hub.claim_many(60, 2 * TOGETHER)
    assert (len(first), len(rest)) == (3, TOGETHER - 3)
    assert len({claim.feed for claim in [*first, *rest]}) == TOGETHER
    assert len({claim.token for claim in [*first, *rest]}) == TOGETHER
    assert max(claim.token for claim in first) < min(claim.token for claim in rest)
    assert await hub.claim_many(60, 3) == []
    await hub.commit(first[1], "1", [event(1)], 0)
    assert [claim.cursor for claim in await hub.claim_many(60, 3)] == ["1"]


async def test_calls_at_once_that_claim_many_share_no_token(hub: Hub) -> None:
    """Also where they share a transaction, and so its time."""
    for number in range(TOGETHER):
        await hub.add(f"feed {number}")
    found = await asyncio.gather(*(hub.claim_many(60, 3) for _ in range(3)))
    claims = [claim for some in found for claim in some]
    assert len({claim.feed for claim in claims}) == len({claim.token for claim in claims}) == TOGETHER


async def test_idle_polls_are_each_committed_by_themselves(hub: Hub) -> None:
    """One that is fenced takes nothing of the others, and one that is sent again is recognised."""
    for number in range(TOGETHER):
        await hub.add(f"feed {number}", "0")
    lost, wrong, sent_before, *others = await hub.claim_many(60, TOGETHER)
    await hub.remove(lost.feed)
    assert await hub.commit_idle([IdlePoll(sent_before, "1", 3600)]) == [None]
    outcomes = await hub.commit_idle(
        [
            IdlePoll(lost, "1", 3600),
            IdlePoll(evolve(wrong, cursor="other"), "1", 3600),
            *(IdlePoll(claim, "1", 3600) for claim in [sent_before, *others]),
        ]
    )
    assert [type(outcome) for outcome in outcomes] == [FencedError] * 2 + [type(None)] * (TOGETHER - 2)
    found = await hub.cursors([f"feed {number}" for number in range(TOGETHER)])
    assert found == {wrong.feed: "0", **{claim.feed: "1" for claim in [sent_before, *others]}}
    assert await hub.claim(60) is None


async def test_an_idle_poll_ends_its_failures(hub: Hub) -> None:
    """It is a commit, after which its feed is due when it says."""
    await hub.add("a", "0")
    await hub.fail(await claimed(hub), "503", 0)
    claim = await claimed(hub)
    assert claim.failures == 1
    assert await hub.commit_idle([IdlePoll(claim, "1", 0.0)]) == [None]
    again = await claimed(hub)
    assert (again.failures, again.cursor) == (0, "1")
    assert await hub.commit_idle([IdlePoll(again, "2", 3600.0)]) == [None]
    assert await hub.claim(60) is None
    assert await hub.poll_now("a")
    assert (await claimed(hub)).cursor == "2"


async def test_an_idle_poll_of_a_feed_that_is_to_be_polled_at_once(hub: Hub) -> None:
    """It is due again, whatever the poll says."""
    await hub.add("a", "0")
    claim = await claimed(hub)
    await hub.poll_now("a")
    assert await hub.commit_idle([IdlePoll(claim, "1", 3600.0)]) == [None]
    assert (await claimed(hub)).cursor == "1"
