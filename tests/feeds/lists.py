"""Polled lists in memory, for what needs no server: every request, answer and failure is in the test's hands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from attrs import Factory, define

from impactive_async._clock import Clock
from impactive_async._http.caller import Answer
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.delivery.source import FeedOptions, Recovery, Source
from impactive_async.feeds.feed import Feed
from impactive_async.models import Gap, Send

START = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
CAP = 5
RULES = Rules(timestamp="emailDate", overlap=60 * timestamps.SECOND, cap=CAP, immutable=True)
NAME = "sequences/s1/sends"


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def row(number: int, **fields: Any) -> dict[str, Any]:
    """A send that left `number` seconds after the start."""
    stamp = iso(START + timedelta(seconds=number))
    return {"id": f"e{number}", "contactId": "c1", "emailDate": stamp, **fields}


@define
class FakeList:
    """Newest first, inclusive, at most `cap` rows; `trouble` is raised first, one a request."""

    rows: list[Any] = Factory(list)
    now: datetime = START + timedelta(seconds=100)
    trouble: Sequence[Exception] = ()
    asked: list[str | None] = Factory(list)
    tells_time: bool = True
    heeds_since: bool = True
    turns: int = 2
    on_request: Callable[[], None] = lambda: None

    def add(self, *numbers: int) -> None:
        self.rows += [row(number) for number in numbers]

    async def page(self, since: str | None) -> Answer[list[Any]]:
        self.asked.append(since)
        for _ in range(self.turns):
            await asyncio.sleep(0)
        self.on_request()
        if self.trouble:
            error, *self.trouble = self.trouble
            raise error
        newest_first = sorted(self.rows, key=_stamp, reverse=True)
        shown = [one for one in newest_first if since is None or not self.heeds_since or _stamp(one) >= since]
        date = format_datetime(self.now, usegmt=True) if self.tells_time else None
        return Answer(shown[:CAP], 1, date)


def _stamp(raw: Any) -> str:
    return str(raw.get("emailDate") or "9999") if isinstance(raw, dict) else "9999"


def source_of(
    listed: FakeList,
    clock: Clock,
    *,
    recover: Callable[[Collection[Gap]], Any] | None = None,
    rules: Rules | None = RULES,
) -> Source[Send]:
    if isinstance(recover, Sibling):
        recover.listed = listed
    return Source(name=NAME, row=Send, rules=rules, page=listed.page, clock=clock, recover=recover)


def feed_of(
    listed: FakeList,
    clock: Clock,
    *,
    recover: Callable[[Collection[Gap]], Any] | None = None,
    rules: Rules | None = RULES,
    **options: Any,
) -> Feed[Send]:
    return Feed(source_of(listed, clock, recover=recover, rules=rules), FeedOptions(**options))


class Sibling:
    """A list that can fill gaps, or part of them.

    Beside its own rows it shows what the list of the feed shows now, and what that showed before an overflow.
    """

    def __init__(self, *rows: Any, complete: bool = True, error: Exception | None = None, turns: int = 1) -> None:
        self.rows = list(rows)
        self.complete = complete
        self.error = error
        self.turns = turns
        self.held: asyncio.Event | None = None
        self.asked: list[Collection[Gap]] = []
        self.listed: FakeList | None = None

    async def __call__(self, gaps: Collection[Gap]) -> Recovery:
        self.asked.append(gaps)
        start = min((iso(gap.after) for gap in gaps if gap.kind == "overflow" and gap.after), default="")
        others = [] if self.listed is None else self.listed.rows
        beside = [one for one in others if _stamp(one) <= start] + sorted(others, key=_stamp)[-CAP:]
        for _ in range(self.turns):
            await asyncio.sleep(0)
        if self.held is not None:
            await self.held.wait()
        if self.error is not None:
            raise self.error
        own = [one.get("id") for one in self.rows]
        rows = [*self.rows, *(one for one in beside if one["id"] not in own)]
        return Recovery(rows, gaps if self.complete else ())


class Store:
    """A cursor store that remembers every save, and fails or dawdles where told to."""

    def __init__(self, **cursors: str) -> None:
        self.cursors: dict[str, str] = dict(cursors)
        self.saves: list[str] = []
        self.trouble: list[Exception] = []
        self.turns = 0

    def __repr__(self) -> str:
        return "Store('somewhere')"

    async def load(self, key: str) -> str | None:
        for _ in range(self.turns):
            await asyncio.sleep(0)
        return self.cursors.get(key)

    async def save(self, key: str, cursor: str) -> None:
        for _ in range(self.turns):
            await asyncio.sleep(0)
        if self.trouble:
            raise self.trouble.pop(0)
        self.cursors[key] = cursor
        self.saves.append(cursor)


class StopsAt:
    """A clock that lets a feed make so many polls; instead of sleeping for the next, `Over` is raised."""

    def __init__(self, polls: int = 1) -> None:
        self.now = 1000.0
        self.sleeps_left = polls - 1
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        if self.sleeps_left <= 0:
            raise Over
        self.sleeps_left -= 1
        self.waits.append(seconds)
        self.now += seconds


class Over(Exception):  # noqa: N818 - it is no error
    """The clock has come to its end."""


async def ids(feed: Any) -> list[str]:
    """Iterate until the clock stops; the ids in order."""
    found = []
    try:
        async for one in feed:
            found.append(one.id)
    except Over:
        pass
    return found
