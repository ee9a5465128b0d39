"""aiohttp sends some requests twice on its own. This leaves the decision to our retry table."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp

from impactive_async._http.wire import Repeat, Request


def no_silent_resend(
    session: aiohttp.ClientSession, request: Request
) -> Sequence[aiohttp.ClientMiddlewareType] | None:
    # aiohttp sends idempotent methods once more when the connection drops. The answer to a DELETE that was carried
    # out would then be a 404, and we would not know of the first request. Our middlewares replace those of a
    # borrowed session, which has no public name for them. If they are not found, they are left as they are
    # (`None`).
    if request.repeat is Repeat.READ or request.method in ("POST", "PATCH"):
        return None
    theirs = getattr(session, "_middlewares", None)
    return None if theirs is None else (*theirs, _surface_disconnects)


class Disconnected(aiohttp.ClientError):
    """A dropped connection, as an error for which aiohttp does not send the request again."""


async def _surface_disconnects(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as exc:
        raise Disconnected(str(exc)) from exc
