"""An email that several sequences' lists show is one event of a hub, on each engine."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from impactive_async import AsyncClient
from impactive_async.hub import Hub, HubEvent
from impactive_async.hub.worker.events.rows import events_of
from impactive_async.hub.worker.feeds import open_feed
from impactive_async.sandbox import Sandbox

SOURCE = "/workspaces/ws_1"


async def commit_poll(hub: Hub, crm: AsyncClient, feed: str, *, distinct: bool = True) -> None:
    """Poll a feed from its beginning, and commit what it brought, as a worker does."""
    await hub.add(feed)
    claim = await hub.claim(60)
    assert claim is not None
    assert claim.feed == feed
    poll = await open_feed(crm, feed, since=None, interval=60).poll()
    events = list(events_of(SOURCE, feed, poll, datetime.now(UTC), distinct=distinct))
    await hub.commit(claim, poll.cursor, events, 3600)


@pytest.fixture
async def sequences(sandbox: Sandbox) -> list[str]:
    """Three sequences with one person on all of them, who has replied."""
    person = sandbox.state.rows("contacts")[0].id
    made = [sandbox.state.create_sequence(name).id for name in "abc"]
    for sequence in made:
        sandbox.state.enroll(sequence, [person])
    await sandbox.clock.advance(minutes=1)
    sandbox.state.add_reply(person)
    return made


async def test_one_email_is_one_event(hub: Hub, crm: AsyncClient, sequences: list[str]) -> None:
    """Whichever of its lists is polled first, the log holds it once, and it names that list's sequence."""
    for sequence in sequences:
        await commit_poll(hub, crm, f"sequences/{sequence}/replies")
    (delivery,) = await hub.receive("readers", count=10)
    assert delivery.event.sequence_ids == (sequences[0],)
    assert delivery.event.id == f"replies/{delivery.event.data['id']}/1"


async def test_each_list_has_its_own_where_that_is_asked_for(
    hub: Hub, crm: AsyncClient, sequences: list[str]
) -> None:
    """With `distinct=False` the log holds an email once for each sequence."""
    for sequence in sequences:
        await commit_poll(hub, crm, f"sequences/{sequence}/replies", distinct=False)
    found = [delivery.event for delivery in await hub.receive("readers", count=10)]
    assert [event.sequence_ids for event in found] == [(sequence,) for sequence in sequences]
    assert len({event.id for event in found}) == 3


@pytest.mark.parametrize("ids", [(), ("s1",), ("a,b", "c%2C", "ü/\udc80")])
def test_sequences_are_written_and_read(ids: tuple[str, ...]) -> None:
    """Whatever their ids hold; an event of an older version has none."""
    event = HubEvent(id="1", source="/w", type="t", subject="s", time=datetime.now(UTC), data={}, sequence_ids=ids)
    assert HubEvent.from_json(event.to_json()) == event
    assert ("sequenceids" in event.to_json()) == bool(ids)
