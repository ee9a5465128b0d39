"""One reader of events, and any number of subscribers that read at their own pace."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from attrs import frozen

from impactive_async import Event, InvalidArgumentError, to_dict
from impactive_async._checks import check_count
from impactive_async.hub import Delivery, HubEvent

KEPT: Final = 1000
"""How many events a stream keeps for those who are behind, unless it is told otherwise."""

_log = logging.getLogger("impactive_async.streaming")


@frozen(kw_only=True)
class StreamedEvent:
    """An event as subscribers get it.

    Attributes:
        id: The same whenever this version of the row is delivered: what `Last-Event-ID` names.
        type: What has happened.
        data: The event as one line of JSON.
    """

    id: str
    type: str
    data: str


@frozen
class MissedEvents:
    """What a subscriber gets in the place of events that are not kept any more.

    Attributes:
        count: How many they were; `None`: the event it had last is not known, so nobody can tell.
    """

    count: int | None


class EventStream:
    """Reads events once, and gives them to any number of subscribers.

    The last events are kept once for all subscribers, who have no buffers of their own. A slow one holds up
    nobody, and gets `MissedEvents` where it has fallen too far behind. An event is acknowledged to its source when
    it is kept here. If the process ends, subscribers that were behind miss it: who must not miss one reads a hub.

    Args:
        source: `hub.events(group)`, or what `async with crm.watch(...)` gives. Each process that has a stream
            needs a group of its own, because each group gets every event.
        keep: How many events are kept for those who come back with an id, or are behind.
        encode: Makes what subscribers get of what the source gives. By default events of hubs are CloudEvents, and
            those of `crm.watch` are objects of kind, key, sequence_ids and row.

    Use it by `async with`, or call `run` in a task.

    Raises:
        InvalidArgumentError: The source gives nothing to `async for`, or `keep` is out of range.
    """

    def __init__(
        self,
        source: AsyncIterable[Any],
        *,
        keep: int = KEPT,
        encode: Callable[[Any], StreamedEvent] | None = None,
    ) -> None:
        if not isinstance(source, AsyncIterable):
            raise InvalidArgumentError(
                f"source is hub.events(group), or what `async with crm.watch()` gives, not {type(source).__name__}"
            )
        self._source = source
        self._encode = encode or streamed
        self._kept: deque[StreamedEvent] = deque(maxlen=check_count(keep, "keep"))
        self._numbers: dict[str, int] = {}  # of the events that are kept, by id
        self._next = 0  # the number of the next event
        self._news = asyncio.Event()  # a new one after each event: no subscriber can take it from another
        self._over = False
        self._task: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        """Whether no event comes any more: the source has ended or failed, or the stream was closed."""
        return self._over

    async def run(self) -> None:
        """Read the source to its end.

        Raises:
            Exception: What the source raises. Subscribers have got what is kept, and end.
        """
        try:
            async for item in self._source:
                self._publish(self._encode(item))
                if isinstance(item, Delivery):
                    await item.ack()
        except Exception as error:
            _log.error("the source of the stream has failed, and its subscribers end: %s", type(error).__name__)
            raise
        finally:
            self._over = True
            self._news.set()

    def subscribe(self, last_event_id: str | None = None) -> AsyncGenerator[StreamedEvent | MissedEvents, None]:
        """Iterate over the events from now on, until the stream is over.

        Args:
            last_event_id: Go on behind this event instead. If it is not kept any more, `MissedEvents` comes first,
                and then all events that are.
        """
        if not last_event_id:
            return self._follow(self._next)
        number = self._numbers.get(last_event_id)
        return self._follow(self._first, lost=True) if number is None else self._follow(number + 1)

    @property
    def _first(self) -> int:
        """The number of the oldest event that is kept."""
        return self._next - len(self._kept)

    async def _follow(self, at: int, *, lost: bool = False) -> AsyncGenerator[StreamedEvent | MissedEvents, None]:
        if lost:
            yield MissedEvents(None)
        while True:
            if at < self._first:
                missed, at = self._first - at, self._first
                yield MissedEvents(missed)
            elif at < self._next:
                event = self._kept[at - self._next]
                at += 1
                yield event
            elif self._over:
                return
            else:
                await self._news.wait()

    def _publish(self, event: StreamedEvent) -> None:
        if event.id in self._numbers:  # delivered again
            return
        if len(self._kept) == self._kept.maxlen:
            del self._numbers[self._kept[0].id]
        self._kept.append(event)
        self._numbers[event.id] = self._next
        self._next += 1
        self._news.set()
        self._news = asyncio.Event()

    async def aclose(self) -> None:
        """Stop reading, and end all subscribers behind what is kept.

        Raises:
            Exception: What the source has raised.
        """
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._over = True
        self._news.set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def streamed(item: Any) -> StreamedEvent:
    """Return what subscribers get of an event of a hub, of a delivery, or of an event of `crm.watch`.

    Raises:
        TypeError: It is something else.
    """
    event = item.event if isinstance(item, Delivery) else item
    if isinstance(event, HubEvent):
        return StreamedEvent(id=event.id, type=event.type, data=event.to_json())
    if not isinstance(event, Event):
        raise TypeError(f"{type(event).__name__} is no event of a hub or of crm.watch: give encode= for others")
    ids, row = list(event.sequence_ids), to_dict(event.row)
    document = {"kind": event.kind, "key": event.key, "sequence_ids": ids, "row": row}
    return StreamedEvent(id=event.key, type=event.kind, data=json.dumps(document, separators=(",", ":")))
