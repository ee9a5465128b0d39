"""What became of one attempt to deliver an event."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal, Protocol, Self

from attrs import frozen

from impactive_async.hub import HubEvent

SLOW_DOWN: Final = frozenset({429, 503})
"""Statuses by which a receiver asks for a pause; `Retry-After` may say of how long."""
_GONE: Final = 410
_FOREVER: Final = 1e9
"""Seconds: longer than any pause that is kept to."""


@frozen(kw_only=True)
class Attempt:
    """One attempt.

    Attributes:
        result: `delivered`; `failed`: to be tried again; `gone`: the receiver wants no more messages at all.
        reason: Why it failed, for people; nothing of a body, a secret or a path.
        status: The answer's status, if there was an answer with one.
        pause: Seconds for which the receiver wants to be left alone; None: it does not say.
    """

    result: Literal["delivered", "failed", "gone"]
    reason: str = ""
    status: int | None = None
    pause: float | None = None


def failed(reason: str) -> Attempt:
    """Return the outcome of an attempt that got no answer."""
    return Attempt(result="failed", reason=reason)


def decipher(status: int, retry_after: str | None, now: datetime) -> Attempt:
    """Return what an HTTP answer means: by the specification only a 2xx means success."""
    if 200 <= status < 300:
        return Attempt(result="delivered", status=status)
    if status == _GONE:
        return Attempt(result="gone", status=status, reason="answered 410 Gone")
    if 300 <= status < 400:
        return Attempt(
            result="failed",
            status=status,
            reason=f"answered {status}: redirects are not followed, name the final URL",
        )
    pause = _seconds(retry_after, now) if status in SLOW_DOWN else None
    return Attempt(result="failed", status=status, reason=f"answered {status}", pause=pause)


def _seconds(retry_after: str | None, now: datetime) -> float | None:
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _FOREVER)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the zone of a date may be as far away as a number is long
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())


class Sender(Protocol):
    """What brings an event to a destination. One courier uses it; several events may be under way at once."""

    async def __aenter__(self) -> Self:
        """Prepare. A destination that is away now is no error: `send` tells."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        ...

    async def send(self, event: HubEvent) -> Attempt:
        """Try once. Whatever the destination does is an outcome, not an exception."""
        ...
