"""Events as signed HTTP requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Self

import aiohttp

from impactive_async._version import __version__
from impactive_async.forward.senders.attempt import Attempt, decipher, failed
from impactive_async.forward.settings.addresses import NotPublicError, public_socket
from impactive_async.hub import CONTENT_TYPE, HubEvent
from impactive_async.webhooks import WebhookSecret, sign, webhook_id

_READ: Final = 65_536
"""Bytes of an answer that are read, so that its connection can be used again. A longer one costs it."""


class HttpSender:
    """Posts each event, signed by the Standard Webhooks specification. Only the status of an answer counts.

    Args:
        url: Where to.
        secrets: Each gives a signature.
        headers: Further headers.
        timeout: Seconds for a whole attempt.
        concurrency: How many connections there are at the most.
        public_only: Whether private, loopback and other special addresses are refused.
        wall_clock: Seconds since 1970.
    """

    def __init__(
        self,
        url: str,
        secrets: tuple[WebhookSecret, ...],
        *,
        headers: Mapping[str, str],
        timeout: float,
        concurrency: int,
        public_only: bool,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = url
        self._secrets = secrets
        self._headers = {**headers, "content-type": CONTENT_TYPE, "user-agent": f"impactive-async/{__version__}"}
        self._timeout = timeout
        self._concurrency = concurrency
        self._public_only = public_only
        self._wall_clock = wall_clock
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=self._concurrency, socket_factory=public_socket if self._public_only else None
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def send(self, event: HubEvent) -> Attempt:
        """See `Sender.send`."""
        try:
            body = event.to_json().encode()
            signed = sign(body, webhook_id(event.id), self._secrets, now=self._wall_clock())
            return await self._post(body, self._headers | signed)
        except Exception as error:  # whatever it is, other destinations must not end for it
            return failed(_why(error, self._timeout))

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> Attempt:
        async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
            now = datetime.fromtimestamp(self._wall_clock(), UTC)
            outcome = decipher(answer.status, answer.headers.get("retry-after"), now)
            await _finish(answer)
            return outcome


async def _finish(answer: aiohttp.ClientResponse) -> None:
    """Read the rest of a short answer; leave a long one, which ends its connection."""
    left = _READ
    try:
        while left > 0 and (chunk := await answer.content.read(left)):
            left -= len(chunk)
    except (aiohttp.ClientError, TimeoutError, OSError):
        left = 0
    if left <= 0:
        answer.close()


def _why(error: BaseException, timeout: float) -> str:
    """Say what is wrong in words of ours: those of the libraries may quote the URL."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, NotPublicError):
            return str(cause)
        if said := getattr(cause, "verify_message", None):
            return f"its certificate is not trusted: {said}"
    if isinstance(error, aiohttp.ClientSSLError):
        return "no TLS connection could be made"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its host's name could not be resolved"
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return f"no answer within {timeout:g} s"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection: {error.os_error.strerror or 'refused'}"
    if isinstance(error, aiohttp.ClientResponseError):
        return "the answer is no HTTP"
    if isinstance(error, aiohttp.ClientError | OSError):
        return f"the connection broke: {type(error).__name__}"
    return f"the event could not be sent: {type(error).__name__}"


def _causes(error: Any) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error.__cause__
