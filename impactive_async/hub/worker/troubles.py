"""What fails again and again: tried less and less often, and told once a state."""

from __future__ import annotations

import re
from typing import Final

from attrs import define

from impactive_async._clock import Clock
from impactive_async.hub.worker.reports import Listener, Recovered, WorkerStats, WorkerTrouble

FIRST: Final = 0.25
"""Seconds after which a call is made again whose engine failed; they double from failure to failure."""
LONGEST: Final = 30.0


@define
class _State:
    reason: str
    since: float
    failures: int = 0


def _reason(error: Exception) -> str:
    # Ids of requests, ports and times differ from one failure to the next.
    return f"{type(error).__name__} {re.sub(r'[^ ]*[0-9][^ ]*', '', str(error))}"


class Troubles:
    """The steps of one worker that fail now.

    Args:
        stats: Where each failure is counted.
        report: Hears of a step when it begins to fail, fails for another reason, and succeeds again.
        clock: What a failure's time is measured with.
    """

    def __init__(self, stats: WorkerStats, report: Listener, clock: Clock) -> None:
        self._stats = stats
        self._report = report
        self._clock = clock
        self._failing: dict[str, _State] = {}

    def failed(self, step: str, error: Exception, again_in: float | None = None) -> float:
        """Note a failure, and return the seconds to wait: `again_in`, or twice as long as after the last one."""
        reason, state = _reason(error), self._failing.get(step)
        is_news = state is None or state.reason != reason
        state = state or _State(reason, self._clock.monotonic())
        wait = min(FIRST * 2.0 ** min(state.failures, 16), LONGEST) if again_in is None else again_in
        self._failing[step] = _State(reason, state.since, state.failures + 1)
        self._stats.troubles += 1
        if is_news:
            self._report(WorkerTrouble(step=step, error=str(error), again_in=wait))
        return wait

    def passed(self, step: str) -> None:
        """Note that a step has succeeded."""
        if state := self._failing.pop(step, None):
            lasted = self._clock.monotonic() - state.since
            self._report(Recovered(step=step, failures=state.failures, seconds=lasted))
