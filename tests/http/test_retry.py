"""When a request is sent again: the table of the design, row by row."""

from __future__ import annotations

import itertools
import ssl

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
from impactive_async._http.retry import Trouble, holds_up_all, may_be_repeated, may_have_acted, trouble_of
from impactive_async._http.wire import Repeat

ALL = set(Repeat)
BUT_CREATES = ALL - {Repeat.NEVER}
PASSING_5XX = (500, 502, 503, 504, 507, 508, 509, 511, *range(520, 528), 529, 530, 598, 599)


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
        *((status(code), Trouble.AMBIGUOUS, BUT_CREATES, True) for code in PASSING_5XX),
        (status(408), Trouble.AMBIGUOUS, BUT_CREATES, True),
        (status(425), Trouble.REFUSED, ALL, False),
        *((status(code), Trouble.FINAL, set[Repeat](), True) for code in (501, 505, 506, 510)),
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
    assert trouble_of(error) is trouble
    assert {repeat for repeat in Repeat if may_be_repeated(repeat, error)} == repeated
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


@pytest.mark.parametrize("seconds", [0.5, 7.0, 120.0])
@pytest.mark.parametrize("code", [429, 503, 529])
def test_retry_after_is_obeyed_exactly(code: int, seconds: float) -> None:
    """A wait that the server asks for is neither jittered nor bounded by `longest`, if ours is no longer."""
    policy = RetryPolicy(longest=1.0, jitter=lambda bound: bound)
    assert policy.wait_after(status(code, seconds), policy.waits()) == seconds


@pytest.mark.parametrize("seconds", [0.0, 0.25, 0.49])
def test_retry_after_never_shortens_our_own_waits(seconds: float) -> None:
    """A server that asks for no time, or for hardly any, is asked again after our own waits."""
    policy = RetryPolicy(jitter=lambda bound: bound)
    waits = policy.waits()
    assert [policy.wait_after(status(429, seconds), waits) for _ in range(4)] == [0.5, 1.0, 2.0, 4.0]


def test_retry_after_beyond_the_cap_is_not_waited_for() -> None:
    """Whoever is asked to wait for longer than `longest_retry_after` is told so instead."""
    policy = RetryPolicy(longest_retry_after=10.0)
    assert policy.wait_after(status(429, 10.0), policy.waits()) == 10.0
    assert policy.wait_after(status(429, 10.001), policy.waits()) is None


def test_a_failure_that_does_not_pass_is_not_waited_for() -> None:
    """No time helps against a 400 or a 501, even where the server names one."""
    policy = RetryPolicy()
    assert policy.wait_after(status(400, 1.0), policy.waits()) is None
    assert policy.wait_after(status(501, 1.0), policy.waits()) is None


@pytest.mark.parametrize(
    ("error", "all_wait"),
    [
        (status(429), True),
        (status(429, 1.0), True),
        (status(503), False),
        (status(503, 1.0), True),
        (status(500, 0.0), True),
        (status(425, 1.0), True),
        (status(408, 1.0), True),
        (status(529, 1.0), True),
        (status(403, 1.0), False),
        (status(301, 1.0), False),
        (status(501, 1.0), False),
        (lost(sent=True), False),
    ],
)
def test_which_failures_hold_up_the_whole_client(error: APIError, all_wait: bool) -> None:
    """A 429, and whatever passes and names its time; one task's other failures are its own."""
    assert holds_up_all(error) is all_wait


@pytest.mark.parametrize(
    ("timeout", "retries", "seconds"),
    [(30.0, 4, 120.0), (30.0, 0, 30.0), (2.0, 0, 2.0), (2.0, 1, 4.5), (1.0, 4, 12.5), (1e-3, 10**30, 120.0)],
)
def test_patience_is_what_a_call_could_take_by_itself(timeout: float, retries: int, seconds: float) -> None:
    """All attempts with their time-outs and the waits between them, and no more than `longest_retry_after`."""
    assert RetryPolicy().patience(timeout, retries) == seconds
    assert RetryPolicy(longest_retry_after=1.5).patience(timeout, retries) == 1.5
