"""The contract of `Hub`, over every engine: counted deliveries, dead letters, and entries that cannot be read.

Visibilities of 0 seconds are over when the next call looks at them: time passes without anyone waiting.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from impactive_async.hub import Delivery, Hub
from tests.hub.conftest import MakeHub
from tests.hub.engines import Corner, claimed, event, events
from tests.hub.support.strangers import write_entry


async def logging(hub: Hub, *numbers: int) -> None:
    """Put events into the log."""
    await hub.add("a")
    await hub.commit(await claimed(hub), "", events(*numbers), 0)


async def taken(hub: Hub, **options: Any) -> list[Delivery]:
    return await hub.receive("billing", **{"visibility": 0} | options)


def numbers(deliveries: list[Delivery]) -> list[int]:
    return [delivery.event.data["n"] for delivery in deliveries]


# Counted deliveries


async def test_deliveries_are_counted(hub: Hub) -> None:
    """Each delivery says how many there were, itself included; only the first is not a redelivery."""
    await logging(hub, 1)
    found = [(await taken(hub))[0] for _ in range(3)]
    assert [(one.deliveries, one.redelivered) for one in found] == [(1, False), (2, True), (3, True)]


async def test_what_comes_again_comes_alone_and_behind_what_is_new(hub: Hub) -> None:
    """An event that kills its consumers takes no other with it, and holds up none that is new."""
    await logging(hub, 1, 2, 3)
    assert numbers(await taken(hub)) == [1, 2, 3]
    await logging(hub, 4, 5)
    assert numbers(await taken(hub)) == [4, 5]
    assert numbers(await taken(hub)) == [1]


async def test_consumers_that_die_of_one_event_handle_all_others(hub: Hub) -> None:
    """A consumer that is killed by each delivery of an event, and started again, gets to all others, once each."""
    await logging(hub, *range(30))
    handled: list[int] = []
    while len(handled) < 29:
        for delivery in await taken(hub, count=10):
            if delivery.event.data["n"] == 7:
                break  # and dead
            handled.append(delivery.event.data["n"])
            await delivery.ack()
    assert sorted(handled) == [n for n in range(30) if n != 7]


async def test_what_was_delivered_least_often_comes_first(hub: Hub) -> None:
    """Events that fail again and again make room for those that have failed less."""
    await logging(hub, 1, 2)
    await taken(hub)
    assert [numbers(await taken(hub)) for _ in range(4)] == [[1], [2], [1], [2]]


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True])
async def test_an_impossible_number_of_deliveries_is_refused(hub: Hub, wrong: Any) -> None:
    """Numbers that can never be right are `ValueError`s before the engine is asked."""
    with pytest.raises(ValueError, match="max_deliveries"):
        await taken(hub, max_deliveries=wrong)
    with pytest.raises(ValueError, match="count"):
        await taken(hub, count=wrong)


# Dead letters


async def test_an_event_that_nobody_acknowledges_becomes_a_dead_letter(hub: Hub) -> None:
    """After so many deliveries it is not delivered any more, and is listed with all that is known of it."""
    await logging(hub, 1, 2)
    for delivery in (await taken(hub))[1:]:
        await delivery.ack()
    for _ in range(2):
        assert numbers(await taken(hub, max_deliveries=3)) == [1]
    assert await taken(hub, max_deliveries=3) == []
    (letter,) = await hub.dead_letters("billing")
    assert (letter.group, letter.event, letter.deliveries) == ("billing", event(1), 3)
    assert letter.reason == "delivered 3 times and never acknowledged"
    assert abs((datetime.now(UTC) - letter.since).total_seconds()) < 3600
    (group,) = (await hub.status()).groups
    assert (group.behind, group.in_flight, group.dead_letters) == (0, 0, 1)


async def test_no_event_dies_where_deliveries_have_no_end(hub: Hub) -> None:
    """`max_deliveries=None` delivers for ever."""
    await logging(hub, 1)
    for _ in range(20):
        assert numbers(await taken(hub, max_deliveries=None)) == [1]


async def test_a_dead_letter_is_the_groups_own(hub: Hub) -> None:
    """What one group cannot handle, another gets."""
    await logging(hub, 1)
    await (await taken(hub))[0].reject("no such type")
    assert numbers(await hub.receive("audit")) == [1]
    assert await hub.dead_letters("audit") == []


async def test_a_consumer_may_reject_what_it_will_never_handle(hub: Hub) -> None:
    """Rejected, an event is a dead letter at once, with the reason as any engine can keep it."""
    await logging(hub, 1, 2)
    first, second = await taken(hub)
    await first.reject("no \0\ud800 such type " + "x" * 1000)
    await first.reject("again, as the answer was lost")
    await second.ack()
    await second.reject("too late: it is acknowledged")
    (letter,) = await hub.dead_letters("billing")
    assert (letter.event, letter.deliveries, len(letter.reason)) == (event(1), 1, 500)
    assert letter.reason.startswith("no ")
    assert await taken(hub) == []


async def test_replayed_dead_letters_are_delivered_again(hub: Hub) -> None:
    """They count from the beginning, come alone, and can die again; other dead letters stay what they are."""
    await logging(hub, 1, 2, 3)
    for delivery in await taken(hub):
        await delivery.reject("no")
    first, *_ = letters = await hub.dead_letters("billing")
    assert [letter.event for letter in letters] == events(1, 2, 3)
    assert await hub.replay("billing", [first.position, "123-4"]) == 1
    (again,) = await taken(hub, max_deliveries=1)
    assert (again.event, again.redelivered, again.deliveries) == (event(1), True, 1)
    assert await taken(hub, max_deliveries=1) == []
    assert len(await hub.dead_letters("billing")) == 3
    assert await hub.replay("billing") == 3
    assert [numbers(await taken(hub)) for _ in range(3)] == [[1], [2], [3]]
    assert await hub.replay("billing") == 0


async def test_dropped_dead_letters_are_gone(hub: Hub) -> None:
    """Some by their positions, or all; what is dropped cannot be replayed."""
    await logging(hub, 1, 2, 3)
    for delivery in await taken(hub):
        await delivery.reject("no")
    first, *_ = await hub.dead_letters("billing", count=1)
    assert await hub.drop("billing", [first.position, "123-4"]) == 1
    assert await hub.drop("billing", []) == 0
    assert [letter.event for letter in await hub.dead_letters("billing")] == events(2, 3)
    assert await hub.drop("billing") == 2
    assert await hub.replay("billing") == 0
    assert await taken(hub) == []


async def test_the_log_keeps_its_dead_letters_and_nothing_for_them_else(hub: Hub, make_hub: MakeHub) -> None:
    """An event stays while it is anybody's dead letter, and can be replayed; the others are trimmed."""
    forgetful = await make_hub(retention=0)
    await logging(hub, 1, 2, 3, 4)
    for delivery in await taken(hub):
        await (delivery.reject("no") if delivery.event == event(2) else delivery.ack())
    assert await forgetful.trim() >= 2  # Redis keeps the entry at which a group is, too
    assert await hub.replay("billing") == 1
    (again,) = await taken(hub)
    assert again.event == event(2)
    assert await forgetful.trim() == 0
    await again.ack()
    await forgetful.trim()
    assert (await hub.status()).events == 0


