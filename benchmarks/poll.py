"""A poll that brings five new rows beside all the known ones that a feed asks for, against parsing its JSON alone.

    python -m benchmarks.poll [--repetitions 40] [--check]

A poll is everything between the bytes of an answer and the consumer: parsing, finding its rows, telling new from
known, decoding the new ones, counting them as handled. The request itself is not in it, nor the saving.

The list is a busy one: 500 rows, as many as it shows, lie within the overlap. So the feed asks for as many known
rows as it lets a page be filled with, and the answer shows what is asked for. The rows without a gate tell the
same of a poll that brings nothing new, of the first page, of which all rows are new, and of a server that ignores
`since` and shows 500 rows each time.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

import attrs
import orjson

from benchmarks._run import Gate, Result, compare, interleave, judge, main, timed
from impactive_async._clock import SystemClock
from impactive_async._codec.bodies import Shape
from impactive_async._codec.page import RawPage, page
from impactive_async._http.caller import Answer
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.cursor.timestamps import parse
from impactive_async.feeds.delivery.opening import open_cursor
from impactive_async.feeds.delivery.page_queue import PageQueue
from impactive_async.feeds.delivery.source import FeedOptions, Source
from impactive_async.models import Enrollment, Send
from impactive_async.resources.emails import SENDS_RULES
from impactive_async.resources.enrollments import RULES as ENROLLMENTS_RULES

ROWS: Final = 500
NEW: Final = 5
POLLS: Final = 20
"""Polls before the one that is measured, each with new rows: the feed has then found how far back it asks."""
IN_A_ROW: Final = 3
"""Of the same poll, by feeds of their own, and of the same parsing."""
GATE: Final = 1.25
AIM: Final = 1.15
START: Final = datetime(2026, 1, 1, tzinfo=UTC)


def _moment(number: int) -> datetime:
    """Rows so close to each other that all of them lie within the overlap."""
    return START + timedelta(milliseconds=10 * number)


def _stamp(number: int) -> str:
    return _moment(number).isoformat(timespec="milliseconds")[:-6] + "Z"


def enrollment(number: int) -> dict[str, Any]:
    """A row of contract #14 with every documented field."""
    contact = f"7b1c9f5e-0000-4000-8000-{number:012d}"
    return {
        "id": f"3f2a8d10-0000-4000-8000-{number:012d}",
        "contactId": contact,
        "contact": {
            "id": contact,
            "firstName": "Ada",
            "lastName": "Lovelace",
            "email": f"ada{number}@example.com",
        },
        "status": "active",
        "currentStep": number % 5,
        "startedAt": _stamp(0),
        "nextSendAt": _stamp(number),
        "completedAt": None,
        "pausedAt": None,
        "pauseReason": None,
        "lastSendError": None,
        "lastSendErrorAt": None,
        "consecutiveFailures": 0,
        "updatedAt": _stamp(number),
    }


def send(number: int) -> dict[str, Any]:
    """A row of contract #15 with a body of 1.5 kB."""
    return {
        "id": f"3f2a8d10-0000-4000-8000-{number:012d}",
        "contactId": f"7b1c9f5e-0000-4000-8000-{number:012d}",
        "sequenceStepId": "9c1c9f5e-0000-4000-8000-000000000001",
        "sequenceEnrollmentId": f"1a2a8d10-0000-4000-8000-{number:012d}",
        "subject": "Your question",
        "fromAddress": "sales@example.com",
        "toAddresses": [f"ada{number}@example.com"],
        "body": "Hello, and thank you for your interest.\n" * 38,
        "emailDate": _stamp(number),
    }


@attrs.frozen
class Case:
    """A list and its rows."""

    name: str
    row: type[Any]
    rules: Rules
    make: Callable[[int], dict[str, Any]]


CASES: Final = (
    Case("enrollments", Enrollment, ENROLLMENTS_RULES, enrollment),
    Case("sends, 1.5 kB bodies", Send, SENDS_RULES, send),
)


