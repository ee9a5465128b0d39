"""What arrived at a sandbox: the requests, and how fast they came."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import attrs
from attrs import define, field, frozen

__all__ = ["Journal", "RateMeter", "RecordedRequest"]


@frozen(kw_only=True)
class RecordedRequest:
    """One request as it arrived, and what became of it.

    Attributes:
        number: 1 for the first one of this sandbox.
        method: HTTP verb.
        route: Verb and path template, or verb and path where there is no such endpoint.
        path: Path as it was sent, percent-encoding included.
        query: Query parameters; of a repeated one, the last.
        headers: Headers by lower-case name; the API key is masked.
        body: The JSON document, the text where it is not JSON, `None` where there is no body.
        at: Virtual time of arrival.
        status: Status of the answer, `None` if none was given (yet).
        committed: Whether it is a write that took effect, answered or not.
    """

    number: int
    method: str
    route: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    at: datetime
    status: int | None = None
    committed: bool = False


@define(eq=False)
class Journal:
    """The requests in order of arrival, the latest `limit` of them (`None`: all)."""

    _limit: int | None = field(validator=attrs.validators.optional(attrs.validators.ge(0)))
    _records: dict[int, RecordedRequest] = field(init=False, factory=dict)
    _count: int = field(init=False, default=0)
    _change: asyncio.Event = field(init=False, factory=asyncio.Event)

    def __iter__(self) -> Iterator[RecordedRequest]:
        return iter(self._records.values())

    def next_number(self) -> int:
        """Count one more arrival."""
        self._count += 1
        return self._count

    def add(self, record: RecordedRequest) -> None:
        """Enter a request as it arrives; the oldest one makes room for it."""
        self._records[record.number] = record
        if self._limit is not None and len(self._records) > self._limit:
            del self._records[next(iter(self._records))]
        self._announce()

    def note(self, number: int, **outcome: Any) -> None:
        """Enter what became of a request, if it is still remembered."""
        record = self._records.get(number)
        if record is not None:
            self._records[number] = attrs.evolve(record, **outcome)
            self._announce()

    async def change(self) -> None:
        """Wait until something is entered."""
        await self._change.wait()

    def _announce(self) -> None:
        self._change.set()
        self._change = asyncio.Event()


@define(eq=False)
class RateMeter:
    """Counts events within the last second, in real time."""

    peak: int = field(init=False, default=0)
    _recent: deque[float] = field(init=False, factory=deque)

    def hit(self, now: float) -> int:
        """Count an event at `now` (seconds); returns how many there were in the second that ends with it."""
        self._recent.append(now)
        self.peak = max(self.peak, self.count(now))
        return len(self._recent)

    def count(self, now: float) -> int:
        """How many events there were within the last second."""
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        return len(self._recent)

    def wait(self, now: float) -> float:
        """Seconds until the oldest of them is over a second ago."""
        return self._recent[0] + 1 - now if self._recent else 0.0
