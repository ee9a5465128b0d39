"""What a failed poll means for its feed: when it is tried again, or that it is dead. Pure."""

from __future__ import annotations

from typing import Final

from impactive_async._http.foreign import is_challenge, is_foreign
from impactive_async._http.retry import may_pass
from impactive_async.errors import (
    APIError,
    APIStatusError,
    BadRequestError,
    CursorError,
    DecodeError,
    NotFoundError,
)
from impactive_async.hub.contract.waiting import back_off
from impactive_async.hub.worker.feeds import UnknownFeedError, is_of_sequence

_GONE: Final = "not found: "


def pause_after(error: Exception, failures: int, longest: float) -> float:
    """Return the seconds to wait: those of `back_off`, or those of `Retry-After` if they are more."""
    asked = error.retry_after if isinstance(error, APIStatusError) else None
    return max(back_off(failures, longest), asked or 0.0)


def is_final(error: Exception, feed: str) -> bool:
    """Return whether a feed is dead: the error lies in the feed, and stays until somebody changes something.

    A 404 of a sequence means that it was deleted; if it is listed later, its feeds are revived. A 404 of a list
    that every workspace has comes from a misconfigured proxy, and a 403 may come from a firewall: such a feed is
    tried again, less and less often. So is one whose answer is not the API's own.
    """
    if isinstance(error, APIError) and is_foreign(error):
        return False
    if isinstance(error, NotFoundError):
        return is_of_sequence(feed)
    return isinstance(error, BadRequestError | CursorError | UnknownFeedError)


def reason_for(error: Exception) -> str:
    """Return the error as `status` shows it."""
    text = str(error)
    if isinstance(error, NotFoundError):
        return f"{_GONE}{text}"
    return text if isinstance(error, APIStatusError | CursorError) else f"{type(error).__name__}: {text}"


def is_gone(reason: str) -> bool:
    """Return whether a feed died because its sequence was not found. If the sequence is listed, that was wrong."""
    return reason.startswith(_GONE)


def is_fatal_at_start(error: Exception) -> bool:
    """Return whether the error of a worker's first requests shows a wrong key, or a URL that is not the API's."""
    if not isinstance(error, APIError) or is_challenge(error):
        return False
    return isinstance(error, DecodeError) or not may_pass(error)
