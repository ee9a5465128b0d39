"""Two workspaces that share a store: the second is told, and never silently gets nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from impactive_async import AsyncClient, MemoryCursorStore
from impactive_async._http.settings import Credentials, Home
from impactive_async.errors import CursorError
from impactive_async.feeds.delivery.home import check_home, with_home, without_home
from impactive_async.sandbox import Sandbox
from tests.support import KEY, client_of, outcome

FORMS: list[Callable[[str], Any]] = [
    str,
    str.encode,
    json.loads,
    lambda text: json.dumps(json.loads(text), indent=1),
]
"""A text as stores and databases give it back."""


async def handled(crm: AsyncClient, store: MemoryCursorStore, count: int) -> list[str]:
    async with crm.zapier.companies.watch(store=store) as feed:
        found = [(await anext(feed)).id for _ in range(count)]
        feed.ack()
        return found


async def test_a_second_server_is_refused() -> None:
    """By a feed and by `crm.watch`, with both addresses and what to do; the first one goes on."""
    store = MemoryCursorStore()
    async with Sandbox() as one, Sandbox() as two, client_of(one) as first, client_of(two) as second:
        count = len(one.state.rows("companies"))
        assert len(await handled(first, store, count)) == count
        expected = f"(?s)zapier/companies.*{one.url}.*{two.url}.*store"
        with pytest.raises(CursorError, match=expected):
            await handled(second, store, 1)
        async with second.watch(["companies"], store=store) as events:
            with pytest.raises(CursorError, match=expected):
                await anext(events)
        await one.clock.advance(minutes=1)
        new = one.state.touch("companies", one.state.rows("companies")[0].id, {"name": "New"})
        assert await handled(first, store, 1) == [new.id]


async def test_sequences_of_a_second_server_are_refused_too() -> None:
    """Also what is kept of the list of sequences says whose it is."""
    store = MemoryCursorStore()
    async with Sandbox() as one, Sandbox() as two:
        for sandbox in (one, two):
            sequence = sandbox.state.create_sequence("Welcome", [0])
            sandbox.state.enroll(sequence.id, [sandbox.state.rows("contacts")[0].id])
        async with client_of(one) as crm, crm.watch(["enrollments"], store=store) as events:
            await anext(events)
        async with client_of(two) as crm, crm.watch(["enrollments"], store=store) as events:
            with pytest.raises(CursorError, match="workspace/sequences/enrollments"):
                await anext(events)


async def test_a_poll_by_hand_is_refused_too() -> None:
    """In whatever form the cursor comes back."""
    async with Sandbox() as one, Sandbox() as two, client_of(one) as first, client_of(two) as second:
        cursor = (await first.zapier.companies.watch().poll()).cursor
        for form in FORMS:
            assert (await first.zapier.companies.watch().poll(form(cursor))).rows == []
            assert isinstance(await outcome(second.zapier.companies.watch().poll(form(cursor))), CursorError)


async def test_a_cursor_of_an_older_version_is_loaded() -> None:
    """It does not say where it belongs, and does so from its next saving on."""
    async with Sandbox() as sandbox, client_of(sandbox) as crm:
        cursor = (await crm.zapier.companies.watch().poll()).cursor
        old = without_home(cursor)
        assert "server" not in json.loads(old)
        assert "keymark" not in json.loads(old)
        again = await crm.zapier.companies.watch().poll(old)
        assert again.rows == []
        assert json.loads(again.cursor)["server"] == sandbox.url


async def test_the_same_workspace_under_a_new_address() -> None:
    """A cursor goes on once its field names the new address, as the error says."""
    async with Sandbox() as one, Sandbox() as two, client_of(one) as first, client_of(two) as second:
        cursor = json.loads((await first.zapier.companies.watch().poll()).cursor)
        cursor["server"] = two.url
        assert (await second.zapier.companies.watch().poll(cursor)).rows == []


async def test_another_key_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """It may be a new key of the same workspace: the first page shows rows that the cursor knows."""
    store = MemoryCursorStore()
    async with Sandbox() as sandbox:
        count = len(sandbox.state.rows("companies"))
        async with client_of(sandbox) as crm:
            await handled(crm, store, count)
            assert "another API key" not in caplog.text
        async with client_of(sandbox, api_key=sandbox.add_key()) as crm:
            for _ in range(2):
                poll = await crm.zapier.companies.watch().poll(await store.load("zapier/companies"))
                assert poll.rows == []
        assert "GET /api/zapier/auth/test" not in {one.route for one in sandbox.requests}
        told = [one for one in caplog.records if "another API key" in one.message]
        assert [one.levelno for one in told] == [logging.WARNING]


async def test_another_workspace_behind_one_host_is_refused_by_its_rows() -> None:
    """Its list shows none of the rows that the cursor knows; the cursor stays as it was."""
    store = MemoryCursorStore()
    async with Sandbox() as one, Sandbox(seed="two") as two, client_of(one) as first, client_of(two) as second:
        await handled(first, store, len(one.state.rows("companies")))
        saved = await store.load("zapier/companies")
        moved = str(saved).replace(json.dumps(one.url), json.dumps(two.url))
        await store.save("zapier/companies", moved)
        for _ in range(2):
            with pytest.raises(CursorError, match="shows none of the rows that it knows"):
                await handled(second, store, 1)
            assert await store.load("zapier/companies") == moved
        async with second.watch(["companies"], store=store) as events:
            with pytest.raises(CursorError, match="two workspaces"):
                await anext(events)


async def test_another_workspace_is_refused_by_its_id() -> None:
    """Where the workspace was asked for, cursors name it; with another key a request tells whether it is it."""
    async with Sandbox() as one, Sandbox(seed="two") as two, client_of(one) as first:
        workspace = await first.zapier.auth_test()
        cursor = json.loads((await first.zapier.companies.watch().poll()).cursor)
        assert cursor["workspace"] == workspace.id
        for _ in range(2):
            assert (await first.zapier.companies.watch().poll(cursor)).rows == []
        moved = cursor | {"server": two.url}
        async with client_of(two) as second:
            for _ in range(2):
                with pytest.raises(CursorError, match=f"workspace '{workspace.id}', and"):
                    await second.zapier.companies.watch().poll(moved)
            assert len(two.requests) == 1
        async with client_of(one, api_key=one.add_key()) as again:
            assert (await again.zapier.companies.watch().poll(cursor)).rows == []


def test_a_mark_does_not_tell_the_key() -> None:
    """Eight digits of a hash; none where the key may be another one for each request."""
    home = Home.of("https://crm.example", Credentials(KEY))
    assert home.key_mark is not None
    assert len(home.key_mark) == 8
    assert KEY[5:13] not in repr(home)
    assert Home.of("https://crm.example", Credentials(lambda: KEY)).key_mark is None


@pytest.mark.parametrize("text", ['{"v":1,"server":2}', '{"v":1}', '{"server":', "nonsense", "[]", ""])
def test_whatever_the_text_is_it_is_left_to_its_reader(text: str) -> None:
    """Only a server that is named, and another one, is refused here."""
    home = Home("https://crm.example", "01234567")
    bound = with_home('{"v":1}', home)
    assert without_home(bound) == '{"v":1}'
    assert check_home(bound, home)
    if text.endswith("2}"):
        with pytest.raises(CursorError):
            check_home(text, home)
    else:
        assert check_home(text, home)
