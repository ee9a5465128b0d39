"""The contract of `Hub`, over every engine, when the engine has lost its last writes."""

from __future__ import annotations

import time

import pytest
from attrs import evolve

from impactive_async.errors import FencedError
from impactive_async.hub import Hub
from tests.hub.engines import Corner, claimed, event, events, logged
from tests.hub.support.rewinding import saved


async def test_what_the_engine_lost_is_delivered_by_the_next_claim(hub: Hub, corner: Corner) -> None:
    """A commit that goes on from a lost one is refused: it would leave out what was lost with the other."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1), 0)
    rewind = await saved(corner)
    await hub.commit(await claimed(hub), "2", events(2), 0)
    old = await claimed(hub)
    await rewind()
    new = await claimed(hub)
    with pytest.raises(FencedError):
        await hub.commit(old, "3", events(3), 0)
    assert new.cursor == "1"
    await hub.commit(new, "3", events(2, 3), 0)
    assert await logged(hub) == [1, 2, 3]


async def test_a_commit_takes_effect_only_on_the_cursor_that_its_claim_began_from(hub: Hub) -> None:
    """Whatever its token: without the cursor between, there would be a hole in the log."""
    await hub.add("a", "1")
    claim = await claimed(hub)
    with pytest.raises(FencedError):
        await hub.commit(evolve(claim, cursor="2"), "3", events(3), 0)
    assert await logged(hub) == []
    await hub.commit(claim, "2", events(2), 0)
    assert await logged(hub) == [2]


async def test_a_lost_commit_may_be_sent_again(hub: Hub, corner: Corner) -> None:
    """Where the engine still knows the claim and not its commit, the commit takes effect once more."""
    await hub.add("a")
    claim = await claimed(hub)
    rewind = await saved(corner)
    await hub.commit(claim, "1", events(1), 0)
    await rewind()
    for _ in range(2):
        await hub.commit(claim, "1", events(1), 0)
    assert await logged(hub) == [1]


async def test_no_token_is_given_twice(hub: Hub, corner: Corner) -> None:
    """Tokens are never below the engine's clock, so those that it has forgotten are behind it."""
    await hub.add("a")
    rewind = await saved(corner)
    forgotten = [await claimed(hub, lease=0) for _ in range(5)]
    await rewind()
    new = [await claimed(hub, lease=0) for _ in range(5)]
    tokens = [claim.token for claim in forgotten + new]
    assert tokens == sorted(set(tokens))
    assert tokens[0] > (time.time() - 3600) * 1_000_000


async def test_an_acknowledgement_means_the_event_that_was_delivered(hub: Hub, corner: Corner) -> None:
    """A place in the log that is taken a second time is not acknowledged by who handled what was there first."""
    await hub.add("a")
    await hub.add("b")
    await hub.receive("billing")
    rewind = await saved(corner)
    await hub.commit(await claimed(hub), "1", [event(1, "a")], 3600)
    (lost,) = await hub.receive("billing")
    await rewind()
    claim = await claimed(hub)
    claim = claim if claim.feed == "b" else await claimed(hub)
    await hub.commit(claim, "1", [event(2, "b")], 3600)
    await lost.ack()
    assert [delivery.event for delivery in await hub.receive("billing")] == [event(2, "b")]
