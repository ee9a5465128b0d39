"""Everything this package raises.

    ImpactiveError
    ├── ConfigurationError          the client was set up or used wrongly; nothing was sent
    ├── APIError                    a request went wrong; `.outcome_unknown` says whether it may have acted
    │   ├── APIConnectionError      no usable answer arrived
    │   │   └── APITimeoutError     … in time
    │   ├── APIStatusError          an answer arrived, and it is not a success
    │   │   ├── BadRequestError         400
    │   │   ├── AuthenticationError     401
    │   │   ├── PermissionDeniedError   403
    │   │   ├── NotFoundError           404
    │   │   ├── ConflictError           409
    │   │   ├── UnprocessableEntityError 422
    │   │   ├── RateLimitError          429
    │   │   └── ServerError             5xx
    │   └── DecodeError             an answer arrived, and it is not what the contract says
    ├── InvalidArgumentError        (also a ValueError) an argument that can never be right; nothing was sent
    ├── FeedGapError                the API no longer shows some rows; `.gap` says from which moments
    ├── HubError                    the engine of a hub could not be reached, or refused; calling again is safe
    ├── FencedError                 another worker has taken over; nothing was committed
    ├── CursorError                 a stored cursor is damaged or belongs to something else
    ├── JournalError                a bulk journal is in use, damaged or belongs to something else
    └── BulkError                   a bulk call did not do all it was asked to; `.report` says what became of it

All of them can be pickled. None shows the API key or a whole response body in `str()` or `repr()`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from impactive_async.errors.api import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    DecodeError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    UnprocessableEntityError,
)
from impactive_async.errors.others import (
    ConfigurationError,
    CursorError,
    FeedGapError,
    FencedError,
    HubError,
    InvalidArgumentError,
    JournalError,
)
from impactive_async.errors.root import ImpactiveError, _rebuild
from impactive_async.errors.root import redact as redact

if TYPE_CHECKING:
    from impactive_async.bulk.report import BulkError as BulkError

__all__ = [  # noqa: RUF022 - in the order of the drawing, as the documentation shows them
    "ImpactiveError",
    "ConfigurationError",
    "APIError",
    "APIConnectionError",
    "APITimeoutError",
    "APIStatusError",
    "BadRequestError",
    "AuthenticationError",
    "PermissionDeniedError",
    "NotFoundError",
    "ConflictError",
    "UnprocessableEntityError",
    "RateLimitError",
    "ServerError",
    "DecodeError",
    "InvalidArgumentError",
    "FeedGapError",
    "HubError",
    "FencedError",
    "CursorError",
    "JournalError",
    "BulkError",
]

# Tracebacks, pickles and the documentation name the classes by the module that users import them from.
_rebuild.__module__ = __name__
for _name in __all__:
    if _name != "BulkError":
        globals()[_name].__module__ = __name__


def __getattr__(name: str) -> Any:
    """Import `BulkError` when it is asked for: it is defined beside its report, which imports this package."""
    if name != "BulkError":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("impactive_async.bulk.report").BulkError
