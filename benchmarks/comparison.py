"""The vendor's polling recipe against `Feed`, over the same traffic: what either loses, and what it says about it.

    python benchmarks/comparison.py [--hours 12] [--seeds 3]

Prints the table of docs/polling.md. Both follow the deals (mutable, exclusive `since`, cap 100) and one sequence's
replies (immutable, inclusive, cap 500) of sandboxes that live through the same seeded hours. A row is lost if its
last version was never handled. Versions that were overwritten before anybody polled count for neither side.

The recipe, to the letter: poll every five minutes with the highest timestamp seen as `?since=`, keep it, skip the
ids that were seen at an inclusive boundary. It keeps its cursor in a file, written when a page has arrived.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import attrs

from impactive_async import AsyncClient, Gap, MemoryCursorStore
from impactive_async.sandbox import Sandbox
from impactive_async.sandbox.world.times import Precision

INTERVAL: Final = 300
CRASHES: Final = 10
KEY: Final = "icrm_" + "0" * 32


@attrs.frozen(kw_only=True)
class Troubles:
    """What the traffic is made of, beside a row every few minutes."""

    name: str
    ties: bool = False
    late: bool = False
    microseconds: bool = False
    bursts: bool = False
    crashes: bool = False


TROUBLES: Final = (
    Troubles(name="quiet"),
    Troubles(name="ties", ties=True),
    Troubles(name="late rows", late=True),
    Troubles(name="microsecond storage", microseconds=True),
    Troubles(name="bursts over the cap", bursts=True),
    Troubles(name="crashes", crashes=True),
    Troubles(name="all of it", ties=True, late=True, microseconds=True, bursts=True, crashes=True),
)


@attrs.define
class Books:
    """What one side has handled, and what it was told."""

    handled: list[tuple[str, datetime]] = attrs.Factory(list)
    gaps: list[Gap] = attrs.Factory(list)


@attrs.frozen
class Score:
    """How one side did."""

    rows: int
    lost: int
    reported: int
    repeated: int


class Crash(Exception):  # noqa: N818 - it is no error of ours
    """The consumer dies here."""


# --- the traffic


class Traffic:
    """Seeded hours of a workspace, scheduled on the sandbox's clock: it does not depend on who polls when."""

    def __init__(self, sandbox: Sandbox, troubles: Troubles, seed: int, hours: float) -> None:
        self._state = sandbox.state
        self._clock = sandbox.clock
        self._troubles = troubles
        self._random = random.Random(f"{troubles.name} {seed}")
        self._end = sandbox.clock.now() + timedelta(hours=hours)
        self._deals: list[str] = []
        self.people = [self._state.create_contact("P", str(number)).id for number in range(20)]
        self.sequence = self._state.create_sequence("Welcome", ()).id
        self._state.enroll(self.sequence, self.people)
        self._plan()

    def _plan(self) -> None:
        at = start = self._clock.now()
        if self._troubles.bursts:
            for one, size in ((self._deal, 250), (self._reply, 700)):
                self._burst(one, size, start + (self._end - start) * self._random.uniform(0.2, 0.8))
        while (at := at + timedelta(seconds=self._random.expovariate(1 / 90))) < self._end:
            self._clock.schedule(at, partial(self._happen, at))
            if self._troubles.ties and self._random.random() < 0.3:
                self._tie(at)

    def _tie(self, at: datetime) -> None:
        """Two rows of one instant, of which the second is committed when the first was polled already."""
        instant = at - timedelta(seconds=at.timestamp() % INTERVAL)
        self._clock.schedule(instant, partial(self._deal, instant))
        self._clock.schedule(instant + timedelta(seconds=1), partial(self._deal, instant))

    def _burst(self, happen: Callable[[datetime], None], size: int, at: datetime) -> None:
        """More rows within a second than a page shows."""
        for number in range(size):
            moment = at + timedelta(milliseconds=number)
            self._clock.schedule(moment, partial(happen, moment))

    def _happen(self, at: datetime) -> None:
        at = max(at, self._clock.now())
        kind = self._random.random()
        if kind < 0.4:
            self._reply(at)
        elif kind < 0.8 or not self._deals:
            self._deal(at)
        else:
            self._state.touch("deals", self._random.choice(self._deals), at=at)

    def _deal(self, at: datetime) -> None:
        late = timedelta(seconds=self._random.uniform(0, 9)) if self._troubles.late else None
        visible = None if late is None else self._clock.now() + late
        self._deals.append(self._state.add("deals", {"name": "Deal"}, at=at, visible_at=visible).id)

    def _reply(self, at: datetime) -> None:
        late = timedelta(minutes=self._random.uniform(0, 50)) if self._troubles.late else timedelta()
        date = at if self._random.random() < 0.5 else at - late  # dated by the sender, seen when synchronised
        self._state.add_reply(self._random.choice(self.people), email_date=date, visible_at=at)

    def truth(self, kind: str) -> dict[str, datetime]:
        """The last version of every row; timestamps as they are printed, to the millisecond."""
        if kind == "deals":
            rows = {one.id: one.updated_at for one in self._state.rows("deals")}
        else:
            rows = {one.id: one.email_date for one in self._state.replies}
        return {row_id: _printed(stamp) for row_id, stamp in rows.items()}


