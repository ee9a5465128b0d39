"""What every resource stands on."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from impactive_async._http.caller import Answer, Caller
from impactive_async._http.codec import encode_fields, format_instant
from impactive_async._http.decipher import rows_of
from impactive_async._http.scalars import read_since
from impactive_async._http.unread import unread
from impactive_async._http.wire import Endpoint, build_request, check_id
from impactive_async.feeds.rules import Rules

D = TypeVar("D")

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


def not_null(**fields: object) -> dict[str, Any]:
    """Return fields that the API cannot null.

    Raises:
        ValueError: One of them is `None`, which would be sent as `null`.
    """
    for name, value in fields.items():
        if value is None:
            raise ValueError(
                f"{name} cannot be cleared, so None is no value for it; leave it out to leave it alone"
            )
    return fields


def drafts_of(kind: type[D], drafts: Iterable[D], name: str) -> list[D]:
    """Return the drafts as a list.

    Raises:
        ValueError: It is no list, or something in it is no draft, such as a mapping.
    """
    given: object = drafts
    if not isinstance(given, Iterable) or isinstance(given, str | Mapping):
        raise ValueError(f"{name} is a list of {kind.__name__}, not {type(given).__name__}")
    found = list(drafts)
    for place, draft in enumerate(found):
        if not isinstance(draft, kind):
            raise ValueError(f"{name}[{place}] is a {kind.__name__}, not {type(draft).__name__}")
    return found


def id_list(ids: Iterable[str] | None, name: str) -> list[str]:
    """Return the ids as a list, each checked; empty for `None`.

    Raises:
        ValueError: It is a lone string, or one of the ids is malformed.
    """
    if ids is None:
        return []
    if isinstance(ids, str):
        raise ValueError(f"{name} is a list of ids, not one string")
    ids = list(ids)
    for value in ids:
        check_id(value)
    return ids


def since_query(since: datetime | str | None) -> dict[str, str] | None:
    """Return the query for `since`: an aware datetime, or an ISO 8601 string with its offset, sent as it is.

    Raises:
        ValueError: It is naive, cannot be read, or is something else, as `NOW`, which is for feeds.
    """
    if since is None:
        return None
    text = format_instant(read_since(since), argument="since")
    return {"since": since if isinstance(since, str) else text}


def pages(
    caller: Caller, endpoint: Endpoint, *ids: str, rules: Rules | None = None
) -> Callable[[str | None], Awaitable[Answer[Sequence[Any]]]]:
    """Return what fetches a list's raw rows, given the `since` of the query.

    Args:
        caller: Makes the call.
        endpoint: The list.
        ids: Of the path.
        rules: What tells rows apart: a feed that has them leaves the rest of known rows unread.

    Raises:
        ValueError: A malformed id.
    """
    whole = build_request(endpoint, ids)
    shape = rows_of if rules is None else unread(whole, rules.id, rules.timestamp)

    def page(since: str | None) -> Awaitable[Answer[Sequence[Any]]]:
        query = None if since is None else {"since": since}
        return caller.answer(build_request(endpoint, ids, query=query), shape)

    return page
