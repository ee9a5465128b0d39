"""How the polls of each kind of list fare in a worker. What fails is polled apart, so that no other list waits."""

from __future__ import annotations

from typing import Final

from impactive_async._http.foreign import is_foreign
from impactive_async._http.retry import may_pass
from impactive_async.errors import APIError
from impactive_async.hub.contract.claim import Claim

QUICK: Final = 1.5
"""Intervals that a poll may take which other feeds may wait for."""
QUICKEST: Final = 1.0
"""Seconds that it may take in any case."""
SLOWNESS: Final = 3.0
"""How many times longer than the slowest polls of its kind it may take in any case."""
FORGETTING: Final = 0.9
"""What is left of the slowest poll's time with each quicker one."""


class Kinds:
    """The kinds of lists, and which of them are suspect.

    A kind is suspect from a failure of a feed that had not failed before, to an answer of any of its feeds. Its
    feeds, and all feeds that failed last, are polled one at a time for each kind, without taking a place that
    other feeds wait for.
    """

    def __init__(self) -> None:
        self._suspect: set[str] = set()
        self._busy: set[str] = set()  # kinds of which a feed is being polled apart
        self._slowest: dict[str, float] = {}  # seconds

    def is_apart(self, claim: Claim) -> bool:
        """Whether a feed is polled apart."""
        return claim.failures > 0 or _kind(claim) in self._suspect

    def begin(self, claim: Claim) -> bool:
        """Begin to poll a feed apart; return `False` if another one of its kind is being polled so."""
        free = _kind(claim) not in self._busy
        self._busy.add(_kind(claim))
        return free

    def end(self, claim: Claim) -> None:
        """Let the next feed of the kind be polled apart."""
        self._busy.discard(_kind(claim))

    def bound(self, claim: Claim, interval: float, longest: float) -> float:
        """Return the seconds that a poll may take, at most `longest`."""
        if self.is_apart(claim):
            return longest
        return min(longest, max(interval * QUICK, QUICKEST, self._slowest.get(_kind(claim), 0.0) * SLOWNESS))

    def record(self, claim: Claim, error: Exception | None, took: float) -> None:
        """Record how a poll went, and how many seconds it took."""
        kind = _kind(claim)
        if isinstance(error, TimeoutError) or (isinstance(error, APIError) and _is_no_answer(error)):
            if not claim.failures:
                self._suspect.add(kind)
        elif error is None or isinstance(error, APIError):
            self._suspect.discard(kind)
            self._slowest[kind] = max(took, self._slowest.get(kind, 0.0) * FORGETTING)


def _kind(claim: Claim) -> str:
    return claim.feed.rpartition("/")[2]


def _is_no_answer(error: APIError) -> bool:
    return may_pass(error) or is_foreign(error)
