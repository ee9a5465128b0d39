"""`AsyncClient`: it puts the parts together, exposes them and closes them.

It imports a resource when that is first asked for, so that a program starts quickly (docs/performance).
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import aiohttp

from impactive_async._checks import check_count, check_positive, check_seconds
from impactive_async._clock import Clock, SystemClock
from impactive_async._codec.bodies import json_of
from impactive_async._http import wire
from impactive_async._http.caller import Caller
from impactive_async._http.learnt.deviations import Deviations
from impactive_async._http.limits import Limits
from impactive_async._http.observers import Observers, OnRequest, OnResponse, OnRetry
from impactive_async._http.recording import RawResponse, raw_response_of
from impactive_async._http.retry import RetryPolicy, check_policy
from impactive_async._http.session.options import CONNECT_TIMEOUT, SessionOptions
from impactive_async._http.session.reading import MAX_RESPONSE_BYTES
from impactive_async._http.settings import ApiKey, base_url_or_default, check_headers, key_or_default, mask
from impactive_async._http.stats import ClientStats
from impactive_async._http.transport import Transport
from impactive_async.profile import Profile, profile_or_default
from impactive_async.resources.watching.workspace import WatchesWorkspace

if TYPE_CHECKING:
    from impactive_async import models
    from impactive_async.rehearsal import Rehearsal, SequenceDraft
    from impactive_async.resources.bookings import Bookings
    from impactive_async.resources.contacts import Contacts
    from impactive_async.resources.sending_accounts import SendingAccounts
    from impactive_async.resources.sequences import Sequences
    from impactive_async.resources.zapier import Zapier

T = TypeVar("T")


class AsyncClient(WatchesWorkspace):
    """A client for one workspace, on one event loop.

    It connects with the first call. Use it as an async context manager, or call `aclose`. The tasks of its loop
    may share it.

    Args:
        api_key: `icrm_` and 32 hex characters; or a callable, sync or async, that returns the key and is called
            before every attempt. Default: the environment variable `IMPACTIVE_API_KEY`.
        base_url: The host that serves the workspace. Default: `IMPACTIVE_BASE_URL`, else the vendor's host.
        session: An aiohttp session to borrow. The client neither closes it nor changes its headers. The session
            keeps its own pool, cookies, proxy and trace settings; waiting for its pool counts against `timeout`.
        connector: An aiohttp connector (proxy, private CA, Unix socket) for the client's own session, which closes
            it.
        timeout: Seconds for each attempt, from its turn to the last byte. Waiting for a turn does not count.
        max_retries: How often a request is sent again at the most. It is sent again only where that is safe.
        retry: How long to wait before a request is sent again.
        max_concurrency: How many requests may be under way at once.
        rate_limit: How many may start in a second; `None`: as many as `max_concurrency` lets through.
        headers: Sent with every request, beside the client's own.
        trace_configs: aiohttp's hooks, for the client's own session.
        allow_insecure_http: Allow plain http to hosts other than this machine.
        clock: Measures pauses and waits for them. Tests pass one that does not wait.
        strict: Refuse what is not as the contract has it, instead of reading it: for tests.
        profile: What is known of the service. Default: the file that `IMPACTIVE_PROFILE` names, if it names one.
        deadline: Seconds for a whole call, attempts and waits included; `None`: as long as its attempts take.
        connect_timeout: Seconds for DNS, connect and TLS, at most half of the time-out.
        proxy: The URL of an HTTP proxy, with user and password if it wants them, for the client's own session.
        ca_file: A file of certificate authorities (PEM) to trust instead of the system's.
        trust_env: Take proxies from `HTTPS_PROXY` and the like, and logins from `.netrc`.
        on_request: Called with a `RequestEvent` before each request, in the event loop; it must be quick.
        on_response: Called with a `ResponseEvent` after each request, whatever came of it.
        on_retry: Called with a `RetryEvent` before a request is sent again.
        max_response_bytes: How many bytes of an answer are read at the most, counted after decompression. A larger
            answer is a `DecodeError`.

    Raises:
        ConfigurationError: There is no key, the key or the base URL is malformed, or arguments contradict each
            other.
        InvalidArgumentError: A number is out of its range.
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
        strict: bool = False,
        profile: Profile | None = None,
        deadline: float | None = None,
        connect_timeout: float = CONNECT_TIMEOUT,
        proxy: str | None = None,
        ca_file: str | None = None,
        trust_env: bool = False,
        on_request: OnRequest | None = None,
        on_response: OnResponse | None = None,
        on_retry: OnRetry | None = None,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
    ) -> None:
        api_key, base_url, headers, proxy = mask(api_key), mask(base_url), mask(headers), mask(proxy)
        options = SessionOptions(
            borrowed=session,
            connector=connector,
            trace_configs=trace_configs,
            proxy=proxy,
            ca_file=ca_file,
            trust_env=trust_env,
            connect_timeout=check_positive(connect_timeout, "connect_timeout"),
        )
        observers = Observers()
        observers.add(on_request, on_response, on_retry)
        self._base_url = base_url_or_default(base_url, allow_insecure_http=allow_insecure_http)
        clock = clock or SystemClock()
        limits = Limits(max_concurrency=max_concurrency, rate_limit=rate_limit, clock=clock)
        key, more = key_or_default(api_key), check_headers(headers or {})
        largest = check_count(max_response_bytes, "max_response_bytes")
        self._caller = Caller(
            transport=Transport(self._base_url, key, limits, options, more, observers, largest),
            limits=limits,
            clock=clock,
            policy=check_policy(retry) or RetryPolicy(),
            timeout=check_positive(timeout, "timeout"),
            max_retries=check_count(max_retries, "max_retries", least=0),
            deadline=None if deadline is None else check_positive(deadline, "deadline"),
            deviations=Deviations.of(profile_or_default(profile), strict=strict),
        )

    @property
    def base_url(self) -> str:
        """Where the workspace is served, without a slash at the end."""
        return self._base_url

    @property
    def profile(self) -> Profile:
        """What is known of the service: what the client was given, and what it has learnt since."""
        return self._caller.deviations.learnt()

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

    if not TYPE_CHECKING:  # type checkers refuse unknown attributes by themselves

        def __getattr__(self, name: str) -> Any:
            from impactive_async.resources.elsewhere import no_attribute

            raise no_attribute(self, name)

    def __repr__(self) -> str:
        if "_caller" not in vars(self):  # `__init__` has failed, and a debugger shows the variables
            return "<AsyncClient>"
        state = "closed" if self._caller.transport.closed else "open"
        return f"<AsyncClient {self._base_url} ({state})>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self, *, drain: float = 0.0) -> None:
        """Close the connections, and the client with all its views for good. A borrowed session stays open.

        Calls that wait (for their turn, for the end of a pause, or to be sent again) end at once with a
        `ConfigurationError`, or with the error of an earlier attempt that may have acted.

        Args:
            drain: Seconds that requests under way have to finish. Those that take longer are cut off: their calls
                end with an `APIConnectionError`.

        Raises:
            ConfigurationError: The client was used on another event loop, which alone can close it.
            InvalidArgumentError: `drain` is not a number of at least 0.
        """
        await self._caller.transport.aclose(check_seconds(drain, "drain"))

    def with_options(
        self,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        retry: RetryPolicy | None = None,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncClient:
        """Return a view of this client with other options, over the same pool, limits and counters.

        Closing either closes both. `None` keeps what this client has. The options are those of the client;
        `extra_headers` go with every request of the view, beside the client's own.

        Raises:
            InvalidArgumentError: A number is out of its range.
            ConfigurationError: A header is not allowed, such as the key's.
        """
        view = copy.copy(self)
        for name in [name for name in vars(view) if isinstance(getattr(type(self), name, None), cached_property)]:
            del vars(view)[name]  # these resources call with the options of this client, not the view's
        view._caller = self._caller.with_options(  # noqa: SLF001 - it is this very class
            timeout=timeout,
            max_retries=max_retries,
            policy=check_policy(retry),
            deadline=deadline,
            extra_headers=extra_headers,
        )
        return view

    def observe(
        self,
        *,
        on_request: OnRequest | None = None,
        on_response: OnResponse | None = None,
        on_retry: OnRetry | None = None,
    ) -> None:
        """Call more observers, after those that the client has: for libraries that add metrics or traces.

        They observe the client and all its views. What they are called with is said of the client's own arguments.
        """
        self._caller.transport.observers.add(on_request, on_response, on_retry)

    async def with_raw_response(self, call: Awaitable[T]) -> RawResponse[T]:
        """Make a call, and return its value with the answer's status, headers and request id.

        `await crm.with_raw_response(crm.contacts.list())`. Of a call that makes several requests, the last one's.

        Args:
            call: The coroutine of a call of this client, not yet started.

        Raises:
            InvalidArgumentError: `call` is a task, or not a call of this client.
            APIError: The call failed. The error has the answer's status, headers and request id.
        """
        return await raw_response_of(call)

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
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Make a request that this SDK has no method for, with the client's key, limits, retries and errors.

        `path` is percent-encoded and begins behind the host: `"/api/agent/contacts"`. `params` is the query,
        `json` the body. `repeatable` allows sending it again after an unclear failure, although it is not a GET.
        The other options are those of this call alone; `None` stands for the client's.

        Returns:
            The answer's JSON; `None` if it is empty.

        Raises:
            InvalidArgumentError: The method, the path or the query is malformed, or JSON cannot carry the body.
            APIError: The call failed.
        """
        request = wire.build_custom_request(method, path, params, json, repeatable=repeatable)
        return await self._caller.call(request, json_of, timeout, max_retries, deadline, extra_headers)

    async def rehearse(
        self,
        sequence: str | models.Sequence | SequenceDraft,
        people: Iterable[str | models.Contact | models.ContactDraft],
        *,
        days: float = 14,
        start: datetime | str | None = None,
        zone: str | tzinfo | None = None,
        elsewhere: bool = True,
    ) -> Rehearsal:
        """Work out which mails a sequence would send to some people, and when. Nothing in the workspace changes.

        The sequence and the people are copied into a sandbox in memory, whose clock is run. Of the workspace only
        lists are read. Somebody who is on the sequence already is not enrolled again; what the enrollment that
        they have still sends is among the mails.

        Args:
            sequence: An id, a sequence, changed by hand or not, or a `rehearsal.SequenceDraft`.
            people: Ids of contacts, contacts, or drafts of people who are not created yet.
            days: How long the clock runs, at most ten years.
            start: When people are enrolled; `None`: now.
            zone: The zone by which days and weekends are told, such as `Europe/Berlin`; `None`: the one that the
                sequence names, if it names one, else that of this machine.
            elsewhere: Whether to look at the other sequences that these people are on, and what all of them have
                sent on the day of the start. It takes one or two requests for each.

        Raises:
            InvalidArgumentError: There is nobody, `days` or `zone` cannot be, or `start` has no time zone.
            NotFoundError: No such sequence in this workspace. An unknown contact is a warning of the result.
            APIError: A request failed.
        """
        from impactive_async.rehearsal.rehearsing import rehearse

        return await rehearse(self, sequence, people, days=days, start=start, zone=zone, elsewhere=elsewhere)

    def stats(self) -> ClientStats:
        """Return what the client and all its views have done so far, and are doing now."""
        return self._caller.stats()
