"""`AsyncClient`: put together, exposed, closed.

A resource, with the rows and feeds behind it, is imported when it is first asked for: starting a program
costs little more than starting aiohttp (docs/performance).
"""

from __future__ import annotations

import copy
import os
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import attrs

from impactive_async._clock import Clock, SystemClock
from impactive_async._http import wire
from impactive_async._http.caller import Caller, check_max_retries, check_timeout
from impactive_async._http.limits import Limits
from impactive_async._http.retry import RetryPolicy
from impactive_async._http.settings import DEFAULT_BASE_URL, ApiKey, Credentials, check_base_url, check_headers
from impactive_async._http.transport import SessionOptions, Transport
from impactive_async.errors import ConfigurationError

if TYPE_CHECKING:
    from impactive_async.feeds.rules import Now
    from impactive_async.feeds.source import OnBadRow, OnGap
    from impactive_async.feeds.workspace import WorkspaceWatch
    from impactive_async.resources.bookings import Bookings
    from impactive_async.resources.contacts import Contacts
    from impactive_async.resources.sending_accounts import SendingAccounts
    from impactive_async.resources.sequences import Sequences
    from impactive_async.resources.workspace import Kind
    from impactive_async.resources.zapier import Zapier
    from impactive_async.stores import CursorStore


@attrs.frozen(kw_only=True)
class ClientStats:
    """What a client has done since it was made, and what it is doing now."""

    requests: int
    """Requests sent, or tried to be, repetitions included."""
    retries: int
    """Repetitions among them."""
    rate_limited: int
    """How often a 429 made the client wait."""
    failures: int
    """Calls that ended in an error."""
    in_flight: int
    """Requests under way now."""
    waiting: int
    """Calls waiting now for `max_concurrency`, `rate_limit` or the end of a 429's pause."""


