"""What fails again and again: tried less and less often, and told once a state."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from impactive_async._clock import Clock
from impactive_async.hub.contract.waiting import Told
from impactive_async.hub.worker.reports import Listener, Recovered, WorkerStats, WorkerTrouble

FIRST: Final = 0.25
"""Seconds after which a call is made again whose engine failed; they double from failure to failure."""
LONGEST: Final = 30.0


@frozen
class _State:
    since: float
    told: Told = field(factory=Told)


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
        state = self._failing.setdefault(step, _State(self._clock.monotonic()))
        before = min(state.told.failures, 16)
        wait = min(FIRST * 2.0**before, LONGEST) if again_in is None else again_in
        self._stats.troubles += 1
        if state.told.is_news(error):
            self._report(WorkerTrouble(step=step, error=str(error), again_in=wait))
        return wait

    def passed(self, step: str) -> None:
        """Note that a step has succeeded."""
        if state := self._failing.pop(step, None):
            lasted = self._clock.monotonic() - state.since
            self._report(Recovered(step=step, failures=state.told.failures, seconds=lasted))
