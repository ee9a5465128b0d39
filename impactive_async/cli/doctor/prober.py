"""How requests are sent: one after the other, at a bounded rate, and never twice."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import attrs

from impactive_async.cli.doctor.exchange import Exchange

RATE: Final = 5.0
"""Requests a second at the most."""
LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an answer that are read."""


_OTHER_HOST: Final = (62, 64)
"""OpenSSL's codes of a name and of an address that a certificate is not for."""


async def pause(seconds: float) -> None:
    """Wait; tests put something in the place of this function that does not."""
    await asyncio.sleep(seconds)


@attrs.define
class Prober:
    """Sends requests to one workspace.

    Attributes:
        base_url: Where it is served.
        key: The API key.
        timeout: Seconds for each request.
        rate: Requests a second at the most.
        exchanges: All requests so far, with their answers.
    """

    base_url: str
    key: str = attrs.field(repr=False)
    timeout: float = 30.0
    rate: float = RATE
    exchanges: list[Exchange] = attrs.field(factory=list, repr=False)
    _next: float = 0.0

    async def ask(
        self,
        method: str,
        template: str,
        *ids: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Exchange:
        """Send a request and return what came of it; it is never repeated.

        Args:
            method: The verb.
            template: The path with `:id` for each of the ids.
            ids: What stands there.
            query: The parameters.
            body: Sent as JSON.
            headers: Further headers.
            key: A key to use instead of the workspace's; empty: none.
        """
        path = _path(template, ids)
        exchange = Exchange(method, template, path, query or {}, body)
        sent = {"Accept": "application/json", "User-Agent": "impactive-doctor", **(headers or {})}
        if key != "":
            sent["x-api-key"] = self.key if key is None else key
        await self._turn()
        done = await asyncio.to_thread(self._send, exchange, sent)
        self.exchanges.append(done)
        return done

    async def _turn(self) -> None:
        now = time.monotonic()
        if now < self._next:
            await pause(self._next - now)
        self._next = max(now, self._next) + 1 / self.rate

    def _send(self, exchange: Exchange, headers: dict[str, str]) -> Exchange:
        started = time.perf_counter()
        content = None if exchange.body is None else json.dumps(exchange.body).encode()
        if content is not None:
            headers = {**headers, "Content-Type": "application/json"}
        target = urlsplit(self.base_url).path.rstrip("/") + exchange.path
        if exchange.query:
            target += "?" + urlencode(exchange.query, quote_via=quote)
        try:
            # A kept connection may have been closed meanwhile, so that each request has one of its own.
            connection = _connect(self.base_url, self.timeout)
            try:
                connection.request(exchange.method, target, content, headers)
                answer = connection.getresponse()
                read = answer.read(LARGEST)
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            return attrs.evolve(exchange, trouble=trouble_of(error), at=time.time())
        return attrs.evolve(
            exchange,
            status=answer.status,
            headers={name.lower(): value for name, value in answer.getheaders()},
            content=read,
            seconds=time.perf_counter() - started,
            at=time.time(),
        )


def _path(template: str, ids: tuple[str, ...]) -> str:
    left = iter(ids)
    parts = (quote(next(left), safe="") if part.startswith(":") else part for part in template.split("/"))
    return "/".join(parts)


def _connect(base_url: str, timeout: float) -> http.client.HTTPConnection:
    where = urlsplit(base_url)
    if where.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(where.hostname or "", where.port, timeout=timeout, context=context)
    return http.client.HTTPConnection(where.hostname or "", where.port, timeout=timeout)


def trouble_of(error: BaseException) -> str:
    """Say in our words why no answer came, without the host."""
    if isinstance(error, socket.gaierror):
        return "the host name is not known (DNS)"
    if isinstance(error, ssl.SSLCertVerificationError):
        # OpenSSL's words for a certificate of another host name the host that was asked for.
        why = "it is for another host" if error.verify_code in _OTHER_HOST else error.verify_message
        return f"the certificate is not trusted ({why})".replace("'", "")
    if isinstance(error, ssl.SSLError):
        return "TLS could not be set up"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    return f"the connection failed ({type(error).__name__})"
