"""Pages of lists: which rows, in which order, cut where, as the dialect of the sandbox says."""

import hashlib
from collections.abc import Callable, Collection, Iterable
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

from impactive_async.sandbox.api.exchange import Call, RouteAnswer
from impactive_async.sandbox.dialect.answers import ListPage
from impactive_async.sandbox.dialect.rows import Wire
from impactive_async.sandbox.world.timeline import Timeline

__all__ = ["page_of", "page_of_timeline"]

Row = TypeVar("Row")
Show = Callable[[Row], Wire]
_row_id: Callable[[Any], str] = attrgetter("id")


def page_of_timeline(
    call: Call, timeline: Timeline[Row] | None, show: Show[Row], *, limit: int | None = None
) -> RouteAnswer:
    """A page of the rows of a timeline since `?since=`; `None` has no rows.

    Raises:
        InvalidRequestError: `since` is no timestamp.
    """
    rows: Iterable[Row] = () if timeline is None else _ordered(call, timeline)
    return _page(call, rows, show, _row_id, limit)


def page_of(
    call: Call, rows: Collection[Row], show: Show[Row], row_id: Callable[[Row], str] = _row_id
) -> RouteAnswer:
    """A page of rows that come in the order of their creation and have no `since`."""
    latest_first = list(rows)[::-1]
    return _page(call, _rearranged(latest_first, call.settings.order, row_id), show, row_id, None)


def _ordered(call: Call, timeline: Timeline[Row]) -> Iterable[Row]:
    settings, now, since = call.settings, call.world.clock.now(), call.since()
    if settings.order == "created" and since is None:
        return timeline.latest_arrived(now)
    newest = timeline.newest_first(now, since, inclusive=settings.since_operator == ">=")
    if settings.order == "newest":
        return newest
    if settings.order == "created":
        shown = {_row_id(row) for row in newest}
        return (row for row in timeline.latest_arrived(now) if _row_id(row) in shown)
    return _rearranged(list(newest), settings.order, _row_id)


def _rearranged(rows: list[Row], order: str, row_id: Callable[[Row], str]) -> list[Row]:
    if order == "oldest":
        return rows[::-1]
    if order == "shuffled":
        return sorted(rows, key=lambda row: _scattered(row_id(row)))
    return rows


def _scattered(row_id: str) -> bytes:
    return hashlib.blake2b(row_id.encode(), digest_size=8).digest()


def _page(
    call: Call, rows: Iterable[Row], show: Show[Row], row_id: Callable[[Row], str], limit: int | None
) -> RouteAnswer:
    total = None
    if call.dialect.printer(call.operation).wants_total:
        rows = list(rows)
        total = len(rows)
    cap = min((size for size in (limit, call.settings.cap) if size is not None), default=None)
    taken = list(islice(rows, None if cap is None else cap + 1))
    shown = taken[:cap]
    return RouteAnswer(
        ListPage(
            rows=[show(row) for row in shown],
            more=len(shown) < len(taken),
            cap=cap,
            total=total,
            last_id=row_id(shown[-1]) if shown else None,
        )
    )
