"""What a cursor costs, compared with parsing and with those who remember less.

    python -m benchmarks.cursor [--repetitions 40] [--check]

- A page of 500 new rows is accepted and acknowledged: all together, as `Feed.batches`, `Feed.poll` and hubs do it,
  and row by row, as `async for row in feed` does. The plain loop is what a careful hand-written poller does: parse
  the timestamps, sort by `(timestamp, id)`, skip what was seen, remember. dlt's is the `incremental` step of its
  extraction: the same rows through a resource with a cursor field and a primary key, ten pages in a run so that
  its set-up weighs little.
- A page of which 495 rows are known: what accepting it adds to parsing its JSON; as a feed does it, which keeps
  its cursor, and as the stateless `poll` does, which loads and dumps it.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import dlt
import orjson

from benchmarks._run import Gate, Result, compare, interleave, judge, main, timed
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.rules import Rules

ROWS: Final = 500
KNOWN: Final = 495
PAGES: Final = 10
RULES: Final = {
    "mutable": Rules(timestamp="updatedAt", overlap=3600 * timestamps.SECOND, cap=ROWS),
    "immutable": Rules(timestamp="updatedAt", overlap=3600 * timestamps.SECOND, cap=ROWS, immutable=True),
}
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
SERVER_NOW: Final = timestamps.micros(START + timedelta(days=1))

Page = list[dict[str, Any]]


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


def page(first: int) -> Page:
    """A full page, newest first."""
    return [enrollment(number) for number in reversed(range(first, first + ROWS))]


# --- new rows


def plain_loop(rows: Page) -> set[tuple[int, str]]:
    """What a careful hand-written poller does with a page."""
    seen: set[tuple[int, str]] = set()
    parse = timestamps.parse
    for key in sorted((parse(row["updatedAt"]), row["id"]) for row in rows):
        if key not in seen:
            seen.add(key)
    return seen


def handle_all(rules: Rules, rows: Page) -> Cursor:
    """Accept a page of new rows and acknowledge them together; return the cursor."""
    cursor = Cursor(rules, feed="benchmark")
    cursor.ack_all([version for version, _ in cursor.accept(rows, SERVER_NOW).fresh])
    return cursor


def handle_each(rules: Rules, rows: Page) -> None:
    """Accept a page of new rows and acknowledge one after the other."""
    cursor = Cursor(rules, feed="benchmark")
    for version, _ in cursor.accept(rows, SERVER_NOW).fresh:
        cursor.ack(version)


def dlt_extract(pages: list[Page]) -> int:
    """The pages through dlt's incremental step; how many rows came out."""

    @dlt.resource(primary_key="id", name="enrollments")
    def enrollments(updated_at: Any = dlt.sources.incremental("updatedAt")) -> Iterator[Page]:  # noqa: B008 - dlt's way
        del updated_at
        yield from pages

    return sum(1 for _ in enrollments())


def dlt_per_page() -> Callable[[], float]:
    """CPU seconds a page; the rows are new to it in every run, as its state lives no longer than the run."""
    pages = [page(number * ROWS) for number in range(PAGES)]
    if dlt_extract(pages) != PAGES * ROWS:
        raise RuntimeError("dlt left rows out")
    run = timed(lambda: dlt_extract(pages))
    return lambda: run() / PAGES


def new_rows(repetitions: int) -> Iterator[Result]:
    """A page of new rows, by us and by others."""
    rows = page(0)
    together = {kind: timed(partial(handle_all, rules, rows), 5) for kind, rules in RULES.items()}
    each = {f"{kind}, each": timed(partial(handle_each, rules, rows), 5) for kind, rules in RULES.items()}
    others = {"a plain loop": timed(lambda: plain_loop(rows), 5), "dlt incremental": dlt_per_page()}
    times = interleave(together | each | others, repetitions)
    for kind in RULES:
        title = f"cursor: accept and ack {ROWS} new rows, {kind}"
        yield judge(Gate(title, kind, "a plain loop", 1.7, 1.3), times)
        yield judge(Gate(title, kind, "dlt incremental", 0.4, 0.3), times)
        yield judge(Gate(f"{title}, row by row", f"{kind}, each", "a plain loop", 2.0, 1.3), times)


# --- known rows


def known_rows(kind: str, repetitions: int) -> Iterator[Result]:
    """A page of known rows but for a few, beside the parsing of its JSON."""
    rules, new = RULES[kind], page(ROWS - KNOWN)
    body, saved = orjson.dumps(new), handle_all(RULES[kind], page(0)).dumps()

    def accept() -> float:
        cursor = Cursor.loads(saved, rules, "benchmark")
        cursor.since()
        return timed(lambda: cursor.accept(new, SERVER_NOW))()

    def stateless() -> str:
        cursor = Cursor.loads(saved, rules, "benchmark")
        cursor.since()
        cursor.ack_all([version for version, _ in cursor.accept(new, SERVER_NOW).fresh])
        return cursor.dumps()

    times = interleave(
        {"orjson.loads": timed(lambda: orjson.loads(body)), "accept": accept, "stateless": timed(stateless)},
        repetitions,
    )
    title = f"{ROWS} rows, {KNOWN} known, {kind}"
    yield compare(times, f"cursor alone: accept {title}", "accept", "orjson.loads")
    yield compare(times, f"cursor alone: load, accept, ack, dump {title}", "stateless", "orjson.loads")


def results(repetitions: int) -> list[Result]:
    """The rows of the table."""
    gc.disable()  # what it costs depends on everything else a program holds
    try:
        found = list(new_rows(repetitions))
        return found + [result for kind in RULES for result in known_rows(kind, repetitions)]
    finally:
        gc.enable()


if __name__ == "__main__":
    sys.exit(main(results, __doc__))
