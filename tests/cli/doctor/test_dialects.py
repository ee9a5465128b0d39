"""Every dialect is recognised so well that a second sandbox can answer like the first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from impactive_async.cli.doctor.exchange import NOT_JSON, Exchange
from impactive_async.cli.doctor.prober import Prober
from impactive_async.cli.doctor.profiling import profile_of
from impactive_async.sandbox import DIALECTS, Sandbox
from tests.cli.doctor.workspaces import QUICK, examined, workspace

LISTS = (
    "/api/agent/contacts", "/api/agent/sending-accounts", "/api/agent/sequences", "/api/agent/bookings",
    "/api/zapier/auth/test", "/api/zapier/companies", "/api/zapier/contacts", "/api/zapier/deals",
    "/api/zapier/invoices", "/api/zapier/projects",
)  # fmt: skip
OF_SEQUENCE = ("", "/enrollments", "/sends", "/replies")
MESSAGES = ("message", "error")
HEADERS = ("date", "etag", "link", "allow", "cache-control", "vary", "x-powered-by", "content-type")


async def answers(sandbox: Sandbox, verb: str) -> AsyncIterator[Exchange]:
    """Everything that is read, refused and written, in a fixed order."""
    prober = Prober(sandbox.url, sandbox.api_key, rate=QUICK)
    sequence = next(iter(sandbox.state.sequences))
    contact = sandbox.state.rows("contacts")[3].id
    replier = sandbox.state.replies[0].contact_id
    stamp = sandbox.state.rows("contacts")[-1].updated_at.isoformat()
    paths = [*LISTS, *(f"/api/agent/sequences/{sequence}{rest}" for rest in OF_SEQUENCE)]
    for path in (*paths, f"/api/agent/contacts/{replier}/replies"):
        yield await prober.ask("GET", path)
    for limit in ("1", "500", "501", "x"):
        yield await prober.ask("GET", LISTS[0], query={"limit": limit})
    for path in (*LISTS[5:], f"/api/agent/sequences/{sequence}/sends"):
        yield await prober.ask("GET", path, query={"since": stamp})
    yield await prober.ask("GET", LISTS[0], query={"unknown": "1"})
    yield await prober.ask("GET", LISTS[0], key="icrm_" + "f" * 32)
    yield await prober.ask("GET", "/api/agent/nowhere")
    yield await prober.ask("GET", "/api/agent/sequences/999")
    yield await prober.ask("OPTIONS", f"/api/agent/contacts/{contact}")
    yield await prober.ask("PROPFIND", LISTS[0])
    person = {"firstName": "Ada", "lastName": "Byron"}
    yield await prober.ask("POST", LISTS[0], body=person)
    yield await prober.ask("POST", LISTS[0], body={"firstName": 3})
    yield await prober.ask(verb, f"/api/agent/contacts/{contact}", body={"title": "Countess"})
    draft = {"name": "Draft", "status": "draft", "steps": [{"subject": "a", "body": "b", "delayDays": 0}]}
    yield await prober.ask("POST", LISTS[2], body=draft)
    yield await prober.ask("POST", f"/api/agent/sequences/{sequence}/steps", body=draft["steps"][0])
    ids = [row.id for row in sandbox.state.rows("contacts")[58:62]]
    yield await prober.ask("POST", f"/api/agent/sequences/{sequence}/enroll", body={"contactIds": ids})
    yield await prober.ask("POST", f"/api/agent/sequences/{sequence}/pause", body={"contactIds": ids})
    yield await prober.ask("DELETE", f"/api/agent/sequences/{sequence}/contacts/{ids[0]}")
    yield await prober.ask("POST", "/api/zapier/companies", body={"name": "Engines"})


def told(exchange: Exchange) -> Any:
    """An answer as it is compared: words that only people read, and the text of pages, do not count."""
    names = [name for name in HEADERS if name in exchange.headers]
    document = exchange.document
    if document is NOT_JSON:
        return exchange.status, names, f"Cannot {exchange.method}".encode() in exchange.content
    return exchange.status, names, exchange.headers.get("allow"), _without_words(document)


def _without_words(document: Any) -> Any:
    if isinstance(document, dict):
        kept = {key: value for key, value in document.items() if not (key in MESSAGES and isinstance(value, str))}
        return {key: _without_words(value) for key, value in kept.items()} | {"words": len(document) - len(kept)}
    return [_without_words(item) for item in document] if isinstance(document, list) else document


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_sandbox_of_the_saved_profile_answers_like_the_first(dialect: str) -> None:
    """What doctor saves of a dialect makes a second sandbox give the same answers: reads, refusals and writes."""
    async with workspace(dialect=dialect) as first:
        saved = profile_of(await examined(first, write=True)).as_document()
    verb = "PUT" if dialect in ("express", "next") else "PATCH"
    async with workspace(dialect=dialect) as first, workspace(profile=saved) as second:
        theirs = [answer async for answer in answers(first, verb)]
        ours = [answer async for answer in answers(second, verb)]
    assert len(ours) == len(theirs) > 30
    for one, other in zip(theirs, ours, strict=True):
        assert told(other) == told(one), (one.method, one.template, one.query)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_reading_alone_finds_how_a_dialect_reads(dialect: str) -> None:
    """Without writes, the saved profile makes a second sandbox give the same answers to all that is read."""
    async with workspace(dialect=dialect) as first:
        saved = profile_of(await examined(first)).as_document()
        async with workspace(profile=saved) as second:
            theirs = await _read(first)
            ours = await _read(second)
    assert ours == theirs


async def _read(sandbox: Sandbox) -> Sequence[Any]:
    answered = []
    async for answer in answers(sandbox, "PATCH"):
        if answer.method != "GET":
            break
        answered.append((answer.template, told(answer)))
    return answered
