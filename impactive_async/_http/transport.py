"""Sends requests over aiohttp: one session on one event loop, within the limits of the client."""

from __future__ import annotations

import asyncio
import functools
import io
import logging
import math
from collections.abc import Awaitable, Mapping

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from impactive_async._http.limits import AT_ONCE, Limits
from impactive_async._http.observers import Observation, Observers, RequestEvent
from impactive_async._http.session.bound import Bounds
from impactive_async._http.session.connections import FreshConnector, drop_stale
from impactive_async._http.session.failures import translate
from impactive_async._http.session.headers import RequestHeaders
from impactive_async._http.session.options import SessionOptions
from impactive_async._http.session.reading import MAX_RESPONSE_BYTES, body_of
from impactive_async._http.session.resends import no_silent_resend
from impactive_async._http.settings import Credentials, Home
from impactive_async._http.wire import Repeat, Request, Response
from impactive_async.errors import ConfigurationError

_log = logging.getLogger("impactive_async.http")

_WHOLE = 2**20
"""Bytes that aiohttp takes in one piece without a warning."""


class DeadlineError(Exception):
    """A call's deadline has passed before its request had its turn."""


class Transport:
    """Sends requests to one host with one key. The first request opens the session, on its event loop."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        limits: Limits,
        options: SessionOptions,
        headers: Mapping[str, str],
        observers: Observers | None = None,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
    ) -> None:
        self._base_url = base_url
        self._credentials = credentials
        self.home = Home.of(base_url, credentials)
        """Where the cursors of this client's feeds belong."""
        self._limits = limits
        self._bounds = Bounds()
        self._options = options
        self._headers = RequestHeaders(headers, borrowed=options.borrowed is not None)
        self._max_response_bytes = max_response_bytes
        self.observers = observers or Observers()
        self._session = options.borrowed
        self._foreign = options.borrowed is not None or options.connector is not None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self.cancelled_writes = 0
        """Writes that were cancelled, or cut off by `aclose`, under way: the server may have carried them out."""

    @property
    def base_url(self) -> str:
        """Where requests go, without a trailing slash."""
        return self._base_url

    @property
    def closed(self) -> bool:
        """Whether `aclose` was called."""
        return self._closed

    async def aclose(self, drain: float = 0.0) -> None:
        """Send nothing more, end all waiting, and close our session; a borrowed one is left alone.

        Closing twice is fine: the second call does not wait for the first one's requests.

        Args:
            drain: Seconds that requests under way have to finish before the session is closed.

        Raises:
            ConfigurationError: The client was used on another loop.
        """
        self._check_loop()
        self._closed = True
        self._limits.close()
        try:
            if drain > 0:
                await self._limits.drain(drain)
        finally:
            await self._close_session()

    async def _close_session(self) -> None:
        session, self._session = self._session, None
        if session is self._options.borrowed is not None:
            return
        if session is not None:
            await session.close()
        elif self._options.connector is not None:
            await self._options.connector.close()

    async def send(
        self,
        request: Request,
        timeout: float,
        patience: float = math.inf,
        *,
        remaining: float | None = None,
        attempt: int = 1,
    ) -> Response:
        """Send a request once and read the answer whole.

        Args:
            request: What to send.
            timeout: Seconds from this request's turn to the last byte.
            patience: Seconds for which it waits for a pause of the whole client.
            remaining: Seconds that the call has left for all of this; `None`: it has no deadline.
            attempt: Which attempt of its call it is, for observers.

        Raises:
            PausedError: A pause lasts longer than that. Nothing was sent.
            DeadlineError: Its turn did not come in time. Nothing was sent.
            ConfigurationError: The client is closed or belongs to another loop; or its key is ill-formed.
            APIConnectionError: No whole answer arrived; `request_sent` says whether the server may have acted.
            DecodeError: The answer is larger than we are ready to read.
        """
        session, waits = self._session, True
        if session is None or self._closed or self._foreign or self._loop is not asyncio.get_running_loop():
            session = self._ready()
        if remaining is not None:
            timeout = min(timeout, await self._turn_within(remaining, patience))
        elif (turn := self._limits.turn(patience)) is AT_ONCE:
            waits = False
        else:
            await turn
        try:
            key = self._credentials.fixed
            if key is None:
                key, waits = await self._credentials.key(timeout), True
            version = self._credentials.version
            if waits:  # the client may have been closed meanwhile
                session = self._ready()
            if self._foreign:
                drop_stale(session.connector)
            headers = self._headers.of(request, key)
            observed = self._observe(request, headers, attempt) if self.observers.watch_requests else None
            try:
                # Our own timer: aiohttp's misses an answer that the server began before the request.
                with self._bounds.within(timeout):
                    answer = await self._start(session, request, headers, timeout)
                    body = await body_of(request, answer, self._max_response_bytes)
            except BaseException as exc:
                if observed is not None:
                    observed.failed(exc)
                if isinstance(exc, asyncio.CancelledError):
                    self._note_cut_off(request, exc, "cancelled while it was under way")
                if not isinstance(exc, aiohttp.ClientError | OSError):  # TimeoutError is an OSError
                    raise
                failure = translate(request, exc, timeout, closed=self._closed)
                if self._closed and getattr(failure, "request_sent", True):
                    self._note_cut_off(request, failure, "cut off by the closing of its client")
            else:
                if observed is not None:
                    observed.answered(answer.status, len(body))
                return Response(answer.status, answer.headers, body, version)
        finally:
            self._limits.done()
        raise failure  # outside the handler: aiohttp's error may hold the request's headers, and so the key

    async def _turn_within(self, remaining: float, patience: float) -> float:
        """Wait for a turn; return the seconds that are left after that."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + remaining
        scope = asyncio.timeout_at(ends)
        try:
            async with scope:
                await self._limits.turn(min(patience, remaining))
        except TimeoutError:
            if not scope.expired():
                raise
            raise DeadlineError from None
        return max(ends - loop.time(), 1e-6)

    def _observe(self, request: Request, headers: CIMultiDict[str], attempt: int) -> Observation:
        event = RequestEvent(
            method=request.method,
            route=request.template,
            path=request.bare_path,
            attempt=attempt,
            headers=headers,
        )
        return Observation(self.observers, event)

    async def has_another_key(self, used: int, timeout: float) -> bool:
        """Whether the key's source gives another key than the one that a request was sent with.

        Args:
            used: The answer's `key_version`.
            timeout: Seconds for the source.
        """
        if self._credentials.fixed:
            return False
        await self._credentials.key(timeout)
        return self._credentials.version != used

    def _note_cut_off(self, request: Request, error: BaseException, how: str) -> None:
        """Say that a write was cut off under way and may have acted: by a note, a log line and a count.

        Nobody may see the error itself: `asyncio.gather` drops those behind the first.
        """
        if request.repeat is Repeat.READ:
            return
        self.cancelled_writes += 1
        what = f"{request.method} {request.bare_path} was {how}"
        error.add_note(f"{what}: the server may have carried it out. Look before you repeat it.")
        _log.warning("%s: the server may have carried it out", what)

    def _start(
        self, session: aiohttp.ClientSession, request: Request, headers: CIMultiDict[str], timeout: float
    ) -> Awaitable[aiohttp.ClientResponse]:
        return session.request(
            request.method,
            URL(self._base_url + request.path, encoded=True),
            data=None if request.body is None else _payload(request.body),
            headers=headers,
            timeout=_client_timeout(timeout, self._options.connect_timeout),
            allow_redirects=False,  # aiohttp would carry our custom key header to another host
            raise_for_status=False,
            middlewares=None if request.repeat is Repeat.READ else no_silent_resend(session, request),
        )

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
            connector=self._options.connector or FreshConnector(limit=0, ssl=self._options.trust()),
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=self._options.proxy,
            trust_env=self._options.trust_env,
            headers=self._headers.of_session,
            trace_configs=list(self._options.trace_configs),
        )


@functools.lru_cache(maxsize=64)
def _client_timeout(total: float, connect: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=min(connect, total / 2))  # the total is our own


def _payload(body: bytes) -> bytes | io.BytesIO:
    """The body in a form that aiohttp sends piece by piece where it is large; whole, it would warn."""
    return body if len(body) <= _WHOLE else io.BytesIO(body)
