"""`impactive hub show`, `rewind`, `pause`, `resume` and `poll-now`, as a user runs them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from impactive_async import AsyncClient
from impactive_async.hub import SqliteHub
from tests.cli.support import Live, Outcome, invoke, live_sandbox
from tests.cli.terminal import on_terminal
from tests.hub.engines import claimed

FEED = "zapier/deals"


@pytest.fixture
def live() -> Iterator[Live]:
    with live_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def hub(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/hub.db"


@pytest.fixture
def path(hub: str, live: Live) -> Path:
    """A hub whose deals were polled once."""
    path = Path(hub.removeprefix("sqlite:///"))

    async def make() -> None:
        async with (
            SqliteHub(path) as made,
            AsyncClient(base_url=live.sandbox.url, api_key=live.sandbox.api_key) as crm,
        ):
            feed = crm.zapier.deals.watch()
            await made.bind("wsp_1 at here")
            await made.add(FEED, feed.cursor)
            claim = await claimed(made)
            await made.commit(claim, (await feed.poll(claim.cursor)).cursor, [], 3600)

    asyncio.run(make())
    return path


def steer(hub: str, command: str, *arguments: str) -> Outcome:
    return invoke("hub", command, *arguments, "--hub", hub)


def test_a_feed_is_shown_in_words_and_for_programs(hub: str, path: Path) -> None:
    """Its state, how far it has come, and what it met."""
    (row,) = steer(hub, "show", FEED, "--json").rows
    assert (row["feed"], row["state"], row["error"], row["gaps"]) == (FEED, "waiting", "", [])
    assert row["frontier"] > row["floor"]
    assert row["last_page"]
    assert row["complete_until"]
    table = steer(hub, "show", FEED, "--table")
    assert (table.code, table.err) == (0, "")
    for word in ("state", "waiting", "frontier", "floor", "in flight", "none", "complete until"):
        assert word in table.out


def test_a_rewind_says_what_will_happen_and_what_came_of_it(hub: str, path: Path) -> None:
    """Unasked it needs `--yes`; without, nothing is changed."""
    before = steer(hub, "show", FEED, "--json").rows
    refused = steer(hub, "rewind", FEED, "--by", "2h")
    assert refused.code == 2
    assert "will be polled again from" in refused.err
    assert "Nothing was changed: say --yes" in refused.err
    assert [{**row, "due_in": 0} for row in steer(hub, "show", FEED, "--json").rows] == [
        {**row, "due_in": 0} for row in before
    ]
    done = steer(hub, "rewind", FEED, "--to", "2020-01-01", "--yes")
    assert done.code == 0
    assert f"{FEED} is rewound: it asks for everything since 2020-01-01 00:00:00Z. It is due now." in done.err
    (row,) = steer(hub, "show", FEED, "--json").rows
    assert (row["state"], row["floor"][:10]) == ("due", "2020-01-01")


def test_on_a_terminal_a_rewind_asks(hub: str, path: Path) -> None:
    """No is no, and yes is yes."""
    for answer, said in (("n\n", "Stopped; nothing was changed."), ("y\n", f"{FEED} is rewound")):
        with on_terminal("hub", "rewind", FEED, "--by", "2h", "--hub", hub, env={}) as terminal:
            terminal.wait_for("Go on? [y/N]")
            terminal.type(answer)
            terminal.wait_for(said)


def test_a_feed_is_paused_resumed_and_polled_now(hub: str, path: Path) -> None:
    """Each says what came of it, status names what is paused, and what cannot be is refused."""
    assert f"{FEED} is paused." in steer(hub, "pause", FEED).err
    again = steer(hub, "pause", FEED)
    assert (again.code, "is paused already" in again.err) == (2, True)
    (status,) = steer(hub, "status", "--json").rows
    assert (status["paused_count"], status["paused"]) == (1, [FEED])
    assert FEED in steer(hub, "status", "--table").out
    refused = steer(hub, "poll-now", FEED)
    assert (refused.code, "is paused, and polled by nobody" in refused.err) == (2, True)
    assert f"{FEED} is due now." in steer(hub, "resume", FEED).err
    refused = steer(hub, "resume", FEED)
    assert (refused.code, "is not paused" in refused.err) == (2, True)
    assert f"{FEED} is due now." in steer(hub, "poll-now", FEED).err
    assert steer(hub, "show", FEED, "--json").rows[0]["state"] == "due"


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("show", "nope"), 2, "no feed 'nope'; `impactive hub status --coverage`"),
        (("pause", "nope"), 2, "no feed 'nope'"),
        (("resume", "nope"), 2, "no feed 'nope'"),
        (("poll-now", "nope"), 2, "no feed 'nope'"),
        (("rewind", "nope", "--by", "1h", "--yes"), 2, "no feed 'nope'"),
        (("rewind", FEED, "--to", "2999-01-01", "--yes"), 2, "is in the future"),
        (("rewind", FEED, "--yes"), 2, "Say to when"),
        (("rewind", FEED, "--to", "2026-01-01", "--by", "1h", "--yes"), 2, "Say to when"),
        (("rewind", FEED, "--by", "soon", "--yes"), 2, "not a span"),
        (("rewind", FEED, "--by", "999999999d", "--yes"), 2, "999999999d"),
        (("rewind", FEED, "--to", "yesterday", "--yes"), 2, "not a moment"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_makes_no_sense_is_refused(
    hub: str, path: Path, arguments: tuple[str, ...], code: int, why: str
) -> None:
    """With what would be accepted, and nothing changed."""
    outcome = steer(hub, *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert why in outcome.err


def test_a_damaged_cursor_is_said_and_not_rewound(hub: str, path: Path) -> None:
    """The exit code is that of damage; the feed can be removed, and begins anew."""

    async def damage() -> None:
        async with SqliteHub(path) as made:
            (cursor,) = (await made.cursors([FEED])).values()
            await made.exchange_cursor(FEED, cursor, cursor[:-9])

    asyncio.run(damage())
    for arguments in (("show", FEED), ("rewind", FEED, "--by", "1h", "--yes")):
        outcome = steer(hub, *arguments)
        assert (outcome.code, "damaged" in outcome.err) == (12, True)
