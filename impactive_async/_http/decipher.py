"""From an answer to a value or an error: the table of errors, and the reading of headers and of error bodies.

All functions are pure. How often a request is sent is decided elsewhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import attrs
from multidict import CIMultiDict

from impactive_async._codec.bodies import NotJson, Recognizing, Shape, json_of
from impactive_async._codec.brief import shorten
from impactive_async._codec.json_bytes import loads
from impactive_async._codec.tolerant.charsets import declared_encoding, in_utf8
from impactive_async._codec.tolerant.notes import NOTES
from impactive_async._codec.tolerant.refusals import Refusal, meaning_of, raise_refusal, words_of
from impactive_async._http.learnt.deviations import Deviations
from impactive_async._http.learnt.locations import is_of_another, row_told_elsewhere
from impactive_async._http.wire import Repeat, Request, Response
from impactive_async.errors import (
    APIError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    DecodeError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    UnprocessableEntityError,
    redact,
)

T = TypeVar("T")

BODY_KEPT = 4096
"""Characters of an error's body that are kept on the exception (A5)."""

_SECONDS = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def decipher(request: Request, response: Response, shape: Shape[T], deviations: Deviations | None = None) -> T:
    """Return the value of a successful answer.

    Args:
        request: What was asked.
        response: What was answered.
        shape: Reads the body.
        deviations: Told of what is not as the contract has it; `None`: nothing but the contract's shape is read.

    Raises:
        APIStatusError: The status is not 2xx, nor a 304 that was asked for; or the body says that the server
            refused. Each status has its subclass; a refusal in a success has that of what its code or words mean.
        DecodeError: The status is 2xx, and the body is not JSON or not what the shape reads.
    """
    if response.status == 304 and isinstance(shape, Recognizing) and "If-None-Match" in (request.headers or ()):
        known: T = shape.known
        return known
    if not 200 <= response.status < 300:
        raise _status_error(request, response)
    notes, body = None, response.body
    if deviations is not None:
        notes = deviations.notes(request.method, request.template, response.headers)
        if deviations.zones is not None:
            body = deviations.zones.in_utc(request, body)
    token = NOTES.set(notes)  # not by `with`, which would cost a tiny call one per cent
    try:
        try:
            if notes is not None and (encoding := declared_encoding(response.headers.get("Content-Type"))):
                body = in_utf8(body, encoding, notes.deviate)
            value = shape(_of_delete(body) if request.repeat is Repeat.DELETE else body)
        except Refusal:  # whatever stands elsewhere
            raise
        except DecodeError:
            if notes is None or (told := row_told_elsewhere(request, response)) is None:
                raise
            with suppress(DecodeError):  # the call is not one that returns a row
                value = shape(told[1])
                notes.deviate(told[0])
                return value
            raise
        else:
            if notes is not None and request.method in ("PATCH", "PUT") and is_of_another(request, value):
                notes.deviate("row.other")
            return value
    except NotJson as error:
        failure: APIError = _not_json(request, response, error.message)
    except Refusal as refusal:
        if notes is not None:
            notes.deviate("refusal.in_success")
        failure = _refused(request, response, refusal)
    except DecodeError as error:
        error.method, error.path = request.method, request.bare_path
        error.request_id = request_id_of(response.headers)
        error.__context__ = None  # the exceptions of the readers hold the row as it came
        raise
    finally:
        NOTES.reset(token)
    raise failure  # outside the handlers: the reader's own signals hold the body


def _of_delete(body: bytes) -> bytes:
    """Return nothing: the body that answers a DELETE says nothing (A4), if it is no refusal and no HTML page."""
    try:
        raise_refusal(json_of(body))
    except NotJson:
        if _PAGE.match(body):
            raise
    return b""


_PAGE = re.compile(rb"\s*<(!doctype html|html)\b", re.IGNORECASE)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds that `Retry-After` asks for, as a number or as a date (A12); `None` if it cannot be read.

    A date counts from the answer's own `Date`, because the clocks of server and client may differ. Without that
    header it counts from `now`.
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
    """Return the server's id of the request; `None` if there is none (A13)."""
    return redact(headers.get("x-request-id") or headers.get("cf-ray") or "") or None


def http_date(value: str) -> datetime | None:
    """Return an HTTP date as an aware datetime; `None` if it cannot be read."""
    match = _IMF_FIXDATE.fullmatch(value)
    try:
        if match:  # the form that all servers send; `parsedate_to_datetime` takes ten times as long
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
    422: UnprocessableEntityError,
    429: RateLimitError,
}

_ADVICE: dict[int, str] = {
    400: "The request was refused and nothing was done: check the fields and that all ids are of this workspace.",
    401: "The API key was refused: check that it is complete, of this workspace and not revoked "
    "(Workspace Settings → Integrations → API Keys).",
    403: "This key may not do that.",
    409: "The request contradicts the present state of the resource.",
    422: "The request was refused and nothing was done: a field's value is not one the server accepts.",
    429: "Too many requests: lower max_concurrency or set rate_limit.",
}


def _refused(request: Request, response: Response, refusal: Refusal) -> APIStatusError:
    """Return the error that a body means; of a write whose body contradicts itself, one that nobody repeats."""
    is_open = refusal.contradicts and request.repeat is not Repeat.READ
    status = 400 if is_open else meaning_of(refusal.json)
    answer = attrs.evolve(response, status=status or 400)
    error = _status_error(request, answer, told=response.status, is_open=is_open)
    error.outcome_unknown = is_open
    error.in_success = True
    return error


def _status_error(
    request: Request, response: Response, *, told: int | None = None, is_open: bool = False
) -> APIStatusError:
    status, headers = response.status, response.headers
    text = redact(response.body[: 4 * BODY_KEPT].decode("utf-8", "replace"))
    kind = ServerError if status >= 500 else _CLASSES.get(status, APIStatusError)
    wait = retry_after(headers)
    json = _json_or_none(text)
    said = f"HTTP {status}." if told is None else f"HTTP {told}, but the body says that the server refused."
    advice = "It also shows what a success does." if is_open else _advice(request, response)
    parts = (said, advice, _asked(wait), _server_message(headers, text, json))
    return kind(
        " ".join(filter(None, parts)),
        status=status,
        method=request.method,
        path=request.bare_path,
        body=text[:BODY_KEPT],
        json=json,
        headers=CIMultiDict((name, redact(value)) for name, value in headers.items()),
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


def _json_or_none(text: str) -> Any:
    try:
        return loads(text.encode())
    except ValueError:
        return None


def _server_message(headers: Mapping[str, str], text: str, json: Any) -> str:
    """Return the server's words on one line (A5)."""
    said = words_of(json) if isinstance(json, dict) else []
    if said:
        text = ": ".join(filter(None, said))
    elif "html" in headers.get("Content-Type", ""):
        return "The answer is an HTML page, not JSON: is base_url the host of the API?"
    return f"The server says: {shorten(text.strip(), 200)!r}" if text.strip() else ""


def _not_json(request: Request, response: Response, problem: str) -> DecodeError:
    kind = response.headers.get("Content-Type", "an unnamed type")
    hint = " Is base_url the host of the API?" if "html" in kind else ""
    return DecodeError(
        f"HTTP {response.status}, but the body ({len(response.body)} bytes of {kind}) is {problem}.{hint}",
        snippet=shorten(response.body[:400].decode("utf-8", "replace")),
        method=request.method,
        path=request.bare_path,
        request_id=request_id_of(response.headers),
    )
