"""The headers of requests, and those that belong to the session."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import aiohttp
from multidict import CIMultiDict

from impactive_async._http.wire import Request
from impactive_async._version import __version__

_PYTHON = f"Python/{sys.version_info.major}.{sys.version_info.minor}"
_USER_AGENT = f"impactive-async/{__version__} {_PYTHON} aiohttp/{aiohttp.__version__}"


class RequestHeaders:
    """The headers that a client sends.

    Headers of a session cost less than headers of each request. The key is never among the session's, and a
    borrowed session is given none of ours.

    Args:
        headers: The user's, beside our own or in their place.
        borrowed: Whether the session is borrowed.

    Attributes:
        of_session: The headers for a session that we open.
    """

    def __init__(self, headers: Mapping[str, str], *, borrowed: bool) -> None:
        self.of_session = CIMultiDict({"Accept": "application/json", "User-Agent": _USER_AGENT})
        self.of_session.update(headers)  # in whatever case their names are written
        self._each = CIMultiDict(self.of_session) if borrowed else CIMultiDict[str]()
        self._key: str | None = None
        self._read = self._write = self._each

    def of(self, request: Request, key: str) -> CIMultiDict[str]:
        """Return the headers of a request: a copy, because instrumentation adds its own to what it is given."""
        if key is not self._key:
            self._key = key
            self._read = self._each.copy()
            self._read["x-api-key"] = key
            self._write = self._read.copy()
            self._write["Content-Type"] = "application/json"
        headers = (self._read if request.body is None else self._write).copy()
        if request.headers:
            headers.update(request.headers)
        return headers
