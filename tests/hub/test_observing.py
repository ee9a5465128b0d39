"""The measure itself: silences and bursts are found, and what the machine did is not held against us."""

from __future__ import annotations

import asyncio
import time

from tests.hub.observing import LATE, TICK, Span, busiest, counted, feel_pulse, longest_silence, merged
from tests.support import until


def test_spans_that_touch_are_one() -> None:
    """No moment is excused twice."""
    assert merged([Span(5, 6), Span(1, 3), Span(2, 4), Span(4, 4.5)]) == [Span(1, 4.5), Span(5, 6)]


def test_what_is_excused_is_not_counted() -> None:
    """Of a span counts what lies outside of all that is excused."""
    assert counted(Span(0, 10), [Span(-5, 1), Span(3, 4), Span(9, 20)]) == 7


def test_the_longest_silence_may_be_the_first_or_the_last() -> None:
    """A feed that was never polled, or never again, was silent for as long as the run took."""
    run = Span(0, 10)
    assert longest_silence({"a": [1, 2, 3, 4, 5, 6, 7, 8, 9]}, run, []) == 1
    assert longest_silence({"a": [1, 2, 3], "b": [4, 9]}, run, []) == 7
    assert longest_silence({"a": []}, run, [Span(2, 3)]) == 9


def test_the_busiest_window_is_found_wherever_it_lies() -> None:
    """Windows begin with any arrival, and count what comes within them, but not over a stall."""
    times = [0.0, 0.9, 1.0, 1.1, 1.2, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 6.0]
    assert busiest(times, 1.0, []) == 6
    assert busiest(times, 1.0, [Span(4.5, 4.99)]) == 4
    assert busiest([0.0, 1.0], 1.0, []) == 1


async def test_a_process_that_is_held_up_feels_it() -> None:
    """A loop that could not turn for a while is a stall, from its beginning to its end."""
    felt: list[Span] = []
    feeling = asyncio.create_task(feel_pulse(felt.append))
    await asyncio.sleep(0)
    began = time.monotonic()
    time.sleep(2 * LATE)  # noqa: ASYNC251 - this is the stall
    ended = time.monotonic()
    await until(lambda: any(span.begin <= began + TICK and span.end >= ended for span in felt))
    feeling.cancel()
