"""The requests that arrived at a sandbox, and their rate."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import attrs
from attrs import define, field, frozen

__all__ = ["RateMeter", "RecordedRequest", "RequestJournal"]


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
class RequestJournal:
    """The requests in order of arrival, the latest `limit` of them (`None`: all)."""

    _limit: int | None = field(validator=attrs.validators.optional(attrs.validators.ge(0)))
    _records: dict[int, RecordedRequest] = field(init=False, factory=dict)
    count: int = field(init=False, default=0)
    """How many requests have arrived."""
    era: int = field(init=False, default=0)
    """How often the numbers began anew."""
    _change: asyncio.Event = field(init=False, factory=asyncio.Event)

    def __iter__(self) -> Iterator[RecordedRequest]:
        return iter(self._records.values())

    def next_number(self) -> int:
        """Count one more arrival."""
        self.count += 1
        return self.count

    def add(self, record: RecordedRequest) -> None:
        """Record a request as it arrives; beyond the limit, the oldest one is dropped."""
        self._records[record.number] = record
        if self._limit is not None and len(self._records) > self._limit:
            del self._records[next(iter(self._records))]
        self._announce()

    def note(self, number: int, **outcome: Any) -> None:
        """Record what became of a request that is still in the journal."""
        record = self._records.get(number)
        if record is not None:
            self._records[number] = attrs.evolve(record, **outcome)
            self._announce()

    def begin_at(self, count: int) -> None:
        """Forget the requests so far, and go on as if so many had arrived."""
        self.count = count
        self.era += 1
        self.forget()

    def forget(self) -> None:
        """Forget the requests so far. Those to come go on with the next number."""
        self._records.clear()
        self._announce()

    async def change(self) -> None:
        """Wait until a request is recorded or gets its outcome."""
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

    def ages(self, now: float) -> tuple[float, ...]:
        """How many seconds ago each event of the last second was, the oldest first."""
        return tuple(now - one for one in self._recent if one > now - 1)

    def refill(self, ages: Iterable[float], now: float) -> None:
        """Count events of these ages, instead of those so far."""
        self._recent = deque(now - age for age in ages)

    def wait(self, now: float) -> float:
        """Seconds until the oldest event of the last second is older than a second."""
        return self._recent[0] + 1 - now if self._recent else 0.0
