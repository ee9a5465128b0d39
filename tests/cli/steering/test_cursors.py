"""`impactive cursors`, as a user runs it, on the file of `impactive watch --store`."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.support import Live, Outcome, invoke, live_sandbox


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def store(live: Live, tmp_path: Path) -> Path:
    """What a run of `impactive watch` has left."""
    store = tmp_path / "cursors.db"
    assert watched(live, store, "--count", "3").code == 0
    return store


def watched(live: Live, store: Path, *arguments: str) -> Outcome:
    return live.cli("watch", "deals", "--store", str(store), "--json=id", *arguments)


def steer(store: Path, command: str, *arguments: str) -> Outcome:
    return invoke("cursors", command, *arguments, "--store", str(store))


def test_cursors_are_listed_and_shown(live: Live, store: Path) -> None:
    """By their keys, with the feed, the workspace and how far it has come."""
    (row,) = steer(store, "list", "--json").rows
    assert (row["feed"], row["kind"], row["error"]) == ("zapier/deals", "cursor", "")
    assert row["key"].endswith(f" at {live.sandbox.url}/zapier/deals")
    assert row["frontier"]
    assert steer(store, "show", "zapier/deals", "--json").rows == [row]
    assert "frontier" in steer(store, "show", row["key"], "--table").out


def test_the_store_may_be_named_without_its_option(store: Path) -> None:
    """As a path before the key; a store that is named twice, or not at all, is refused."""
    path, key = str(store), "zapier/deals"
    (row,) = steer(store, "list", "--json").rows
    assert invoke("cursors", "list", path, "--json").rows == [row]
    assert invoke("cursors", "show", path, key, "--json").rows == [row]
    assert invoke("cursors", "rewind", path, key, "--by", "1h", "--yes").code == 0
    for wrong in (("list",), ("show", key), ("show", path, key, "x"), ("list", path, "--store", path)):
        outcome = invoke("cursors", *wrong)
        assert (outcome.code, outcome.out) == (2, "")
        assert "--store PATH" in outcome.err
    assert steer(store, "show", path, key).code == 2


def test_a_rewound_feed_shows_its_rows_again(live: Live, store: Path) -> None:
    """Rows that were written out come once more with the next run; without `--yes` none does."""
    refused = steer(store, "rewind", "zapier/deals", "--to", "2020-01-01")
    assert (refused.code, "Stop the program that follows it first" in refused.err) == (2, True)
    first = watched(live, store, "--count", "1").rows
    done = steer(store, "rewind", "zapier/deals", "--to", "2020-01-01", "--yes")
    assert done.code == 0
    assert "zapier/deals is rewound: when it is followed next, it asks for everything since 2020-01-01" in done.err
    again = watched(live, store, "--count", "4").rows
    assert again[3:] == first


def test_cursors_are_exported_and_imported(store: Path, tmp_path: Path) -> None:
    """Into a new file, or a directory, that goes on from there."""
    file = tmp_path / "cursors.json"
    assert "Wrote 1 cursor" in steer(store, "export", str(file)).err
    (directory := tmp_path / "cursors").mkdir()
    for other in (tmp_path / "other.db", directory):
        there = other.exists()
        assert (steer(other, "import", str(file)).code, other.exists()) == (2, there)
        done = steer(other, "import", str(file), "--yes")
        assert (done.code, "Imported: 1 added" in done.err) == (0, True)
        assert steer(other, "list", "--json").rows == steer(store, "list", "--json").rows


def test_the_store_is_named_first_and_the_export_flows(store: Path, tmp_path: Path) -> None:
    """As `list`, `show` and `rewind` name it; without a file, through a pipe."""
    file, other = tmp_path / "cursors.json", tmp_path / "other.db"
    assert invoke("cursors", "export", str(store), str(file)).code == 0
    written = invoke("cursors", "export", str(store))
    assert (written.out, written.err.startswith("Wrote 1 cursor")) == (file.read_text() + "\n", True)
    done = invoke("cursors", "import", str(other), "--yes", text=written.out)
    assert (done.code, "Imported: 1 added" in done.err) == (0, True)
    again = invoke("cursors", "import", str(other), str(file), "--yes")
    assert (again.code, "0 added" in again.err) == (0, True)


@pytest.mark.parametrize("words", [[], ["a", "b", "c"]], ids=len)
@pytest.mark.parametrize("command", ["export", "import"])
def test_one_store_and_one_file_are_named(command: str, words: list[str]) -> None:
    """Not none, and not three."""
    outcome = invoke("cursors", command, *words)
    assert (outcome.code, "Name a store, and the file of an export: PATH FILE" in outcome.err) == (2, True)


def test_the_file_of_a_hub_is_called_one(tmp_path: Path) -> None:
    """With the command that reads it; and the other way round."""
    hub, store = tmp_path / "hub.db", tmp_path / "cursors.db"
    assert invoke("hub", "init", "--hub", f"sqlite:///{hub}").code == 0
    outcome = invoke("cursors", "list", str(hub))
    assert (outcome.code, "is a hub, which `impactive hub` reads" in outcome.err) == (12, True), outcome.err
    with contextlib.closing(sqlite3.connect(store)) as connection:
        connection.executescript("CREATE TABLE cursors (key); PRAGMA application_id = 1229803587")
    outcome = invoke("hub", "status", "--hub", f"sqlite:///{store}")
    assert (outcome.code, "is a cursor store, which `impactive cursors` reads" in outcome.err) == (3, True), (
        outcome
    )


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("show", "nope"), 2, "no cursor 'nope'; `impactive cursors list`"),
        (("rewind", "nope", "--by", "1h", "--yes"), 2, "no cursor 'nope'"),
        (("rewind", "zapier/deals", "--to", "2999-01-01", "--yes"), 2, "in the future"),
        (("rewind", "zapier/deals", "--yes"), 2, "Say to when"),
        (("import", "none.json", "--yes"), 2, "No such file"),
        (("import", __file__, "--yes"), 12, "damaged"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_makes_no_sense_is_refused(store: Path, arguments: tuple[str, ...], code: int, why: str) -> None:
    """With what would be accepted."""
    outcome = steer(store, *arguments)
    assert (outcome.code, outcome.out, why in outcome.err) == (code, "", True), outcome.err


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A mistyped path would look like an empty store."""
    for command in (("list",), ("show", "a"), ("rewind", "a", "--by", "1h"), ("export", str(tmp_path / "x.json"))):
        outcome = steer(tmp_path / "none.db", *command)
        assert (outcome.code, "There is no store" in outcome.err) == (2, True)
    assert [*tmp_path.iterdir()] == []
