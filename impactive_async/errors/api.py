"""Errors of requests: no usable answer, a refusal, or an answer that cannot be read."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Self

from multidict import CIMultiDict

from impactive_async.errors.root import ImpactiveError, redact


class APIError(ImpactiveError):
    """A request went wrong.

    Attributes:
        method: The HTTP method.
        path: The request's path, without host and query.
        attempts: How many times the client tried to send the request.
        outcome_unknown: True if the server may have carried the write out although the call failed. Look whether
            it did before you repeat the call: the API has no idempotency keys. Always False for reads.
        request_id: The server's id of the request, if an answer arrived that had one.
        retry_after: Seconds that the server asked to wait, if it did.
    """

    request_id: str | None = None
    retry_after: float | None = None

    def __init__(
        self,
        message: str,
        *,
        method: str = "",
        path: str = "",
        attempts: int = 1,
        outcome_unknown: bool = False,
        request_path: str | None = None,
    ) -> None:
        self.message = redact(message)
        super().__init__(self.message)
        if request_path is not None:
            _warn_renamed("request_path=", "path=")
        self.method = method
        self.path = path if request_path is None else request_path
        self.attempts = attempts
        self.outcome_unknown = outcome_unknown

    def __setstate__(self, state: dict[str, Any] | None) -> None:
        super().__setstate__(_renamed(self, state) if state and "request_path" in state else state)

    @property
    def request_path(self) -> str:
        """The old name of `path`. It is deprecated since 0.2 and will be removed in 0.3."""
        _warn_renamed("request_path", "path")
        return self.path

    def __str__(self) -> str:
        return "".join((self._where(), self.message, self._tries(), self._warning()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def settle(self, *, attempts: int, outcome_unknown: bool) -> Self:
        """Record how many attempts were made, and whether one of them may have acted. Return the error."""
        self.attempts = attempts
        self.outcome_unknown = outcome_unknown
        return self

    def _where(self) -> str:
        return f"{self.method} {self.path}: " if self.method else ""

    def _tries(self) -> str:
        return f" (after {self.attempts} attempts)" if self.attempts > 1 else ""

    def _warning(self) -> str:
        if not self.outcome_unknown:
            return ""
        return " The server may or may not have carried this write out: look before you repeat it."


def _renamed(error: APIError, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of an error that version 0.1 pickled, under their present names."""
    kept = {name: value for name, value in state.items() if name != "request_path"}
    kept["path"] = state["request_path"]
    if isinstance(error, DecodeError):
        kept["json_path"] = state["path"]
    if isinstance(error, APIStatusError):
        kept |= {"json": None, "headers": CIMultiDict(state["headers"])}
    return kept


def _warn_renamed(old: str, new: str) -> None:
    message = f"`{old}` of an APIError is called `{new}`; the old name will be removed in 0.3"
    warnings.warn(message, DeprecationWarning, stacklevel=3)


class APIConnectionError(APIError):
    """No usable answer arrived: a failure of DNS, connect or TLS, a dropped connection, or a body cut short.

    Attributes:
        request_sent: Whether the request may have left this machine.
    """

    def __init__(
        self,
        message: str,
        *,
        request_sent: bool = True,
        method: str = "",
        path: str = "",
        attempts: int = 1,
        outcome_unknown: bool = False,
        request_path: str | None = None,
    ) -> None:
        super().__init__(
            message,
            method=method,
            path=path,
            attempts=attempts,
            outcome_unknown=outcome_unknown,
            request_path=request_path,
        )
        self.request_sent = request_sent


class APITimeoutError(APIConnectionError, TimeoutError):
    """No usable answer arrived within `timeout` seconds; time spent waiting for a permit to send does not count.

    It is a `TimeoutError`, too, so that code written for `asyncio.timeout` catches it.
    """


