"""What the aiohttp session of a client is made of."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import Final

import aiohttp
import attrs
from yarl import URL

from impactive_async.errors import ConfigurationError

CONNECT_TIMEOUT: Final = 10.0
"""Seconds for DNS, connect and TLS, and for the turn in a borrowed session's pool; at most half of the time-out. A
request that fails there was certainly not sent."""


@attrs.frozen(kw_only=True)
class SessionOptions:
    """How the session is made: borrowed as it is, or opened by us from parts.

    Raises:
        ConfigurationError: A part is of the wrong type, or two of them contradict each other.
    """

    borrowed: aiohttp.ClientSession | None = None
    connector: aiohttp.BaseConnector | None = None
    trace_configs: Sequence[aiohttp.TraceConfig] = ()
    proxy: str | None = attrs.field(default=None, repr=False)  # it may hold a password
    ca_file: str | None = None
    trust_env: bool = False
    connect_timeout: float = CONNECT_TIMEOUT

    def __attrs_post_init__(self) -> None:
        _check_type("session", self.borrowed, aiohttp.ClientSession)
        _check_type("connector", self.connector, aiohttp.BaseConnector)
        for config in self.trace_configs:
            _check_type("trace_configs", config, aiohttp.TraceConfig)
        parts = (self.connector, self.trace_configs, self.proxy, self.ca_file, self.trust_env)
        if self.borrowed is not None and any(parts):
            raise ConfigurationError(
                "session= is borrowed as it is: give connector=, trace_configs=, proxy=, ca_file= and trust_env= "
                "to that session instead."
            )
        if self.connector is not None and self.ca_file is not None:
            raise ConfigurationError("connector= has its own TLS settings: give ca_file= to it, as ssl=.")
        if self.proxy is not None and not _is_proxy(self.proxy):
            raise ConfigurationError("proxy= is a URL such as http://user:password@host:3128; this one is not.")
        self.trust()

    def trust(self) -> ssl.SSLContext | bool:
        """Return whom the connector that we make trusts: the system's authorities, or those of `ca_file`.

        Raises:
            ConfigurationError: The file is not there or holds no certificate.
        """
        if self.ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            reason = error.strerror or "no certificate in it"
            raise ConfigurationError(f"ca_file={self.ca_file!r} cannot be used: {reason}.") from error


def _check_type(name: str, value: object, kind: type) -> None:
    if value is not None and not isinstance(value, kind):
        raise ConfigurationError(f"{name}= takes an aiohttp.{kind.__name__}, not {type(value).__name__}.")


def _is_proxy(text: str) -> bool:
    try:
        url = URL(text)
    except ValueError:
        return False
    return url.scheme in ("http", "https") and bool(url.host)
