"""When a request is sent again: the table of the design, row by row."""

from __future__ import annotations

import itertools
import ssl
from collections.abc import Iterator

import pytest

from impactive_async import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    DecodeError,
    RateLimitError,
    RetryPolicy,
    ServerError,
)
from impactive_async._http.retry import Trouble, may_have_acted, trouble_of
from impactive_async._http.wire import Repeat

ALL = set(Repeat)
BUT_CREATES = ALL - {Repeat.NEVER}


def lost(*, sent: bool, cause: Exception | None = None) -> APIConnectionError:
    error = APIConnectionError("lost", request_sent=sent)
    error.__cause__ = cause
    return error


def status(code: int, retry_after: float | None = None) -> APIStatusError:
    kind = ServerError if code >= 500 else RateLimitError if code == 429 else APIStatusError
    return kind("no", status=code, retry_after=retry_after)


@pytest.mark.parametrize(
    ("error", "trouble", "repeated", "acted"),
    [
        (status(429), Trouble.REFUSED, ALL, False),
        (lost(sent=False), Trouble.NOT_SENT, ALL, False),
        (APITimeoutError("late", request_sent=False), Trouble.NOT_SENT, ALL, False),
        (lost(sent=True), Trouble.AMBIGUOUS, BUT_CREATES, True),
        (APITimeoutError("late"), Trouble.AMBIGUOUS, BUT_CREATES, True),
        (status(500), Trouble.AMBIGUOUS, BUT_CREATES, True),
        (status(502), Trouble.AMBIGUOUS, BUT_CREATES, True),
        (status(503), Trouble.AMBIGUOUS, BUT_CREATES, True),
        (status(504), Trouble.AMBIGUOUS, BUT_CREATES, True),
        (status(501), Trouble.FINAL, set(), True),
        (status(524), Trouble.FINAL, set(), True),
        (status(302), Trouble.FINAL, set(), True),
        (status(303), Trouble.FINAL, set(), True),
        (status(308), Trouble.FINAL, set(), True),
        (status(400), Trouble.FINAL, set(), False),
        (status(401), Trouble.FINAL, set(), False),
        (status(404), Trouble.FINAL, set(), False),
        (status(409), Trouble.FINAL, set(), False),
        (DecodeError("what?"), Trouble.FINAL, set(), True),
        (lost(sent=False, cause=ssl.SSLCertVerificationError("self-signed")), Trouble.FINAL, set(), False),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, APIError) else None,
)
def test_the_table(error: APIError, trouble: Trouble, repeated: set[Repeat], acted: bool) -> None:
    """What failed decides for which requests it is tried again, and whether a write may have happened."""
    policy = RetryPolicy()
    assert trouble_of(error) is trouble
    assert {r for r in Repeat if policy.wait_before_repeating(r, error, policy.waits()) is not None} == repeated
    assert may_have_acted(error) is acted


def bounds(policy: RetryPolicy, count: int) -> list[float]:
    return list(itertools.islice(policy.waits(), count))


def test_waits_double_up_to_a_bound() -> None:
    """Each upper bound is twice the one before, the first is `first`, and none is beyond `longest`."""
    policy = RetryPolicy(first=0.5, longest=3.0, jitter=lambda bound: bound)
    assert bounds(policy, 5) == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert bounds(RetryPolicy(jitter=lambda bound: bound), 8) == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_waits_are_spread_over_their_whole_range() -> None:
    """By default the jitter is full: between nothing and the bound, and not always the same."""
    waits = [next(RetryPolicy(first=8.0).waits()) for _ in range(200)]
    assert all(0 <= wait <= 8 for wait in waits)
    assert min(waits) < 2
    assert max(waits) > 6


def test_each_call_starts_its_waits_anew() -> None:
    """One call's many failures do not make the next call's first wait long."""
    policy = RetryPolicy(jitter=lambda bound: bound)
    bounds(policy, 6)
    assert next(policy.waits()) == 0.5


class Never(Iterator[float]):
    def __next__(self) -> float:
        raise AssertionError("asked for a wait of our own")


@pytest.mark.parametrize("seconds", [0.0, 0.25, 7.0, 120.0])
@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_obeyed_exactly(code: int, seconds: float) -> None:
    """The wait that the server asks for is neither jittered, nor bounded by `longest`, nor replaced by ours."""
    policy = RetryPolicy(longest=1.0, jitter=lambda _: 99.0)
    assert policy.wait_before_repeating(Repeat.READ, status(code, seconds), Never()) == seconds


def test_retry_after_beyond_the_cap_is_not_waited_for() -> None:
    """Whoever is asked to wait for longer than `longest_retry_after` is told so instead."""
    policy = RetryPolicy(longest_retry_after=10.0)
    assert policy.wait_before_repeating(Repeat.READ, status(429, 10.0), Never()) == 10.0
    assert policy.wait_before_repeating(Repeat.READ, status(429, 10.001), Never()) is None


def test_a_retry_after_does_not_make_a_create_repeatable() -> None:
    """A 503 may have acted, whatever it asks for."""
    assert RetryPolicy().wait_before_repeating(Repeat.NEVER, status(503, 1.0), Never()) is None