class APIStatusError(APIError):
    """The server answered with something other than success.

    Attributes:
        status: The HTTP status.
        json: The body as JSON values; `None` if it is no JSON or too long to be kept.
        code: The error's code in that JSON, if it has one under `code`, `errorCode`, `type` or `error.code`.
        body: The answer's text, cut to a bound, with everything masked that looks like an API key.
        headers: The answer's headers, likewise. Names are found in any case; `getall` gives repeated ones.
        request_id: The server's `x-request-id` or `cf-ray`, if it sent one (A13). Support may ask for it.
        retry_after: Seconds that the server asked to wait, if it did.
        in_success: Whether the answer had the status of a success, and its body says that the server refused.
            Then `status` is what the body means.
    """

    in_success: bool = False  # of the class, because errors that 0.1 pickled do not have it

    def __init__(
        self,
        message: str,
        *,
        status: int,
        method: str = "",
        path: str = "",
        body: str = "",
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        attempts: int = 1,
        outcome_unknown: bool = False,
    ) -> None:
        super().__init__(message, method=method, path=path, attempts=attempts, outcome_unknown=outcome_unknown)
        self.status = status
        self.json = json
        self.body = body
        self.headers = CIMultiDict(headers or {})
        self.request_id = request_id
        self.retry_after = retry_after

    @property
    def code(self) -> str | None:
        """The error's code, as the server spells it."""
        places = [self.json, self.json.get("error")] if isinstance(self.json, dict) else []
        named = [place.get(name) for place in places if isinstance(place, dict) for name in _CODES]
        return next(
            (str(code) for code in named if isinstance(code, str | int) and not isinstance(code, bool)), None
        )

    def __str__(self) -> str:
        return super().__str__() + _named(self.request_id)


_CODES = ("code", "errorCode", "type")


class BadRequestError(APIStatusError):
    """400: an invalid body, a missing required field, or an id of another workspace."""


class AuthenticationError(APIStatusError):
    """401: the key is missing, mistyped or revoked."""


class PermissionDeniedError(APIStatusError):
    """403: the server knows the key, and the key may not do this."""


class NotFoundError(APIStatusError):
    """404: no such id in this workspace."""


class ConflictError(APIStatusError):
    """409: the request contradicts the present state of the resource."""


class UnprocessableEntityError(APIStatusError):
    """422: the body is well-formed, and the server refuses what it says."""


class RateLimitError(APIStatusError):
    """429: too many requests. The server refused before acting, so the call may be repeated."""


class ServerError(APIStatusError):
    """5xx: the server, or a proxy before it, failed. It may have acted: see `outcome_unknown`."""


class DecodeError(APIError):
    """An answer, or a row of it, is not what the contract says.

    Attributes:
        json_path: Where in the document, as in `$[3].updatedAt`; also part of the message. Version 0.1 called it
            `path`, which is now the request's, as on every `APIError`.
        snippet: The offending value, shortened.
        request_id: As of an `APIStatusError`; also `None` if a feed reads the row later.
    """

    def __init__(
        self,
        message: str,
        *,
        json_path: str = "$",
        snippet: str = "",
        method: str = "",
        path: str = "",
        request_id: str | None = None,
        attempts: int = 1,
        outcome_unknown: bool = False,
        request_path: str | None = None,
    ) -> None:
        if path.startswith("$"):  # as in 0.1: the path of a request begins with a slash
            _warn_renamed("path=", "json_path=")
            json_path, path = path, ""
        super().__init__(
            message,
            method=method,
            path=path,
            attempts=attempts,
            outcome_unknown=outcome_unknown,
            request_path=request_path,
        )
        self.json_path = json_path
        self.snippet = redact(snippet)
        self.request_id = request_id

    def __str__(self) -> str:
        return super().__str__() + _named(self.request_id)

    def _warning(self) -> str:
        if not self.outcome_unknown:
            return ""
        return " The server reported success, so it may have carried this write out: look before you repeat it."


def _named(request_id: str | None) -> str:
    return f" [request {request_id}]" if request_id else ""