class AsyncClient:
    """A client for one workspace, on one event loop.

    Makes no connection before the first call. Use it as an async context manager, or call `aclose`. Safe to share
    between the tasks of its loop.

    Args:
        api_key: `icrm_` and 32 hex characters; or a callable, sync or async, that returns the present key and is
            asked before every attempt. Default: the environment variable `IMPACTIVE_API_KEY`.
        base_url: The host that serves the workspace. Default: `IMPACTIVE_BASE_URL`, else the vendor's host.
        session: An aiohttp session to borrow: never closed by us, never given our headers. It keeps its own pool,
            cookies, proxy and trace settings; waiting for its pool counts against `timeout`.
        connector: An aiohttp connector (proxy, private CA, Unix socket) for the session we open; closed with it.
        timeout: Seconds for each attempt, from its turn to the last byte. Waiting for a turn does not count.
        max_retries: How often a call is sent again at the most, where that is safe at all.
        retry: How long to wait before it is.
        max_concurrency: How many requests may be under way at once.
        rate_limit: How many may start in a second; `None`: as many as `max_concurrency` lets through.
        headers: Sent with every request, beside our own.
        trace_configs: aiohttp's hooks, for the session we open.
        allow_insecure_http: Allow plain http to hosts other than this machine.
        clock: What pauses are measured with; tests inject one that does not wait.

    Raises:
        ConfigurationError: No key, an ill-formed one, a base URL that will not do, or arguments that contradict
            each other.
        ValueError: A number out of its range.
    """

    def __init__(
        self,
        api_key: ApiKey | None = None,
        *,
        base_url: str | None = None,
        session: aiohttp.ClientSession | None = None,
        connector: aiohttp.BaseConnector | None = None,
        timeout: float = 30.0,
        max_retries: int = 4,
        retry: RetryPolicy | None = None,
        max_concurrency: int = 16,
        rate_limit: float | None = None,
        headers: Mapping[str, str] | None = None,
        trace_configs: Sequence[aiohttp.TraceConfig] = (),
        allow_insecure_http: bool = False,
        clock: Clock | None = None,
    ) -> None:
        if session is not None and (connector is not None or trace_configs):
            raise ConfigurationError(
                "session= is borrowed as it is: give connector= and trace_configs= to that session instead."
            )
        credentials = Credentials(os.environ.get("IMPACTIVE_API_KEY") if api_key is None else api_key)
        self._base_url = check_base_url(
            (os.environ.get("IMPACTIVE_BASE_URL") or DEFAULT_BASE_URL) if base_url is None else base_url,
            allow_insecure_http=allow_insecure_http,
        )
        clock = clock or SystemClock()
        limits = Limits(
            max_concurrency=_check_concurrency(max_concurrency), rate_limit=_check_rate(rate_limit), clock=clock
        )
        options = SessionOptions(borrowed=session, connector=connector, trace_configs=trace_configs)
        transport = Transport(self._base_url, credentials, limits, options, check_headers(headers or {}))
        self._caller = Caller(
            transport=transport,
            limits=limits,
            clock=clock,
            policy=_check_retry(retry) or RetryPolicy(),
            timeout=check_timeout(timeout),
            max_retries=check_max_retries(max_retries),
        )

    @property
    def base_url(self) -> str:
        """Where the workspace is served, without a slash at the end."""
        return self._base_url

    @cached_property
    def bookings(self) -> Bookings:
        """Booked meetings."""
        from impactive_async.resources.bookings import Bookings

        return Bookings(self._caller)

    @cached_property
    def contacts(self) -> Contacts:
        """People."""
        from impactive_async.resources.contacts import Contacts

        return Contacts(self._caller)

    @cached_property
    def sending_accounts(self) -> SendingAccounts:
        """SMTP accounts that sequences can send from."""
        from impactive_async.resources.sending_accounts import SendingAccounts

        return SendingAccounts(self._caller)

    @cached_property
    def sequences(self) -> Sequences:
        """Email sequences: steps, enrollments, sends, replies."""
        from impactive_async.resources.sequences import Sequences

        return Sequences(self._caller)

    @cached_property
    def zapier(self) -> Zapier:
        """Companies, contacts, deals, invoices and projects as incremental lists."""
        from impactive_async.resources.zapier import Zapier

        return Zapier(self._caller)

    def __repr__(self) -> str:
        state = "closed" if self._caller.transport.closed else "open"
        return f"<AsyncClient {self._base_url} ({state})>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections, and the client with all its views for good. A borrowed session stays open.

        Raises:
            ConfigurationError: The client was used on another event loop, which alone can close it.
        """
        await self._caller.transport.aclose()

    def with_options(
        self,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        retry: RetryPolicy | None = None,
    ) -> AsyncClient:
        """Return a view of this client with other options, over the same pool, limits and counters.

        Closing either closes both.

        Raises:
            ValueError: A number out of its range.
        """
        view = copy.copy(self)
        for name in [name for name in vars(view) if isinstance(getattr(type(self), name, None), cached_property)]:
            del vars(view)[name]  # the resources made so far speak through our caller, not the view's
        view._caller = attrs.evolve(  # noqa: SLF001 - it is this very class
            self._caller,
            timeout=self._caller.timeout if timeout is None else check_timeout(timeout),
            max_retries=self._caller.max_retries if max_retries is None else check_max_retries(max_retries),
            policy=_check_retry(retry) or self._caller.policy,
        )
        return view

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        repeatable: bool = False,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> Any:
        """Make a request that this SDK has no method for, with its key, limits, retries and errors.

        Args:
            method: The HTTP method, in capitals.
            path: From the host on, percent-encoded: `"/api/agent/contacts"`.
            params: The query.
            json: The body.
            repeatable: Whether it may be sent again after an unclear failure, although it is not a GET.
            timeout: Seconds for each attempt; `None`: the client's.
            max_retries: How often it is sent again at the most; `None`: the client's.

        Returns:
            The answer's JSON; `None` if it is empty.

        Raises:
            ValueError: The method, the path or the query is not one, or the body is not JSON's own all through.
            APIError: The call failed.
        """
        request = wire.build_custom_request(method, path, params, json, repeatable=repeatable)
        return await self._caller.call(request, lambda data: data, timeout, max_retries)

    def watch(
        self,
        kinds: Collection[Kind] | None = None,
        *,
        since: datetime | str | Now | None = None,
        store: CursorStore | None = None,
        interval: float = 300.0,
        max_interval: float | None = None,
        overlap: float | None = None,
        on_gap: OnGap = "raise",
        on_bad_row: OnBadRow = "raise",
        concurrency: int = 8,
    ) -> WorkspaceWatch:
        """Follow the whole workspace as one stream of `Event`s.

        `async with crm.watch() as events: async for event in events: …`. New sequences are discovered as they
        appear, archived and deleted ones dropped. An event is handled when the next one is asked for. A list that
        the key may not read (403) is done without; a key that is refused (401) ends the stream.

        Args:
            kinds: Some of `enrollments`, `sends`, `replies`, `companies`, `contacts`, `deals`, `invoices`,
                `projects`, `bookings`; `None`: all.
            since: `None`: all the API still shows; `NOW`: only what comes after; or a moment. A cursor found
                in the store goes before it.
            store: Where to keep the cursors between runs, under the feeds' names: one store for each workspace.
            interval: Seconds between the polls of a list; a busy one is polled sooner.
            max_interval: Seconds after which even an idle list is polled; default: `interval`.
            overlap: Seconds by which a row may turn up late; default: each list's own.
            on_gap: What to do about rows out of the API's reach: raise `FeedGapError`, continue, or call this.
            on_bad_row: What to do about a row that cannot be read: raise `DecodeError`, or call this.
            concurrency: How many polls may be under way at once.

        Raises:
            ValueError: An unknown kind, a naive `since`, or a number out of its range.
        """
        from impactive_async.feeds.source import options
        from impactive_async.feeds.workspace import WorkspaceWatch
        from impactive_async.resources.workspace import catalogue

        chosen = options(
            since=since,
            store=store,
            key=None,
            interval=interval,
            max_interval=max_interval,
            on_gap=on_gap,
            on_bad_row=on_bad_row,
        )
        contents = catalogue(self._caller, kinds, overlap)
        return WorkspaceWatch(
            contents, chosen, clock=self._caller.clock, concurrency=_check_concurrency(concurrency)
        )

    def stats(self) -> ClientStats:
        """Return what the client has done so far and is doing now, all its views included."""
        caller = self._caller
        return ClientStats(
            in_flight=caller.limits.under_way,
            waiting=caller.limits.waiting,
            **attrs.asdict(caller.counters),
        )


def _check_concurrency(count: object) -> int:
    if not isinstance(count, int) or count < 1 or isinstance(count, bool):
        raise ValueError(f"max_concurrency is a whole number of at least 1, not {count!r}")
    return count


def _check_rate(rate: object) -> float | None:
    if rate is None:
        return None
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < float("inf"):
        raise ValueError(f"rate_limit is a positive number of requests a second, or None; not {rate!r}")
    return rate


def _check_retry(retry: object) -> RetryPolicy | None:
    if retry is not None and not isinstance(retry, RetryPolicy):
        raise ConfigurationError(f"retry is a RetryPolicy, not {retry!r}; how often is max_retries.")
    return retry
