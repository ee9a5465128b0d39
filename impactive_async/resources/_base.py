"""What every resource stands on."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from impactive_async._http.caller import Answer, Caller
from impactive_async._http.codec import encode_fields, format_instant
from impactive_async._http.decipher import rows_of
from impactive_async._http.wire import Endpoint, build_request, check_id

Extra = Mapping[str, Any]
"""Undocumented wire fields, under their wire names."""


class Resource:
    """A group of endpoints that belong to one noun."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller


def changes(fields: Mapping[str, Any], extra: Extra | None) -> dict[str, Any]:
    """Return the body of an update.

    Raises:
        ValueError: It would change nothing.
    """
    body = encode_fields(fields, extra)
    if not body:
        raise ValueError("nothing to change: give at least one field (`None` clears it, UNSET leaves it alone)")
    return body


def id_list(ids: Iterable[str] | None, name: str) -> list[str]:
    """Return the ids as a list, each checked; empty for `None`.

    Raises:
        ValueError: It is a lone string, or one of the ids is malformed.
    """
    if ids is None:
        return []
    if isinstance(ids, str):
        raise ValueError(f"{name} is a list of ids, not one string")  # noqa: TRY004 - DESIGN §2: ValueError
    ids = list(ids)
    for value in ids:
        check_id(value)
    return ids


def since_query(since: datetime | str | None) -> dict[str, str] | None:
    """Return the query for `since`: an aware datetime, or an ISO 8601 string with its offset, sent as it is.

    Raises:
        ValueError: It is naive, or cannot be read.
    """
    if since is None:
        return None
    moment = datetime.fromisoformat(since) if isinstance(since, str) else since
    text = format_instant(moment, argument="since")
    return {"since": since if isinstance(since, str) else text}


def pages(caller: Caller, endpoint: Endpoint, *ids: str) -> Callable[[str | None], Awaitable[Answer[list[Any]]]]:
    """Return what fetches a list's raw rows, given the `since` of the query.

    Raises:
        ValueError: A malformed id.
    """
    build_request(endpoint, ids)

    def page(since: str | None) -> Awaitable[Answer[list[Any]]]:
        query = None if since is None else {"since": since}
        return caller.answer(build_request(endpoint, ids, query=query), rows_of)

    return page
