"""Laws of the server's time: as it tells it, or as near as our own clocks come to it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.server_clock import LEEWAY, THIS_MACHINE, fallen_back, time_at_server

SECOND = timestamps.SECOND
NOON = timestamps.parse("2026-01-01T12:00:00Z")


def test_what_the_server_tells_goes_before_all() -> None:
    """A `Date` is believed, also one that is behind the last one, or behind our own clock."""
    told = timestamps.moment(NOON)
    for before in (None, NOON - SECOND, NOON + 3600 * SECOND):
        assert time_at_server(told, before, (NOON + 9 * LEEWAY) / SECOND) == NOON


def test_without_a_date_our_clock_is_believed_with_a_leeway_and_never_goes_back() -> None:
    """Ours may be ahead by the leeway; falling behind, it takes nothing back of what was known before."""
    assert time_at_server(None, None, NOON / SECOND) == NOON - LEEWAY
    assert time_at_server(None, NOON, NOON / SECOND) == NOON
    assert time_at_server(None, NOON, (NOON + 2 * LEEWAY) / SECOND) == NOON + LEEWAY


seconds = st.integers(0, 10_000).map(lambda tenths: tenths / 10)


@given(st.integers(NOON, NOON + 5 * SECOND), seconds, seconds, seconds, st.integers(0, 5_000 * SECOND))
@settings(derandomize=True, database=None, deadline=None, max_examples=300)
def test_a_clock_that_went_back_is_noticed_and_one_that_did_not_is_not(
    clock: int, sent: float, waited: float, answered: float, jump: int
) -> None:
    """However long requests take, no steady clock is suspected, and of a jump never too little is said.

    What stays unnoticed is no longer than a request and the resolution of the dates.
    """
    first = clock + round(sent / 2 * SECOND)  # each date is taken half-way through its request
    second = first + round((sent / 2 + waited + answered / 2) * SECOND) - jump
    dates = [at - at % SECOND for at in (first, second)]
    said = fallen_back(dates[0], dates[1], at_least=waited, at_most=waited + answered)
    assert said == 0 or jump > 0
    assert said == 0 or said + sent / 2 * SECOND + 1 >= jump
    assert said > 0 or jump <= 2 * SECOND + (sent + answered) * SECOND


def test_our_own_clocks_are_the_machines() -> None:
    """One tells the date, the other only ever advances."""
    assert THIS_MACHINE.wall() * SECOND > NOON
    assert THIS_MACHINE.steady() <= THIS_MACHINE.steady()
