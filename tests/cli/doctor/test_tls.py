"""TLS that cannot be set up: told in our words, with what to do, and without the host."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from impactive_async.cli.doctor.examination import Verdict
from impactive_async.cli.doctor.examining import examine
from impactive_async.cli.doctor.prober import Prober
from tests.support import http, scripted

YEAR = timedelta(days=365)


@asynccontextmanager
async def served(
    authority: trustme.CA, name: str = "127.0.0.1", ends: datetime | None = None
) -> AsyncIterator[str]:
    """A server with such a certificate; its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=ends).configure_cert(context)
    refused = http("401 Unauthorized\nContent-Length: 0")
    async with scripted(*[refused] * 5, tls=context) as server:
        yield server.url


async def looked_at(url: str, finding: str = "TLS") -> tuple[str, Verdict, str, bool]:
    """What is seen, the verdict and the advice; and whether anything was sent."""
    examination, first = await examine(Prober(url, "icrm_" + "a" * 32, rate=1e9))
    (found,) = [one for one in examination.findings if one.check == finding]
    return found.seen, found.verdict, found.advice, first is not None


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority that this process trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


async def test_a_certificate_that_is_trusted(trusted: trustme.CA) -> None:
    """Doctor goes on, and says which version of TLS there is and that the certificate lasts."""
    async with served(trusted, ends=datetime.now(UTC) + YEAR) as url:
        seen, verdict, advice, sent = await looked_at(url)
    assert (verdict, advice, sent) == (Verdict.AS_ASSUMED, "", True)
    assert "TLSv1.3, more than 14 days left" in seen


async def test_a_certificate_that_ends_soon(trusted: trustme.CA) -> None:
    """It is told while there is time."""
    async with served(trusted, ends=datetime.now(UTC) + timedelta(days=3, hours=1)) as url:
        seen, verdict, advice, _ = await looked_at(url)
    assert "3 days left" in seen
    assert (verdict, advice) == (Verdict.AS_ASSUMED, "The certificate ends soon.")


@pytest.mark.parametrize("fault", ["self-signed", "expired", "wrong host"])
async def test_a_certificate_that_is_not_trusted(trusted: trustme.CA, fault: str) -> None:
    """Nothing is sent, least of all the key; the host is named nowhere."""
    authority = trustme.CA() if fault == "self-signed" else trusted
    ends = datetime.now(UTC) - timedelta(days=1) if fault == "expired" else None
    async with served(authority, "crm.example.com" if fault == "wrong host" else "127.0.0.1", ends) as url:
        seen, verdict, advice, sent = await looked_at(url)
    words = {
        "self-signed": "unable to get local issuer certificate",
        "expired": "certificate has expired",
        "wrong host": "it is for another host",
    }
    assert "the certificate is not trusted" in seen
    assert words[fault] in seen
    assert (verdict, sent) == (Verdict.BREAKS, False)
    assert "ca_file=" in advice
    assert "127.0.0.1" not in seen


async def test_a_host_that_does_not_speak_tls(trusted: trustme.CA) -> None:
    """As when https is given for a port of plain http."""

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http("400 Bad Request\nContent-Length: 0"))
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        seen, verdict, _, sent = await looked_at(f"https://127.0.0.1:{port}")
    assert (seen, verdict, sent) == ("TLS could not be set up", Verdict.BREAKS, False)
