"""Laws of steering the cursors of a store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from impactive_async import (
    CursorArchive,
    FileCursorStore,
    MemoryCursorStore,
    SqliteCursorStore,
    export_cursors,
    import_cursors,
    list_cursors,
    rewind_cursor,
)
from impactive_async.errors import CursorError, InvalidArgumentError
from impactive_async.feeds.cursor import saved_text
from impactive_async.feeds.cursor.snapshot import Snapshot
from impactive_async.stores.file import file_name
from tests.feeds.steering.test_rewinding import RULES, followed, moment

STORES: dict[str, Callable[[Path], Any]] = {
    "memory": lambda path: MemoryCursorStore(),
    "file": FileCursorStore,
    "sqlite": lambda path: SqliteCursorStore(path / "cursors.db"),
}


def cursor(seconds: int, workspace: str = "wsp_1", server: str = "https://here") -> str:
    text = followed(RULES, [1, 2, 3], seconds).dumps()
    return f'{{"server":"{server}","workspace":"{workspace}",{text[1:]}'


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return STORES[request.param](tmp_path)


async def test_a_store_lists_its_keys_and_how_far_each_has_come(store: Any) -> None:
    """Whole cursors with what they say, damaged ones with what is wrong; of an empty store nothing."""
    assert await store.keys() == []
    await store.save("b Ü/🔑", cursor(5))
    await store.save("a", cursor(5)[:-9])
    assert await store.keys() == ["a", "b Ü/🔑"]
    damaged, whole = await list_cursors(store)
    assert (damaged.summary, "damaged" in damaged.error) == (None, True)
    assert (whole.error, whole.summary and whole.summary.workspace) == ("", "wsp_1 at https://here")


async def test_a_cursor_of_a_store_is_rewound(store: Any) -> None:
    """Only when it is asked for in earnest; what cannot be rewound is refused and stays."""
    await store.save("a", cursor(5))
    would = await rewind_cursor(store, "a", moment(2), dry_run=True)
    assert await store.load("a") == cursor(5)
    assert await rewind_cursor(store, "a", moment(2)) == would
    assert would.after
    (found,) = await list_cursors(store)
    assert found.summary == would.after
    assert would.after.known == 1
    with pytest.raises(InvalidArgumentError, match="no cursor 'b'"):
        await rewind_cursor(store, "b", moment(2))
    with pytest.raises(InvalidArgumentError, match="future"):
        await rewind_cursor(store, "a", datetime.now(UTC) + timedelta(hours=1))


async def test_a_store_is_rewound_to_a_text(store: Any) -> None:
    """Its moment may be ISO 8601 text, as everywhere; what is no moment is refused, and nothing changes."""
    await store.save("a", cursor(5))
    would = await rewind_cursor(store, "a", moment(2), dry_run=True)
    assert await rewind_cursor(store, "a", moment(2).isoformat(), dry_run=True) == would
    wrong: list[Any] = ["2 hours", "2026-05-01", timedelta(hours=2), datetime(2026, 5, 1), None]
    for value in wrong:
        with pytest.raises(InvalidArgumentError, match=r"^to is "):
            await rewind_cursor(store, "a", value)
    assert await store.load("a") == cursor(5)


async def test_a_store_moves_by_its_export(store: Any) -> None:
    """What was exported is what another store holds; damaged cursors are left out."""
    for key, text in (kept := {"a": cursor(5), "b": cursor(6)}).items():
        await store.save(key, text)
    await store.save("c", "{")
    archive = await export_cursors(store)
    assert (archive.workspace, [*archive.left_out]) == ("wsp_1 at https://here", ["c"])
    other = MemoryCursorStore()
    read = CursorArchive.loads(archive.dumps())
    assert (await import_cursors(other, read, dry_run=True)).added == ("a", "b")
    assert await other.keys() == []
    assert (await import_cursors(other, read)).added == ("a", "b")
    assert {key: await other.load(key) for key in await other.keys()} == kept
    assert (await import_cursors(other, read)).same == ("a", "b")


async def test_cursors_are_set_back_and_not_forward() -> None:
    """What has seen less stays unless it is wanted; so does what cannot be compared."""
    emails = saved_text.pack("emails", "emails", "r", {"known": []})
    store = MemoryCursorStore()
    for key, text in (there := {"back": cursor(9), "forward": cursor(4), "emails": emails}).items():
        await store.save(key, text)
    wanted = {
        "back": cursor(5),
        "forward": cursor(5),
        "emails": saved_text.pack("emails", "emails", "r", {"known": [1]}),
    }
    archive = CursorArchive.of(wanted, None)
    done = await import_cursors(store, archive)
    assert (done.replaced, done.ahead) == (("back",), ("emails", "forward"))
    assert {key: await store.load(key) for key in there} == {**there, "back": cursor(5)}
    await import_cursors(store, archive, go_ahead=True)
    assert {key: await store.load(key) for key in there} == wanted


async def test_another_workspaces_cursors_are_refused() -> None:
    """By id or by server, also under other keys; those that do not say are taken, and another feed's are not."""
    store = MemoryCursorStore()
    await store.save("a", cursor(5))
    archive = await export_cursors(store)
    for wrong in (cursor(5, "wsp_2"), cursor(5, server="https://there")):
        for key in "ab":
            with pytest.raises(CursorError, match="of another workspace"):
                await import_cursors(store, evolve(archive, cursors={key: wrong}))
    with pytest.raises(CursorError, match="a is the cursor of f in the store, and of g in the file"):
        await import_cursors(store, evolve(archive, cursors={"a": Snapshot("g").dumps()}))
    assert await store.keys() == ["a"]
    assert await store.load("a") == cursor(5)
    unnamed = evolve(archive, cursors={"b": followed(RULES, [1], 2).dumps()})
    assert (await import_cursors(store, unnamed)).added == ("b",)


async def test_other_files_of_a_directory_are_no_cursors(tmp_path: Path) -> None:
    """A file whose name is not of our form is passed over; a damaged one of ours is named."""
    store = FileCursorStore(tmp_path)
    await store.save("a", cursor(5))
    (tmp_path / "package.json").write_text("{")
    assert await store.keys() == ["a"]
    file = tmp_path / file_name("a")
    file.write_text("{")
    with pytest.raises(CursorError, match=file.name):
        await store.keys()
