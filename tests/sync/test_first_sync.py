"""The first sync: it brings all that can be reached, and says of the rest that it is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("dlt", reason="the extra `sync` is not installed")
pytest.importorskip("psycopg2", reason="the extra `sync` is not installed")

from impactive_async.sandbox import Sandbox
from tests.sync.places import ENGINES, Place, place_of, sync

pytestmark = [pytest.mark.slow, pytest.mark.impactive(populate=False)]

PEOPLE = 130
"""More than a list of `crm.zapier` shows, and fewer than the one of `crm.contacts` does."""
OLDEST_FIRST = {"profile": 1, "operations": {"zapier.deals.list": {"order": "oldest"}}}


@pytest.fixture(params=ENGINES)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place of each engine."""
    async with place_of(request.param, tmp_path) as made:
        yield made


def people(sandbox: Sandbox) -> Counter[str]:
    """Let the workspace have them; return their ids."""
    made = (sandbox.state.create_contact("Ada", str(number)) for number in range(PEOPLE))
    return Counter(one.id for one in made)


async def test_a_list_that_shows_more_is_asked(impactive_sandbox: Sandbox, place: Place) -> None:
    """All contacts are there, each once; nothing is missing, and so no gap is told, now or later."""
    ids = people(impactive_sandbox)
    summaries = [await sync(impactive_sandbox, place, kinds=["contacts"]) for _ in range(2)]
    assert [(one["contacts"].new, one["contacts"].gaps) for one in summaries] == [(PEOPLE, 0), (0, 0)]
    assert Counter(place.values("SELECT id FROM contacts")) == ids
    assert place.values("SELECT id FROM _gaps") == []
    assert place.values("SELECT gaps FROM _coverage") == [0]


async def test_it_is_asked_again_if_it_failed(impactive_sandbox: Sandbox, place: Place) -> None:
    """The rows of the first page are there meanwhile, and the gap is told until it is closed."""
    ids = people(impactive_sandbox)
    impactive_sandbox.fail("GET /api/agent/contacts", status=403)
    first = await sync(impactive_sandbox, place, kinds=["contacts"])
    assert (first["contacts"].new, first["contacts"].gaps, first["contacts"].failed) == (100, 1, 0)
    assert place.values("SELECT kind FROM _gaps") == ["history"]
    second = await sync(impactive_sandbox, place, kinds=["contacts"])
    assert (second["contacts"].new, second["contacts"].gaps) == (PEOPLE - 100, 0)
    assert Counter(place.values("SELECT id FROM contacts")) == ids
    assert place.values("SELECT kind FROM _gaps") == []
    assert place.values("SELECT gaps FROM _coverage") == [0]


async def test_a_version_that_comes_twice_is_one_of_the_history(
    impactive_sandbox: Sandbox, tmp_path: Path
) -> None:
    """What was fetched beside the first page has one version, also if the next page shows it again."""
    ids = people(impactive_sandbox)
    async with place_of("duckdb", tmp_path) as file:
        await sync(impactive_sandbox, file, kinds=["contacts"], history=True)
        await impactive_sandbox.clock.advance(hours=2)  # a page without `since` is due
        await sync(impactive_sandbox, file, kinds=["contacts"], history=True)
        assert Counter(file.values("SELECT id FROM contacts")) == ids


@pytest.mark.parametrize("cut", [False, True])
async def test_a_list_that_begins_with_the_oldest_is_read_to_its_end(tmp_path: Path, cut: bool) -> None:
    """Page by page; one that begins with the newest row ends with its first page, and the gap says so."""
    async with Sandbox(populate=False, profile=None if cut else OLDEST_FIRST) as sandbox:
        for number in range(250):
            sandbox.state.add("deals", {"name": f"Deal {number}"})
            await sandbox.clock.advance(seconds=30)
        async with place_of("duckdb", tmp_path) as file:
            summaries = await sync(sandbox, file, kinds=["deals"])
            assert (summaries["deals"].new, summaries["deals"].gaps) == ((100, 1) if cut else (250, 0))
            assert file.values("SELECT kind FROM _gaps") == (["history"] if cut else [])
