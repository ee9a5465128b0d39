"""What no waiting mends: a wrong host, URL or namespace, a certificate, a missing driver. The one list of it."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator

from impactive_async.errors import ConfigurationError, HubError

OUTCOME_UNKNOWN = "Whether the call took effect is unknown; calling again is safe."

_MAY_PASS = (ssl.SSLEOFError, ssl.SSLSyscallError, ssl.SSLZeroReturnError)
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


class CancelledByEngineError(HubError):
    """A limit of the engine's administrator has ended the call: the same call again would end in the same way."""


class RefusedByEngineError(HubError):
    """The engine is there, and does not carry out this call. Nothing was changed."""


def unmendable(error: BaseException, *, reached: bool) -> str | None:
    """Return what an error shows to be wrong that no waiting mends; None if the engine may only be away.

    Args:
        error: What a driver raised.
        reached: Whether the engine has answered before. A host that is gone since then may come back.
    """
    return next(filter(None, (_unmendable(one, reached=reached) for one in _causes(error))), None)


def _unmendable(error: BaseException, *, reached: bool) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message or 'verification failed'}"
    if isinstance(error, _MAY_PASS) or reached:
        return None
    if isinstance(error, ssl.SSLError):
        return f"TLS cannot be agreed upon: {(error.reason or 'refused').replace('_', ' ').lower()}"
    # A name server that failed to answer may answer later.
    if isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_NAME:
        return "its host is unknown"
    if isinstance(error, PermissionError | IsADirectoryError | NotADirectoryError):
        return f"its socket or one of its files cannot be used: {error.strerror}"
    return None


def wrong_url(engine: str, reason: object) -> ConfigurationError:
    """Return the error for a URL at which the engine cannot be used."""
    text = str(reason).rstrip(".")
    return ConfigurationError(
        f"{engine} cannot be used at this URL: {text}. Check its host, user, password, database and options."
    )


def missing_extra(extra: str) -> ConfigurationError:
    """Return the error to raise from the failed import."""
    return ConfigurationError(
        f"This hub needs a driver that is not installed: pip install 'impactive-async[{extra}]'"
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def namespace_of(name: str) -> str:
    """Return a namespace that can be part of a key, a schema's name and a hash tag.

    Raises:
        ConfigurationError: It is not a lower-case identifier.
    """
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,47}", name):
        raise ConfigurationError(
            f"namespace must be a lower-case identifier of at most 48 characters, not {name!r}"
        )
    return name
