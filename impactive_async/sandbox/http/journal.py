"""The requests that arrived at a sandbox, and their rate."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import attrs
from attrs import define, field, frozen

__all__ = ["KeptAnswer", "RateMeter", "RecordedRequest", "RequestJournal"]

_KEPT_ANSWERS = 200
_KEPT_BYTES = 50_000


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


@frozen
class KeptAnswer:
    """The beginning of an answer, and how long it was."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    length: int


@define(eq=False)
class RequestJournal:
    """The requests in order of arrival, the latest `limit` of them (`None`: all), and the answers to a few."""

    _limit: int | None = field(validator=attrs.validators.optional(attrs.validators.ge(0)))
    _records: dict[int, RecordedRequest] = field(init=False, factory=dict)
    _answers: dict[int, KeptAnswer] = field(init=False, factory=dict)
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

    def find(self, number: int) -> tuple[RecordedRequest, KeptAnswer | None]:
        """Return a request and its answer, if that is still there.

        Raises:
            LookupError: There is no such request any more.
        """
        if number not in self._records:
            raise LookupError(f"there is no request {number}")
        return self._records[number], self._answers.get(number)

    def keep_answer(self, number: int, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Keep the beginning of an answer, as long as it is one of the latest."""
        if self._limit == 0:
            return
        self._answers[number] = KeptAnswer(status, headers, body[:_KEPT_BYTES], len(body))
        if len(self._answers) > _KEPT_ANSWERS:
            del self._answers[next(iter(self._answers))]

    def begin_at(self, count: int) -> None:
        """Forget the requests so far, and go on as if so many had arrived."""
        self.count = count
        self.era += 1
        self.forget()

    def forget(self) -> None:
        """Forget the requests so far. Those to come go on with the next number."""
        self._records.clear()
        self._answers.clear()
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
