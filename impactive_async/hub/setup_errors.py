"""Telling an engine that is away from one that was named wrongly: the first is waited for, the second is not."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from impactive_async.errors import ConfigurationError

_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def is_unknown_host(error: BaseException) -> bool:
    """Whether a host's name was looked up in vain. That the look-up itself failed for a while does not count."""
    return any(isinstance(one, socket.gaierror) and one.errno in _NO_SUCH_NAME for one in _causes(error))


def wrong_url(engine: str, reason: object) -> ConfigurationError:
    """The error for a URL that will never lead anywhere."""
    text = str(reason).rstrip(".")
    return ConfigurationError(
        f"{engine} cannot be used at this URL: {text}. Check its host, user, password and database."
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
