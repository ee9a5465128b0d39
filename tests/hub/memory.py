"""A hub in memory, on a test's own clock, with calls that can be made to fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define, field

from impactive_async import Clock
from impactive_async.hub import (
    Claim,
    DeadLetter,
    Delivery,
    FeedStatus,
    Hub,
    HubError,
    HubEvent,
    HubStatus,
    InFlightEvent,
)
from impactive_async.hub.contract.claim import fenced


@define
class RestingFeed:
    cursor: str
    due: float
    token: int = 0
    leased: bool = False
    failures: int = 0
    error: str = ""
    dead: bool = False


@define(eq=False)
class MemoryHub(Hub):
    clock: Clock
    slots: dict[str, RestingFeed] = field(factory=dict)
    log: dict[str, HubEvent] = field(factory=dict)
    permits: list[float] = field(factory=list)
    trouble: dict[str, list[Exception]] = field(factory=dict)
    calls: list[str] = field(factory=list)
    trimmable: int = 0
    losses: list[str] = field(factory=list)
    _tokens: int = 0

    def _called(self, method: str) -> None:
        self.calls.append(method)
        if self.trouble.get(method):
            raise self.trouble[method].pop(0)

    async def feed(self, name: str) -> FeedStatus | None:
        raise NotImplementedError

    async def exchange_cursor(self, feed: str, before: str, after: str) -> bool:
        raise NotImplementedError

    async def pause(self, feed: str) -> bool:
        raise NotImplementedError

    async def resume(self, feed: str) -> bool:
        raise NotImplementedError

    async def poll_now(self, feed: str) -> bool:
        raise NotImplementedError

    async def sought(self, group: str, since: float, event: str | None, *, dry_run: bool) -> Any:
        raise NotImplementedError

    async def add(self, feed: str, cursor: str = "") -> None:
        self._called("add")
        self.slots.setdefault(feed, RestingFeed(cursor, self.clock.monotonic()))

    async def claim(self, lease: float) -> Claim | None:
        self._called("claim")
        now = self.clock.monotonic()
        due = [(slot.due, feed) for feed, slot in self.slots.items() if not slot.dead and slot.due <= now]
        if not due:
            return None
        feed = min(due)[1]
        slot = self.slots[feed]
        self._tokens += 1
        slot.token, slot.leased, slot.due = self._tokens, True, now + lease
        return Claim(feed=feed, cursor=slot.cursor, token=slot.token, failures=slot.failures, lease=lease)

    def _settle(self, claim: Claim) -> RestingFeed:
        slot = self.slots.get(claim.feed)
        held = slot and slot.leased and slot.token == claim.token and slot.due > self.clock.monotonic()
        held = held and slot and slot.cursor == claim.cursor
        if slot is None or not held:
            raise fenced(claim)
        slot.leased = False
        return slot

    async def commit(
        self, claim: Claim, cursor: str, events: Sequence[HubEvent], again_in: float, *, gaps: int = 0
    ) -> None:
        self._called("commit")
        slot = self._settle(claim)
        slot.cursor, slot.due, slot.failures = cursor, self.clock.monotonic() + again_in, 0
        for event in events:
            self.log.setdefault(event.id, event)

    async def permit(self) -> float:
        self._called("permit")
        return self.permits.pop(0) if self.permits else 0.0

    async def heal(self) -> list[str]:
        self._called("heal")
        losses, self.losses = self.losses, []
        return losses

    async def fail(self, claim: Claim, error: str, again_in: float | None) -> None:
        self._called("fail")
        slot = self._settle(claim)
        slot.dead, slot.error, slot.failures = again_in is None, error, slot.failures + 1
        slot.due = self.clock.monotonic() + (again_in or 0.0)

    async def release(self, claim: Claim) -> None:
        self._called("release")
        self._settle(claim).due = self.clock.monotonic()

    async def bind(self, workspace: str) -> None:
        self._called("bind")

    async def rebind(self, workspace: str) -> None:
        raise NotImplementedError

    async def limit(self, rate_limit: float | None) -> None:
        raise NotImplementedError

    async def feeds(self) -> dict[str, str | None]:
        self._called("feeds")
        return {feed: slot.error if slot.dead else None for feed, slot in self.slots.items()}

    async def cursors(self, feeds: Sequence[str]) -> dict[str, str]:
        self._called("cursors")
        return {feed: self.slots[feed].cursor for feed in feeds if feed in self.slots}

    async def remove(self, feed: str) -> bool:
        raise NotImplementedError

    async def trim(self) -> int:
        self._called("trim")
        trimmed, self.trimmable = self.trimmable, 0
        return trimmed

    async def status(self) -> HubStatus:
        raise NotImplementedError

    async def check(self) -> None:
        self._called("check")

    async def aclose(self) -> None:
        """Nothing is open."""

    async def revive(self, feed: str) -> bool:
        self._called("revive")
        slot = self.slots[feed]
        was_dead, slot.dead = slot.dead, False
        slot.due, slot.failures = self.clock.monotonic(), 0
        return was_dead

    async def receive(
        self, group: str, *, count: int = 20, visibility: float = 60.0, max_deliveries: int | None = None
    ) -> list[Delivery]:
        raise NotImplementedError

    async def hold(self, group: str, holder: str, seconds: float) -> bool:
        raise NotImplementedError

    async def in_flight(
        self, group: str, *, visibility: float, count: int = 1000, after: str = "0"
    ) -> list[InFlightEvent]:
        raise NotImplementedError

    async def postpone(
        self, group: str, position: str, seconds: float, *, deliveries: int, visibility: float
    ) -> None:
        raise NotImplementedError

    async def reject(self, group: str, position: str, reason: str) -> None:
        raise NotImplementedError

    async def dead_letters(self, group: str, *, count: int = 100) -> list[DeadLetter]:
        raise NotImplementedError

    async def replay(self, group: str, positions: Sequence[str] | None = None) -> int:
        raise NotImplementedError

    async def drop(self, group: str, positions: Sequence[str] | None = None) -> int:
        raise NotImplementedError

    async def ack(self, group: str, positions: Sequence[str]) -> None:
        raise NotImplementedError

    async def drop_group(self, group: str) -> None:
        raise NotImplementedError

    async def init(self, *, upgrade: bool = False) -> None:
        raise NotImplementedError

    async def upgrades(self) -> list[str]:
        raise NotImplementedError


def broken(times: int = 1) -> list[Exception]:
    """So many failures of the engine."""
    return [HubError("the engine is away") for _ in range(times)]
