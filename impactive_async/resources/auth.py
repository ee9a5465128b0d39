"""The workspace that the key belongs to."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from impactive_async._codec.shapes import one
from impactive_async._http.caller import Caller
from impactive_async._http.wire import get
from impactive_async.errors import APIError, ConfigurationError
from impactive_async.models import Workspace

AUTH_TEST = get("/api/zapier/auth/test")
_WORKSPACE = one(Workspace)

_log = logging.getLogger("impactive_async.feed")


async def workspace_of(
    caller: Caller,
    timeout: float | None = None,
    max_retries: int | None = None,
    deadline: float | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> Workspace:
    """Return the workspace; cursors that are saved from now on name it.

    Raises:
        AuthenticationError: The server refuses the key.
        APIError: The call failed.
    """
    workspace = await caller.call(AUTH_TEST.plain, _WORKSPACE, timeout, max_retries, deadline, extra_headers)
    caller.transport.home.workspace = workspace.id or None
    return workspace


async def tell_home(caller: Caller) -> None:
    """Learn by a request which workspace the client's cursors are of; without an answer they do not say."""
    try:
        await workspace_of(caller, max_retries=0)
    except (APIError, ConfigurationError) as error:
        _log.debug("the workspace's id is not known: %s", error)