async def test_acknowledging_a_dead_letter_settles_it(hub: Hub) -> None:
    """A consumer that was slow, and has handled it after all, is believed."""
    await logging(hub, 1)
    (slow,) = await taken(hub)
    assert await taken(hub, max_deliveries=1) == []
    await slow.ack()
    assert await hub.replay("billing") <= 1
    for delivery in await taken(hub):
        await delivery.ack()
    assert await hub.dead_letters("billing") == []


async def test_dropping_a_group_drops_its_dead_letters(hub: Hub) -> None:
    """A group of that name that joins later has none, and gets the event as new."""
    await logging(hub, 1)
    await (await taken(hub))[0].reject("no")
    await hub.drop_group("billing")
    assert await hub.dead_letters("billing") == []
    (new,) = await taken(hub)
    assert (new.deliveries, new.redelivered) == (1, False)


async def test_a_group_that_is_not_there_has_no_dead_letters(hub: Hub) -> None:
    """Nor does asking make it one."""
    assert await hub.dead_letters("nobody") == []
    assert await hub.replay("nobody") == await hub.drop("nobody") == 0
    assert (await hub.status()).groups == ()


@pytest.mark.parametrize("wrong", ["", "first", "1-", "1-2-3", "-1", "9" * 40])
async def test_what_is_no_position_is_refused(hub: Hub, wrong: str) -> None:
    """A mistyped position is a `ValueError` that says where positions come from, and nothing is changed."""
    await logging(hub, 1)
    await (await taken(hub))[0].reject("no")
    for attempt in (
        hub.ack("billing", [wrong]),
        hub.reject("billing", wrong, "no"),
        hub.replay("billing", [wrong]),
        hub.drop("billing", [wrong]),
    ):
        with pytest.raises(ValueError, match="no position in the log"):
            await attempt
    assert len(await hub.dead_letters("billing")) == 1


# Entries that cannot be read


@pytest.mark.parametrize(
    "text",
    ["", "not JSON", "{}", "[1]", '{"id":7}', "[" * 100_000, b"\xff\xfe", b'{"specversion":"1.0","id":"\xff"}'],
    ids=["empty", "text", "object", "list", "fields", "depth", "bytes", "bytes inside"],
)
async def test_an_entry_that_is_not_ours_holds_up_nobody(
    hub: Hub, corner: Corner, caplog: pytest.LogCaptureFixture, text: str | bytes
) -> None:
    """It is a dead letter at once, with its reason, and is told; what lies around it is delivered."""
    await logging(hub, 1)
    await write_entry(corner, text)
    await logging(hub, 2)
    assert numbers(await taken(hub)) == [1, 2]
    (letter,) = await hub.dead_letters("billing")
    assert letter.event is None
    assert "not a CloudEvent" in letter.reason
    assert "is a dead letter now" in caplog.text
    assert await hub.drop("billing") == 1


async def test_entries_that_are_not_ours_do_not_end_a_reader(hub: Hub, corner: Corner) -> None:
    """A batch of nothing else is passed over, and the next one is read."""
    await logging(hub, 1)
    (first,) = await taken(hub)
    await first.ack()
    for number in range(5):
        await write_entry(corner, f"odd {number}")
    await logging(hub, 2)
    async for delivery in hub.events("billing", batch=2, idle=0.01):
        assert delivery.event == event(2)
        await delivery.ack()
        break
    assert len(await hub.dead_letters("billing")) == 5


# One slow reader


async def test_one_slow_event_keeps_no_other(hub: Hub, make_hub: MakeHub) -> None:
    """Of many events, only those are kept that somebody has not acknowledged."""
    forgetful = await make_hub(retention=0)
    await logging(hub, *range(50))
    deliveries = await hub.receive("billing", count=50)
    await hub.ack("billing", [one.position for one in deliveries if one.event != event(7)])
    trimmed = await forgetful.trim()
    status = await hub.status()
    assert trimmed + status.events == 50
    assert status.events <= 2  # Redis keeps the entry at which a group is, too
    assert status.groups[0].behind == 1
    await deliveries[7].ack()
    await forgetful.trim()
    assert (await hub.status()).events == 0
    await logging(hub, 7, 49, 50)
    assert numbers(await taken(hub)) == [7, 49, 50]