def _printed(stamp: datetime) -> datetime:
    return stamp.replace(microsecond=stamp.microsecond // 1000 * 1000)


# --- the two sides


class Story(Exception):  # noqa: N818 - it is no error
    """The hours are over."""


class WorldClock:
    """The client's clock: while it sleeps, the sandbox lives; at the end of the hours it says so."""

    def __init__(self, sandbox: Sandbox, hours: float) -> None:
        self._sandbox = sandbox
        self._now = 0.0
        self._end = hours * 3600

    def monotonic(self) -> float:
        """Virtual seconds."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Let the sandbox live for so long."""
        if self._now >= self._end:
            raise Story
        self._now += seconds
        await self._sandbox.clock.advance(seconds=seconds)


Consumer = Callable[[str, datetime], None]


async def recipe(crm: AsyncClient, path: str, field: str, kept: dict[str, Any], handle: Consumer) -> None:
    """One poll of the vendor's recipe. `kept` is the file that it keeps its cursor in."""
    query = {"since": kept["since"]} if kept.get("since") else None
    rows = await crm.request("GET", path, params=query)
    inclusive = field == "emailDate"
    fresh = [row for row in rows if not (inclusive and row["id"] in kept.get("seen", ()))]
    if rows:
        kept["since"] = max(row[field] for row in rows)
        kept["seen"] = {row["id"] for row in rows if row[field] == kept["since"]}
    for row in reversed(fresh):
        handle(row["id"], datetime.fromisoformat(row[field]))


async def run_recipe(crm: AsyncClient, path: str, field: str, clock: WorldClock, handle: Consumer) -> None:
    """The recipe for all of the hours, started again after each crash."""
    kept: dict[str, Any] = {}
    while True:
        try:
            await recipe(crm, path, field, kept, handle)
        except Crash:
            continue
        await clock.sleep(INTERVAL)


async def run_feed(watch: Callable[..., Any], field: str, handle: Consumer, gaps: list[Gap]) -> None:
    """A feed for all of the hours, made anew on the same store after each crash."""
    store = MemoryCursorStore()
    while True:
        try:
            async for row in watch(store=store, interval=INTERVAL, on_gap=gaps.append):
                handle(row.id, getattr(row, field))
        except Crash:
            continue


# --- counting


def consumer(books: Books, troubles: Troubles, seed: int) -> Consumer:
    """Handles rows; dies before some of them, if that is among the troubles."""
    rng = random.Random(f"crashes {seed}")
    left = CRASHES if troubles.crashes else 0

    def handle(row_id: str, stamp: datetime) -> None:
        nonlocal left
        if left and rng.random() < 0.05:
            left -= 1
            raise Crash
        books.handled.append((row_id, stamp))

    return handle


def score(truth: dict[str, datetime], books: Books) -> Score:
    """Compare what was handled with what there was."""
    handled = set(books.handled)
    lost = [stamp for row_id, stamp in truth.items() if (row_id, stamp) not in handled]
    reported = [stamp for stamp in lost if any(_covers(gap, stamp) for gap in books.gaps)]
    return Score(len(truth), len(lost), len(reported), len(books.handled) - len(handled))


def _covers(gap: Gap, stamp: datetime) -> bool:
    return (gap.after is None or gap.after <= stamp) and (gap.before is None or stamp <= gap.before)


Side = Callable[[AsyncClient, WorldClock, Traffic, str, Consumer, Books], Awaitable[None]]


async def by_recipe(
    crm: AsyncClient, clock: WorldClock, traffic: Traffic, kind: str, handle: Consumer, _: Books
) -> None:
    """One side of the comparison."""
    if kind == "deals":
        await run_recipe(crm, "/api/zapier/deals", "updatedAt", clock, handle)
    path = f"/api/agent/sequences/{traffic.sequence}/replies"
    await run_recipe(crm, path, "emailDate", clock, handle)


async def by_feed(
    crm: AsyncClient, _: WorldClock, traffic: Traffic, kind: str, handle: Consumer, books: Books
) -> None:
    """The other side."""
    if kind == "deals":
        await run_feed(crm.zapier.deals.watch, "updated_at", handle, books.gaps)
    await run_feed(partial(crm.sequences.watch_replies, traffic.sequence), "email_date", handle, books.gaps)


async def run(side: Side, troubles: Troubles, kind: str, seed: int, hours: float) -> Score:
    """Let one side follow one list through the hours."""
    stored: Precision = "microseconds" if troubles.microseconds else "milliseconds"
    async with Sandbox(populate=False, api_key=KEY, stored_precision=stored, journal_limit=0) as sandbox:
        traffic = Traffic(sandbox, troubles, seed, hours - 2)  # the last two are quiet: nothing is still under way
        clock, books = WorldClock(sandbox, hours), Books()
        async with AsyncClient(sandbox.api_key, base_url=sandbox.url, clock=clock) as crm:
            with contextlib.suppress(Story):
                await side(crm, clock, traffic, kind, consumer(books, troubles, seed), books)
        return score(traffic.truth(kind), books)


def total(scores: list[Score]) -> Score:
    """Add them up."""
    return Score(*(sum(values) for values in zip(*map(attrs.astuple, scores), strict=True)))


async def compare(troubles: Troubles, seeds: int, hours: float) -> tuple[Score, Score]:
    """The recipe's score and the feed's, over both lists and all seeds."""
    runs = [(kind, seed) for kind in ("deals", "replies") for seed in range(seeds)]
    recipes = [await run(by_recipe, troubles, kind, seed, hours) for kind, seed in runs]
    feeds = [await run(by_feed, troubles, kind, seed, hours) for kind, seed in runs]
    return total(recipes), total(feeds)


async def main(seeds: int, hours: float) -> None:
    """Print the table."""
    print("| traffic | rows | recipe: lost, repeated | `Feed`: lost silently, reported, repeated |")
    print("|---|---:|---:|---:|")
    for troubles in TROUBLES:
        theirs, ours = await compare(troubles, seeds, hours)
        print(
            f"| {troubles.name} | {theirs.rows} | {theirs.lost}, {theirs.repeated} | "
            f"{ours.lost - ours.reported}, {ours.reported}, {ours.repeated} |"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--hours", type=float, default=12)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.seeds, arguments.hours))
