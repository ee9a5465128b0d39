"""What one call costs the client, against bare aiohttp and against httpx with pydantic.

    python -m benchmarks.call [--repetitions 40] [--check]

A process of its own serves canned answers over keep-alive connections; what counts is the CPU time of the client's
thread for a call, the event loop's work included. Everybody may have as many connections as calls at a time.

- The tiny answer is a workspace's id and name (contract #21): bare aiohttp reads and parses it with orjson.
- The pages are of 500 enrollments (contract #14), and of 500 sends with bodies of 1.5 kB (#15), since a moment:
  bare aiohttp is given `params=`, and `.json()` makes dicts; ours are typed rows, pydantic's models of the same
  fields.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Final

import aiohttp
import httpx
import orjson
import pydantic

from benchmarks._run import Gate, Result, judge, main, shuffled
from benchmarks.decode import Maker, PydanticEnrollment, PydanticSend, page_of
from impactive_async import AsyncClient

KEY: Final = "icrm_" + "a" * 32
SINCE: Final = "2026-01-01T00:00:00.000Z"
AUTH_TEST: Final = "/api/zapier/auth/test"
ENROLLMENTS: Final = "/api/agent/sequences/seq_1/enrollments"
SENDS: Final = "/api/agent/sequences/seq_1/sends"
TINY: Final = orjson.dumps({"id": "ws_0123456789abcdef", "name": "Example Ltd"})

SCENES: Final = {
    "call, tiny answer, 1 at a time": ("tiny", 1, 100),
    "call, tiny answer, 50 at a time": ("tiny", 50, 60),
    "call, 500 enrollments, 50 at a time": (ENROLLMENTS, 50, 50),
    "call, 500 sends, 50 at a time": (SENDS, 50, 50),
}
"""What is asked for, how many at a time, and how many in a repetition."""

Call = Callable[[], Awaitable[object]]
Calls = dict[str, Call]
"""One call of each kind: tiny, and the pages by their paths."""
AnswerTo = Callable[[bytes], bytes]
"""Returns the bytes of a whole answer, given the path without its query."""

processes = multiprocessing.get_context("spawn")


# --- the server


class Canned(asyncio.Protocol):
    """Answers each request with the least work there is."""

    def __init__(self, answer_to: AnswerTo) -> None:
        self._answer_to = answer_to
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole: none has a body."""
        *requests, self._unread = (self._unread + data).split(b"\r\n\r\n")
        for request in requests:
            path = request.split(b" ", 2)[1].partition(b"?")[0]
            self._transport.write(self._answer_to(path))


def answer(body: bytes) -> bytes:
    """A whole HTTP answer, with the headers that servers send."""
    head = (
        "HTTP/1.1 200 OK\r\nDate: Fri, 02 Jan 2026 03:04:05 GMT\r\nServer: nginx\r\n"
        f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        "X-Request-Id: 0123456789abcdef\r\nConnection: keep-alive\r\n\r\n"
    )
    return head.encode() + body


def answers_of_calls() -> AnswerTo:
    """The tiny answer, and the pages by their paths."""
    make = Maker()
    pages = {AUTH_TEST: TINY, ENROLLMENTS: page_of(make.enrollment), SENDS: page_of(make.send)}
    return {path.encode(): answer(body) for path, body in pages.items()}.__getitem__


def serve(answers: Callable[[], AnswerTo], said: Connection) -> None:
    """Serve until this process is terminated."""

    async def run() -> None:
        answer_to = answers()
        server = await asyncio.get_running_loop().create_server(lambda: Canned(answer_to), "127.0.0.1", 0)
        said.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@asynccontextmanager
