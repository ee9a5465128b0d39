"""A refusal in a 200: `{"success": false, "error": …}`."""

from __future__ import annotations

from typing import Any, Final

from impactive_async.errors import DecodeError

_OK: Final = ("success", "ok")


class Refusal(DecodeError):  # noqa: N818 - `decipher` makes an error of it that names the request
    """The server says in the body of a success that it refused.

    Attributes:
        json: The body.
    """

    def __init__(self, json: dict[str, Any]) -> None:
        super().__init__("the server refused")
        self.json = json


def raise_refusal(data: Any, *, beside_rows: bool = False) -> None:
    """Raise if a body says that the server refused.

    Args:
        data: The body's plain value.
        beside_rows: Whether rows were found in it. An error beside rows is one, too: they may not be all.

    Raises:
        Refusal: It says so: `success` or `ok` is false, or there is an `error` and nothing else.
    """
    if not isinstance(data, dict):
        return
    failed = any(data.get(name) is False for name in _OK)
    told = bool(data.get("error") or data.get("errors"))
    if failed or (told and (beside_rows or set(data) <= _WORDS)):
        raise Refusal(data)


_WORDS: Final = frozenset(
    ("error", "errors", "message", "code", "errorCode", "statusCode", "status", "details", "success", "requestId")
)


def meaning_of(json: dict[str, Any]) -> int:
    """Return the HTTP status that a refusal means: by its code, else by its words, else 400."""
    for place in (place for place in (json, json.get("error")) if isinstance(place, dict)):
        for name in _CODES:
            code = place.get(name)
            status = int(code) if type(code) is int or (type(code) is str and code.isdecimal()) else 0
            if 400 <= status < 600:
                return status
    words = str(json).lower()
    return next((status for status, marks in _MEANINGS if any(mark in words for mark in marks)), 400)


_CODES: Final = ("statusCode", "status", "code", "errorCode")
_MEANINGS: Final = (
    (429, ("rate limit", "rate_limit", "too many requests")),
    (401, ("unauthorized", "unauthenticated", "invalid api key", "invalid_api_key", "api key is")),
    (405, ("method not allowed", "method_not_allowed")),
    (403, ("forbidden", "permission", "not allowed")),
    (404, ("not found", "not_found", "no such", "does not exist")),
    (409, ("conflict", "already exists")),
)
"""By the first that fits."""
