"""One attempt over HTTP, against receivers that behave and receivers that do not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import ssl
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import standardwebhooks
import trustme
from aiohttp import web

from impactive_async.forward.forwarder import make_sender
from impactive_async.forward.senders.attempt import Attempt
from impactive_async.forward.senders.http import HttpSender
from impactive_async.hub import HubEvent
from impactive_async.webhooks import WebhookSecret
from tests.forward.receiver import SECRET, Answer, Receiver, about, answering, receiving, to
from tests.support import PATIENCE

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


def sender_at(url: str, **options: Any) -> HttpSender:
    defaults: dict[str, Any] = {"headers": {}, "timeout": 15, "concurrency": 1, "public_only": False}
    return HttpSender(url, (SECRET,), **defaults | options)


async def sent(url: str, event: HubEvent | None = None, **options: Any) -> Attempt:
    async with make_sender(to(url, **options)) as sender:
        return await sender.send(event or about(1))


async def answered(answer: Answer, **options: Any) -> Attempt:
    async with receiving(answer) as receiver:
        return await sent(receiver.url, **options)


async def talking(*pieces: bytes, **options: Any) -> Attempt:
    """Send to a server that says these pieces and nothing else."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.writelines(pieces)
        if options.get("hang"):
            await over.wait()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        talked.set()

    over, talked = asyncio.Event(), asyncio.Event()
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        return await sent(f"http://127.0.0.1:{port}/", **{k: v for k, v in options.items() if k != "hang"})
    finally:
        over.set()
        await talked.wait()
        server.close()
        await server.wait_closed()


async def test_what_arrives_is_a_signed_cloudevent(receiver: Receiver) -> None:
    """The body is the event's text, verbatim; the reference library verifies it."""
    event = about(7, name="Grüße 🙂 \0")
    assert (await sent(receiver.url, event, headers={"x-tenant": "7"})).result == "delivered"
    headers, body = receiver.headers[0], receiver.bodies[0]
    assert body == event.to_json().encode()
    assert standardwebhooks.Webhook(SECRET.reveal()).verify(body, dict(headers)) == json.loads(body)
    assert headers["content-type"] == "application/cloudevents+json"
    assert headers["user-agent"].startswith("impactive-async/")
    assert headers["x-tenant"] == "7"
    assert receiver.accepted == [event]


async def test_both_secrets_sign(receiver: Receiver) -> None:
    """While a secret is changed, receivers with the old one and receivers with the new one accept."""
    receiver.secrets = old = WebhookSecret(b"o" * 24)
    assert (await sent(receiver.url, secrets=(SECRET, old))).result == "delivered"


async def test_each_attempt_is_signed_afresh(receiver: Receiver) -> None:
    """The id stays, the time and with it the signature change."""
    now = time.time()
    for off in (0, 2):
        async with sender_at(receiver.url, wall_clock=lambda off=off: now + off) as sender:
            await sender.send(about(1))
    first, second = receiver.headers
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 2
    assert first["webhook-signature"] != second["webhook-signature"]


@pytest.mark.parametrize(
    ("status", "reason"), [(500, "answered 500"), (401, "answered 401"), (410, "answered 410 Gone")]
)
async def test_an_answer_is_told_by_its_status(status: int, reason: str) -> None:
    """Nothing of its body is."""
    outcome = await answered(answering(status))
    assert (outcome.status, outcome.reason) == (status, reason)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    """A signed message goes to the URL that was configured, and to no other."""
    outcome = await answered(answering(status, location=receiver.url))
    assert (outcome.result, outcome.status) == ("failed", status)
    assert "redirects are not followed" in outcome.reason
    assert receiver.attempts == []


async def test_a_pause_that_is_asked_for_is_passed_on() -> None:
    """`Retry-After` of a 429."""
    assert (await answered(answering(429, **{"retry-after": "30"}))).pause == 30


async def test_a_receiver_that_hangs_is_given_up_in_time() -> None:
    """No answer within the time is a failure."""

    async def hang(_: web.Request, __: HubEvent) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    outcome = await answered(hang, timeout=0.2)
    assert (outcome.result, outcome.reason) == ("failed", "no answer within 0.2 s")


