"""Numbers that users pass: what is accepted, and what the refusal of the others says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impactive_async._checks import check_count, check_positive, check_seconds

NO_NUMBERS = [None, "5", True, float("nan"), float("inf"), -float("inf"), 10**400]


@given(st.integers(), st.integers(-5, 5), st.none() | st.integers(5, 50))
def test_a_count_is_within_its_bounds(value: int, least: int, most: int | None) -> None:
    """A whole number is returned as it is if it lies within both bounds, and refused otherwise."""
    if value < least or (most is not None and value > most):
        with pytest.raises(ValueError, match=r"^limit is a whole number"):
            check_count(value, "limit", least=least, most=most)
    else:
        assert check_count(value, "limit", least=least, most=most) is value


@pytest.mark.parametrize("value", [*NO_NUMBERS[:-1], 1.0, 0])
def test_what_is_no_count_is_named(value: Any) -> None:
    """The message names the argument, the bounds and the value."""
    with pytest.raises(ValueError, match=r"^batch_size is a whole number of at least 1, not ") as caught:
        check_count(value, "batch_size")
    assert str(caught.value).endswith(repr(value))
    with pytest.raises(ValueError, match=r"^limit is a whole number from 1 to 500, not "):
        check_count(value, "limit", most=500)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60))
def test_a_number_of_seconds_is_finite(value: float) -> None:
    """A finite number comes back as a float; 0 is a length of time and no interval, a negative number neither."""
    for check, accepts in ((check_positive, value > 0), (check_seconds, value >= 0)):
        if accepts:
            checked = check(value, "interval")
            assert checked == float(value)
            assert type(checked) is float
        else:
            with pytest.raises(ValueError, match=r"^interval is a "):
                check(value, "interval")


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_no_number_of_seconds_is_named(value: Any) -> None:
    """The message names the argument, what it counts, and the value; an `int` beyond all floats is refused."""
    with pytest.raises(ValueError, match=r"^rate_limit is a positive number of requests a second, not "):
        check_positive(value, "rate_limit", "requests a second")
    with pytest.raises(ValueError, match=r"^settle is a number of seconds of at least 0, not "):
        check_seconds(value, "settle")
