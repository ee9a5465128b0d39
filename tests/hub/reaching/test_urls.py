"""URLs of hubs that lead nowhere: told at once, by the part that is wrong, and never quoted."""

from __future__ import annotations

import asyncio
import ssl
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from impactive_async.errors import ConfigurationError, ImpactiveError
from impactive_async.hub import HubError, connect
from tests.hub.contract.test_lost_answers import impatient_hub
from tests.hub.engines import POSTGRES_URL, REDIS_URL
from tests.hub.support.servers import own_server

SECRET = "s3cr3t"
SLIPS = [
    "'{scheme}://hub:{secret}@127.0.0.1:1/0'",
    '"{scheme}://hub:{secret}@127.0.0.1:1/0"',
    '{scheme}://hub:{secret}@127.0.0.1:1/0"',
    " {scheme}://hub:{secret}@127.0.0.1:1/0",
    "{scheme}://hub:{secret}@127.0.0.1:1/0\n",
    "IMPACTIVE_HUB={scheme}://hub:{secret}@127.0.0.1:1/0",
    "{scheme}:/hub:{secret}@127.0.0.1:1/0",
    "{scheme}:hub:{secret}@127.0.0.1:1/0",
    "hub:{secret}@127.0.0.1:1/0",
    "//hub:{secret}@127.0.0.1:1/0",
    "{scheme}x://hub:{secret}@127.0.0.1:1/0",
    "{secret}://127.0.0.1",
    "{scheme}://hub:{secret}/x@127.0.0.1:1/0",
    "{scheme}://hub:1/{secret}@127.0.0.1:1/0",
    "{scheme}://hub:{secret}?x@127.0.0.1:1/0",
    "{scheme}://hub:1?{secret}@127.0.0.1:1/0",
    "{scheme}://hub:{secret}#x@127.0.0.1:1/0",
    "{scheme}://hub:1#{secret}@127.0.0.1:1/0",
    "{scheme}://hub:[{secret}@127.0.0.1:1/0",
    "{scheme}://hub:{secret}\u2100@127.0.0.1:1/0",
    "{scheme}://127.0.0.1:{secret}/0",
    "{scheme}://127.0.0.1:1:{secret}/0",
]


@pytest.mark.parametrize("scheme", ["redis", "postgresql", "redis+sentinel", "redis+cluster"])
@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_url_shows_no_secret(scheme: str, slip: str) -> None:
    """Quotes that are left in, a character that is not encoded, a port that is none: nothing is quoted."""
    with pytest.raises(ConfigurationError) as refused:
        connect(slip.format(scheme=scheme, secret=SECRET))
    assert SECRET not in "".join(traceback.format_exception_only(refused.value))
    assert refused.value.__cause__ is None
    assert SECRET not in str(refused.value.__context__ if not refused.value.__suppress_context__ else "")


def test_a_good_url_is_not_refused() -> None:
    """What is unusual and right passes: sockets, several hosts, addresses in brackets, encoded passwords."""
    for url in (
        "redis://:p%40ss%2F%23@[::1]:6379/0", "unix:///run/redis.sock?db=2", "redis://localhost",
        "redis+sentinel://hub:pw@one:1,two,[::1]:3/crm/0?sentinel_password=x", "rediss+cluster://one:1,two",
        "postgresql:///crm?host=/run/postgresql", "postgresql://hub:p%3Aw@one:1,two:2/crm?target_session_attrs=any",
        "postgres://hub@[::1]:5432/crm?application_name=crm",
    ):  # fmt: skip
        connect(url)


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("redis://127.0.0.1:1/0?no_such_option=1", "option no_such_option"),
        ("redis://127.0.0.1:1/0?socket_timeout=soon", "option socket_timeout"),
        ("redis://127.0.0.1:1/crm", "path is no number"),
        ("redis://127.0.0.1:1/1/2", "path is no number"),
        ("redis+sentinel://127.0.0.1:1/crm/main", "path is no number"),
        ("rediss://127.0.0.1:1/0?ssl_ca_certs=/no/such/file", "file of its option ssl_ca_certs"),
        (
            "postgresql://127.0.0.1:1/x?sslmode=verify-full&sslrootcert=/no/such/file",
            "file of its option sslrootcert",
        ),
    ],
)
def test_what_can_be_told_from_a_url_is_told_before_the_first_call(url: str, part: str) -> None:
    """An option that there is not, a value that is none, a file that is missing: each by its name."""
    with pytest.raises(ConfigurationError, match=part):
        connect(url)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ("no_such_option=1", "no_such_option"),
        ("work_mem=lots", "work_mem"),
        ("sslmode=require", "TLS"),
        ("sslmode=sometimes", "option"),
        ("target_session_attrs=best", "option"),
    ],
)
async def test_what_a_postgres_will_never_accept_is_told_at_the_first_call(options: str, part: str) -> None:
    """The server is asked once, and not for ever."""
    async with own_server("postgres") as server, connect(f"{server.url}?{options}") as hub:
        with pytest.raises(ConfigurationError, match=f"PostgreSQL cannot be used at this URL.*{part}"):
            await hub.check()


async def test_asyncpgs_words_for_a_port_are_not_quoted() -> None:
    """It names what it cannot read, which may be a part of a password."""
    async with connect("postgresql://hub@/crm?host=127.0.0.1&port=geheim") as hub:
        with pytest.raises(ConfigurationError, match="an option of it has a value") as refused:
            await hub.check()
    assert "geheim" not in "".join(traceback.format_exception(refused.value))


@asynccontextmanager
async def with_tls(scheme: str) -> AsyncIterator[int]:
    """A server whose certificate nobody trusts; it need not know the engine's language for that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if scheme == "postgresql":
                await reader.readexactly(8)  # may I speak TLS?
                writer.write(b"S")
                await writer.start_tls(context)
            await reader.read()
        except OSError:  # ssl.SSLError is one: the client has left
            pass
        finally:
            writer.close()

    ready = context if scheme == "rediss" else None
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=ready) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(("scheme", "options"), [("rediss", ""), ("postgresql", "?sslmode=verify-full")])
async def test_a_certificate_that_is_not_trusted_is_told_at_once(
    scheme: str, options: str, tmp_path: Path
) -> None:
    """No waiting makes it trusted."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    if scheme == "postgresql":
        options += f"&sslrootcert={tmp_path}/ca.pem"
    async with with_tls(scheme) as port:
        url = f"{scheme}://127.0.0.1:{port}/0{options}"
        async with impatient_hub(url, "impactive") as hub:
            with pytest.raises(ConfigurationError, match="its certificate is not trusted"):
                await hub.check()


@pytest.mark.parametrize("url", [REDIS_URL, POSTGRES_URL])
async def test_a_server_that_says_nothing_is_given_up(url: str) -> None:
    """With a `timeout` a call ends in that time, all its repetitions included, and the call may be made again."""
    hold = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hold.wait()
        writer.close()

    scheme = url.partition("://")[0]
    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"{scheme}://127.0.0.1:{port}/0", timeout=0.2) as hub:
            for call in (hub.status, hub.check, hub.init, hub.feeds, hub.heal, hub.trim):
                with pytest.raises(HubError, match="no answer in time") as given_up:
                    await call()
                assert not isinstance(given_up.value, ConfigurationError)
        hold.set()


async def test_a_socket_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    """A server behind a socket may be starting; it is away, and not a matter of configuration."""
    async with impatient_hub(f"postgresql:///x?host={tmp_path}&user=a", "impactive") as hub:
        with pytest.raises(ImpactiveError) as away:
            await hub.check()
        assert isinstance(away.value, HubError)
