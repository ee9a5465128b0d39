"""What a poll costs beside the parsing of its JSON; prints ratios, medians of interleaved repetitions.

python benchmarks/cursor.py [repetitions]
"""

import gc
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from impactive_async.feeds import timestamps
from impactive_async.feeds.cursor import Cursor
from impactive_async.feeds.rules import Rules

ROWS = 500
KNOWN = 495
RULES = {
    "mutable": Rules(timestamp="updatedAt", overlap=3600 * timestamps.SECOND, cap=ROWS),
    "immutable": Rules(timestamp="updatedAt", overlap=3600 * timestamps.SECOND, cap=ROWS, immutable=True),
}
START = datetime(2026, 1, 1, tzinfo=UTC)
SERVER_NOW = timestamps.micros(START + timedelta(days=1))


def enrollment(number: int) -> dict[str, Any]:
    """A row of contract #14 with every documented field."""
    stamp = (START + timedelta(seconds=number, milliseconds=number % 1000)).isoformat(timespec="milliseconds")
    stamp = stamp.replace("+00:00", "Z")
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
        "startedAt": stamp,
        "nextSendAt": stamp,
        "completedAt": None,
        "pausedAt": None,
        "pauseReason": None,
        "lastSendError": None,
        "lastSendErrorAt": None,
        "consecutiveFailures": 0,
        "updatedAt": stamp,
    }


def page(first: int) -> list[dict[str, Any]]:
    """A full page, newest first."""
    return [enrollment(number) for number in reversed(range(first, first + ROWS))]


def plain_loop(rows: list[dict[str, Any]]) -> set[tuple[int, str]]:
    """What a careful hand-written poller does with a page: parse, order, skip what it saw, remember."""
    seen: set[tuple[int, str]] = set()
    parse = timestamps.parse
    for key in sorted((parse(row["updatedAt"]), row["id"]) for row in rows):
        if key not in seen:
            seen.add(key)
    return seen


def handle_all(rules: Rules, rows: list[dict[str, Any]]) -> Cursor:
    """A page of new rows through a cursor."""
    cursor = Cursor(rules, feed="benchmark")
    for row in cursor.accept(rows, SERVER_NOW).fresh:
        cursor.ack(row)
    return cursor


def timed(work: Callable[[], object]) -> float:
    """Seconds one run takes."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def ratios(name: str, base: Callable[[], object], work: Callable[[], Callable[[], object]], count: int) -> None:
    """Print the median of `work`'s time over `base`'s; `work` prepares untimed and returns what is timed."""
    found = []
    for _ in range(count):
        prepared = work()
        found.append(timed(prepared) / timed(base))
    low, middle, high = statistics.quantiles(found, n=4)
    print(f"{name:<58} {middle:6.3f}   ({low:.3f} to {high:.3f})")


def main(count: int) -> None:
    """Run it all."""
    old, new = page(0), page(ROWS - KNOWN)
    body = orjson.dumps(new)
    gc.disable()
    print(f"{'':<58} ratio    (quartiles)")
    for kind, rules in RULES.items():
        saved = handle_all(rules, old).dumps()

        def known_page(rules: Rules = rules, saved: str = saved) -> Callable[[], object]:
            cursor = Cursor.loads(saved, rules, "benchmark")
            cursor.since()
            return lambda: cursor.accept(new, SERVER_NOW)

        def stateless(rules: Rules = rules, saved: str = saved) -> Callable[[], object]:
            def poll() -> str:
                cursor = Cursor.loads(saved, rules, "benchmark")
                cursor.since()
                for row in cursor.accept(new, SERVER_NOW).fresh:
                    cursor.ack(row)
                return cursor.dumps()

            return poll

        parsing = lambda: orjson.loads(body)  # noqa: E731
        ratios(f"accept, {ROWS} rows, {KNOWN} known, {kind} / orjson.loads", parsing, known_page, count)
        ratios(f"loads, accept, ack, dumps of that page, {kind} / orjson.loads", parsing, stateless, count)
        ratios(
            f"accept and ack, {ROWS} new rows, {kind} / plain loop",
            lambda: plain_loop(old),
            lambda rules=rules: lambda: handle_all(rules, old),  # type: ignore[misc]
            count,
        )
    print(
        f"state: {len(saved) / ROWS:.0f} bytes a known row; idle feed {len(Cursor(rules, feed='f').dumps())} bytes"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
