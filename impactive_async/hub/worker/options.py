"""The options of a worker, checked."""

from __future__ import annotations

from collections.abc import Collection

import attrs

from impactive_async._checks import check_count, check_positive
from impactive_async.feeds.cursor.rules import Now
from impactive_async.feeds.delivery.source import as_wire_names
from impactive_async.resources.watching.kinds import KINDS
from impactive_async.resources.watching.lists import check_kinds


@attrs.frozen(kw_only=True)
class WorkerOptions:
    """The arguments of `run_worker`, which explains them.

    Raises:
        InvalidArgumentError: A number out of its range, or an unknown kind.
    """

    kinds: Collection[str] = KINDS
    since: Now | None = None
    interval: float = 300.0
    lease: float = 60.0
    concurrency: int = 4
    distinct: bool = True
    ignore: Collection[str] = attrs.field(default=(), converter=as_wire_names)

    def __attrs_post_init__(self) -> None:
        check_kinds(self.kinds)
        check_positive(self.interval, "interval")
        check_positive(self.lease, "lease")
        check_count(self.concurrency, "concurrency")
