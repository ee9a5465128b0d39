"""Bodies as they come off the wire: bounded, whole, or an error; never half of one, never aiohttp's own."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from impactive_async import APIConnectionError, APIError, DecodeError
from impactive_async._http.limits import Limits
from impactive_async._http.session.options import SessionOptions
from impactive_async._http.settings import Credentials
from impactive_async._http.transport import Transport
from impactive_async._http.wire import Request, Response, build_request, create, get
from tests.support import KEY, FakeClock, http, scripted

BOUND = 1000
READ = build_request(get("/x/:id"), ("7",), query={"a": "1"})
WRITE = build_request(create("/x"), body={})


@asynccontextmanager
async def transport_to(*answers: bytes) -> AsyncIterator[Transport]:
    async with scripted(*answers) as server:
        limits = Limits(max_concurrency=1, rate_limit=None, clock=FakeClock())
        options = SessionOptions(connector=aiohttp.TCPConnector(limit=1))
        transport = Transport(server.url, Credentials(KEY), limits, options, {}, max_response_bytes=BOUND)
        try:
            yield transport
        finally:
            await transport.aclose()


async def sent(*answers: bytes) -> Response:
    async with transport_to(*answers) as transport:
        return await transport.send(READ, 30)


def chunked(body: bytes, size: int = 100) -> bytes:
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def plain(body: bytes) -> bytes:
    return http(f"200 OK\nContent-Length: {len(body)}", body)


def in_chunks(body: bytes) -> bytes:
    return http("200 OK\nTransfer-Encoding: chunked", chunked(body))


def zipped(body: bytes) -> bytes:
    packed = gzip.compress(body)
    return http(f"200 OK\nContent-Encoding: gzip\nContent-Length: {len(packed)}", packed)


def zipped_in_chunks(body: bytes) -> bytes:
    return http("200 OK\nContent-Encoding: deflate\nTransfer-Encoding: chunked", chunked(zlib.compress(body)))


def until_closed(body: bytes) -> bytes:
    return http("200 OK\nConnection: close", body)


FRAMINGS = [plain, in_chunks, zipped, zipped_in_chunks, until_closed]


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("size", [0, 1, BOUND])
async def test_a_body_within_the_bound_arrives_whole(framing: Any, size: int) -> None:
    """Whatever its framing, a body of at most the bound is read to its last byte, and unpacked."""
    response = await sent(framing(b"x" * size))
    assert (response.status, response.body) == (200, b"x" * size)


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_a_body_beyond_the_bound_is_not_read(framing: Any) -> None:
    """One byte more than the bound, or a compressed bomb, is a `DecodeError`; the next call is unharmed."""
    for size in (BOUND + 1, 100 * BOUND):
        async with transport_to(framing(b"x" * size), plain(b"ok")) as transport:
            with pytest.raises(DecodeError, match=r"GET /x/7: The answer is larger than the 1000 bytes"):
                await transport.send(READ, 30)
            assert (await transport.send(READ, 30)).body == b"ok"


async def test_a_bomb_is_not_unpacked_beyond_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small body that unpacks to a gigabyte costs no gigabyte: reading ends soon after the bound."""
    unpacked = 0
    feed = aiohttp.StreamReader.feed_data

    def count(self: aiohttp.StreamReader, data: bytes, *args: Any) -> Any:
        nonlocal unpacked
        unpacked += len(data)
        return feed(self, data, *args)

    monkeypatch.setattr(aiohttp.StreamReader, "feed_data", count)
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(64)) + packer.flush()
    answer = http(f"200 OK\nContent-Encoding: deflate\nContent-Length: {len(bomb)}", bomb)
    with pytest.raises(DecodeError, match="larger"):
        await sent(answer)
    assert BOUND < unpacked < 4 * 2**20


async def breaks(request: Request, answer: bytes) -> None:
    async with transport_to(answer, plain(b"ok")) as transport:
        with pytest.raises(APIConnectionError, match=r"broke before a whole|cannot be decoded") as caught:
            await transport.send(request, 30)
        assert caught.value.request_sent
        assert (caught.value.method, caught.value.path) == (request.method, request.bare_path)
        assert (await transport.send(READ, 30)).body == b"ok"


@pytest.mark.parametrize(
    "answer",
    [
        b"\x16\x03\x01nonsense\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        http("200 OK\nContent-Length: 10", b"12345"),
        http("200 OK\nTransfer-Encoding: chunked", b"5\r\n12345\r\n"),
        http("200 OK\nTransfer-Encoding: chunked", b"zz\r\n12345\r\n"),
        http("200 OK\nContent-Encoding: gzip\nContent-Length: 5", b"12345"),
        http("200 OK\nContent-Encoding: gzip\nTransfer-Encoding: chunked", chunked(b"no gzip at all")),
        http("200 OK\nContent-Length: 10\nContent-Length: 11", b"12345"),
        http(f"200 OK\nX-Long: {'x' * 100_000}\nContent-Length: 0"),
    ],
    ids=lambda answer: repr(answer[:48]),
)
async def test_a_broken_answer_is_a_connection_error(answer: bytes) -> None:
    """Hung up, cut short, not HTTP or wrongly packed: one error class, which knows that the request was sent."""
    for request in (READ, WRITE):
        await breaks(request, answer)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Le"])
async def test_no_answer_is_a_connection_error(answer: bytes) -> None:
    """Without a whole head aiohttp sends a read once more by itself; a write it does not, and nor do we."""
    await breaks(WRITE, answer)
    async with transport_to(answer, plain(b"ok")) as transport:
        assert (await transport.send(READ, 30)).body == b"ok"


async def test_a_cut_answer_that_echoes_the_key_does_not_show_it() -> None:
    """Not even what aiohttp says about a broken answer shows a key that the server had put into it."""
    for answer in (
        f"HTTP/1.1 200 OK\r\nX-Echo: {KEY}\r\n".encode(),
        f"{KEY}\r\n\r\n".encode(),
        http("200 OK\nTransfer-Encoding: chunked", f"{KEY}\r\n".encode()),
    ):
        async with transport_to(answer) as transport:
            with pytest.raises(APIError) as caught:
                await transport.send(WRITE, 30)
        seen = [caught.value, caught.value.__cause__, caught.value.__context__]
        assert KEY[5:] not in repr([(str(error), repr(error), getattr(error, "args", ())) for error in seen])
