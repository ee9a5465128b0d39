"""Who may ask a port for what: the names that it answers to, pages of other origins, and a token for actions."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from attrs import define, field, frozen

TOKEN_LENGTH: Final = 16
"""Characters that a token has at least."""
SIGNED_IN: Final = 12 * 3600.0
"""Seconds for which a browser that knew the token may act."""


@frozen
class HostNames:
    """The names under which a port is asked.

    A page in a browser can have its own name resolve to the address of this machine, and would then be of the same
    origin as this port. A name of its own is what it needs for that: addresses and `localhost` are none.
    """

    told: Collection[str] = ()
    """Names that the operator gave, in lower case."""

    def know(self, netloc: str | None) -> bool:
        """Return whether `HOST:PORT`, as the header `Host` has it, names this port."""
        host = _host(netloc or "")
        return host in self.told or host == "localhost" or host.endswith(".localhost") or _is_address(host)

    def may_act(self, headers: Mapping[str, str]) -> bool:
        """Return whether a request that changes something comes from a page of this port.

        Browsers send `Origin` with every such request, and pages cannot choose it.
        """
        origin = headers.get("Origin")
        if origin is None:
            return headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
        netloc = origin.partition("://")[2]
        return netloc == headers.get("Host") or _host(netloc) in self.told  # a proxy may send a `Host` of its own


def _host(netloc: str) -> str:
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@define
class Sessions:
    """Browsers that knew the token. Nothing is kept of them: a cookie says of itself until when it is good."""

    _token: str = field(repr=False)
    _now: Callable[[], float] = time.time
    _key: bytes = field(factory=lambda: secrets.token_bytes(32), init=False, repr=False)
    """Of this process: whoever signed in before a restart signs in again."""

    def begin(self, token: str) -> str | None:
        """Return a cookie for whoever knows the token; None for others."""
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return None
        start = f"{self._now() + SIGNED_IN:.0f}.{secrets.token_hex(8)}"
        return f"{start}.{self._signed('cookie', start)}"

    def is_good(self, cookie: str | None) -> bool:
        """Return whether a cookie is one of ours, and not too old."""
        start, _, signature = (cookie or "").rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signed("cookie", start).encode()):
            return False
        return float(start.partition(".")[0]) > self._now()

    def form_key(self, cookie: str) -> str:
        """Return what the forms of a browser's page hold, and no other page knows."""
        return self._signed("form", cookie)

    def is_form_key(self, cookie: str, key: str) -> bool:
        """Return whether a form came with its key."""
        return hmac.compare_digest(key.encode(), self.form_key(cookie).encode())

    def _signed(self, what: str, text: str) -> str:
        return hmac.new(self._key, f"{what} {text}".encode(), hashlib.sha256).hexdigest()
