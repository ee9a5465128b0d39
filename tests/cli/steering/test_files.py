"""`impactive hub export` and `hub import`, as a user runs them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from impactive_async.hub import SqliteHub
from tests.cli.support import Outcome, invoke
from tests.hub.steering.test_moving import HOME, cursor_at


async def make(path: Path, workspace: str, **cursors: str) -> None:
    async with SqliteHub(path) as made:
        await made.init()
        if workspace:
            await made.bind(workspace)
        for feed, cursor in cursors.items():
            await made.add(feed, cursor)


def cursors_of(path: Path) -> dict[str, str]:
    async def read() -> dict[str, str]:
        async with SqliteHub(path) as hub:
            return await hub.cursors(list(await hub.feeds()))

    return asyncio.run(read())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A hub with two feeds."""
    asyncio.run(make(path := tmp_path / "hub.db", HOME, a=cursor_at(5), b=cursor_at(5, "b")))
    return path


@pytest.fixture
def file(path: Path, tmp_path: Path) -> Path:
    """Its export."""
    outcome = steer(path, "export", str(tmp_path / "cursors.json"))
    assert (outcome.code, f"Wrote 2 cursors of workspace {HOME} into" in outcome.err) == (0, True)
    return tmp_path / "cursors.json"


def steer(path: Path, command: str, *arguments: str) -> Outcome:
    return invoke("hub", command, *arguments, "--hub", f"sqlite:///{path}")


def test_a_new_hub_goes_on_from_a_file(path: Path, file: Path, tmp_path: Path) -> None:
    """It says what it will do, asks, and says what it has done."""
    other = tmp_path / "other.db"
    asyncio.run(make(other, ""))
    refused = steer(other, "import", str(file))
    assert (refused.code, cursors_of(other)) == (2, {})
    assert f"Of workspace {HOME}: 2 cursors will be added." in refused.err
    assert "say --yes" in refused.err
    done = steer(other, "import", str(file), "--yes")
    assert (done.code, cursors_of(other)) == (0, cursors_of(path))
    assert "Imported: 2 added, 0 set back, 0 set forward, 0 left as they are." in done.err


def test_what_the_file_is_ahead_of_is_left_unless_it_is_wanted(file: Path, tmp_path: Path) -> None:
    """The exit code says that something was left; with `--ahead` nothing is."""
    other = tmp_path / "other.db"
    asyncio.run(make(other, HOME, a=cursor_at(9), b=(behind := cursor_at(2, "b"))))
    left = steer(other, "import", str(file), "--yes")
    assert left.code == 10
    assert "1 set back (a): rows come again" in left.err
    assert "1 have seen less, or cannot be compared (b), and stay; --ahead would replace them" in left.err
    assert cursors_of(other) == {"a": cursor_at(5), "b": behind}
    done = steer(other, "import", str(file), "--yes", "--ahead")
    assert (done.code, cursors_of(other)["b"]) == (0, cursor_at(5, "b"))
    assert "0 added, 0 set back, 1 set forward, 1 left as they are" in done.err


def test_what_cannot_be_imported_is_refused(path: Path, file: Path, tmp_path: Path) -> None:
    """A damaged file, one of another workspace, none at all: each by its exit code, and nothing is changed."""
    foreign, damaged = tmp_path / "foreign.db", tmp_path / "damaged.json"
    asyncio.run(make(foreign, "wsp_2 at https://here"))
    damaged.write_bytes(file.read_bytes()[:-40] + b"\xff")
    for where, what, code, why in (
        (foreign, file, 12, "of workspace wsp_1 at https://here, and the hub is that of wsp_2"),
        (path, damaged, 12, "The file is damaged"),
        (path, tmp_path / "none.json", 2, "No such file"),
        (path, path, 12, "not JSON"),
        (tmp_path / "none.db", file, 3, "impactive hub init"),
    ):
        outcome = steer(where, "import", str(what), "--yes")
        assert (outcome.code, outcome.out, why in outcome.err) == (code, "", True), outcome.err
    assert cursors_of(foreign) == {}


def test_an_export_overwrites_nothing_and_names_what_is_damaged(path: Path, file: Path, tmp_path: Path) -> None:
    """A file that is there stays; damaged cursors are left out, and it shows; a hub that is nobody's has none."""
    before = file.read_bytes()
    again = steer(path, "export", str(file))
    assert (again.code, "is there already" in again.err, file.read_bytes()) == (2, True, before)
    asyncio.run(make(path, "", c=cursor_at(5, "c")[:-5]))
    partial = steer(path, "export", str(tmp_path / "partial.json"))
    assert (partial.code, "c is left out: The saved cursor is damaged" in partial.err) == (10, True)
    asyncio.run(make(nobodys := tmp_path / "nobodys.db", ""))
    assert steer(nobodys, "export", str(tmp_path / "x.json")).code == 3
    assert steer(path, "export", str(tmp_path / "no" / "x.json")).code == 2
