"""Serving over HTTP: streamable HTTP behind a token, for the hosts and origins that are named and no others."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import socket
from collections.abc import Callable
from typing import Any, Final

import attrs
from mcp.server import Server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

PATH: Final = "/mcp"
LEAST_TOKEN: Final = 16
"""Characters that a token has at least."""
_GRACE: Final = 3
"""Seconds that requests under way have when the server ends."""
_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")


@attrs.frozen(kw_only=True)
class HttpAddress:
    """Where a server listens, and to whom.

    Attributes:
        host: The address to listen on.
        port: The port; 0: any free one.
        token: What a client must show, as `Authorization: Bearer …`.
        hosts: Further names by which the server may be called, such as that of a proxy before it.
        origins: Web pages that may call it, such as `https://agents.example.com`.
    """

    host: str
    port: int
    token: str = attrs.field(repr=False)
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def names(self, port: int) -> frozenset[str]:
        """Return the values of `Host` that are let in."""
        own = f"[{self.host}]" if ":" in self.host else self.host
        named = (*_LOOPBACK, own) if is_loopback(self.host) else (own,)
        return frozenset((*(f"{name}:{port}" for name in named), *(one.lower() for one in self.hosts)))


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@attrs.frozen
class HttpGuard:
    """Lets requests through that come by an allowed name, from no foreign page, and with the token.

    A page in the user's browser can reach servers of this machine, also by a name of its own that it lets point
    here (DNS rebinding). It cannot change `Host` and `Origin`.
    """

    app: ASGIApp
    token: bytes = attrs.field(repr=False)
    hosts: frozenset[str]
    origins: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(Headers(scope=scope)) if scope["type"] == "http" else _refused(404, "Not found.")
        await (self.app if refusal is None else refusal)(scope, receive, send)

    def _refusal(self, headers: Headers) -> PlainTextResponse | None:
        if headers.get("host", "").lower() not in self.hosts:
            return _refused(421, "This server is not called by this name: start it with --allow-host for it.")
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in self.origins:
            return _refused(403, "Pages of this origin may not call this server: start it with --allow-origin.")
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(shown.strip().encode(), self.token):
            return _refused(401, "Show the server's token, as Authorization: Bearer …", bearer=True)
        return None


def _refused(status: int, text: str, *, bearer: bool = False) -> PlainTextResponse:
    return PlainTextResponse(f"{text}\n", status, headers={"WWW-Authenticate": "Bearer"} if bearer else None)


def guarded(server: Server[Any], address: HttpAddress, port: int) -> HttpGuard:
    """Return the server as an ASGI application that lets in who may come in."""
    hosts, origins = address.names(port), frozenset(one.lower() for one in address.origins)
    security = TransportSecuritySettings(allowed_hosts=sorted(hosts), allowed_origins=sorted(address.origins))
    app = server.streamable_http_app(streamable_http_path=PATH, transport_security=security, host=address.host)
    return HttpGuard(app, address.token.encode(), hosts, origins)


async def run_http(server: Server[Any], address: HttpAddress, say: Callable[[str], object]) -> None:
    """Serve any number of clients until the task is cancelled, or a signal comes.

    Args:
        server: The server.
        address: Where, and for whom.
        say: Is told the URL once it listens.

    Raises:
        OSError: The address cannot be listened on.
    """
    import uvicorn

    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.create_server((address.host, address.port), family=family) as listener:
        port = listener.getsockname()[1]
        config = uvicorn.Config(
            guarded(server, address, port),
            access_log=False,  # lines of it would have what clients write into URLs
            log_config=None,
            timeout_graceful_shutdown=_GRACE,
        )
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # a signal is no error
        host = f"[{address.host}]" if ":" in address.host else address.host
        say(f"http://{host}:{port}{PATH}")
        await uvicorn.Server(config).serve(sockets=[listener])
