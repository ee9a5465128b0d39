"""aiohttp's errors in our own words: aiohttp may quote URLs with passwords, headers, and what came back."""

from __future__ import annotations

import re
import ssl
from typing import Final

import aiohttp

from impactive_async._http.session.resends import Disconnected
from impactive_async._http.wire import Request
from impactive_async.errors import APIConnectionError, APIError, APITimeoutError

_NEVER_LEFT: Final = (
    aiohttp.ClientConnectorError,  # DNS, connect, TLS, proxy
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.ClientHttpProxyError,  # the proxy refused to connect
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)

_WORDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (aiohttp.ConnectionTimeoutError, "DNS, connect or TLS took too long"),
    (aiohttp.ServerFingerprintMismatch, "the server's certificate does not have the expected fingerprint"),
    (aiohttp.ServerDisconnectedError, "the server closed the connection"),
    (aiohttp.ContentTypeError, "the answer's Content-Type is not one"),
    (aiohttp.ClientPayloadError, "the body ended early"),
    (aiohttp.ClientResponseError, "the answer is not HTTP"),
    (aiohttp.InvalidURL, "the address is not one"),
    (aiohttp.NonHttpUrlClientError, "the address is not one of HTTP"),
)
"""The first class that fits says what the error is."""

_CODING: Final = re.compile(r"decode content-encoding: ([\w-]+)")  # the only thing in which aiohttp names it


def translate(request: Request, exc: Exception, timeout: float, *, closed: bool = False) -> APIError:
    """Return our error for one of aiohttp's or the system's.

    Args:
        request: What was sent, or was to be.
        exc: What went wrong.
        timeout: The attempt's time-out in seconds.
        closed: Whether the client was closed meanwhile.
    """
    late = isinstance(exc, TimeoutError)
    sent = not isinstance(exc, _NEVER_LEFT)
    error = (APITimeoutError if late else APIConnectionError)(
        _explain(exc, sent=sent, timeout=timeout, closed=closed),
        method=request.method,
        path=request.bare_path,
        request_sent=sent,
    )
    error.__cause__ = _cause(exc)
    return error


def _cause(exc: Exception) -> Exception | None:
    """Return the system's error. aiohttp's hold what was sent, what came back, and the proxy with its password."""
    if isinstance(exc, aiohttp.ClientConnectorCertificateError):
        return exc.certificate_error
    if isinstance(exc, aiohttp.ServerFingerprintMismatch):
        return ssl.CertificateError("the server's certificate does not have the expected fingerprint")
    if isinstance(exc, aiohttp.ClientConnectorError):
        return exc.os_error
    return None if isinstance(exc, aiohttp.ClientError) else exc


def _describe(exc: BaseException) -> str:
    if isinstance(exc, Disconnected) and exc.__cause__ is not None:
        return _describe(exc.__cause__)
    if isinstance(exc, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {exc.status}" + (", it wants a login" if exc.status == 407 else "")
    if isinstance(exc, aiohttp.ClientConnectorCertificateError):
        return f"{exc.host}:{exc.port}, {exc.certificate_error}"
    if isinstance(exc, aiohttp.ClientConnectorError):
        return f"{exc.host}:{exc.port}, {exc.os_error.strerror or exc.os_error}"
    for kind, words in _WORDS:
        if isinstance(exc, kind):
            return words
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    return type(exc).__name__ if isinstance(exc, aiohttp.ClientError) else str(exc) or type(exc).__name__


def _coding(exc: Exception) -> str | None:
    """Return the Content-Encoding that could not be decoded; `None` if something else went wrong."""
    told = _CODING.search(f"{exc.__cause__ or ''}") if isinstance(exc, aiohttp.ClientError) else None
    return told[1] if told else None


def _explain(exc: Exception, *, sent: bool, timeout: float, closed: bool) -> str:
    coding = _coding(exc)
    if coding is not None:
        return f"The answer cannot be read: its Content-Encoding ({coding}) cannot be decoded here."
    what = _describe(exc)
    if isinstance(exc, TimeoutError):
        return f"No whole answer within {timeout:g} s." if sent else f"No connection in time: {what}."
    if closed and sent:
        return "The client was closed before a whole answer arrived."
    if isinstance(exc, aiohttp.ClientHttpProxyError):
        return f"Could not connect: {what}. Check the proxy's address and login."
    if sent:
        return f"The connection broke before a whole answer arrived: {what}."
    return f"Could not connect: {what}. Check the network, and base_url if this host is not meant."
