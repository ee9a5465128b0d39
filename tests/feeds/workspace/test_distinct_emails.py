"""An email that the lists of several sequences show is one event."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from impactive_async import AsyncClient
from impactive_async.feeds.workspace import seen_emails
from impactive_async.feeds.workspace.seen_emails import KEY, PARTS, SeenEmails
from impactive_async.feeds.workspace.stream import WorkspaceWatch
from impactive_async.sandbox import Sandbox
from tests.feeds.lists import Store
from tests.feeds.workspace.test_workspace import INTERVAL, FakeWorkspace, take
from tests.support import spin, until


def world_of(*names: str, rows: tuple[int, ...] = (1,), **options: Any) -> FakeWorkspace:
    """Sequences whose lists all show the same emails."""
    world = FakeWorkspace(emails=("sends",), **options)
    world.add(*names, rows=rows)
    return world


async def all_of(world: FakeWorkspace, events: WorkspaceWatch) -> list[str]:
    """The ids of all events of some polls of each list."""
    found: list[str] = []

    async def collect() -> None:
        async for event in events:
            found.append(event.row.id)

    collecting = asyncio.ensure_future(collect())
    await spin()
    await world.pass_time(2 * INTERVAL)
    collecting.cancel()
    await asyncio.gather(collecting, return_exceptions=True)
    return found


async def test_a_reply_of_somebody_on_three_sequences_is_one_event(sandbox: Sandbox, crm: AsyncClient) -> None:
    """It is delivered once, under one key, and says in the end which sequences it belongs to."""
    person = sandbox.state.rows("contacts")[0].id
    sequences = [sandbox.state.create_sequence(name).id for name in "abc"]
    for sequence in sequences:
        sandbox.state.enroll(sequence, [person])
    await sandbox.clock.advance(minutes=1)
    sandbox.state.add_reply(person)
    assert {len(await crm.sequences.replies(one)) for one in sequences} == {1}
    async with crm.watch(["replies"]) as events:
        (event,) = await take(events, 1)
        waiting = asyncio.ensure_future(anext(events))
        await until(lambda: len(event.sequence_ids) == 3)
        waiting.cancel()
        assert sorted(event.sequence_ids) == sorted(sequences)
        assert event.key == f"replies/{event.row.id}"
        assert (events.stats.rows, events.stats.copies) == (1, 2)
    async with crm.watch(["replies"], distinct=False) as events:
        assert {one.row.id for one in await take(events, 3)} == {event.row.id}


async def test_each_sequence_has_an_event_of_its_own_where_that_is_asked_for() -> None:
    """`distinct=False` delivers an email once for each list, under keys that differ."""
    world = world_of("a", "b", "c", distinct=False)
    async with world.watch() as events:
        found = await take(events, 3, world)
    assert [event.row.id for event in found] == ["e1"] * 3
    assert sorted(event.key for event in found) == ["a/e1", "b/e1", "c/e1"]
    assert sorted(event.sequence_ids for event in found) == [("a",), ("b",), ("c",)]


async def test_a_hundred_emails_on_twenty_lists_come_a_hundred_times_in_all() -> None:
    """Also over a restart in between, and whichever list shows an email first."""
    names = [f"s{number}" for number in range(20)]
    world, store = world_of(*names, rows=(1, 2, 3)), Store()
    async with world.watch(store=store) as events:
        first = await take(events, 2, world)
    async with world.watch(store=store) as events:
        found = [event.row.id for event in first[:1]] + await all_of(world, events)
    assert sorted(found) == ["e1", "e2", "e3"]


async def test_no_crash_loses_an_email_or_delivers_it_twice_in_a_run() -> None:
    """Whatever the store holds when the process dies, a later run delivers each email that was not handled."""
    world, store = world_of("a", "b", rows=(1, 2)), Store()
    found: list[str] = []
    moments: list[tuple[dict[str, str], set[str]]] = []
    save = store.save

    async def saved(key: str, cursor: str) -> None:
        await save(key, cursor)
        moments.append((dict(store.cursors), {*found}))

    store.save = saved  # type: ignore[method-assign]
    async with world.watch(store=store) as events:
        for _ in range(2):
            found += [event.row.id for event in await take(events, 1, world)]
        await all_of(world, events)
        crashed = dict(store.cursors)
    assert len(moments) > 4
    for moment, delivered in moments:
        again = world_of("a", "b", rows=(1, 2))
        async with again.watch(store=Store(**moment)) as events:
            repeated = await all_of(again, events)
        assert len(repeated) == len({*repeated})
        assert {*repeated} | delivered == {"e1", "e2"}
    again = world_of("a", "b", rows=(1, 2))
    async with again.watch(store=Store(**crashed)) as events:
        assert await all_of(again, events) == [], "all pages were handled and saved before the crash"


async def test_a_list_polled_after_a_crash_repeats_nothing() -> None:
    """Which emails were handled is saved before the cursor that goes past them."""
    world, store = world_of("a"), Store()
    async with world.watch(store=store) as events:
        assert await all_of(world, events) == ["e1"]
        crashed = dict(store.cursors)
    world.add("b", rows=(1,))
    async with world.watch(store=Store(**crashed)) as events:
        assert await all_of(world, events) == []


async def test_a_copy_is_handled_only_once_the_event_is() -> None:
    """A crash while the event is in hand must not leave the other list's row behind as handled."""
    world, store = world_of("a", "b"), Store()
    async with world.watch(store=store, ack="manual") as events:
        (event,) = await take(events, 1, world)
        waiting = asyncio.ensure_future(anext(events))
        await world.pass_time(INTERVAL)
        assert sorted(event.sequence_ids) == ["a", "b"]
        crashed = dict(store.cursors)
        await event.ack()
        waiting.cancel()
    for name in "ab":  # the list of either may be the one that still shows it
        alone = world_of(name)
        async with alone.watch(store=Store(**crashed)) as events:
            assert await all_of(alone, events) == ["e1"]
        async with alone.watch(store=store) as events:
            assert await all_of(alone, events) == []


