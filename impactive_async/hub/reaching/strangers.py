"""What it is that answers where an engine should be: a port was mixed up, or TLS was forgotten.

A server of another kind often only ends the connection, as an engine does that is about to stop. So it is asked in
the languages of those that are mixed up most.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
from collections.abc import Awaitable, Callable, Collection
from typing import Final, TypeVar

T = TypeVar("T")
Place = tuple[str, int]
"""A host and a port."""

SLOW: Final = 1.0
"""Seconds after which what has not answered at all is asked what it is."""

_PATIENCE: Final = 1.0
"""Seconds for all questions together."""
_ENOUGH: Final = 64
"""Bytes of an answer by which its speaker is known."""

REDIS: Final = "a Redis server"
POSTGRES: Final = "a PostgreSQL server"
TLS: Final = "a server that speaks TLS from the first byte on"
_WEB: Final = "a web server"
_OTHER: Final = "a server of another kind"


async def stranger(places: Collection[Place], own: str) -> str | None:
    """Return what answers at the first of these places that answers at all.

    Args:
        places: Where the engine should be.
        own: What it should be: `REDIS`, `POSTGRES` or `TLS`.

    Returns:
        A sentence without its end; None if it is what it should be, or if nothing answers.
    """
    for place in places:
        if found := await _speaker(*place):
            return f"what answers there is {found}, not {own}" if found != own else None
    return None


async def unless_strange(
    call: Callable[[], Awaitable[T]],
    ask: Callable[[], Awaitable[str | None]],
    error: Callable[[str], Exception],
) -> T:
    """Make a first call. Where it takes long, it is asked beside it what answers there.

    Some servers wait for more when they are greeted in another language, and a driver waits for their answer.

    Args:
        call: The call.
        ask: Says what answers there; None if that is what it should be.
        error: Makes of its words what is raised. The call is cancelled then.
    """
    calling = asyncio.ensure_future(call())
    try:
        await asyncio.wait((calling,), timeout=SLOW)
        if not calling.done() and (found := await ask()):
            raise error(found)
        return await calling
    finally:
        if calling.cancel():
            await asyncio.wait((calling,))


async def _speaker(host: str, port: int) -> str | None:
    questions = {
        REDIS: b"PING\r\n",
        POSTGRES: struct.pack("!ii", 8, 80_877_103),  # SSLRequest
        TLS: _client_hello(),
        _WEB: b"GET / HTTP/1.0\r\n\r\n",
    }
    asked = [asyncio.create_task(_ask(host, port, kind, question)) for kind, question in questions.items()]
    is_any = False
    try:
        for answered in asyncio.as_completed(asked):  # what it is no speaker of, it may never answer
            kind, answer = await answered
            if _is_from(kind, answer):
                return kind
            is_any = is_any or bool(answer)
    finally:
        for one in asked:
            one.cancel()
        await asyncio.wait(asked)
    return _OTHER if is_any else None


def _is_from(kind: str, answer: bytes) -> bool:
    if kind == REDIS:
        return answer.startswith((b"+PONG", b"-"))  # an error is an answer too
    if kind == POSTGRES:
        return answer in {b"S", b"N"}
    if kind == TLS:
        return answer[:2] in {b"\x15\x03", b"\x16\x03"}  # an alert, or the handshake
    return answer.startswith(b"HTTP/")


def _client_hello() -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    talk = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        talk.do_handshake()
    return outgoing.read()


async def _ask(host: str, port: int, kind: str, question: bytes) -> tuple[str, bytes]:
    """Return the first bytes of an answer to a question of this kind; none where there is none in time."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(question)
                return kind, await reader.read(_ENOUGH)
            finally:
                writer.transport.abort()
    return kind, b""
