"""Reading lists so that what may be cut off says so."""

from __future__ import annotations

import logging
from typing import Final, TypeVar

from impactive_async._codec.bodies import Shape
from impactive_async._codec.tolerant.notes import current
from impactive_async._http.caller import Caller
from impactive_async._http.wire import Endpoint
from impactive_async.models.row_list import RowList

T = TypeVar("T")

POSSIBLE_CAPS: Final = (10, 20, 25, 30, 50, 100, 200, 250, 500)
"""Lengths at which services cut lists. A list of just that length is not taken for a whole one."""
USUAL_LIMIT: Final = 100
"""Whoever asks for fewer rows wants no more, and needs no warning."""
TRUNCATED: Final = (
    "%s %s: %d rows came, and there may be more that the API does not show. `rows.truncated` says so each time. A "
    "watch method follows all that comes, and `list_all` of the lists of `crm.zapier` gathers what can be reached."
)

_log = logging.getLogger("impactive_async.lists")


def listing(
    caller: Caller,
    endpoint: Endpoint,
    operation: str,
    rows: Shape[list[T]],
    *,
    cap: int | None = None,
    limit: int | None = None,
) -> Shape[RowList[T]]:
    """The answer is a list that may be cut. The first cut answer of an endpoint is a warning in the log.

    Args:
        caller: Whose profile may say how many rows the list shows.
        endpoint: The request.
        operation: What profiles call it.
        rows: Reads the answer.
        cap: The most rows that the list shows; `None`: that is unknown.
        limit: How many rows are asked for; `None`: all.
    """
    settings = caller.deviations.settings(operation)

    def read(body: bytes) -> RowList[T]:
        found = rows(body)
        notes = current()
        told = notes is not None and notes.more
        if told and limit is None:
            caller.deviations.showed(operation, len(found))
        cut = _is_cut(len(found), settings.get("cap", cap), known="cap" in settings)
        truncated = told or cut or (limit is not None and len(found) >= limit)
        if truncated and (limit is None or limit >= USUAL_LIMIT):
            _warn_once(caller, endpoint, len(found))
        return RowList(found, truncated=truncated)

    return read


def _warn_once(caller: Caller, endpoint: Endpoint, length: int) -> None:
    if caller.deviations.is_news(f"{endpoint.template} is cut"):
        _log.warning(TRUNCATED, endpoint.method, endpoint.template, length)


def _is_cut(length: int, cap: int | None, *, known: bool) -> bool:
    if cap is not None:
        return length >= cap
    return not known and length in POSSIBLE_CAPS  # a profile may say that a list has no cap
