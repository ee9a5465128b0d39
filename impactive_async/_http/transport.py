"""The only import of aiohttp's client: one session, one loop, one sending at a time through `Limits`."""

from __future__ import annotations

import asyncio
import functools
import ssl
import sys
from collections.abc import Awaitable, Mapping, Sequence

import aiohttp
import attrs
from aiohttp import hdrs
from multidict import CIMultiDict
from yarl import URL

from impactive_async._http.limits import Limits
from impactive_async._http.settings import Credentials
from impactive_async._http.wire import Repeat, Request, Response
from impactive_async._version import __version__
from impactive_async.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConfigurationError,
    DecodeError,
)

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
"""More than this of one answer is not read: 500 rows of the largest emails stay far below."""

LONGEST_CONNECT = 10.0
"""Seconds for DNS, connect and TLS (and for the turn in a borrowed session's pool), at most half of the time-out:
what fails there certainly was not sent."""

_PYTHON = f"Python/{sys.version_info.major}.{sys.version_info.minor}"
_USER_AGENT = f"impactive-async/{__version__} {_PYTHON} aiohttp/{aiohttp.__version__}"


@attrs.frozen(kw_only=True)
class SessionOptions:
    """What the session is made of: borrowed whole, or opened by us from parts."""

    borrowed: aiohttp.ClientSession | None = None
    connector: aiohttp.BaseConnector | None = None
    trace_configs: Sequence[aiohttp.TraceConfig] = ()


