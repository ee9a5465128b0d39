"""`impactive hub groups` and `hub seek`, as a user runs them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from impactive_async.hub import SqliteHub
from tests.cli.support import Outcome, invoke
from tests.hub.engines import claimed, event, events


@pytest.fixture
def hub(tmp_path: Path) -> str:
    """A hub with four events, of which the group `billing` has acknowledged two."""

    async def make() -> None:
        async with SqliteHub(tmp_path / "hub.db") as made:
            await made.add("a")
            await made.commit(await claimed(made), "1", events(1, 2, 3, 4), 3600)
            for one in await made.receive("billing", count=2):
                await one.ack()

    asyncio.run(make())
    return f"sqlite:///{tmp_path}/hub.db"


def steer(hub: str, command: str, *arguments: str) -> Outcome:
    return invoke("hub", command, *arguments, "--hub", hub)


def behind(hub: str) -> int:
    (row,) = steer(hub, "groups", "--json").rows
    assert row["name"] == "billing"
    return int(row["behind"])


def test_a_seek_says_what_will_happen_and_what_came_of_it(hub: str) -> None:
    """How many come, and how many are skipped; unasked nothing is changed without `--yes`."""
    first = event(1).id
    refused = steer(hub, "seek", "billing", "--event", first)
    assert (refused.code, behind(hub)) == (2, 2)
    assert f"billing will get 4 events of the log, from {first} on" in refused.err
    assert "Nothing was changed: say --yes" in refused.err
    done = steer(hub, "seek", "billing", "--event", event(4).id, "--yes")
    assert (done.code, behind(hub)) == (0, 1)
    assert "1 event before that, not acknowledged yet, will never come to it" in done.err
    assert "billing is moved: 1 event to come, 1 skipped." in done.err
    assert steer(hub, "seek", "billing", "--to", "2020-01-01", "--yes").code == 0
    assert behind(hub) == 4


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("billing",), "give one of the two"),
        (("billing", "--to", "2026-01-01", "--event", "x"), "give one of the two"),
        (("billing", "--to", "2999-01-01"), "is in the future"),
        (("billing", "--to", "tomorrow"), "not a moment"),
        (("billing", "--event", "ev_9"), "no event 'ev_9': it was never logged, or it was trimmed"),
        (("nope", "--to", "2026-01-01"), "no group 'nope'; `impactive hub groups` lists them"),
    ],
)
def test_a_place_that_is_not_there_is_refused(hub: str, arguments: tuple[str, ...], why: str) -> None:
    """The exit code is that of wrong usage, and nothing is changed."""
    outcome = steer(hub, "seek", *arguments, "--yes")
    assert (outcome.code, outcome.out, behind(hub)) == (2, "", 2)
    assert why in outcome.err
