"""A refusal in a 200: `{"success": false, "error": …}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from impactive_async._codec.tolerant.names import IDS
from impactive_async._codec.tolerant.notes import current
from impactive_async.errors import DecodeError

_OK: Final = ("success", "ok")


class Refusal(DecodeError):  # noqa: N818 - `decipher` makes an error of it that names the request
    """The server says in the body of a success that it refused.

    Attributes:
        json: The body.
        contradicts: Whether the body contradicts itself: it also shows a row, an id, or a count of what was done.
    """

    def __init__(self, json: dict[str, Any], *, contradicts: bool = False) -> None:
        super().__init__("the server refused")
        self.json = json
        self.contradicts = contradicts


def raise_refusal(data: Any, *, shows: bool = False, beside_rows: bool = False) -> None:
    """Raise if a body says that the server refused.

    A status may be somebody else's: of a mail that was to be sent, of a webhook, of the row. So it is none of a
    write that shows what it made. An update shows a row whether it changed it or not.

    Args:
        data: The body's plain value.
        shows: Whether the body shows a row, an id, or a count of what was done.
        beside_rows: Whether it is a list's. An error beside rows is one, too: they may not be all.

    Raises:
        Refusal: It says so: `success` or `ok` is false; or there is an `error` and nothing else, or in the answer
            to an update, whatever row is beside it; or it is a problem as RFC 9457 has it; or has a status from
            400 on, or "fail" or "error".
    """
    if not isinstance(data, dict):
        return
    told = bool(data.get("error") or data.get("errors"))
    said_no = any(str(data.get(name)).lower() == "false" for name in _OK)
    if said_no or (told and (beside_rows or _says_no_more(data))):
        raise Refusal(data, contradicts=shows)
    if _has_failed(data) and (not shows or beside_rows or _updates()):
        raise Refusal(data, contradicts=shows)


def _says_no_more(data: Mapping[str, Any]) -> bool:
    """Whether a body with an error says nothing else. An update's may show the row as it was."""
    if _updates() and not any(name in data for name in ("id", *IDS)):
        return True
    return all(name in _WORDS or value in _NOTHING for name, value in data.items())


def _updates() -> bool:
    notes = current()
    return notes is not None and notes.method in ("PATCH", "PUT")


def _has_failed(data: Mapping[str, Any]) -> bool:
    if any(name in data for name in ("id", *IDS)) or (data.get("data") and data.get("status") not in _FAILED):
        return False
    if data.get("status") in _FAILED:
        return True
    if any(type(data.get(name)) is int and 400 <= data[name] < 600 for name in _STATUSES):
        return True
    is_named = "detail" in data or "instance" in data or ":" in str(data.get("type", ""))
    return isinstance(data.get("title"), str) and is_named and set(data) <= _PROBLEM


_FAILED: Final = ("fail", "failed", "error")
_STATUSES: Final = ("status", "statusCode", "status_code", "code")
_PROBLEM: Final = frozenset(("type", "title", "status", "detail", "instance", "traceId"))
_WORDS: Final = frozenset((
    "error", "errors", "message", "errorCode", "details", "success", "requestId", "timestamp", "path",
    *_STATUSES, *_PROBLEM,
))  # fmt: skip
_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})


def meaning_of(json: dict[str, Any]) -> int | None:
    """Return the HTTP status that a refusal means: by its code, else by its words; `None` if they say nothing."""
    errors = json.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    for place in (place for place in (json, json.get("error"), first) if isinstance(place, dict)):
        for name in _CODES:
            code = place.get(name)
            status = int(code) if type(code) is int or (type(code) is str and code.isdecimal()) else 0
            if 400 <= status < 600:
                return status
    words = str(json).lower()
    return next((status for status, marks in _MEANINGS if any(mark in words for mark in marks)), None)


_CODES: Final = (*_STATUSES, "errorCode")
_MEANINGS: Final = (
    (429, ("rate limit", "rate_limit", "too many requests")),
    (401, ("unauthorized", "unauthenticated", "invalid api key", "invalid_api_key", "api key is")),
    (405, ("method not allowed", "method_not_allowed")),
    (403, ("forbidden", "permission", "not allowed")),
    (404, ("not found", "not_found", "no such", "does not exist")),
    (409, ("conflict", "already exists")),
)
"""By the first that fits."""


def words_of(json: Any, depth: int = 4) -> list[str]:
    """Return what an error's body says for people, also within objects and the first of several errors (A5)."""
    if isinstance(json, str):
        return [json]
    if isinstance(json, list):
        return words_of(json[0], depth - 1) if json and depth else []
    if not isinstance(json, dict) or not depth:
        return []
    found = [word for name in _SAID for word in words_of(json.get(name), depth - 1)]
    by_field = json.get("errors")
    if isinstance(by_field, dict) and by_field:
        field, said = next(iter(by_field.items()))
        found += [f"{field}: {word}" for word in words_of(said, depth - 1)]
    return list(dict.fromkeys(found))


_SAID: Final = ("error", "errors", "issues", "title", "message", "msg", "detail", "error_description")
