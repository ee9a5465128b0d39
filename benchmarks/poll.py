"""A poll that brings 500 rows of which 495 are known, against the bare parsing of its JSON.

    python benchmarks/poll.py [--repetitions 200] [--check]

A poll is everything between the bytes of an answer and the consumer: parsing, finding its rows, telling new from
known, decoding the new ones, counting them as handled. The request itself is not in it, nor the saving.

Each repetition times both, one after the other, on CPU seconds of this thread; the median of the paired ratios
counts. `--check` exits with 1 if one is past its gate.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

import attrs
import orjson

from impactive_async._clock import SystemClock
from impactive_async._http.caller import Answer
from impactive_async._http.codec import loads
from impactive_async._http.unread import unread
from impactive_async._http.wire import build_request
from impactive_async.feeds.intake import Intake, open_cursor
from impactive_async.feeds.rules import Rules
from impactive_async.feeds.source import FeedOptions, Source
from impactive_async.models import Enrollment, Send
from impactive_async.resources.emails import SENDS_RULES
from impactive_async.resources.enrollments import ENROLLMENTS
from impactive_async.resources.enrollments import RULES as ENROLLMENTS_RULES

ROWS: Final = 500
KNOWN: Final = 495
GATE: Final = 1.25
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
DATE: Final = format_datetime(START + timedelta(hours=1), usegmt=True)


def _stamp(number: int) -> str:
    """Rows so close to each other that all of them lie within the overlap."""
    return (START + timedelta(hours=1, milliseconds=10 * number)).isoformat(timespec="milliseconds")[:-6] + "Z"


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


def page_of(case: Case, first: int) -> bytes:
    """A page, newest first."""
    return orjson.dumps([case.make(number) for number in reversed(range(first, first + ROWS))])


class Poll:
    """One feed whose answers are bytes in memory."""

    def __init__(self, case: Case) -> None:
        self._body = b""
        self._shape = unread(
            build_request(ENROLLMENTS, ("1",)), case.rules.id, case.rules.timestamp
        )  # what `resources` polls with
        self._source = Source(
            name="benchmark", row=case.row, rules=case.rules, page=self._page, clock=SystemClock()
        )
        self._old, self._new = page_of(case, 0), page_of(case, ROWS - KNOWN)
        self._saved = self._handled(self._old, None).cursor.dumps()

    async def _page(self, _: str | None) -> Answer[Sequence[Any]]:
        page = self._shape.of_body(self._body)
        return Answer(self._shape(loads(self._body)) if page is None else page, 1, DATE)

    def _intake(self, saved: str | None) -> Intake[Any]:
        return Intake(self._source, open_cursor(self._source, FeedOptions(), saved))

    def _handled(self, body: bytes, saved: str | None) -> Intake[Any]:
        self._body = body
        intake = self._intake(saved)
        _drive(_handle_all(intake))
        return intake

    def prepare(self) -> Callable[[], object]:
        """A feed that knows the first page and is about to poll the second."""
        self._body = self._new
        intake = self._intake(self._saved)
        intake.cursor.since()  # a feed that lives has its known rows in order
        return lambda: _drive(_handle_all(intake))

    def parse(self) -> object:
        """The floor."""
        return orjson.loads(self._new)


async def _handle_all(intake: Intake[Any]) -> int:
    await intake.fetch()
    count = 0
    while intake.head() is not None:
        intake.handled()
        count += 1
    return count


def _drive(coroutine: Any) -> None:
    """Run a coroutine that waits for nothing, without a loop's cost."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("it waits")


def _timed(work: Callable[[], object]) -> float:
    before = time.thread_time()
    work()
    return time.thread_time() - before


def measure(case: Case, repetitions: int) -> tuple[float, float, float]:
    """First quartile, median and third quartile of the ratio."""
    poll = Poll(case)
    ratios = []
    for _ in range(repetitions):
        work = poll.prepare()
        gc.collect(0)
        ratios.append(_timed(work) / _timed(poll.parse))
    low, middle, high = statistics.quantiles(ratios, n=4)
    return low, middle, high


def main() -> int:
    """Print the ratios; 1 if one is past the gate and that matters."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    passed = True
    for case in CASES:
        low, middle, high = measure(case, arguments.repetitions)
        passed = passed and middle <= GATE
        print(
            f"poll of {ROWS} rows, {KNOWN} known / orjson.loads, {case.name}: {middle:.3f} ({low:.3f}-{high:.3f})"
        )
    return 0 if passed or not arguments.check else 1


if __name__ == "__main__":
    asyncio.set_event_loop(None)
    sys.exit(main())
