"""Reading an answer whole, up to a bound."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

import aiohttp
from aiohttp import hdrs

from impactive_async._http.wire import Request
from impactive_async.errors import DecodeError

MAX_RESPONSE_BYTES: Final = 64 * 1024 * 1024
"""The most bytes that are read of one answer, unless the client says otherwise."""


class TooLargeError(DecodeError):
    """The answer is larger than the client reads. It will be as large the next time."""


def body_of(request: Request, answer: aiohttp.ClientResponse, most: int) -> Awaitable[bytes]:
    """Read an answer whole. Then its connection goes back to the pool; if reading fails, it is closed.

    Args:
        request: The request, for the error.
        answer: The answer, of which only the head has been read.
        most: The most bytes that the body may have after decompression.

    Raises:
        TooLargeError: When it is awaited: the body has more bytes.
    """
    content = answer.content
    if content.is_eof() and content.total_bytes <= most:  # small answers mostly come with their head
        return answer.read()
    length = answer.content_length
    if length is None or length > most or hdrs.CONTENT_ENCODING in answer.headers:
        return _bounded_body_of(request, answer, most)
    return answer.read()


async def _bounded_body_of(request: Request, answer: aiohttp.ClientResponse, most: int) -> bytes:
    async with answer:
        body = await _read(answer, most)
        if body is not None:
            return body
        answer.close()
    raise TooLargeError(
        f"The answer is larger than the {most} bytes this client reads. Make the client with a larger "
        "max_response_bytes=, if the answer is really meant.",
        method=request.method,
        path=request.bare_path,
    )


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes | None:
    """Return the body; `None` if it has more bytes. In one frame with the error, its traceback would keep them."""
    if (answer.content_length or 0) > most:
        return None
    chunks, size = [], 0
    async for chunk in answer.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            return None
    return b"".join(chunks)
