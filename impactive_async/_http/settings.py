"""What a client is set up with, checked before anything is sent: the key and the base URL."""

import asyncio
import inspect
import ipaddress
import re
from collections.abc import Awaitable, Callable

from yarl import URL

from impactive_async.errors import APIError, ConfigurationError, redact

DEFAULT_BASE_URL = "https://app.impactiveai.com"

ApiKey = str | Callable[[], str] | Callable[[], Awaitable[str]]
"""A key, or something to call for the present one: before every attempt, so that keys can be rotated."""

_KEY = re.compile(r"icrm_[0-9a-fA-F]{32}")
_WHERE = "Create one under Workspace Settings → Integrations → API Keys"


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


def check_base_url(base_url: str, *, allow_insecure_http: bool) -> str:
    """Return the base URL without a trailing slash.

    Raises:
        ConfigurationError: It is no http(s) URL with a host; it carries user, query or fragment; or it is plain
            http to a host other than this machine, which would show the key to everyone on the way.
    """
    url = _parse(base_url)
    if url.user is not None or url.password is not None or url.query_string or url.fragment:
        raise ConfigurationError(
            "base_url may hold scheme, host, port and path only: no user, password, query or fragment."
        )
    if url.scheme == "http" and not (allow_insecure_http or _is_loopback(url.host or "")):
        raise ConfigurationError(
            f"base_url is plain http to {redact(url.host or '')}: the API key would travel in the clear. Use "
            "https://, or pass allow_insecure_http=True if that network is really yours."
        )
    return str(url).rstrip("/")


def _parse(base_url: str) -> URL:
    try:
        url = URL(base_url.strip())
    except (ValueError, TypeError, AttributeError) as exc:
        raise ConfigurationError(f"base_url is not a URL: {redact(str(exc))}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError(
            f"base_url should look like {DEFAULT_BASE_URL}: it needs a scheme (https) and a host."
        )
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
