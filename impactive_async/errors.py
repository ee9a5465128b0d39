"""Everything this package raises, apart from `ValueError` for arguments that can never be right.

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
    │   │   ├── RateLimitError          429
    │   │   └── ServerError             5xx
    │   └── DecodeError             an answer arrived, and it is not what the contract says
    ├── FeedGapError                rows are out of the API's reach; `.gap` says between which moments
    ├── HubError                    the engine of a hub could not be reached, or refused; calling again is safe
    ├── FencedError                 another worker has taken over; nothing was committed
    ├── CursorError                 a stored cursor is damaged or belongs to something else
    ├── JournalError                a bulk journal is in use, damaged or belongs to something else
    └── BulkError                   a bulk call did not do all it was asked to; `.report` says what became of it

All of them can be pickled; none shows the API key or a whole response body in `str()` or `repr()`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from impactive_async.bulk.report import CreateReport, EnrollReport
    from impactive_async.models.gap import Gap

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "BulkError",
    "ConfigurationError",
    "ConflictError",
    "CursorError",
    "DecodeError",
    "FeedGapError",
    "FencedError",
    "HubError",
    "ImpactiveError",
    "JournalError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "ServerError",
]


# Also percent-encoded or escaped, as in a URL or a JSON text. No boundary ends it: of two keys in a row the second
# is as secret as the first.
_UNDERSCORE = r"(?:%5f|\\+u005f)"
_KEYLIKE = re.compile(rf"icrm(?:_|{_UNDERSCORE})(?:\w|{_UNDERSCORE})+", re.ASCII | re.IGNORECASE)


def redact(text: str) -> str:
    """Blot out whatever looks like an API key: a server may echo it."""
    return _KEYLIKE.sub("icrm_…", text)


class ImpactiveError(Exception):
    """The root: `except ImpactiveError` catches whatever this package raises on its own account."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions pickle as cls(*args), which keyword-only arguments break.
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(cls: type[ImpactiveError], args: tuple[Any, ...], state: dict[str, Any]) -> ImpactiveError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def _quote(request_id: str | None) -> str:
    return f" [request {request_id}]" if request_id else ""


class ConfigurationError(ImpactiveError):
    """The client was set up or used wrongly: key, base URL, closed client, foreign event loop.

    Nothing was sent.
    """