class Poll:
    """One feed whose answers are bytes in memory."""

    def __init__(self, case: Case, *, shape: Shape[RawPage] | None = None, heeds_since: bool = True) -> None:
        self._case = case
        self._heeds_since = heeds_since
        self._shape = shape or page(case.rules.id, case.rules.timestamp)  # what `resources` polls with
        self._source = Source(
            name="benchmark", row=case.row, rules=case.rules, page=self._page, clock=SystemClock()
        )
        self._body, self._date = b"", ""
        self._rows = ROWS
        self._saved: str | None = None
        for _ in range(POLLS):
            self._saved = self._polled(self._saved)
            self._rows += NEW

    async def _page(self, _: str | None) -> Answer[RawPage]:
        return Answer(self._shape(self._body), 1, self._date)

    def _asked(self, saved: str | None) -> PageQueue[Any]:
        """A feed with this cursor whose next page, newest row first, has been made."""
        queue = PageQueue(self._source, open_cursor(self._source, FeedOptions(), saved))
        since = queue.cursor.since()  # a feed that lives has its known rows in order
        rows = [self._case.make(number) for number in reversed(range(self._rows))]
        if since and self._heeds_since:
            rows = [row for row in rows if parse(row[self._case.rules.timestamp]) >= parse(since)]
        self._body, self._date = orjson.dumps(rows[:ROWS]), format_datetime(_moment(self._rows), usegmt=True)
        return queue

    def _polled(self, saved: str | None) -> str:
        """The cursor after a page was handled."""
        queue = self._asked(saved)
        _drive(_handle_all(queue))
        return queue.cursor.dumps()

    def _timed(self, saved: str | None) -> float:
        queues = iter([self._asked(saved) for _ in range(IN_A_ROW)])
        gc.collect(0)
        return timed(lambda: _drive(_handle_all(next(queues))), IN_A_ROW)()

    def poll(self) -> float:
        """CPU seconds of a poll by a feed that lives."""
        return self._timed(self._saved)

    def idle(self) -> float:
        """CPU seconds of a poll that brings nothing new."""
        return self._timed(self._polled(self._saved))

    def first(self) -> float:
        """CPU seconds of a poll by a feed that knows nothing."""
        return self._timed(None)

    def parse(self) -> float:
        """CPU seconds of parsing alone what `poll` gets."""
        self._asked(self._saved)
        return timed(lambda: orjson.loads(self._body), IN_A_ROW)()

    def parse_first(self) -> float:
        """CPU seconds of parsing alone what `first` gets."""
        self._asked(None)
        return timed(lambda: orjson.loads(self._body), IN_A_ROW)()


async def _handle_all(queue: PageQueue[Any]) -> int:
    await queue.fetch()
    count = 0
    while queue.head() is not None:
        queue.handled()
        count += 1
    return count


def _drive(coroutine: Any) -> None:
    """Run a coroutine that never waits, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("it waits")


def results(repetitions: int) -> list[Result]:
    """The rows of the table."""
    found = []
    for case in CASES:
        feed, deaf = Poll(case), Poll(case, heeds_since=False)
        times = interleave(
            {
                "the poll": feed.poll,
                "idle": feed.idle,
                "orjson": feed.parse,
                "the first": feed.first,
                "orjson, the first": feed.parse_first,
                "deaf": deaf.poll,
                "orjson, deaf": deaf.parse,
            },
            repetitions,
        )
        title = f"poll of a busy list, {NEW} new rows: {case.name}"
        found += [
            judge(Gate(title, "the poll", "orjson", GATE, AIM), times),
            compare(times, f"poll of a busy list, nothing new: {case.name}", "idle", "orjson"),
            compare(times, f"first poll, {ROWS} new rows: {case.name}", "the first", "orjson, the first"),
            compare(times, f"poll of a list that ignores `since`: {case.name}", "deaf", "orjson, deaf"),
        ]
    return found


if __name__ == "__main__":
    sys.exit(main(results, __doc__))
