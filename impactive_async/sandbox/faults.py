"""Trouble on demand: which request it strikes, and what it does to the answer."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Literal, get_args

from attrs import Factory, define, field, frozen, validators

from .times import http_date

__all__ = ["CHAOS_KINDS", "Armed", "ChaosKind", "Fault", "FaultPlan"]

ChaosKind = Literal[
    "429", "500", "502", "503", "commit_502", "disconnect", "drop_after_commit", "truncate", "die_mid_body",
    "drop_keepalive", "html", "empty", "delay",
]  # fmt: skip
CHAOS_KINDS: tuple[ChaosKind, ...] = get_args(ChaosKind)


@frozen(kw_only=True)
class Fault:
    """One kind of trouble. What is not named here happens as without the fault.

    Attributes:
        commit: The request is handled before the trouble starts; else a fault that has an answer of its own, or
            none, keeps it from being handled at all.
        delay: Real seconds to wait, before handling the request, or after it with `commit`.
        hold: The same, until this event is set.
        disconnect: Close the connection without an answer.
        status: Answer with this status instead.
        retry_after: Its `Retry-After`: seconds, a moment (sent as an HTTP date), or the header as it stands.
        headers: More headers of the answer.
        body: Its raw body, instead of a JSON error.
        content_type: Of `body`.
        redirect_to: Answer 302 with this `Location`.
        truncate: Cut the answer's body in half; `Content-Length` agrees with what is left.
        die_mid_body: Promise the whole body, send half of it, close the connection.
        drop_keepalive: Close the connection without having announced it: right after the answer (`"at_once"`), or
            when the next request arrives on it (`"on_reuse"`), which is lost unhandled.
    """

    commit: bool = False
    delay: float = field(default=0, validator=validators.ge(0))
    hold: asyncio.Event | None = None
    disconnect: bool = False
    status: int | None = None
    retry_after: float | str | datetime | None = None
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"
    redirect_to: str | None = None
    truncate: bool = False
    die_mid_body: bool = False
    drop_keepalive: Literal["at_once", "on_reuse"] | None = None

    @property
    def answers(self) -> bool:
        """Whether the fault has an answer of its own."""
        return self.status is not None or self.body is not None or self.redirect_to is not None

    def answer_headers(self) -> dict[str, str]:
        """The headers of that answer."""
        headers = {"Content-Type": self.content_type, **self.headers}
        if self.retry_after is not None:
            headers["Retry-After"] = _retry_after(self.retry_after)
        if self.redirect_to is not None:
            headers["Location"] = self.redirect_to
        return headers

    async def wait(self) -> None:
        """Let pass what `delay` and `hold` say."""
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.hold is not None:
            await self.hold.wait()


def _retry_after(value: float | str | datetime) -> str:
    return http_date(value) if isinstance(value, datetime) else str(value)


@define(eq=False)
class Armed:
    """A fault that waits for its requests; `hits` counts those it has struck."""

    pattern: str
    fault: Fault
    times: int | None
    after: int
    hits: int = field(init=False, default=0)

    def strikes(self, route: str) -> bool:
        """Whether this request is one of those; asking counts it."""
        if self.pattern not in ("*", route) or (self.times is not None and self.hits >= self.times):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.hits += 1
        return True


@define(eq=False)
class FaultPlan:
    """All trouble that one sandbox has in store; the fault armed first strikes first."""

    _seed: str
    _armed: list[Armed] = field(init=False, factory=list)
    _rate: float = field(init=False, default=0)
    _kinds: Sequence[ChaosKind] = field(init=False, default=CHAOS_KINDS)
    _random: Random = field(init=False, default=Factory(lambda self: Random(self._seed), takes_self=True))  # noqa: S311

    def arm(self, pattern: str, fault: Fault, times: int | None, after: int) -> Armed:
        """Arm a fault for requests of that route (`"*"`: of any)."""
        armed = Armed(pattern, fault, times, after)
        self._armed.append(armed)
        return armed

    def chaos(self, rate: float, kinds: Sequence[ChaosKind]) -> None:
        """Strike each request that no armed fault takes with this probability, drawn from the seed."""
        self._rate, self._kinds = rate, tuple(kinds)

    def clear(self) -> None:
        """Forget all of it."""
        self._armed.clear()
        self._rate = 0

    def take(self, route: str) -> Fault | None:
        """The fault that strikes this request, if any."""
        for armed in self._armed:
            if armed.strikes(route):
                return armed.fault
        if self._rate and self._random.random() < self._rate:
            return _chaotic(self._random.choice(self._kinds))
        return None


def _chaotic(kind: ChaosKind) -> Fault:
    return _CHAOS[kind] if kind in _CHAOS else Fault(status=int(kind))


_CHAOS: Mapping[str, Fault] = {
    "429": Fault(status=429, retry_after=0),
    "commit_502": Fault(status=502, commit=True),
    "disconnect": Fault(disconnect=True),
    "drop_after_commit": Fault(disconnect=True, commit=True),
    "truncate": Fault(truncate=True),
    "die_mid_body": Fault(die_mid_body=True),
    "drop_keepalive": Fault(drop_keepalive="on_reuse"),
    "html": Fault(status=502, body=b"<html><h1>Bad Gateway</h1></html>", content_type="text/html"),
    "empty": Fault(status=503, body=b""),
    "delay": Fault(delay=0.01),
}
