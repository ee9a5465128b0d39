"""A request and its answer as values, and pure functions that build requests from endpoints.

Nothing here does I/O or knows how often a request is tried.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any
from urllib.parse import quote

import attrs

from impactive_async._codec.brief import brief
from impactive_async._codec.json_bytes import check_json, dumps
from impactive_async.errors import InvalidArgumentError, redact


class Repeat(Enum):
    """What a second sending of the same request does. `retry` decides by it."""

    READ = "reading twice is reading"
    DELETE = "deleting twice is deleting; a 404 the second time is success"
    WRITE = "the contract makes it repeatable: the server de-duplicates, or the values are absolute"
    NEVER = "every sending acts again"


@attrs.frozen
class Request:
    """Everything about a request but host, key and time-out."""

    method: str
    template: str
    """The path with `:id` places. Logs show it, so that they hold no ids."""
    path: str
    """Percent-encoded, with the query."""
    repeat: Repeat
    body: bytes | None = None
    headers: Mapping[str, str] | None = attrs.field(default=None, repr=False)
    """Headers of this request alone, beside the client's."""

    @property
    def bare_path(self) -> str:
        """The path without the query, for errors. A key that was passed as an id is masked."""
        return redact(self.path.partition("?")[0])


@attrs.frozen
class Endpoint:
    """One row of the contract: a verb, a path with `:id` places, and what a second sending does."""

    method: str
    template: str
    repeat: Repeat
    plain: Request = attrs.field(init=False, eq=False, repr=False)
    """The request without ids, query and body."""

    @plain.default
    def _build_plain(self) -> Request:
        return Request(self.method, self.template, self.template, self.repeat)

    def path(self, ids: tuple[str, ...]) -> str:
        """Return the path with percent-encoded ids in the `:id` places.

        Raises:
            ValueError: An id is empty or malformed (see `check_id`).
        """
        path = self.template
        for value in ids:
            path = _PLACE.sub(check_id(value), path, count=1)
        return path


def get(template: str) -> Endpoint:
    """Return the endpoint of a read."""
    return Endpoint("GET", template, Repeat.READ)


def create(template: str) -> Endpoint:
    """Return the endpoint of a POST that makes a new row each time it arrives."""
    return Endpoint("POST", template, Repeat.NEVER)


def write(method: str, template: str) -> Endpoint:
    """Return the endpoint of a write that may arrive twice and acts once."""
    return Endpoint(method, template, Repeat.WRITE)


def delete(template: str) -> Endpoint:
    """Return the endpoint of a DELETE."""
    return Endpoint("DELETE", template, Repeat.DELETE)


