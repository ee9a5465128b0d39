"""Cursors that version 0.1 kept: files that its code wrote, of feeds that had polled a sandbox."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from impactive_async import AsyncClient, Feed
from impactive_async.stores import CursorStore, FileCursorStore, SqliteCursorStore
from tests.support import KEY, http, scripted

WRITTEN = Path(__file__).parent / "from_0_1"
SEQUENCE = "seq_49be08f9ebf60fe6"
FEEDS: dict[str, Callable[[AsyncClient], Feed[Any]]] = {
    "enrollments": lambda crm: crm.sequences.watch_enrollments(SEQUENCE),
    "sends": lambda crm: crm.sequences.watch_sends(SEQUENCE),
    "replies": lambda crm: crm.sequences.watch_replies(SEQUENCE),
    "zapier contacts": lambda crm: crm.zapier.contacts.watch(),
    "bookings": lambda crm: crm.bookings.watch(),
}


@pytest.fixture(params=["file", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> CursorStore:
    """A copy of what was written."""
    shutil.copytree(WRITTEN, tmp_path / "kept")
    if request.param == "file":
        return FileCursorStore(tmp_path / "kept" / "cursors")
    return SqliteCursorStore(tmp_path / "kept" / "cursors.db")


@pytest.mark.parametrize("name", FEEDS)
async def test_a_feed_goes_on_from_a_cursor_of_0_1(name: str, store: CursorStore) -> None:
    """Each kind of cursor loads and is one of its feed, and the one after it is kept in its place."""
    cursor = await store.load(name)
    assert cursor
    async with (
        scripted(http("200 OK\nContent-Length: 2", b"[]")) as server,
        AsyncClient(KEY, base_url=server.url) as crm,
    ):
        poll = await FEEDS[name](crm).poll(cursor)
    assert (poll.rows, poll.bad) == ([], [])
    await store.save(name, poll.cursor)
    assert await store.load(name) == poll.cursor


async def test_a_key_that_0_1_did_not_save_is_none(store: CursorStore) -> None:
    """What stands beside it is not taken for it."""
    assert await store.load("projects") is None
