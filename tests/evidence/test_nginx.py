"""nginx as a white-label host: its TLS, its request limit, its redirects."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

from impactive_async import APIConnectionError, APIStatusError, AsyncClient, ContactDraft, RetryPolicy
from impactive_async.sandbox import Sandbox
from tests.evidence.parts import free_port, nginx, serving

HOST = "crm.acme.example"
RATE = 50  # as in nginx.conf
PEOPLE = 150


class _ToThisMachine(AbstractResolver):
    """Every name is this machine: what `/etc/hosts` would say."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def port(impactive_sandbox: Sandbox, authority: trustme.CA, tmp_path: Path) -> AsyncIterator[int]:
    """Where nginx listens, with a certificate for `HOST`."""
    port = free_port()
    authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    text = (Path(__file__).parent / "nginx.conf").read_text()
    words = {"FOLDER": tmp_path, "PORT": port, "UPSTREAM": impactive_sandbox.url.removeprefix("http://")}
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    (tmp_path / "nginx.conf").write_text(text)
    command = [nginx(), "-p", str(tmp_path), "-e", str(tmp_path / "error.log"), "-c", str(tmp_path / "nginx.conf")]
    async with serving(port, *command, log=tmp_path / "nginx.log"):
        yield port


def client_of(
    sandbox: Sandbox, port: int, authority: trustme.CA | None, host: str = HOST, **options: Any
) -> AsyncClient:
    """A client of the white-label host, as a user of a private CA makes it."""
    trusted = ssl.create_default_context()
    if authority is not None:
        authority.configure_trust(trusted)
    connector = aiohttp.TCPConnector(ssl=trusted, resolver=_ToThisMachine(), limit=0)
    return AsyncClient(sandbox.api_key, base_url=f"https://{host}:{port}", connector=connector, **options)


async def test_it_paces_itself_and_loses_nothing(
    impactive_sandbox: Sandbox, port: int, authority: trustme.CA
) -> None:
    """Told 429 again and again, the client still creates everybody once and reads everything."""
    policy = RetryPolicy(first=0.1, longest=1.0)
    before = len(impactive_sandbox.state.rows("contacts"))
    async with client_of(impactive_sandbox, port, authority, max_retries=50, retry=policy) as crm:
        drafts = (
            ContactDraft(first_name="Ada", last_name=str(n), email=f"ada{n}@example.com") for n in range(PEOPLE)
        )
        report = await crm.contacts.create_many(drafts, batch_size=1, concurrency=16)
        listed = await crm.contacts.list(limit=500)
        stats = crm.stats()
    assert (report.created, report.ok) == (PEOPLE, True)
    assert stats.rate_limited > 0  # else nginx has limited nothing, and this test shows nothing
    assert len(impactive_sandbox.state.rows("contacts")) == before + PEOPLE == len(listed)


async def test_a_rate_limit_of_its_own_spares_it_the_429s(
    impactive_sandbox: Sandbox, port: int, authority: trustme.CA
) -> None:
    """With `rate_limit` below the host's, the client is hardly told to wait, and never in vain."""
    async with client_of(impactive_sandbox, port, authority, rate_limit=RATE / 2, max_retries=5) as crm:
        report = await crm.contacts.create_many(
            (ContactDraft(first_name="Ada", last_name=str(n)) for n in range(40)), batch_size=1, concurrency=4
        )
        stats = crm.stats()
    assert report.created == 40
    assert stats.failures == 0


async def test_an_unknown_authority_is_refused_at_once(impactive_sandbox: Sandbox, port: int) -> None:
    """A certificate of a CA that this machine does not trust: one attempt, nothing sent."""
    async with client_of(impactive_sandbox, port, None) as crm:
        with pytest.raises(APIConnectionError, match="certificate verify failed") as caught:
            await crm.zapier.auth_test()
    assert (caught.value.attempts, caught.value.request_sent) == (1, False)
    assert impactive_sandbox.requests == ()


async def test_a_wrong_host_name_is_refused_at_once(
    impactive_sandbox: Sandbox, port: int, authority: trustme.CA
) -> None:
    """A trusted certificate for another name: one attempt, nothing sent."""
    async with client_of(impactive_sandbox, port, authority, host="crm.other.example") as crm:
        with pytest.raises(APIConnectionError, match=r"(?i)hostname mismatch") as caught:
            await crm.contacts.create(first_name="Ada", last_name="Lovelace")
    assert (caught.value.attempts, caught.value.outcome_unknown) == (1, False)
    assert impactive_sandbox.requests == ()


async def test_a_redirect_is_told_and_not_followed(
    impactive_sandbox: Sandbox, port: int, authority: trustme.CA
) -> None:
    """The key does not travel to wherever a host points."""
    async with client_of(impactive_sandbox, port, authority) as crm:
        with pytest.raises(APIStatusError, match=r"redirects to https://elsewhere\.example") as caught:
            await crm.request("GET", "/moved/here")
    assert caught.value.status == 301