async def test_an_email_put_back_comes_again_once() -> None:
    """Whichever list it then comes from, it is one event, and its acknowledgement counts for all lists."""
    world, store = world_of("a", "b"), Store()
    async with world.watch(store=store) as events:
        batches = events.batches(within=INTERVAL)
        for error in (OSError("away"), None):
            asking = asyncio.ensure_future(anext(batches))
            while not asking.done():
                await spin(10)
                world.clock.advance(INTERVAL / 10)
            batch = asking.result()
            assert [one.row.id for one in batch] == ["e1"]
            if error is not None:
                with pytest.raises(OSError, match="away"):
                    async with batch:
                        raise error
        await batch.ack()
        assert await all_of(world, events) == []
    async with world.watch(store=store) as events:
        assert await all_of(world, events) == []


async def test_a_list_that_starts_anew_delivers_everything_again() -> None:
    """Whoever deletes the cursors wants the emails again: that they were handled once does not hide them."""
    world, store = world_of("a", "b"), Store()
    async with world.watch(store=store) as events:
        assert await all_of(world, events) == ["e1"]
    for name in "ab":
        del store.cursors[name]
    async with world.watch(store=store) as events:
        assert await all_of(world, events) == ["e1"]


async def test_a_sequence_that_appears_later_repeats_no_email() -> None:
    """Also if its list shows emails from before it."""
    world, store = world_of("a"), Store()
    async with world.watch(store=store) as events:
        assert await all_of(world, events) == ["e1"]
    world.add("b", rows=(1, 2))
    async with world.watch(store=store) as events:
        assert await all_of(world, events) == ["e2"]


async def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the last emails are remembered, here and in the store; the newest are among them after a restart."""
    monkeypatch.setattr(seen_emails, "PART_SIZE", 5)
    store = Store()
    emails = SeenEmails(store, "sends")
    await emails.load()
    for number in range(1000):
        email, is_handled = emails.show(f"e{number}", "a")
        assert not is_handled
        emails.handled(f"e{number}", email)
        await emails.save()
    assert len(emails) <= PARTS * 5
    assert len(store.cursors) == PARTS
    again = SeenEmails(store, "sends")
    await again.load()
    assert [again.show(f"e{number}", "b")[1] for number in (0, 960, 999)] == [False, True, True]
    email, _ = again.show("e1000", "a")
    again.handled("e1000", email)
    await again.save()
    last = SeenEmails(store, "sends")
    await last.load()
    assert [last.show(f"e{number}", "c")[1] for number in (999, 1000)] == [True, True]


async def test_a_damaged_memory_costs_repetitions_only(caplog: pytest.LogCaptureFixture) -> None:
    """The stream goes on, a warning names the key and what to do, and the key is left as it is."""
    world, store = world_of("a", "b"), Store(**{f"{KEY}sends/3": "{}"})
    async with world.watch(store=store) as events:
        assert await all_of(world, events) == ["e1"]
    assert store.cursors[f"{KEY}sends/3"] == "{}"
    assert [one.getMessage() for one in caplog.records if f"key '{KEY}sends/3'" in one.getMessage()]


async def test_a_store_that_fails_for_the_memory_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The cursors are saved all the same."""
    world, store = world_of("a", "b"), Store()
    save = store.save

    async def saved(key: str, cursor: str) -> None:
        if key.startswith(KEY):
            raise OSError("disk full")
        await save(key, cursor)

    store.save = saved  # type: ignore[method-assign]
    async with world.watch(store=store) as events:
        assert await all_of(world, events) == ["e1"]
    assert {"a", "b"} <= store.cursors.keys()
    assert "could not be saved: disk full" in caplog.text


async def test_rows_of_other_kinds_are_told_apart_by_their_lists() -> None:
    """Only emails are the same row in several lists."""
    world = FakeWorkspace()
    world.add("a", "b", rows=(1,))
    async with world.watch() as events:
        assert len(await take(events, 2, world)) == 2
