"""The key, the headers and the base URL of a client, checked before anything is sent."""

import asyncio
import hashlib
import inspect
import ipaddress
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self

import attrs
from yarl import URL

from impactive_async.errors import APIError, ConfigurationError, redact

DEFAULT_BASE_URL = "https://app.impactiveai.com"

ApiKey = str | Callable[[], str] | Callable[[], Awaitable[str]]
"""A key, or a callable that returns the present one. It is called before each attempt, so that keys can be
rotated."""

_KEY = re.compile(r"icrm_[0-9a-fA-F]{32}")
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")  # with the underscore that some hosts have against the rules
_INSIDE_API = re.compile(r"/api(?:/(?:agent|zapier)(?:/.*)?)?$", re.IGNORECASE)
"""The end of a path that is already the API's. A prefix before it, as of a gateway, may be right."""
_LONGEST_HOST = 253
_WHERE = "Create one under Workspace Settings → Integrations → API Keys"


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "expect", "host"})


class Masked(str):
    """A secret. It is itself when it is sent or compared; its `repr`, by which variables are shown, is masked."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'icrm_…'"


@attrs.frozen
class Unshown:
    """Stands for a value of the wrong type, of which only the type's name is kept."""

    kind: str


def mask(value: Any) -> Any:
    """Return an argument in a form that reporters of local variables may show.

    Arguments are masked before they are checked, because the frames of an error hold them.
    """
    if isinstance(value, str):
        return Masked(value)
    if isinstance(value, Mapping):
        return {name: mask(item) for name, item in value.items()}
    return value if value is None or callable(value) else Unshown(type(value).__name__)


def _kind(value: object) -> str:
    if isinstance(value, Unshown):
        return value.kind
    return "str" if isinstance(value, Masked) else type(value).__name__


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
        self.version = 0
        """Counts the keys that the source has given."""

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
            async with asyncio.timeout(timeout) as bound:
                answer = self._call()
                key: object = await answer if inspect.isawaitable(answer) else answer
        except TimeoutError as error:
            if bound.expired():
                raise ConfigurationError(f"The api_key callable did not answer within {timeout:g} s.") from None
            raise ConfigurationError(
                f"The api_key callable failed with a TimeoutError of its own: {error}"
            ) from error
        except APIError as error:
            raise ConfigurationError(f"The api_key callable failed: {error}") from error
        if key != self._checked:
            key = mask(key)
            self._checked = check_key(key)
            self.version += 1
        return self._checked


TellHome = Callable[[], Awaitable[None]]
"""Asks the server which workspace a client's cursors are of, and keeps that in their `Home`."""


@attrs.define(eq=False)
class Home:
    """Where a client's cursors belong.

    Attributes:
        server: The base URL.
        key_mark: Eight hex digits that differ for most other keys, and do not tell the key; `None` if a callable
            gives the key.
        workspace: The id of the key's workspace; `None`: not known.
        asked: Whether the server was asked for it.
        told: Whether the user was told of a cursor that another key has saved.
    """

    server: str
    key_mark: str | None
    workspace: str | None = None
    asked: bool = False
    told: bool = False
    lock: asyncio.Lock = attrs.field(factory=asyncio.Lock, repr=False)
    """Held while the server is asked."""

    @classmethod
    def of(cls, base_url: str, credentials: Credentials) -> Self:
        """Return the home of a client's cursors."""
        key = credentials.fixed
        mark = None if key is None else hashlib.blake2b(key.encode(), digest_size=4).hexdigest()
        return cls(str(base_url), mark)


def key_or_default(api_key: ApiKey | None) -> Credentials:
    """Return the credentials of a key or its source; `None` stands for the one of the environment.

    Raises:
        ConfigurationError: There is none, or it is ill-formed.
    """
    return Credentials(mask(os.environ.get("IMPACTIVE_API_KEY")) if api_key is None else api_key)


def base_url_or_default(base_url: object, *, allow_insecure_http: bool) -> str:
    """Return the base URL; `None` stands for the one of the environment, or else the vendor's.

    Raises:
        ConfigurationError: See `check_base_url`.
    """
    if base_url is None:
        base_url = mask(os.environ.get("IMPACTIVE_BASE_URL")) or DEFAULT_BASE_URL
    return check_base_url(base_url, allow_insecure_http=allow_insecure_http)


QUOTES = "\"'`\u201c\u201d\u2018\u2019"
"""What comes along where a file of settings is read by something that keeps its quotes."""


