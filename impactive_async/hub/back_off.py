"""What a failed poll means for its feed: when it is tried again, or that this would change nothing. Pure."""

from __future__ import annotations

from typing import Final

from impactive_async.errors import (
    APIError,
    APIStatusError,
    BadRequestError,
    CursorError,
    DecodeError,
    NotFoundError,
)
from impactive_async.feeds.rhythm import is_transient
from impactive_async.hub.feeds import UnknownFeedError, is_of_sequence

FIRST: Final = 2.0
"""Seconds after the first failure; they double from failure to failure."""
LONGEST: Final = 3600.0
_GONE: Final = "not found: "


def back_off(failures: int, longest: float) -> float:
    """Seconds to wait after a failure with so many before it; at most `longest`, and never more than an hour."""
    return min(FIRST * 2.0 ** min(failures, 16), max(longest, FIRST), LONGEST)


def pause_after(error: Exception, failures: int, longest: float) -> float:
    """The same, and never below what the server asked for with `Retry-After`."""
    asked = error.retry_after if isinstance(error, APIStatusError) else None
    return max(back_off(failures, longest), asked or 0.0)


def is_final(error: Exception, feed: str) -> bool:
    """Whether a feed is dead: what is wrong lies in it, and stays until somebody changes something.

    A 404 of a sequence means that it was deleted; where it is listed all the same, its feeds are revived. A 404 of
    a list that every workspace has means a proxy that has lost its way, and a 403 may be a firewall's: these are
    tried again, seldom.
    """
    if isinstance(error, NotFoundError):
        return is_of_sequence(feed)
    return isinstance(error, BadRequestError | CursorError | UnknownFeedError)


def reason_for(error: Exception) -> str:
    """The error as `status` shows it."""
    text = str(error)
    if isinstance(error, NotFoundError):
        return f"{_GONE}{text}"
    return text if isinstance(error, APIStatusError | CursorError) else f"{type(error).__name__}: {text}"


def is_gone(reason: str) -> bool:
    """Whether a feed died as its sequence was not found, which its being listed refutes."""
    return reason.startswith(_GONE)


def is_hopeless_at_first(error: Exception) -> bool:
    """Whether a worker's first request says that it was set up wrongly: its key, or a URL that is not the API."""
    return isinstance(error, APIError) and (isinstance(error, DecodeError) or not is_transient(error))
