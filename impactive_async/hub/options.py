"""How a worker works."""

from __future__ import annotations

from collections.abc import Collection

import attrs

from impactive_async.feeds.rules import Now
from impactive_async.hub.feeds import KINDS, check_kinds


@attrs.frozen(kw_only=True)
class WorkerOptions:
    """The arguments of `run_worker`, where they are explained.

    Raises:
        ValueError: A number out of its range, or an unknown kind.
    """

    kinds: Collection[str] = KINDS
    since: Now | None = None
    interval: float = attrs.field(default=300.0)
    lease: float = attrs.field(default=60.0)
    concurrency: int = attrs.field(default=4)

    @interval.validator
    @lease.validator
    def _seconds(self, attribute: attrs.Attribute[float], value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
            raise ValueError(f"{attribute.name} is a positive number of seconds, not {value!r}")

    @concurrency.validator
    def _count(self, _: object, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"concurrency is a whole number of at least 1, not {value!r}")

    def __attrs_post_init__(self) -> None:
        check_kinds(self.kinds)
