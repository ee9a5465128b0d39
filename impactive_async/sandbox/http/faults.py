"""Faults on demand: which requests they hit, and what they do to the answer."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Literal, get_args

from attrs import Factory, define, field, frozen, validators

from impactive_async.sandbox.world.times import http_date

__all__ = ["CHAOS_KINDS", "Armed", "ChaosKind", "Fault", "FaultPlan"]

ChaosKind = Literal[
    "429", "500", "502", "503", "commit_502", "disconnect", "drop_after_commit", "truncate", "die_mid_body",
    "drop_keepalive", "html", "empty", "delay",
]  # fmt: skip
CHAOS_KINDS: tuple[ChaosKind, ...] = get_args(ChaosKind)


@frozen(kw_only=True)
class Fault:
    """What goes wrong with one request. Everything that the fault does not name happens as usual.

    Attributes:
        commit: Handle the request first. Without it, a fault that answers by itself, or that disconnects, keeps
            the request from being handled.
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
        ahead: Seconds by which `Date` and all moments of the answer are ahead; negative: behind.
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
    ahead: float = 0
    drop_keepalive: Literal["at_once", "on_reuse"] | None = None

    @property
    def answers(self) -> bool:
        """Whether the fault has an answer of its own."""
        return self.status is not None or self.body is not None or self.redirect_to is not None

    def answer_headers(self) -> dict[str, str]:
        """The headers of that answer, but for the `Content-Type`."""
        headers = dict(self.headers)
        if self.retry_after is not None:
            headers["Retry-After"] = _retry_after(self.retry_after)
        if self.redirect_to is not None:
            headers["Location"] = self.redirect_to
        return headers

    async def wait(self) -> None:
        """Wait as long as `delay` and `hold` say."""
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.hold is not None:
            await self.hold.wait()


def _retry_after(value: float | str | datetime) -> str:
    return http_date(value) if isinstance(value, datetime) else str(value)


@define(eq=False)
class Armed:
    """A fault together with the requests that it waits for; `hits` counts the requests it has hit."""

    number: int
    pattern: str
    fault: Fault
    times: int | None
    after: int
    hits: int = field(init=False, default=0)

    def claims(self, route: str) -> bool:
        """Whether the fault hits this request. Each call counts as one request."""
        if self.pattern not in ("*", route) or (self.times is not None and self.hits >= self.times):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.hits += 1
        return True


@define(eq=False)
class FaultPlan:
    """All faults of one sandbox; the one that was armed first hits first.

    Attributes:
        armed: The faults by their numbers.
        rate: The share of requests that chaos hits.
        kinds: How chaos hits them.
        made: How many were ever armed.
        random: What chaos draws from.
    """

    _seed: str
    armed: dict[int, Armed] = field(init=False, factory=dict)
    rate: float = field(init=False, default=0)
    kinds: Sequence[ChaosKind] = field(init=False, default=CHAOS_KINDS)
    made: int = field(init=False, default=0)
    random: Random = field(init=False, default=Factory(lambda self: Random(self._seed), takes_self=True))  # noqa: S311

    def arm(self, pattern: str, fault: Fault, times: int | None, after: int) -> Armed:
        """Arm a fault for requests of that route (`"*"`: of any)."""
        self.made += 1
        armed = self.armed[self.made] = Armed(self.made, pattern, fault, times, after)
        return armed

    def remove(self, number: int) -> None:
        """Remove one fault.

        Raises:
            LookupError: There is none of this number.
        """
        if self.armed.pop(number, None) is None:
            raise LookupError(f"there is no fault {number}")

    def chaos(self, rate: float, kinds: Sequence[ChaosKind]) -> None:
        """Hit requests that no armed fault takes with this probability; the seed decides which."""
        if not 0 <= rate <= 1:
            raise ValueError(f"the rate of chaos is from 0 to 1, not {rate:g}")
        self.rate, self.kinds = rate, tuple(kinds)

    def clear(self) -> None:
        """Remove all faults."""
        self.armed.clear()
        self.rate = 0

    def take(self, route: str) -> Fault | None:
        """The fault that hits this request; `None`: nothing goes wrong."""
        for armed in self.armed.values():
            if armed.claims(route):
                return armed.fault
        if self.rate and self.random.random() < self.rate:
            return _chaotic(self.random.choice(self.kinds))
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