class Transport:
    """Sends requests to one host with one key. Opened by the first sending, on the loop that sends."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        limits: Limits,
        options: SessionOptions,
        headers: Mapping[str, str],
        max_response_bytes: int = MAX_RESPONSE_BYTES,
    ) -> None:
        self._base_url = base_url
        self._credentials = credentials
        self._limits = limits
        self._options = options
        self._headers = CIMultiDict({"Accept": "application/json", "User-Agent": _USER_AGENT})
        self._headers.update(headers)  # whatever case they are written in
        self._max_response_bytes = max_response_bytes
        # The session we open has our headers for its own, which costs less; the key goes with each request alone.
        self._each_headers = CIMultiDict(self._headers) if options.borrowed else CIMultiDict[str]()
        self._headers_key: str | None = None
        self._read_headers = self._write_headers = self._each_headers
        self._session = options.borrowed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def base_url(self) -> str:
        """Where requests go, without a trailing slash."""
        return self._base_url

    @property
    def closed(self) -> bool:
        """Whether `aclose` was called."""
        return self._closed

    async def aclose(self) -> None:
        """Close our session; a borrowed one is left alone. Closing twice is fine.

        Raises:
            ConfigurationError: The client was used on another loop.
        """
        self._check_loop()
        self._closed = True
        session, self._session = self._session, None
        if session is self._options.borrowed is not None:
            return
        if session is not None:
            await session.close()
        elif self._options.connector is not None:
            await self._options.connector.close()

    async def send(self, request: Request, timeout: float) -> Response:
        """Send a request once and read the answer whole. The time-out starts when it is this request's turn.

        Raises:
            ConfigurationError: The client is closed or belongs to another loop; or its key is ill-formed.
            APIConnectionError: No whole answer arrived; `request_sent` says whether the server may have acted.
            DecodeError: The answer is larger than we are ready to read.
        """
        self._ready()
        await self._limits.turn()
        try:
            key = self._credentials.fixed or await self._credentials.key(timeout)
            session = self._ready()  # the client may have been closed while this task waited
            try:
                answer = await self._start(session, request, key, timeout)
                return Response(answer.status, answer.headers, await self._body_of(request, answer))
            except (aiohttp.ClientError, OSError) as exc:  # TimeoutError is an OSError
                failure = _translate(request, exc, timeout)
        finally:
            self._limits.done()
        raise failure  # outside the handler: aiohttp's error may hold the request's headers, and so the key

    def _start(
        self, session: aiohttp.ClientSession, request: Request, key: str, timeout: float
    ) -> Awaitable[aiohttp.ClientResponse]:
        return session.request(
            request.method,
            URL(self._base_url + request.path, encoded=True),
            data=request.body,
            headers=self._headers_of(request, key),
            timeout=_client_timeout(timeout),
            allow_redirects=False,  # aiohttp would carry our custom key header to another host
            raise_for_status=False,
            middlewares=_no_silent_resend(session, request),
        )

    def _body_of(self, request: Request, answer: aiohttp.ClientResponse) -> Awaitable[bytes]:
        """Read the answer whole, which gives its connection back; whatever fails closes it."""
        length = answer.content_length
        if length is None or length > self._max_response_bytes or hdrs.CONTENT_ENCODING in answer.headers:
            return self._bounded_body_of(request, answer)
        return answer.read()

    async def _bounded_body_of(self, request: Request, answer: aiohttp.ClientResponse) -> bytes:
        async with answer:
            chunks, size = [], answer.content_length or 0
            if size <= self._max_response_bytes:
                size = 0
                async for chunk in answer.content.iter_any():
                    chunks.append(chunk)
                    size += len(chunk)
                    if size > self._max_response_bytes:
                        break
                else:
                    return b"".join(chunks)
            answer.close()
        raise DecodeError(
            f"The answer is larger than the {self._max_response_bytes} bytes this client reads.",
            method=request.method,
            request_path=request.bare_path,
        )

    def _headers_of(self, request: Request, key: str) -> CIMultiDict[str]:
        """What goes with each request; aiohttp copies it."""
        if key is not self._headers_key:
            self._headers_key = key
            self._read_headers = self._each_headers.copy()
            self._read_headers["x-api-key"] = key
            self._write_headers = self._read_headers.copy()
            self._write_headers["Content-Type"] = "application/json"
        return self._read_headers if request.body is None else self._write_headers

    def _ready(self) -> aiohttp.ClientSession:
        self._check_loop()
        if self._closed:
            raise ConfigurationError(
                "This client is closed. Make a new one, or keep it open: `async with AsyncClient() …`."
            )
        if self._session is None:
            self._session = self._open()
        elif self._session.closed:
            raise ConfigurationError(
                "The aiohttp session given as session= is closed. Keep it open while the client is used."
            )
        return self._session

    def _check_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = getattr(self._options.borrowed, "_loop", None) or loop  # no public name tells it
        if self._loop is not loop:
            raise ConfigurationError(
                "This client, or the session it borrows, is in use on another event loop. Make one AsyncClient "
                "per loop (per asyncio.run)."
            )

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            # No limit of its own: waiting for its pool would count against the time-out; `Limits` does not.
            connector=self._options.connector or aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers,
            trace_configs=list(self._options.trace_configs),
        )


@functools.lru_cache(maxsize=64)
def _client_timeout(total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total, connect=min(LONGEST_CONNECT, total / 2))


def _no_silent_resend(
    session: aiohttp.ClientSession, request: Request
) -> Sequence[aiohttp.ClientMiddlewareType] | None:
    # aiohttp re-sends idempotent methods once when the connection drops. A DELETE that was carried out would come
    # back as 404 without us knowing of the first sending. Given middlewares replace those of a borrowed session,
    # which has no public name for them; if they are not to be found, they are left as they are (`None`).
    if request.repeat is Repeat.READ or request.method in ("POST", "PATCH"):
        return None
    theirs = getattr(session, "_middlewares", None)
    return None if theirs is None else (*theirs, _surface_disconnects)


class _Disconnected(aiohttp.ClientError):
    """A dropped connection in a form that aiohttp does not act upon."""


async def _surface_disconnects(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as exc:
        raise _Disconnected(str(exc)) from exc


_NEVER_LEFT = (
    aiohttp.ClientConnectorError,  # DNS, connect, TLS, proxy
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.ClientHttpProxyError,  # the proxy refused to connect
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)


def _translate(request: Request, exc: Exception, timeout: float) -> APIError:
    late = isinstance(exc, TimeoutError)
    sent = not isinstance(exc, _NEVER_LEFT)
    error = (APITimeoutError if late else APIConnectionError)(
        _explain(exc, sent=sent, timeout=timeout),
        method=request.method,
        request_path=request.bare_path,
        request_sent=sent,
    )
    if isinstance(exc, OSError):  # aiohttp's others may hold what we sent or what came back, and so the key
        error.__cause__ = exc
    return error


def _describe(exc: Exception) -> str:
    if isinstance(exc, aiohttp.ClientConnectorError) and not isinstance(exc, ssl.CertificateError):
        return f"{exc.host}:{exc.port}, {exc.os_error.strerror or exc.os_error}"
    return str(exc) or type(exc).__name__


def _explain(exc: Exception, *, sent: bool, timeout: float) -> str:
    what = _describe(exc)
    if isinstance(exc, TimeoutError):
        return f"No whole answer within {timeout:g} s." if sent else f"No connection in time: {what}."
    if sent:
        return f"The connection broke before a whole answer arrived: {what}."
    return f"Could not connect: {what}. Check the network, and base_url if this host is not meant."
