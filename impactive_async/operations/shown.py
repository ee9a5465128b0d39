"""What a process shows of itself: what it has done, and the hub that it works with."""

from __future__ import annotations

from collections import deque
from typing import Final

from attrs import define, field

from impactive_async.errors import HubError
from impactive_async.forward import ForwardReport
from impactive_async.hub import HubStatus, Report
from impactive_async.operations.actions import Done
from impactive_async.operations.activity import Activity
from impactive_async.operations.deliveries import ForwardActivity
from impactive_async.operations.probes import HubView, why_dead, why_forwarder_not_ready, why_not_ready

ACTIONS_SHOWN: Final = 20


@define
class Shown:
    """One process: a worker, a forwarder, or both in one."""

    view: HubView
    activity: Activity | None = None
    """What the worker has done; None: it polls nothing."""
    deliveries: ForwardActivity | None = None
    """What the forwarder has done; None: it delivers nothing."""
    fail_after: float | None = None
    """As for `why_dead`."""
    actions: deque[Done] = field(factory=lambda: deque(maxlen=ACTIONS_SHOWN))
    """What was done on the page, the last one last."""

    @property
    def name(self) -> str:
        """What the process is."""
        return "Impactive worker" if self.deliveries is None else "Impactive forwarder"

    def record(self, report: Report) -> None:
        """Take note of a report, of whichever part of the process it is."""
        if isinstance(report, ForwardReport):
            if self.deliveries is not None:
                self.deliveries.record(report)
        elif self.activity is not None:
            self.activity.record(report)

    def why_dead(self) -> str | None:
        """Return why the process should be started anew, or `None` if it should not."""
        return None if self.activity is None else why_dead(self.activity, self.fail_after)

    def why_not_ready(self, hub: HubStatus | HubError) -> str | None:
        """Return why it cannot do its work now, or `None` if it can."""
        reason = None if self.deliveries is None else why_forwarder_not_ready(self.deliveries, hub)
        if reason is None and self.activity is not None:
            reason = why_not_ready(self.activity, hub)
        return reason
