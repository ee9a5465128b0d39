"""What claim.lua and settle.lua are given, and what they answer.

Both take several calls in few texts: redis-py works on each argument, and on each part of an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from impactive_async._http.rate import Rate
from impactive_async.hub.contract.claim import Claim
from impactive_async.hub.contract.events import HubEvent
from impactive_async.hub.redis.client import ENCODING_ERRORS

NONE: Final = ""
"""How a script is told that an argument is left out."""
_DEAD: Final = "-"
"""How settle.lua is told that a feed is not due again."""

Settlement = tuple[bytes, ...]
"""What settle.lua gets of one call. It begins with the feed."""


def claims_of(found: Sequence[Any], leases: Sequence[float]) -> list[Claim | None]:
    """Return what claim.lua has found for each lease; None where nothing was due."""
    claims = [_claim_of(*one) for one in zip(found[::2], found[1::2], leases, strict=False)]
    return [*claims, *[None] * (len(leases) - len(claims))]


def _claim_of(head: str, cursor: str, lease: float) -> Claim:
    token, failures, feed = head.split(" ", 2)
    return Claim(feed=feed, cursor=cursor, token=int(token), failures=int(failures), lease=lease)


def commit_of(claim: Claim, cursor: str, events: Sequence[HubEvent], again_in: float, gaps: int) -> Settlement:
    """Return the arguments of a commit; `again_in` is in seconds."""
    ids = b"".join([b"%d:%b" % (len(name), name) for name in (_bytes(event.id) for event in events)])
    head = _bytes(f"{claim.token} commit {again_in!r} {gaps} {len(events)} ")
    texts = [event.to_json().encode() for event in events]
    return _bytes(claim.feed), _bytes(claim.cursor), _bytes(cursor), head, ids, *texts


def end_of(claim: Claim, operation: str, again_in: float | None = 0.0, error: str = "") -> Settlement:
    """Return the arguments of a failure or a release; `again_in` is in seconds, or None if the feed is dead."""
    again = _DEAD if again_in is None else repr(again_in)
    head = _bytes(f"{claim.token} {operation} {again} 0 0 {error}")
    return _bytes(claim.feed), b"", b"", head, b""


def _bytes(text: str) -> bytes:
    """Return a text as redis-py would send it, which takes longer for it."""
    return text.encode("utf-8", ENCODING_ERRORS)


def pace(limit: Rate | None) -> tuple[str | float, str | float]:
    """Return what scripts are told of a rate limit."""
    return (limit.interval, limit.tolerance) if limit else (NONE, NONE)
