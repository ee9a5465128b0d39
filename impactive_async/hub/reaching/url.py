"""Reading a hub's URL. It holds a password, so no message quotes any of it but the names of its options."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from urllib.parse import SplitResult, parse_qsl, urlsplit

from impactive_async._http.settings import QUOTES
from impactive_async.errors import ConfigurationError
from impactive_async.hub.reaching.refusals import wrong_url

KNOWN = "sqlite:///file.db, redis://host:6379/0 or postgresql://user@host/database"
_ENCODE = "in a user or password, write @ as %40, : as %3A, / as %2F, ? as %3F and # as %23"


def scheme_of(url: str) -> str:
    """Return a URL's scheme; "" where there is none.

    Raises:
        ConfigurationError: It is no URL at all.
    """
    if not isinstance(url, str):
        raise ConfigurationError(f"A hub's URL is a str, not {type(url).__name__}: use {KNOWN}")
    if url[:1] + url[-1:] != (url[:1] + url[-1:]).strip(QUOTES + " \t\r\n"):
        raise ConfigurationError(
            "The hub's URL begins or ends with a quote or a space: leave that out, also in the file or the unit "
            "that sets IMPACTIVE_HUB."
        )
    return _split("The engine", url).scheme


def check_url(engine: str, url: str, *, files: Collection[str] = ()) -> SplitResult:
    """Check a server's URL, and return its parts.

    Args:
        engine: What it leads to, for messages.
        url: The URL.
        files: The options that name a file.

    Raises:
        ConfigurationError: What is wrong with it.
    """
    parts = _split(engine, url)
    if parts.fragment or "#" in url:
        raise wrong_url(engine, f"there is a # in it; {_ENCODE}")
    if "@" in parts.path or "@" in parts.query.partition("=")[0]:
        raise wrong_url(engine, f"there is an @ behind its host; {_ENCODE}")
    if not re.fullmatch(r"[a-z+]+:", url.partition("//")[0], re.IGNORECASE):
        raise wrong_url(engine, "there are no two slashes behind its scheme")
    for place in parts.netloc.rpartition("@")[2].split(","):
        _check_port(engine, place)
    for name, value in options_of(parts).items():
        if name in files and not os.access(value, os.R_OK):
            raise wrong_url(engine, f"the file of its option {name} is not there, or may not be read")
    return parts


def places_of(parts: SplitResult, port: int) -> list[tuple[str, int]]:
    """Return the hosts that a URL names, each with its port.

    Args:
        parts: The URL's.
        port: That of hosts without one.
    """
    found = re.findall(r"(\[[^\]]*\]|[^,:]+)(?::(\d+))?(?:,|$)", parts.netloc.rpartition("@")[2])
    return [(host.strip("[]"), int(number or port)) for host, number in found]


def options_of(parts: SplitResult) -> dict[str, str]:
    """Return the options of a URL."""
    return dict(parse_qsl(parts.query, keep_blank_values=True))


def wrong_option(engine: str, name: str) -> ConfigurationError:
    """Return the error for an option that is unknown, or whose value cannot be used."""
    return wrong_url(engine, f"its option {name} is unknown, or has a value that cannot be used")


def _split(engine: str, url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        # Without a cause: the parser's words quote what it cannot read.
        raise wrong_url(engine, f"it cannot be read as a URL; {_ENCODE}") from None


def _check_port(engine: str, place: str) -> None:
    host, colon, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
    if not colon:
        return
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536) or (":" in host and "]" not in host):
        raise wrong_url(engine, f"its port is no number from 1 to 65535; {_ENCODE}")