class APIError(ImpactiveError):
    """A request went wrong.

    Attributes:
        method: The HTTP method.
        request_path: The request's path, without host and query.
        attempts: How many times the request was sent, or tried to be.
        outcome_unknown: True if the server may have carried the write out although the call failed. Look before
            you repeat it: the API has no idempotency keys. Always False for reads.
    """

    def __init__(
        self,
        message: str,
        *,
        method: str = "",
        request_path: str = "",
        attempts: int = 1,
        outcome_unknown: bool = False,
    ) -> None:
        self.message = redact(message)
        super().__init__(self.message)
        self.method = method
        self.request_path = request_path
        self.attempts = attempts
        self.outcome_unknown = outcome_unknown

    def __str__(self) -> str:
        return "".join((self._where(), self.message, self._tries(), self._warning()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def settle(self, *, attempts: int, outcome_unknown: bool) -> Self:
        """Record how many attempts were made and whether any of them may have acted."""
        self.attempts = attempts
        self.outcome_unknown = outcome_unknown
        return self

    def _where(self) -> str:
        return f"{self.method} {self.request_path}: " if self.method else ""

    def _tries(self) -> str:
        return f" (after {self.attempts} attempts)" if self.attempts > 1 else ""

    def _warning(self) -> str:
        if not self.outcome_unknown:
            return ""
        return " The server may or may not have carried this write out: look before you repeat it."


class APIConnectionError(APIError):
    """No usable answer arrived: DNS, connect, TLS, a dropped connection, a body cut short.

    Attributes:
        request_sent: False if the request certainly did not leave this machine.
    """

    def __init__(
        self,
        message: str,
        *,
        request_sent: bool = True,
        method: str = "",
        request_path: str = "",
        attempts: int = 1,
        outcome_unknown: bool = False,
    ) -> None:
        super().__init__(
            message,
            method=method,
            request_path=request_path,
            attempts=attempts,
            outcome_unknown=outcome_unknown,
        )
        self.request_sent = request_sent


class APITimeoutError(APIConnectionError):
    """No usable answer arrived within `timeout` seconds (waiting for a permit to send does not count)."""


class APIStatusError(APIError):
    """The server answered with something other than success.

    Attributes:
        status: The HTTP status.
        path: The request's path, without host and query.
        body: The answer's text, cut to a bound, with anything that looks like an API key blotted out.
        headers: The answer's headers, likewise.
        request_id: The server's `x-request-id` or `cf-ray`, if it sent one (A13): quote it to support.
        retry_after: Seconds the server asked us to wait, if it did.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        method: str = "",
        path: str = "",
        body: str = "",
        headers: Mapping[str, str] | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        attempts: int = 1,
        outcome_unknown: bool = False,
    ) -> None:
        super().__init__(
            message, method=method, request_path=path, attempts=attempts, outcome_unknown=outcome_unknown
        )
        self.status = status
        self.path = path
        self.body = body
        self.headers = dict(headers or {})
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        return super().__str__() + _quote(self.request_id)


class BadRequestError(APIStatusError):
    """400: an invalid body, a missing required field, or an id of another workspace."""


class AuthenticationError(APIStatusError):
    """401: the key is missing, mistyped or revoked."""


class PermissionDeniedError(APIStatusError):
    """403: the key is known, but may not do this."""


class NotFoundError(APIStatusError):
    """404: no such id in this workspace."""


class ConflictError(APIStatusError):
    """409: the request contradicts the resource's present state."""


class RateLimitError(APIStatusError):
    """429: too many requests. The server refused before acting, so the call may be repeated."""


class ServerError(APIStatusError):
    """5xx: the server, or a proxy before it, failed. It may have acted: see `outcome_unknown`."""


class DecodeError(APIError):
    """The answer is not what the contract says.

    Attributes:
        path: Where in the document, as in `$[3].updatedAt`; also part of the message.
        snippet: The offending value, shortened.
        request_id: As of an `APIStatusError`; `None` also of a row that a feed reads later.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str = "$",
        snippet: str = "",
        method: str = "",
        request_path: str = "",
        request_id: str | None = None,
        attempts: int = 1,
        outcome_unknown: bool = False,
    ) -> None:
        super().__init__(
            message,
            method=method,
            request_path=request_path,
            attempts=attempts,
            outcome_unknown=outcome_unknown,
        )
        self.path = path
        self.snippet = redact(snippet)
        self.request_id = request_id

    def __str__(self) -> str:
        return super().__str__() + _quote(self.request_id)


class FeedGapError(ImpactiveError):
    """Rows between two moments are out of the API's reach.

    The feed is not broken: iterating it again goes on behind the gap, which stays on record in its cursor.

    Attributes:
        gap: The feed, the kind of gap, and the moments between which rows may be missing.
    """

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap)
        self.gap = gap

    def __str__(self) -> str:
        after = self.gap.after.isoformat() if self.gap.after else "the beginning"
        before = self.gap.before.isoformat() if self.gap.before else "now"
        return (
            f"feed {self.gap.feed!r} has a gap of kind {self.gap.kind!r}: rows after {after} and up to {before} "
            "may be missing, because more of them changed between two polls than the API lists. Poll more often "
            "(interval=), compare with a full export, or pass on_gap='continue' to carry on without an exception."
        )


class HubError(ImpactiveError):
    """The engine of a hub could not be reached, or refused.

    Every method of a hub may be called again after it; a commit that did get through is recognised.
    """


class FencedError(ImpactiveError):
    """Another worker has taken this feed over since it was claimed. Nothing was committed."""


class CursorError(ImpactiveError):
    """A stored cursor is damaged, of a newer version, or belongs to another feed. It was left as it is."""


class JournalError(ImpactiveError):
    """A bulk journal is in use by another process, damaged, or belongs to another input or workspace.

    Nothing was sent on its account, and the file was left as it is.
    """


class BulkError(ImpactiveError):
    """A bulk call did not do all it was asked to: some rows failed, or it had to stop before the end of its input.

    In the latter case what stopped it is the `__cause__`.

    Attributes:
        report: What was done, what was not, and what nobody knows.
    """

    def __init__(self, message: str, *, report: CreateReport | EnrollReport) -> None:
        super().__init__(message)
        self.report = report
