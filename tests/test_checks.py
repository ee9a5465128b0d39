"""Numbers and functions that users pass: what is accepted, and what the refusal of the others says."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impactive_async import AsyncClient, ContactDraft, InvalidArgumentError
from impactive_async._checks import check_count, check_listener, check_positive, check_seconds
from impactive_async.forward import run_forwarder
from impactive_async.hub import connect, run_worker
from impactive_async.sandbox import Sandbox
from tests.support import KEY

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


async def tell(_: object) -> None:
    """Tell somebody, if it were awaited."""


class Tells:
    """An object that is called, and would have to be awaited."""

    async def __call__(self, _: object) -> None:
        """Tell somebody."""


LISTENERS = [tell, Tells(), functools.partial(tell), Tells().__call__]


@pytest.mark.parametrize("listener", LISTENERS)
async def test_a_listener_that_would_have_to_be_awaited_is_refused(listener: Any, tmp_path: Path) -> None:
    """Called and not awaited it would do nothing, and a report of lost rows would reach nobody."""
    hub = connect(f"sqlite:///{tmp_path}/hub.db")
    for name in ("on_request", "on_response", "on_retry"):
        with pytest.raises(InvalidArgumentError, match=f"{name} is called and not awaited"):
            AsyncClient(KEY, **{name: listener})
    client = AsyncClient(KEY)
    with pytest.raises(InvalidArgumentError, match="on_retry is called and not awaited"):
        client.observe(on_retry=listener)
    with pytest.raises(InvalidArgumentError, match="on_report is called and not awaited"):
        await run_worker(client, hub, on_report=listener)
    with pytest.raises(InvalidArgumentError, match="on_report is called and not awaited"):
        await run_forwarder(hub, [], on_report=listener)
    await client.aclose()


def test_a_plain_listener_is_taken() -> None:
    """A function, a method, a class or any object that can be called."""
    listeners: list[Any] = [print, [].append, functools.partial(print), type("Tells", (), {"__call__": print})()]
    for listener in listeners:
        check_listener(listener, "on_report")
    with pytest.raises(InvalidArgumentError, match="on_report is a function, not 7"):
        check_listener(7, "on_report")


async def test_what_is_no_function_is_refused_before_anybody_is_created(
    crm: AsyncClient, sandbox: Sandbox
) -> None:
    """A wrong `on_progress` was told after the first batch."""
    no_function: Any = 7
    with pytest.raises(InvalidArgumentError, match="on_progress is a function, not 7"):
        await crm.contacts.create_many([ContactDraft(first_name="A", last_name="B")], on_progress=no_function)
    with pytest.raises(InvalidArgumentError, match="on_progress is a function, not 7"):
        await crm.sequences.enroll_many("seq_1", ["con_1"], on_progress=no_function)
    assert not [one for one in sandbox.requests if one.method == "POST"]
