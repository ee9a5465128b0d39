"""The one registry of what can be followed, and what is derived from it."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from impactive_async import NOW, AsyncClient, MemoryCursorStore
from impactive_async.cli.commands.watch import watch
from impactive_async.cli.commands.worker import worker
from impactive_async.errors import DecodeError
from impactive_async.hub.worker.feeds import feed_names
from impactive_async.resources.watching.kinds import KINDS, Kind
from impactive_async.resources.watching.lists import LISTS, check_kinds, followed_lists, watch_method
from impactive_async.sandbox import Sandbox
from tests.support import KEY, spin, until

NAMES = {
    "enrollments": "sequences/seq_1/enrollments",
    "sends": "sequences/seq_1/sends",
    "replies": "sequences/seq_1/replies",
    "companies": "zapier/companies",
    "contacts": "zapier/contacts",
    "deals": "zapier/deals",
    "invoices": "zapier/invoices",
    "projects": "zapier/projects",
    "bookings": "bookings",
}
"""What hubs and cursor stores of 0.1 call the feeds: another name would start a feed over."""


def ids_of(kind: str) -> tuple[str, ...]:
    return ("seq_1",) if LISTS[kind].of_sequence else ()


def test_every_name_that_type_checkers_see_is_a_line_of_the_registry() -> None:
    """The `Literal` of kinds and the registry name the same, in the same order."""
    assert get_args(Kind) == KINDS == tuple(LISTS)


def test_the_names_of_feeds_stay() -> None:
    """What stored hubs and cursors call a feed does not change with the code."""
    assert {kind: LISTS[kind].name(*ids_of(kind)) for kind in KINDS} == NAMES
    assert sorted(feed_names(KINDS, ["seq_1"])) == sorted(NAMES.values())


async def test_the_client_has_a_method_for_each_line() -> None:
    """What `crm.watch` follows can be followed alone, by the method of the client that is named like the feed."""
    crm = AsyncClient(KEY)
    for kind in KINDS:
        feed = watch_method(crm, kind)(*ids_of(kind), since=NOW)
        assert feed.name == NAMES[kind]
    await crm.aclose()


async def test_a_stream_follows_each_line(sandbox: Sandbox, crm: AsyncClient) -> None:
    """`crm.watch` without kinds polls every list of the registry, and keeps its cursor under its name there."""
    sequence = sandbox.state.create_sequence("Welcome").id
    names = [name.replace("seq_1", sequence) for name in NAMES.values()]
    store = MemoryCursorStore()
    async with crm.watch(since=NOW, store=store) as events:
        await until(lambda: events.stats.polls >= len(names))
        await spin()
    assert all([await store.load(name) for name in names])


def test_the_documentation_names_each_line() -> None:
    """Docstring of `crm.watch`, help and choices of `impactive watch` and `impactive worker` list the kinds."""
    texts: list[str] = [AsyncClient.watch.__doc__ or ""]
    for command, name in ((watch, "kind"), (worker, "kinds")):
        (parameter,) = [one for one in command.params if one.name == name]
        assert tuple(parameter.type.choices) == KINDS  # type: ignore[attr-defined]
        texts.append(getattr(parameter, "help", ""))
    for text in texts:
        assert [kind for kind in KINDS if not re.search(rf"\b{kind}\b", text)] == []


@pytest.mark.parametrize("kinds", [(), "deals", ["leads"], ["deals", ""]])
async def test_kinds_that_are_none_are_refused(kinds: Any) -> None:
    """Nothing, one string, or an unknown kind is a `ValueError` that lists the kinds."""
    for check in (check_kinds, AsyncClient(KEY).watch):
        with pytest.raises(ValueError, match=r"kinds is a collection of enrollments, sends, .*; not "):
            check(kinds)


def test_a_kind_counts_once() -> None:
    """A kind that is named twice is followed once."""
    assert check_kinds(["deals", "sends", "deals"]) == ("deals", "sends")


async def test_an_unreadable_list_of_sequences_names_its_request(sandbox: Sandbox, crm: AsyncClient) -> None:
    """A list of sequences in which a row has no id is an error that says which request brought it."""
    sequence = sandbox.state.create_sequence("Welcome")
    object.__setattr__(sequence, "id", None)
    lists = followed_lists(crm._caller, None, None)
    with pytest.raises(DecodeError, match="a row without an id") as caught:
        await lists.sequences()
    assert (caught.value.method, caught.value.path) == ("GET", "/api/agent/sequences")


async def read_a_page(feed: Any) -> None:
    """Read on until a second page was asked for."""
    while feed.stats.polls < 2:
        await anext(feed)


@pytest.mark.parametrize("kind", ["deals", "bookings"])
async def test_an_unreadable_row_names_its_request(sandbox: Sandbox, crm: AsyncClient, kind: Any) -> None:
    """A feed's error for a bad row has the path of the request that brought it, and the place in the answer."""
    sandbox.state.add(kind, {"name": {}, "title": {}})
    with pytest.raises(DecodeError, match="a row cannot be read") as caught:
        await read_a_page(watch_method(crm, kind)())
    assert (caught.value.method, caught.value.path) == ("GET", LISTS[kind].endpoint.template)
    assert caught.value.json_path.startswith("$")