@attrs.define
class Response:
    """An answer, read whole, with case-insensitive header names. Frozen ones take three times as long to make."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    key_version: int = 0
    """The number of the key that the request was sent with, among those that the source of the key has given."""


_PLACE = re.compile(r":\w+")
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN_PARAMETER = re.compile(r"[A-Za-z0-9_.~-]*=[A-Za-z0-9_.~:-]*")
_BAD_IN_ID = re.compile(r"[/\\\x00-\x1f\x7f-\x9f]")
_NO_SEGMENT = ("", ".", "..")  # they change a path in any encoding


def build_request(
    endpoint: Endpoint,
    ids: tuple[str, ...] = (),
    *,
    query: Mapping[str, str] | None = None,
    body: Any = None,
    repeat: Repeat | None = None,
    headers: Mapping[str, str] | None = None,
) -> Request:
    """Return the request of an endpoint. `repeat` replaces the endpoint's own where the arguments decide.

    Raises:
        ValueError: An id is malformed, or JSON cannot hold the body as it is.
    """
    if not ids and not query and body is None and repeat is None and headers is None:
        return endpoint.plain
    path = endpoint.path(ids) if ids else endpoint.template
    if query:
        path += "?" + "&".join([_parameter(name, value) for name, value in query.items()])
    return Request(
        endpoint.method,
        endpoint.template,
        path,
        repeat or endpoint.repeat,
        None if body is None else dumps(body),
        headers,
    )


def _parameter(name: str, value: str) -> str:
    """Return a part of a query, percent-encoded. The moments of polls need no encoding."""
    plain = f"{name}={value}"
    return plain if _PLAIN_PARAMETER.fullmatch(plain) else f"{quote(name, safe='')}={quote(value, safe=':')}"


def build_custom_request(
    method: str, path: str, params: Mapping[str, str | int] | None, body: Any, *, repeatable: bool
) -> Request:
    """Return the request of `AsyncClient.request`.

    Raises:
        ValueError: The method, the path or the query is malformed, the path leads to another host, or JSON cannot
            hold the body as it is.
    """
    _check_method(method)
    _check_path(path)
    if params and "?" in path:
        raise InvalidArgumentError("give the query in the path or as params, not both")
    try:
        check_json(body)
    except ValueError as error:
        raise InvalidArgumentError(f"json= is {error}") from None
    repeat = Repeat.READ if method in ("GET", "HEAD") else Repeat.WRITE if repeatable else Repeat.NEVER
    endpoint = Endpoint(method, path, repeat)
    return attrs.evolve(build_request(endpoint, query=_query(params), body=body), template=_CUSTOM)


_CUSTOM = "(custom path)"


def is_custom(request: Request) -> bool:
    """Whether a request is of `AsyncClient.request`, whose verb its caller has chosen."""
    return request.template == _CUSTOM


def _check_method(method: object) -> None:
    if not isinstance(method, str) or not re.fullmatch(r"[A-Z]+", method):
        raise InvalidArgumentError(f"{brief(method)} is not an HTTP method in capitals")


def _check_path(path: object) -> None:
    if not isinstance(path, str):
        raise InvalidArgumentError(f"a path is a string, not {type(path).__name__}")
    if not re.fullmatch(r"/(?!/)[!-~]*", path) or {".", ".."} & set(re.split(r"[/?#]", path)) or "#" in path:
        raise InvalidArgumentError(
            f"{brief(path)} is not a path: it begins with one slash, is percent-encoded and has no '.' or '..' "
            "segments"
        )


def _query(params: object) -> dict[str, str]:
    if not isinstance(params, Mapping | None):
        raise InvalidArgumentError(f"params is a mapping of names to values, not {type(params).__name__}")
    query = {}
    for name, value in (params or {}).items():
        if not isinstance(name, str) or not isinstance(value, str | int) or isinstance(value, bool):
            raise InvalidArgumentError(f"params[{name!r}] is a string or a whole number, not {brief(value)}")
        query[name] = str(value)
    return query


class ServerId(str):
    """An id that the server gave. A path holds it percent-encoded, whatever its characters are.

    Ids that a user gives are checked more strictly, because they may come from an untrusted source.
    """

    __slots__ = ()


def check_id(value: object) -> str:
    """Return the id, percent-encoded for a path. Of a `ServerId`, slashes and so on are encoded too.

    Raises:
        ValueError: It is not a string, is empty, is `.` or `..`, has white space at an end, or holds a slash or a
            control character: any of these could make the path mean another resource.
    """
    if isinstance(value, str) and _PLAIN_ID.fullmatch(value):
        return value
    if not isinstance(value, str):
        hint = ": pass the `.id` of the row" if isinstance(getattr(value, "id", None), str) else ""
        raise InvalidArgumentError(f"an id is a string, not {type(value).__name__}{hint}")
    is_unsafe = not isinstance(value, ServerId) and (value != value.strip() or _BAD_IN_ID.search(value))
    if value in _NO_SEGMENT or is_unsafe:
        raise InvalidArgumentError(
            f"{redact(value)[:40]!r} is not an id: ids are not empty, have no white space around them, and hold "
            "no slash or control character. Pass the `.id` of a row."
        )
    return quote(value, safe="")
