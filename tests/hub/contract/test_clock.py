"""The contract of `Hub`, over every engine, when the engine's clock is put back or jumps."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from impactive_async.errors import FencedError
from impactive_async.hub import Hub
from tests.hub.engines import ENGINES, claimed, events
from tests.hub.support.clocks import SetClock, hub_with_clock

HOURS = 3600


@pytest.fixture(params=ENGINES)
async def clocked(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Hub, SetClock]]:
    async with hub_with_clock(request.param, monkeypatch) as pair:
        yield pair


async def test_a_clock_put_back_silences_no_feed(clocked: tuple[Hub, SetClock]) -> None:
    """What is due at once stays due, what is due after a pause waits no longer than that, whoever looks first."""
    hub, set_clock = clocked
    await hub.add("now")
    await hub.add("soon")
    await hub.commit(await claimed(hub), "1", events(1), 0)
    await hub.fail(await claimed(hub), "503", 0)
    set_clock(-2 * HOURS)
    assert {(await claimed(hub)).feed for _ in range(2)} == {"now", "soon"}
    assert (await hub.status()).lag < HOURS


async def test_time_goes_on_while_nothing_is_due(clocked: tuple[Hub, SetClock]) -> None:
    """Whoever asks finds nothing due and notes the new clock; a pause that has begun ends as it would have."""
    hub, set_clock = clocked
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1), 20)
    set_clock(-2 * HOURS)
    assert await hub.claim(60) is None
    set_clock(-2 * HOURS + 30)
    assert (await claimed(hub)).feed == "a"


async def test_a_lease_outlives_a_clock_put_back_and_ends_all_the_same(clocked: tuple[Hub, SetClock]) -> None:
    """Its holder may commit, and a lease that was over before is not revived by the clock."""
    hub, set_clock = clocked
    await hub.add("a")
    await hub.add("b")
    held, lost = await claimed(hub), await claimed(hub, lease=0)
    set_clock(-2 * HOURS)
    assert (await claimed(hub)).feed == lost.feed
    with pytest.raises(FencedError):
        await hub.commit(lost, "late", events(2), 0)
    await hub.commit(held, "1", events(1), 0)


async def test_tokens_grow_whatever_the_clock_does(clocked: tuple[Hub, SetClock]) -> None:
    """Also those of a feed that is removed and added again while the clock is behind."""
    hub, set_clock = clocked
    tokens = []
    for hours in (0, -2, -1, 3, -24):
        set_clock(hours * HOURS)
        await hub.add("a")
        tokens.append((await claimed(hub, lease=0)).token)
        await hub.remove("a")
    assert tokens == sorted(set(tokens))


async def test_a_permit_waits_for_no_clock(clocked: tuple[Hub, SetClock]) -> None:
    """The shared rate limit lets nobody wait for longer than its interval."""
    hub, set_clock = clocked
    await hub.limit(1.0)
    assert await hub.permit() == 0.0
    set_clock(-2 * HOURS)
    assert await hub.permit() <= 1.0


async def test_events_in_flight_come_again_after_their_visibility(clocked: tuple[Hub, SetClock]) -> None:
    """An event that a dead consumer holds is not held for as long as the clock was put back."""
    hub, set_clock = clocked
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1), 0)
    assert len(await hub.receive("billing", visibility=1)) == 1
    set_clock(-2 * HOURS)
    again = []
    for seconds in range(5):
        set_clock(seconds - 2 * HOURS)
        again += await hub.receive("billing", visibility=1)
        again += [] if again else await hub.receive("billing", visibility=1)
        await claimed(hub, lease=0)
    assert again
    assert again[0].redelivered


async def test_what_is_logged_after_the_clock_was_put_back_is_delivered_last(
    clocked: tuple[Hub, SetClock],
) -> None:
    """Order, acknowledgements and trimming hold."""
    hub, set_clock = clocked
    await hub.add("a")
    await hub.commit(await claimed(hub), "1", events(1), 0)
    set_clock(-2 * HOURS)
    await hub.commit(await claimed(hub), "2", events(2), 0)
    taken = await hub.receive("billing")
    assert [delivery.event for delivery in taken] == events(1, 2)
    await hub.ack("billing", [delivery.position for delivery in taken])
    assert await hub.receive("billing", visibility=0) == []
    set_clock(1)
    assert await hub.trim() == 2


async def test_a_clock_that_was_put_forward_and_corrected_silences_nobody(clocked: tuple[Hub, SetClock]) -> None:
    """Leases end early, and their holders are fenced; from then on pauses and holds last as long as they say."""
    hub, set_clock = clocked
    await hub.add("a")
    early = await claimed(hub)
    set_clock(3 * HOURS)
    late = await claimed(hub)
    set_clock(0)
    with pytest.raises(FencedError):
        await hub.commit(early, "early", events(9), 0)
    await hub.commit(late, "1", events(1, 2), 20)
    found = await hub.feed("a")
    assert found
    assert found.due_in <= 20
    dead, in_flight = [(await hub.receive("billing", count=1, visibility=5))[0] for _ in range(2)]
    await hub.reject("billing", dead.position, "no")
    assert await hub.hold("billing", "first", 5)
    set_clock(6)
    assert await hub.claim(0) is None
    assert await hub.hold("billing", "second", 5)
    assert [one.event for one in await hub.receive("billing", visibility=5)] == [in_flight.event]
    assert await hub.replay("billing") == 1
    await hub.ack("billing", [dead.position, in_flight.position])
    set_clock(30)
    assert (await claimed(hub)).cursor == "1"