async def test_an_answer_without_end_costs_a_connection_and_no_more() -> None:
    """The status counts, the body is not read to its end."""

    async def flood(request: web.Request, __: HubEvent) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"content-length": str(500_000_000)})
        await answer.prepare(request)
        try:
            for _ in range(500_000_000 // 65_536):
                await answer.write(b"x" * 65_536)
        except (ConnectionError, asyncio.CancelledError):
            cut.set()
            raise
        raise AssertionError("all of it was read")

    cut = asyncio.Event()
    assert (await answered(flood)).result == "delivered"
    assert cut.is_set()


async def test_a_body_that_never_comes_does_not_undo_success() -> None:
    """The receiver has said that it has the event."""
    outcome = await talking(HEAD + b"Content-Length: 10\r\n\r\nabc", hang=True, timeout=0.2)
    assert outcome.result == "delivered"


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 10\r\n\r\nabc",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"\r\nHTTP/1.1 500 No\r\n\r\n",
    ],
    ids=["short", "cut off", "no gzip", "another answer"],
)
async def test_a_body_that_breaks_does_not_undo_success(body: bytes) -> None:
    """An event that the receiver has taken is not given up for what it says behind that."""
    outcome = await talking(HEAD + body)
    assert (outcome.result, outcome.status) == ("delivered", 200)


async def test_headers_that_come_by_the_letter_end_with_the_time() -> None:
    """The time is for the whole attempt, whatever trickles in."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"x: ")
        letters = 0
        with contextlib.suppress(ConnectionError):
            while letters < 8000:
                letters += 1
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        dripped.set_result(letters)
        writer.close()

    dripped = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with server:
        outcome = await sent(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", timeout=0.3)
        letters = await asyncio.wait_for(dripped, PATIENCE)
    assert (outcome.result, outcome.reason) == ("failed", "no answer within 0.3 s")
    assert 1 < letters < 8000


@pytest.mark.parametrize(
    "pieces",
    [(b"",), (b"SSH-2.0-OpenSSH_9.2\r\n",), (HEAD[:9],), (HEAD + b"x" * 100_000 + b"\r\n\r\n",), (b"\0" * 100,)],
    ids=["nothing", "ssh", "half", "endless header", "noise"],
)
async def test_what_is_no_answer_is_a_failure(pieces: tuple[bytes, ...]) -> None:
    """Whatever is said, and wherever it ends."""
    assert (await talking(*pieces)).result == "failed"


async def test_nobody_at_the_port_is_a_failure() -> None:
    """And no exception."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    outcome = await sent(f"http://127.0.0.1:{port}/hooks/secret-path")
    assert outcome.reason.startswith("no connection: ")
    assert "secret-path" not in outcome.reason


async def test_a_name_that_does_not_exist_is_a_failure() -> None:
    """The sentence says that it is the name."""
    outcome = await sent("http://nobody.invalid/")
    assert outcome.reason == "its host's name could not be resolved"


async def test_an_untrusted_certificate_is_refused() -> None:
    """Nothing is sent to whoever shows it."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(tls)
    async with receiving(tls=tls) as receiver:
        outcome = await sent(receiver.url)
        assert outcome.reason.startswith("its certificate is not trusted: ")
        assert receiver.attempts == []


async def test_tls_where_there_is_none_is_a_failure(receiver: Receiver) -> None:
    """A receiver that speaks plain HTTP at an https URL."""
    outcome = await sent(receiver.url.replace("http:", "https:"))
    assert outcome.result == "failed"
    assert receiver.attempts == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0x7f000001"])
async def test_a_private_address_is_refused_after_its_name_is_resolved(receiver: Receiver, host: str) -> None:
    """No name leads there, and no way of writing the number does."""
    async with sender_at(receiver.url.replace("127.0.0.1", host), public_only=True) as sender:
        outcome = await sender.send(about(1))
    assert outcome.result == "failed"
    assert "not public" in outcome.reason
    assert receiver.attempts == []


async def test_nothing_of_a_message_is_logged(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """Neither its body nor its secret, at whatever level."""
    caplog.set_level(logging.DEBUG)
    await sent(receiver.url, about(1, note="confidential"))
    await answered(answering(500))
    assert "confidential" not in caplog.text
    assert SECRET.reveal().removeprefix("whsec_") not in caplog.text