def check_key(key: object) -> str:
    """Return the key without surrounding white space.

    Raises:
        ConfigurationError: It is not `icrm_` and 32 hex characters. The message does not show it.
    """
    if not isinstance(key, str):
        raise ConfigurationError(f"The API key is a {_kind(key)}, not a string. {_WHERE}.")
    if _is_quoted(key):
        raise ConfigurationError("The API key is in quotes: leave them out, also where IMPACTIVE_API_KEY is set.")
    if not _KEY.fullmatch(key.strip()):
        raise ConfigurationError(
            "The API key is ill-formed: it should be `icrm_` and 32 hex characters (37 in all), "
            f"and this one has {len(key.strip())} characters. Copy it whole; it is shown only once. {_WHERE}."
        )
    return Masked(key.strip())


def _is_quoted(text: str) -> bool:
    """Whether a key or a URL begins or ends with a quote."""
    return text.strip() != text.strip().strip(QUOTES)


def check_headers(headers: object) -> Mapping[str, str]:
    """Return the headers to send with every request.

    Raises:
        ConfigurationError: They are not a mapping; or one of them is malformed (RFC 9110: a token, and a line of
            visible Latin-1 text), is the key's, or belongs to the connection.
    """
    if not isinstance(headers, Mapping):
        raise ConfigurationError(f"headers= is a mapping of names to values, not {_kind(headers)}.")
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
        ConfigurationError: It is not an http(s) URL with a possible host; it has a user, a query or a fragment; or
            it is plain http to another machine, which would show the key to everyone on the way.
    """
    url, problem = _read_base_url(base_url, allow_insecure_http=allow_insecure_http)
    if problem is not None:  # raised here, as the frames that read the URL hold its parts
        raise problem
    return url


def _read_base_url(base_url: object, *, allow_insecure_http: bool) -> tuple[str, ConfigurationError | None]:
    if not isinstance(base_url, str):
        return "", ConfigurationError(f"base_url is a string, not {_kind(base_url)}.")
    if _is_quoted(base_url):
        return "", ConfigurationError("base_url is in quotes: leave them out, also in IMPACTIVE_BASE_URL.")
    try:
        url = URL(base_url.strip())
        _check_host(url)
    except _BadHostError as error:
        return "", ConfigurationError(f"base_url is not a URL: {error}")
    except ValueError:  # UnicodeError is one: what is too long, or no name at all, after IDNA
        return "", ConfigurationError(f"base_url is not a URL. It should look like {DEFAULT_BASE_URL}.")
    problem = _problem_of(url, allow_insecure_http=allow_insecure_http)
    return ("", _refusal(problem)) if problem else (str(url).rstrip("/"), None)


def _refusal(problem: str) -> ConfigurationError:
    error = ConfigurationError(problem)
    if "in the clear" in problem:
        error.add_note("Pass allow_insecure_http=True if that network is really yours.")
    return error


def _problem_of(url: URL, *, allow_insecure_http: bool) -> str | None:
    if url.scheme not in ("http", "https") or not url.host:
        return f"base_url should look like {DEFAULT_BASE_URL}: it needs a scheme (https) and a host."
    if url.user is not None or url.password is not None or url.query_string or url.fragment:
        return "base_url may hold scheme, host, port and path only: no user, password, query or fragment."
    if (root := _root_of(url)) is not None:
        return f"base_url must not include a path of the API or of the app: use {redact(str(root))}."
    if url.scheme == "http" and not (allow_insecure_http or _is_loopback(url.host)):
        return (
            f"base_url is plain http to {redact(url.host)}: the API key would travel in the clear. Use https://."
        )
    return None


def _root_of(url: URL) -> URL | None:
    """Return what should have been given, if a URL goes on into the API or the vendor's app."""
    path = url.path.rstrip("/")
    inside = _INSIDE_API.search(path)
    if inside is None:
        return url.origin() if path and url.host == URL(DEFAULT_BASE_URL).host else None
    return url.with_path(path[: inside.start()])


class _BadHostError(ValueError):
    """What could never be connected to; the text may be shown."""


def _check_host(url: URL) -> None:
    """Refuse a host that cannot exist. At the first call it would be an error of some library."""
    host = url.host and url.raw_host
    if not host:
        return
    if ":" in host:
        ipaddress.IPv6Address(url.host)
    elif len(host) > _LONGEST_HOST or not all(map(_LABEL.fullmatch, host.removesuffix(".").split("."))):
        raise _BadHostError(f"{redact(host)[:80]!r} is not the name of a host.")
    if url.explicit_port == 0:
        raise _BadHostError("no server listens on port 0.")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
