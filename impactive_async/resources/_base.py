"""What the resources share: their base class, methods that are made late, and checks of arguments."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from impactive_async._codec.codec import encode_fields, format_instant
from impactive_async._codec.scalars import read_moment
from impactive_async._http.caller import Caller
from impactive_async._http.wire import check_id
from impactive_async.errors import InvalidArgumentError

D = TypeVar("D")

Extra = Mapping[str, Any]
"""Undocumented wire fields, under their wire names."""


class Resource:
    """A group of endpoints that belong to one noun."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller


class LateMethod:
    """A method that is made when somebody first asks for it. From then on it stands in its class like any other.

    What only this method needs is imported then, and not with its class (docs/performance). Type checkers do not
    look into it: they need the method's type beside it.

    Args:
        make: Imports what the method needs, and returns the method as a function.
    """

    def __init__(self, make: Callable[[], Callable[..., Any]]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name

    def __get__(self, instance: object, owner: type) -> Callable[..., Any]:
        method = self._make()
        setattr(self._owner, self._name, method)
        bound: Callable[..., Any] = method.__get__(instance, owner)  # as looking it up in the class would bind it
        return bound


def batch_within(caller: Caller, operation: str, size: int) -> int:
    """Return the size of batches: as given, or the largest that the client's profile knows of."""
    largest = caller.deviations.settings(operation).get("largest_batch")
    return size if largest is None or type(size) is not int else min(size, largest)


def changes(fields: Mapping[str, Any], extra: Extra | None) -> dict[str, Any]:
    """Return the body of an update.

    Raises:
        InvalidArgumentError: No field is given, or JSON cannot carry a value.
    """
    body = encode_fields(fields, extra)
    if not body:
        raise InvalidArgumentError(
            "nothing to change: give at least one field (None clears it, UNSET keeps its value)"
        )
    return body


def not_null(**fields: object) -> dict[str, Any]:
    """Return the fields; for those that the API does not accept `null` for.

    Raises:
        InvalidArgumentError: A field is `None`.
    """
    for name, value in fields.items():
        if value is None:
            raise InvalidArgumentError(f"{name} cannot be cleared with None; leave it out to keep its value")
    return fields


def drafts_of(kind: type[D], drafts: Iterable[D], name: str) -> list[D]:
    """Return the drafts as a list.

    Raises:
        InvalidArgumentError: `drafts` is not a list, or an item of it is not a draft, such as a mapping.
    """
    given: object = drafts
    if not isinstance(given, Iterable) or isinstance(given, str | Mapping):
        raise InvalidArgumentError(f"{name} is a list of {kind.__name__}, not {type(given).__name__}")
    found = list(drafts)
    for place, draft in enumerate(found):
        if not isinstance(draft, kind):
            raise InvalidArgumentError(f"{name}[{place}] is a {kind.__name__}, not {type(draft).__name__}")
    return found


def id_list(ids: Iterable[str] | None, name: str) -> list[str]:
    """Return the ids as a list; an empty list for `None`.

    Raises:
        InvalidArgumentError: `ids` is a single string, or an id is malformed.
    """
    if ids is None:
        return []
    if isinstance(ids, str):
        raise InvalidArgumentError(f"{name} is a list of ids, not one string")
    ids = list(ids)
    for value in ids:
        check_id(value)
    return ids


def since_query(since: datetime | str | None) -> dict[str, str] | None:
    """Return the query for `since`: a datetime with a time zone, or an ISO 8601 string with one, sent as it is.

    Raises:
        InvalidArgumentError: `since` has no time zone, cannot be read, or is of another type, such as `NOW`, which
            is for feeds.
    """
    if since is None:
        return None
    moment = read_moment(since, "since")
    return {"since": since if isinstance(since, str) else format_instant(moment, argument="since")}