async def canned_server(answers: Callable[[], AnswerTo] = answers_of_calls) -> AsyncIterator[str]:
    """The address of a server in a process of its own, which makes its answers there."""
    ours, theirs = processes.Pipe()
    server = processes.Process(target=serve, args=(answers, theirs), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{await asyncio.to_thread(ours.recv)}"
    finally:
        server.terminate()
        server.join()


# --- the contenders


@asynccontextmanager
async def impactive(url: str, concurrency: int) -> AsyncIterator[Calls]:
    """Us, as we come."""
    async with AsyncClient(KEY, base_url=url, max_concurrency=concurrency) as crm:
        yield {
            "tiny": crm.zapier.auth_test,
            ENROLLMENTS: lambda: crm.sequences.enrollments("seq_1", since=SINCE),
            SENDS: lambda: crm.sequences.sends("seq_1", since=SINCE),
        }


@asynccontextmanager
async def bare_aiohttp(url: str, concurrency: int) -> AsyncIterator[Calls]:
    """What one writes by hand."""
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(headers={"x-api-key": KEY}, connector=connector) as session:

        async def tiny() -> Any:
            async with session.get(url + AUTH_TEST) as response:
                response.raise_for_status()
                return orjson.loads(await response.read())

        async def page(path: str) -> Any:
            async with session.get(url + path, params={"since": SINCE}) as response:
                response.raise_for_status()
                return await response.json()

        yield {"tiny": tiny, ENROLLMENTS: partial(page, ENROLLMENTS), SENDS: partial(page, SENDS)}


class _Workspace(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, strict=True)

    id: str
    name: str | None = None


@asynccontextmanager
async def httpx_pydantic(url: str, concurrency: int) -> AsyncIterator[Calls]:
    """What SDK generators make."""
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency, keepalive_expiry=60)
    enrollments, sends = pydantic.TypeAdapter(list[PydanticEnrollment]), pydantic.TypeAdapter(list[PydanticSend])
    async with httpx.AsyncClient(base_url=url, headers={"x-api-key": KEY}, limits=limits) as client:

        async def tiny() -> Any:
            response = await client.get(AUTH_TEST)
            return _Workspace.model_validate_json(response.raise_for_status().content)

        async def page(path: str, rows: pydantic.TypeAdapter[Any]) -> Any:
            response = await client.get(path, params={"since": SINCE})
            return rows.validate_json(response.raise_for_status().content)

        yield {
            "tiny": tiny,
            ENROLLMENTS: partial(page, ENROLLMENTS, enrollments),
            SENDS: partial(page, SENDS, sends),
        }


CONTENDERS: Final = {"impactive": impactive, "bare aiohttp": bare_aiohttp, "httpx + pydantic": httpx_pydantic}


# --- measuring


async def burst(call: Call, concurrency: int, count: int) -> float:
    """CPU seconds of a call, when `count` are made by `concurrency` tasks."""
    numbers: Iterator[int] = iter(range(count))

    async def caller() -> None:
        for _ in numbers:
            await call()

    start = time.thread_time()
    if concurrency == 1:
        await caller()
    else:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(caller())
    return (time.thread_time() - start) / count


async def race(url: str, scene: str, repetitions: int) -> dict[str, list[float]]:
    """CPU seconds of a call by each contender, in every repetition."""
    kind, concurrency, count = SCENES[scene]
    times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    async with AsyncExitStack() as stack:
        calls = {
            name: (await stack.enter_async_context(open_(url, concurrency)))[kind]
            for name, open_ in CONTENDERS.items()
        }
        for names in shuffled(calls, repetitions):
            for name in names:
                await burst(calls[name], concurrency, concurrency)  # opens connections, and warms caches
                times[name].append(await burst(calls[name], concurrency, count))
    return times


async def _all(repetitions: int) -> list[Result]:
    async with canned_server() as url:
        times = {scene: await race(url, scene, repetitions) for scene in SCENES}
    return [judge(gate, taken) for scene, taken in times.items() for gate in gates(scene)]


def gates(scene: str) -> Iterator[Gate]:
    """What a scene is held to."""
    yield Gate(scene, "impactive", "bare aiohttp", *((1.15, 1.08) if SCENES[scene][0] == "tiny" else (1.00, 0.80)))
    yield Gate(scene, "impactive", "httpx + pydantic", 0.5, 0.3)


def results(repetitions: int) -> list[Result]:
    """The rows of the table."""
    return asyncio.run(_all(repetitions))


if __name__ == "__main__":
    sys.exit(main(results, __doc__))
