"""What a client is set up with, checked before anything is sent: the key and the base URL."""

import asyncio
import inspect
import ipaddress
import re
from collections.abc import Awaitable, Callable, Mapping

from yarl import URL

from impactive_async.errors import APIError, ConfigurationError, redact

DEFAULT_BASE_URL = "https://app.impactiveai.com"

ApiKey = str | Callable[[], str] | Callable[[], Awaitable[str]]
"""A key, or something to call for the present one: before every attempt, so that keys can be rotated."""

_KEY = re.compile(r"icrm_[0-9a-fA-F]{32}")
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")  # with the underscore that some hosts have against the rules
_LONGEST_HOST = 253
_WHERE = "Create one under Workspace Settings → Integrations → API Keys"


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "expect", "host"})


class _Masked(str):
    """The key, as it is when sent, and blotted out in whatever shows headers or variables by their `repr`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'icrm_…'"


class Credentials:
    """The API key or its source; never shows the key."""

    def __init__(self, source: ApiKey | None) -> None:
        if source is None or source == "":
            raise ConfigurationError(
                "No API key: set the environment variable IMPACTIVE_API_KEY or pass api_key=…. "
                f"{_WHERE}; for a try without an account use the sandbox (`impactive demo`)."
            )
        self._call = source if callable(source) else None
        self._checked = "" if callable(source) else check_key(source)
        self.fixed = self._checked or None
        """The key, unless it has a source that may have another one for each attempt."""

    def __repr__(self) -> str:
        return "Credentials(icrm_…)"

    async def key(self, timeout: float) -> str:
        """Return the key for the next attempt; its source has `timeout` seconds.

        Raises:
            ConfigurationError: The source returned something that is not a key, took too long, or failed in a
                request of its own, which must not be taken for a failure of ours.
        """
        if self._call is None:
            return self._checked
        try:
            async with asyncio.timeout(timeout):
                answer = self._call()
                key: object = await answer if inspect.isawaitable(answer) else answer
        except TimeoutError:
            raise ConfigurationError(f"The api_key callable did not answer within {timeout:g} s.") from None
        except APIError as error:
            raise ConfigurationError(f"The api_key callable failed: {error}") from error
        if key != self._checked:
            self._checked = check_key(key)
        return self._checked


def check_key(key: object) -> str:
    """Return the key without surrounding white space.

    Raises:
        ConfigurationError: It is not `icrm_` and 32 hex characters. The message does not show it.
    """
    if not isinstance(key, str):
        raise ConfigurationError(f"The API key is a {type(key).__name__}, not a string. {_WHERE}.")
    if not _KEY.fullmatch(key.strip()):
        raise ConfigurationError(
            "The API key is ill-formed: it should be `icrm_` and 32 hex characters (37 in all), "
            f"and this one has {len(key.strip())} characters. Copy it whole; it is shown only once. {_WHERE}."
        )
    return _Masked(key.strip())


def check_headers(headers: object) -> Mapping[str, str]:
    """Return the headers to send with every request.

    Raises:
        ConfigurationError: They are no mapping; one is not a token and a line of visible Latin-1 text (RFC 9110);
            or one is the key's, or belongs to the connection.
    """
    if not isinstance(headers, Mapping):
        raise ConfigurationError(f"headers= is a mapping of names to values, not {type(headers).__name__}.")
    for name, value in headers.items():
        _check_header(name, value)
    return headers


def _check_header(name: object, value: object) -> None:
    if not isinstance(name, str):
        raise ConfigurationError(f"A header's name is a string, not {type(name).__name__}.")
    known = name.strip().lower()
    if known == "x-api-key":
        raise ConfigurationError("Pass the key as api_key=…, not among headers=.")
    if known in _FRAMING:
        raise ConfigurationError(f"The header {name!r} is not for headers=: it belongs to the connection.")
    if not _HEADER_NAME.fullmatch(name):
        raise ConfigurationError(f"{redact(name)[:40]!r} is not the name of a header.")
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        raise ConfigurationError(f"The header {redact(name)!r} is not a one-line string of visible Latin-1 text.")


def check_base_url(base_url: object, *, allow_insecure_http: bool) -> str:
    """Return the base URL without a trailing slash.

    Raises:
        ConfigurationError: It is no http(s) URL with a possible host; it carries user, query or fragment; or it is
            plain http to a host other than this machine, which would show the key to everyone on the way.
    """
    url = _parse(base_url)
    if url.user is not None or url.password is not None or url.query_string or url.fragment:
        raise ConfigurationError(
            "base_url may hold scheme, host, port and path only: no user, password, query or fragment."
        )
    if url.scheme == "http" and not (allow_insecure_http or _is_loopback(url.host or "")):
        error = ConfigurationError(
            f"base_url is plain http to {redact(url.host or '')}: "
            "the API key would travel in the clear. Use https://."
        )
        error.add_note("Pass allow_insecure_http=True if that network is really yours.")
        raise error
    return str(url).rstrip("/")


def _parse(base_url: object) -> URL:
    if not isinstance(base_url, str):
        raise ConfigurationError(f"base_url is a string, not {type(base_url).__name__}.")
    try:
        url = URL(base_url.strip())
        _check_host(url)
    except ValueError as exc:  # UnicodeError is one: what is too long, or no name at all, after IDNA
        raise ConfigurationError(f"base_url is not a URL: {redact(str(exc))}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError(
            f"base_url should look like {DEFAULT_BASE_URL}: it needs a scheme (https) and a host."
        )
    return url


def _check_host(url: URL) -> None:
    """Refuse what could never be connected to: found at the first call, it would be an error out of a library."""
    host = url.host and url.raw_host
    if not host:
        return
    if ":" in host:
        ipaddress.IPv6Address(url.host)
    elif len(host) > _LONGEST_HOST or not all(map(_LABEL.fullmatch, host.removesuffix(".").split("."))):
        raise ValueError(f"{host[:80]!r} is not the name of a host")
    if url.explicit_port == 0:
        raise ValueError("no server listens on port 0")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
