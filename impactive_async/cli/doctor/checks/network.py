"""The way to the host: name, TLS, redirects, and whose host it is."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from typing import Any, Final
from urllib.parse import urlsplit

from impactive_async.cli.doctor.examination import Examination, Verdict
from impactive_async.cli.doctor.exchange import Exchange
from impactive_async.cli.doctor.prober import trouble_of

REQUESTS: Final = 0
_VENDOR: Final = "app.impactiveai.com"
_DAY: Final = 86_400


async def check_network(examination: Examination) -> bool:
    """Look the host up and connect to it; returns whether that worked."""
    where = urlsplit(examination.prober.base_url)
    host, port = where.hostname or "", where.port or (443 if where.scheme == "https" else 80)
    seen = "the vendor's" if host == _VENDOR else "another (white-label, gateway or sandbox)"
    examination.tell("host", "the vendor's or a white-label host", seen, Verdict.AS_ASSUMED)
    try:
        found = await asyncio.to_thread(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        _fail(examination, "DNS", "the name is known", error, "Check --base-url and the network.")
        return False
    families = " and ".join(sorted({"IPv6" if entry[0] == socket.AF_INET6 else "IPv4" for entry in found}))
    examination.tell("DNS", "the name is known", f"the name is known ({families})", Verdict.AS_ASSUMED)
    if where.scheme != "https":
        examination.tell("TLS", "https", "plain http", Verdict.HANDLED, "Only for a host that is your own.")
        return True
    return await _check_tls(examination, host, port)


async def _check_tls(examination: Examination, host: str, port: int) -> bool:
    assumed = "a certificate that this machine trusts"
    try:
        version, days = await asyncio.to_thread(_certificate, host, port, examination.prober.timeout)
    except OSError as error:
        _fail(examination, "TLS", assumed, error, "The SDK takes ca_file= for authorities of your own.")
        return False
    seen = f"{assumed} ({version}, {'more than 14' if days > 14 else days} days left)"
    soon = "The certificate ends soon." if days <= 14 else ""
    examination.tell("TLS", assumed, seen, Verdict.AS_ASSUMED, soon)
    return True


def _certificate(host: str, port: int, timeout: float) -> tuple[str, int]:
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), timeout) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        found: dict[str, Any] = connection.getpeercert() or {}
        ends = ssl.cert_time_to_seconds(str(found["notAfter"]))
        return connection.version() or "TLS", int((ends - time.time()) // _DAY)


def _fail(examination: Examination, check: str, assumed: str, error: BaseException, advice: str) -> None:
    examination.tell(check, assumed, trouble_of(error), Verdict.BREAKS, advice)


def check_redirect(examination: Examination, first: Exchange) -> None:
    """Say whether the host answers itself, or sends callers elsewhere."""
    assumed = "the host answers itself"
    if not 300 <= first.status < 400 or first.status == 304:
        examination.tell("redirect", assumed, assumed, Verdict.AS_ASSUMED)
        return
    here, there = urlsplit(examination.prober.base_url), urlsplit(first.headers.get("location", ""))
    same = not there.hostname or there.hostname == here.hostname
    seen = f"{first.status} to {'another path or scheme of the same' if same else 'another'} host"
    advice = "Give the address that it redirects to as --base-url: the SDK sends no key after a redirect."
    examination.tell("redirect", assumed, seen, Verdict.BREAKS, advice)
