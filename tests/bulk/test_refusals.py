"""What failures mean."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from impactive_async.bulk.refusals import CircuitBreaker, fails_all, is_about_the_rows, send_halving
from impactive_async.errors import APIConnectionError, APIStatusError, ConfigurationError, ImpactiveError


def status(code: int) -> APIStatusError:
    return APIStatusError(f"HTTP {code}.", status=code)


@pytest.mark.parametrize("bad", [set(), {0}, {99}, {41}, {3, 4}, {0, 50, 99}, set(range(100))])
async def test_halving_finds_exactly_the_bad_rows_and_sends_each_other_once(bad: set[int]) -> None:
    """However many rows are refused, all others are taken exactly once, in order."""
    taken, refused = list[int](), list[int]()

    async def send(part: Sequence[int]) -> None:
        if bad & set(part):
            raise status(400)
        taken.extend(part)

    await send_halving(range(100), send, lambda row, _: refused.append(row))
    assert taken == [row for row in range(100) if row not in bad]
    assert refused == sorted(bad)


async def test_one_bad_row_of_a_hundred_costs_few_requests() -> None:
    """It is found by bisection: twice the binary logarithm, and one."""
    calls = 0

    async def send(part: Sequence[int]) -> None:
        nonlocal calls
        calls += 1
        if 41 in part:
            raise status(400)

    await send_halving(range(100), send, lambda *_: None)
    assert calls <= 15


@pytest.mark.parametrize("error", [status(429), status(500), status(404), APIConnectionError("x")])
async def test_no_other_failure_is_halved(error: ImpactiveError) -> None:
    """What is not about the rows comes out as it is, after one request."""
    calls = 0

    async def send(_: Sequence[int]) -> None:
        nonlocal calls
        calls += 1
        raise error

    with pytest.raises(type(error)):
        await send_halving(range(100), send, lambda *_: None)
    assert calls == 1


async def test_nothing_is_not_sent() -> None:
    """An empty batch costs no request."""

    async def send(_: Sequence[int]) -> None:
        raise AssertionError

    await send_halving([], send, lambda *_: None)


@pytest.mark.parametrize(
    ("error", "rows", "everything"),
    [
        (status(400), True, False),
        (status(409), True, False),
        (status(413), True, False),
        (status(422), True, False),
        (status(302), False, True),
        (status(401), False, True),
        (status(403), False, True),
        (status(404), False, True),
        (status(405), False, True),
        (status(408), False, False),
        (status(429), False, False),
        (status(503), False, False),
        (APIConnectionError("x"), False, False),
        (ConfigurationError("x"), False, True),
    ],
)
def test_each_failure_is_of_the_rows_or_of_everything_or_passes(
    error: ImpactiveError, rows: bool, everything: bool
) -> None:
    """A refusal concerns its rows, a wrong key or address everybody, and what passes neither."""
    assert (is_about_the_rows(error), fails_all(error)) == (rows, everything)


def test_the_breaker_counts_failures_in_a_row() -> None:
    """The tenth failure in a row stops, an answer in between resets the count; what fails all stops at once."""
    breaker = CircuitBreaker(most=10)
    assert not any(breaker.failed(status(503)) for _ in range(9))
    breaker.passed()
    assert [breaker.failed(status(503)) for _ in range(10)] == [False] * 9 + [True]
    assert CircuitBreaker().failed(status(401))
