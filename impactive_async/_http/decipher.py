"""An answer as data or as an error: the error table, and what a server may say in headers and bodies.

Pure functions: nothing here does I/O or knows how often a request is tried.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

from impactive_async._http.brief import brief, shorten
from impactive_async._http.json_bytes import loads
from impactive_async._http.wire import Repeat, Request, Response
from impactive_async.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    DecodeError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    redact,
)

T = TypeVar("T")

BODY_KEPT = 4096
"""Characters of an error's body that are kept on the exception (A5)."""

_SECONDS = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class BodyShape(Generic[T]):
    """A shape that can make its value of an answer's bytes, without the detour by plain values."""

    def __call__(self, data: Any) -> T:
        """The value of parsed JSON; raises `DecodeError` where it cannot."""
        raise NotImplementedError

    def of_body(self, body: bytes) -> T | None:
        """The value, or `None` if parsing decides: the bytes are not what is expected, or no JSON at all."""
        raise NotImplementedError


def decipher(request: Request, response: Response, shape: Callable[[Any], T]) -> T:
    """Return the value of a success.

    Raises:
        APIStatusError: The status is not 2xx; the subclass is that of the status.
        DecodeError: The status is 2xx and the body is not JSON, or not what `shape` reads.
    """
    if not 200 <= response.status < 300:
        raise _status_error(request, response)
    if isinstance(shape, BodyShape):
        value: T | None = shape.of_body(response.body)
        if value is not None:
            return value
    data = _json_of(request, response)
    try:
        return shape(data)
    except DecodeError as error:
        error.method, error.request_path = request.method, request.bare_path
        error.request_id = request_id_of(response.headers)
        error.__context__ = None  # the reader's own signals hold the row as it came
        raise


def _json_of(request: Request, response: Response) -> Any:
    """The JSON of a success: `None` for an empty body, and for any that answers a DELETE (A4)."""
    if not response.body or request.repeat is Repeat.DELETE or response.body.isspace():
        return None
    try:
        return loads(response.body)
    except ValueError as exc:
        problem = str(exc)  # the exception itself holds the whole document
    raise _not_json(request, response, problem)


def rows_of(data: Any) -> list[Any]:
    """Return the rows of a list answer: a bare array, or the one array among an object's values (A2).

    Raises:
        DecodeError: It is neither, or speaks of an error.
    """
    if isinstance(data, list):
        return data
    arrays = [value for value in data.values() if isinstance(value, list)] if isinstance(data, dict) else []
    if len(arrays) == 1 and data.get("error") is None and data.get("errors") is None:
        return arrays[0]
    snippet = brief(data)
    raise DecodeError(
        f"expected an array of rows, or an object that holds exactly one and no error; found {snippet}",
        snippet=snippet,
    )


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds a `Retry-After` asks for, in either of its forms (A12); `None` without a readable one.

    A date counts from the answer's own `Date`, so that the two clocks need not agree; without one, from `now`.
    """
    value = headers.get("Retry-After", "").strip()
    if not value.isascii():
        return None
    if _SECONDS.fullmatch(value):
        seconds = float(value)
    else:
        when = http_date(value)
        if when is None:
            return None
        start = http_date(headers.get("Date", "")) or now or datetime.now(UTC)
        seconds = (when - start).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """Return what the server calls the request, if it says so (A13)."""
    return redact(headers.get("x-request-id") or headers.get("cf-ray") or "") or None


def http_date(value: str) -> datetime | None:
    """Return an HTTP date as an aware datetime, `None` if it cannot be read."""
    match = _IMF_FIXDATE.fullmatch(value)
    try:
        if match:  # the form that all servers send, ten times as fast as the general way
            month = _MONTHS[match[2]]
            day, year, hour, minute, second = map(int, match.group(1, 3, 4, 5, 6))
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        when = parsedate_to_datetime(value)
    except (LookupError, ValueError, TypeError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


_IMF_FIXDATE = re.compile(r"\w{3}, (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}

_CLASSES: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    429: RateLimitError,
}

_ADVICE: dict[int, str] = {
    400: "The request was refused and nothing was done: check the fields and that all ids are of this workspace.",
    401: "The API key was refused: check that it is complete, of this workspace and not revoked "
    "(Workspace Settings → Integrations → API Keys).",
    403: "This key may not do that.",
    409: "The request contradicts the present state of the resource.",
    429: "Too many requests: lower max_concurrency or set rate_limit.",
}


def _status_error(request: Request, response: Response) -> APIStatusError:
    status, headers = response.status, response.headers
    text = redact(response.body[: 4 * BODY_KEPT].decode("utf-8", "replace"))
    kind = ServerError if status >= 500 else _CLASSES.get(status, APIStatusError)
    wait = retry_after(headers)
    parts = (f"HTTP {status}.", _advice(request, response), _asked(wait), _server_message(headers, text))
    return kind(
        " ".join(filter(None, parts)),
        status=status,
        method=request.method,
        path=request.bare_path,
        body=text[:BODY_KEPT],
        headers={name: redact(value) for name, value in headers.items()},
        request_id=request_id_of(headers),
        retry_after=wait,
    )


def _advice(request: Request, response: Response) -> str:
    status = response.status
    if 300 <= status < 400:
        return _redirected(response.headers.get("Location"))
    if status == 404:
        return _not_found(request.template)
    if status >= 500:
        return "The server, or a proxy before it, failed."
    return _ADVICE.get(status, "The server answered with something the contract does not name.")


def _redirected(target: str | None) -> str:
    if not target:
        return "The server answers with a redirection that leads nowhere: is base_url the host of the API?"
    return (
        f"The server redirects to {shorten(target, 200)}, which is not followed because the API key would go "
        "along: set base_url to where the API really is."
    )


def _not_found(template: str) -> str:
    if ":" in template:
        return "There is no such id in this workspace."
    if template.startswith("/"):  # it is always there
        return "There is no such address on this server: is base_url the host of the API?"
    return "There is no such address on this server, or no such id in this workspace."


def _asked(wait: float | None) -> str:
    return "" if wait is None else f"The server asks to wait {math.ceil(wait)} s."


def _server_message(headers: Mapping[str, str], text: str) -> str:
    """What the server said, in a line (A5)."""
    try:
        body = loads(text.encode())
    except ValueError:
        body = None
    fields = (body.get("error"), body.get("message")) if isinstance(body, dict) else ()
    said = [field for field in fields if isinstance(field, str)]
    if said:
        text = ": ".join(dict.fromkeys(filter(None, said)))
    elif "html" in headers.get("Content-Type", ""):
        return "The answer is an HTML page, not JSON: is base_url the host of the API?"
    return f"The server says: {shorten(text.strip(), 200)!r}" if text.strip() else ""


def _not_json(request: Request, response: Response, problem: str) -> DecodeError:
    kind = response.headers.get("Content-Type", "an unnamed type")
    hint = " Is base_url the host of the API?" if "html" in kind else ""
    return DecodeError(
        f"HTTP {response.status}, but the body ({len(response.body)} bytes of {kind}) is not JSON: "
        f"{problem}.{hint}",
        snippet=shorten(response.body[:400].decode("utf-8", "replace")),
        method=request.method,
        request_path=request.bare_path,
        request_id=request_id_of(response.headers),
    )
