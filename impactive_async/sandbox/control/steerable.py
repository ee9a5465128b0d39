"""What the control API needs of a sandbox, which documents it."""

# ruff: noqa: D102

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from impactive_async.sandbox.http.faults import Armed, FaultPlan
from impactive_async.sandbox.http.journal import RequestJournal
from impactive_async.sandbox.populations import Population
from impactive_async.sandbox.state import State
from impactive_async.sandbox.world.clock import VirtualClock

__all__ = ["Steerable"]


class Steerable(Protocol):
    """A sandbox, as `Sandbox` is one."""

    clock: VirtualClock
    state: State

    @property
    def speed(self) -> float | None: ...
    @property
    def profile(self) -> Mapping[str, Any]: ...
    @property
    def plan(self) -> FaultPlan: ...
    @property
    def journal(self) -> RequestJournal: ...
    @property
    def seed(self) -> str: ...

    @property
    def fail(self) -> Callable[..., Armed]: ...
    async def set_speed(self, speed: float | None) -> None: ...
    def snapshot(self) -> bytes: ...
    async def restore(self, snapshot: Mapping[str, Any]) -> None: ...
    async def reset(
        self, *, seed: str | None = ..., populate: bool | Population | None = ..., now: datetime | None = ...
    ) -> None: ...
