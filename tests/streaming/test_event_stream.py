"""Fan-out: one reader, any number of subscribers, bounded memory, and nothing missed without a word."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from impactive_async import AsyncClient, InvalidArgumentError
from impactive_async.hub import connect
from impactive_async.sandbox import Sandbox
from impactive_async.streaming import EventStream, MissedEvents, StreamedEvent, streamed
from tests.hub.engines import events as hub_events
from tests.support import spin


class Source:
    """Gives what it is told to, and ends or fails when it is told to."""

    def __init__(self) -> None:
        self._items: asyncio.Queue[Any] = asyncio.Queue()

    def give(self, *items: Any) -> None:
        for item in items:
            self._items.put_nowait(item)

    async def __aiter__(self) -> AsyncIterator[Any]:
        while (item := await self._items.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item


def numbered(number: int) -> StreamedEvent:
    return StreamedEvent(id=str(number), type="deals", data="{}")


def stream_of(source: Source, keep: int = 100) -> EventStream:
    return EventStream(source, keep=keep, encode=numbered)


Subscription = AsyncGenerator[StreamedEvent | MissedEvents, None]


async def take(subscription: Subscription, count: int) -> list[Any]:
    """The ids of the next events, and what was missed."""
    found: list[Any] = []
    for _ in range(count):
        event = await anext(subscription)
        found.append(event.id if isinstance(event, StreamedEvent) else event)
    return found


async def test_every_subscriber_gets_every_event_from_when_it_came() -> None:
    """In the order of the source, each once, also what was delivered again."""
    source = Source()
    async with stream_of(source) as stream:
        early = stream.subscribe()
        source.give(1, 2, 2, 1)
        assert await take(early, 2) == ["1", "2"]
        late = stream.subscribe()
        source.give(3)
        assert await take(early, 1) == ["3"] == await take(late, 1)


@pytest.mark.parametrize("source", [None, [1], "deals"])
def test_what_gives_no_events_is_no_source(source: Any) -> None:
    """It is told when the stream is made, and not by the end of its subscribers."""
    with pytest.raises(InvalidArgumentError, match=rf"source is hub.events.* not {type(source).__name__}"):
        EventStream(source)


async def test_a_slow_subscriber_holds_up_nobody_and_is_told_what_it_missed() -> None:
    """It goes on with the oldest event that is kept."""
    source = Source()
    async with stream_of(source, keep=3) as stream:
        slow, quick = stream.subscribe(), stream.subscribe()
        for number in range(10):
            source.give(number)
            assert await take(quick, 1) == [str(number)]
        assert await take(slow, 4) == [MissedEvents(7), "7", "8", "9"]


@pytest.mark.parametrize(
    ("last", "then"),
    [("8", ["9"]), ("7", ["8", "9"]), ("2", [MissedEvents(None), "7"]), ("never", [MissedEvents(None), "7", "8"])],
)
async def test_who_comes_back_goes_on_behind_the_event_it_had(last: str, then: list[Any]) -> None:
    """If that is not kept any more, it is told so, and gets what is."""
    source = Source()
    async with stream_of(source, keep=3) as stream:
        first = stream.subscribe()
        source.give(*range(10))
        await take(first, 1)
        assert await take(stream.subscribe(last), len(then)) == then


async def test_subscribers_end_with_their_source() -> None:
    """Behind the last event."""
    source = Source()
    async with stream_of(source) as stream:
        subscription = stream.subscribe()
        source.give(1, None)
        assert [event async for event in subscription] == [numbered(1)]
        assert stream.over
        assert [event async for event in stream.subscribe()] == []


async def test_a_source_that_fails_is_not_silent(caplog: pytest.LogCaptureFixture) -> None:
    """Subscribers end, the log says so, and leaving its block raises the error."""
    source = Source()
    stream = await stream_of(source).__aenter__()
    subscription = stream.subscribe()
    source.give(1, ConnectionError("gone"))
    with caplog.at_level(logging.ERROR, "impactive_async.streaming"):
        assert [event async for event in subscription] == [numbered(1)]
    with pytest.raises(ConnectionError, match="gone"):
        await stream.__aexit__(None, None, None)
    assert "ConnectionError" in caplog.text


async def test_closing_ends_all_subscribers() -> None:
    """Those that wait, too."""
    source = Source()
    async with stream_of(source) as stream:
        waiting = asyncio.ensure_future(take(stream.subscribe(), 1))
        await spin(5)
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_a_cancelled_subscriber_takes_nothing_from_another() -> None:
    """However many wait for the same event."""
    source = Source()
    async with stream_of(source) as stream:
        gone, there = (asyncio.ensure_future(take(stream.subscribe(), 1)) for _ in range(2))
        await spin(5)
        gone.cancel()
        source.give(1)
        assert await there == ["1"]


async def test_events_of_a_workspace_and_of_a_hub_are_streamed(
    impactive_client: AsyncClient, impactive_sandbox: Sandbox
) -> None:
    """Those of `crm.watch` by kind and key; those of a hub as CloudEvents."""
    async with impactive_client.watch(["deals"]) as changes, EventStream(changes) as stream:
        subscription = stream.subscribe("never")
        assert isinstance(await anext(subscription), MissedEvents)
        event = await anext(subscription)
        assert isinstance(event, StreamedEvent)
        assert event.type == "deals"
        assert event.id.startswith("zapier/deals/")
        assert '"row":{"id":' in event.data
    (of_hub,) = hub_events(1)
    assert streamed(of_hub) == StreamedEvent(id=of_hub.id, type=of_hub.type, data=of_hub.to_json())
    with pytest.raises(TypeError, match="no event of a hub"):
        streamed(object())


@pytest.mark.impactive(populate=False)
async def test_a_stream_reads_the_log_of_a_hub(tmp_path: Path) -> None:
    """And acknowledges what it has."""
    async with connect(f"sqlite:///{tmp_path / 'hub.db'}") as hub:
        await hub.init()
        await hub.add("zapier/deals")
        claim = await hub.claim(60.0)
        assert claim is not None
        await hub.commit(claim, "", hub_events(1, 2), 60.0)
        async with EventStream(hub.events("browsers", idle=0.01)) as stream:
            assert len(await take(stream.subscribe("never"), 3)) == 3
            while (await hub.status()).groups[0].behind:
                await spin(1)


def test_nothing_kept_is_no_stream() -> None:
    """A mistyped number is told at once."""
    with pytest.raises(InvalidArgumentError, match="keep"):
        EventStream(Source(), keep=0)
