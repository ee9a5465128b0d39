"""Rows that no parser reads, from a server that prints them: in lists, in feeds, and in the list of sequences."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from impactive_async import BadRow
from impactive_async.errors import DecodeError
from impactive_async.sandbox import Sandbox
from tests.support import PATIENCE, client_of, until

BYTES = {
    "not_utf8": "text.not_utf8",
    "surrogate": "text.surrogate",
    "control": "text.control",
    "nan": "number.not_finite",
    "infinity": "number.not_finite",
    "huge_number": "number.not_finite",
    "deep": "value.too_deep",
}
"""The poisons that concern bytes, and how each is counted."""
LISTED = "GET /api/agent/sequences"


@pytest.mark.parametrize("how", BYTES)
@pytest.mark.contract("a strict client refuses every other dialect")
async def test_a_list_with_such_a_row_is_read_whole(sandbox: Sandbox, how: Any) -> None:
    """A call returns every row, and counts what was mended."""
    first, *others = sandbox.state.rows("companies")
    sandbox.poison("companies", first.id, how)
    async with client_of(sandbox) as crm:
        rows = await crm.zapier.companies.list()
        assert {row.id for row in rows} == {first.id, *(one.id for one in others)}
        assert crm.stats().deviations[BYTES[how]] == 1
    async with client_of(sandbox, strict=True) as crm:
        with pytest.raises(DecodeError):
            await crm.zapier.companies.list()


@pytest.mark.parametrize("how", BYTES)
@pytest.mark.contract("a strict client refuses every other dialect")
async def test_a_feed_delivers_such_a_row_with_all_others(sandbox: Sandbox, how: Any) -> None:
    """Also when it is known already; a strict client quarantines it once."""
    first, *others = sandbox.state.rows("companies")
    sandbox.poison("companies", first.id, how)
    async with client_of(sandbox) as crm:
        feed = crm.zapier.companies.watch()
        poll = await feed.poll()
        assert {row.id for row in poll.rows} == {first.id, *(one.id for one in others)}
        assert (poll.bad, crm.stats().deviations[BYTES[how]]) == ([], 1)
        await sandbox.clock.advance(minutes=1)
        new = sandbox.state.touch("companies", others[0].id, {"name": "New"})
        again = await feed.poll(poll.cursor)
        assert ([row.id for row in again.rows], again.bad) == ([new.id], [])
    async with client_of(sandbox, strict=True) as crm:
        poll = await crm.zapier.companies.watch().poll()
        assert {row.id for row in poll.rows} == {one.id for one in others}
        assert [type(bad) for bad in poll.bad] == [BadRow]
        assert (await crm.zapier.companies.watch().poll(poll.cursor)).bad == []


WITHOUT_MSGSPEC = """
import asyncio, sys
sys.modules["msgspec"] = None
from impactive_async import AsyncClient
from impactive_async.sandbox import Sandbox
async def main(how):
    async with Sandbox() as sandbox, AsyncClient(sandbox.api_key, base_url=sandbox.url) as crm:
        for title in "AB":
            made = sandbox.state.add("bookings", {"title": title})
        company = sandbox.state.rows("companies")[0]
        sandbox.poison("bookings", made.id, how)
        sandbox.poison("companies", company.id, how)
        for resource in (crm.bookings, crm.zapier.companies):
            listed = sorted(row.id for row in await resource.list())
            polled = await resource.watch().poll()
            assert sorted(row.id for row in polled.rows) == listed, listed
            assert {made.id, company.id} & set(listed), listed
            assert not polled.bad, polled.bad
        assert list(crm.stats().deviations.values()) == [4], crm.stats()
for how in sys.argv[1:]:
    asyncio.run(main(how))
"""


def test_so_it_is_without_msgspec() -> None:
    """The exact reader alone reads the same rows, of lists with and without `since`, and counts the same."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_MSGSPEC, *BYTES],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("how", BYTES)
async def test_the_list_of_sequences_is_followed_whole(sandbox: Sandbox, how: Any) -> None:
    """A sequence whose row has to be mended is followed like the others."""
    ids = [sandbox.state.create_sequence(name, [0]).id for name in ("One", "Two")]
    people = [one.id for one in sandbox.state.rows("contacts")[:1]]
    for one in ids:
        sandbox.state.enroll(one, people)
    sandbox.poison("sequences", ids[0], how)
    async with client_of(sandbox) as crm, crm.watch(["enrollments"]) as events, asyncio.timeout(PATIENCE):
        assert {(await anext(events)).sequence_id for _ in ids} == set(ids)


async def test_a_row_of_the_list_of_sequences_that_nobody_can_read(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told once; the other sequences are followed, and none is dropped because it may be that one."""
    one, two = (sandbox.state.create_sequence(name).id for name in ("One", "Two"))
    rows = [json.dumps({"id": each, "name": "x", "status": "active"}).encode() for each in (one, two)]
    replies = "GET /api/agent/sequences/:id/replies"
    sandbox.fail(LISTED, status=200, body=b"[%b]" % rows[0])
    sandbox.fail(LISTED, status=200, body=b'[{"id": 01}, %b]' % rows[1], times=None)
    async with client_of(sandbox) as crm, crm.watch(["replies"]) as events, asyncio.timeout(PATIENCE):
        waiting = asyncio.ensure_future(anext(events))
        await until(lambda: len(sandbox.requests_to(LISTED)) > 3)
        asked = len(sandbox.requests_to(replies))
        await until(
            lambda: {item.path.split("/")[4] for item in sandbox.requests_to(replies)[asked:]} == {one, two}
        )
        assert (events.feeds, events.stats.bad_rows) == (2, 1)
        waiting.cancel()
    told = [
        record
        for record in caplog.records
        if record.levelno >= logging.WARNING and "cannot be read" in record.message
    ]
    assert len(told) == 1
