"""Answers that are not the API's: of a proxy, a firewall, or a page of whatever serves the host. They pass.

So do refusals in a 200 that give no reason: `{"success": false, "error": "database is down"}`.
"""

from __future__ import annotations

from impactive_async._codec.tolerant.refusals import meaning_of
from impactive_async.errors import APIError, APIStatusError


def is_foreign(error: APIError) -> bool:
    """Whether an answer that says no is not the API's own word, or not one that it would stand by.

    The API answers in JSON (A5), and redirects nobody. A 401 always counts as the API's, because a key that is
    refused must be told at once.
    """
    if not isinstance(error, APIStatusError) or error.status == 401:
        return False
    if error.in_success:
        return isinstance(error.json, dict) and meaning_of(error.json) is None
    return is_challenge(error) or (300 <= error.status < 400 and "Location" in error.headers) or _is_page(error)


def is_challenge(error: APIError) -> bool:
    """Whether a firewall has answered: it lets the same request through in a while."""
    if not isinstance(error, APIStatusError):
        return False
    return "cf-mitigated" in error.headers or (error.status == 403 and "Retry-After" in error.headers)


def _is_page(error: APIStatusError) -> bool:
    """Whether the body is a page, or the words of a router that does not know the path."""
    body = error.body.lstrip()
    if "html" in error.headers.get("Content-Type", "") or body.startswith("<"):
        return True
    return error.status == 404 and body != "" and error.json is None
