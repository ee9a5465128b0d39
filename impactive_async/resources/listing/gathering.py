"""Gathering a list that shows only its newest rows, as far as that is possible."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from impactive_async._codec.codec import read_rows
from impactive_async._codec.scalars import read_moment
from impactive_async._codec.tolerant.notes import current
from impactive_async._http.caller import Caller
from impactive_async._http.wire import build_request, get
from impactive_async.models import Company, Contact, Deal, Invoice, Project
from impactive_async.models.gap import Gap
from impactive_async.models.row_list import RowList

CONTACTS: Final = get("/api/agent/contacts")
CONTACTS_CAP: Final = 500

Row = TypeVar("Row", Company, Contact, Deal, Invoice, Project)

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
STEP_BACK: Final = timedelta(milliseconds=1)
"""How far the next page begins before the last row, so that no row of the same moment is left out."""

_log = logging.getLogger("impactive_async.lists")


async def gather(
    name: str,
    ask: Callable[[datetime | str | None], Awaitable[RowList[Row]]],
    sibling: Callable[[], Awaitable[RowList[Row]]] | None,
    since: datetime | str | None,
) -> RowList[Row]:
    """Return all rows that can be reached, the last changed first.

    Args:
        name: What logs and gaps call the list.
        ask: Fetches a page of rows updated since a moment.
        sibling: Fetches a list that shows more of the rows.
        since: Only rows updated after this moment.
    """
    page = await ask(since)
    rows = {row.id: row for row in page}
    start = None if since is None else read_moment(since, "since")
    if page.truncated:
        page = await _page_forward(ask, rows, start or EARLIEST)
    gap, truncated = _gap_after(name, page, start, rows), page.truncated
    if truncated and sibling is not None:
        others = await sibling()
        rows = {row.id: row for row in others if start is None or _is_after(row, start)} | rows
        truncated = others.truncated
    if truncated:
        missing = "Others are" if gap is None else f"Others, last changed from {gap.after} to {gap.before}, are"
        _log.warning("%s: %d rows are all that can be reached. %s missing", name, len(rows), missing)
    return RowList(_newest_first(rows.values()), truncated=truncated, gap=gap if truncated else None)


async def contacts_of_agents(caller: Caller, options: Sequence[Any] = ()) -> RowList[Contact]:
    """Return the contacts that the agent list (#1) shows, which are more than those of #24.

    Args:
        caller: Makes the request.
        options: Those of the call, in the order of `Caller.call`.
    """
    request = build_request(CONTACTS, query={"limit": str(CONTACTS_CAP)})
    rows, told = await caller.call(request, _contacts, *options)
    return RowList(rows, truncated=told or len(rows) >= CONTACTS_CAP)


def _contacts(body: bytes) -> tuple[list[Contact], bool]:
    rows, notes = read_rows(Contact, body), current()
    return rows, notes is not None and notes.more


async def _page_forward(
    ask: Callable[[datetime], Awaitable[RowList[Row]]], rows: dict[str, Row], start: datetime
) -> RowList[Row]:
    """Ask from the start on, page by page, as long as the oldest rows come first; return the last page."""
    while True:
        page = await ask(start)
        rows |= {row.id: row for row in page}
        moments = _moments(page)
        if not page.truncated or moments != sorted(moments) or moments[-1] - STEP_BACK <= start:
            return page
        start = moments[-1] - STEP_BACK


def _gap_after(name: str, page: RowList[Row], start: datetime | None, rows: Mapping[str, Row]) -> Gap | None:
    """Return the time in which rows are missing after a page that is cut; `None` if its order does not tell."""
    moments = _moments(page)
    if not page.truncated or not moments or moments[0] == moments[-1]:
        return None
    if moments == sorted(moments, reverse=True):
        return Gap(name, "history", start, min(_moments(rows.values())))
    return Gap(name, "overflow", moments[-1], None) if moments == sorted(moments) else None


def _moments(rows: Iterable[Any]) -> list[datetime]:
    return [_moment(row.updated_at) for row in rows]


def _moment(moment: datetime | None) -> datetime:
    return moment or EARLIEST


def _is_after(row: Any, start: datetime) -> bool:
    return row.updated_at is None or row.updated_at > start


def _newest_first(rows: Any) -> Sequence[Any]:
    return sorted(rows, key=lambda row: _moment(row.updated_at), reverse=True)
