"""`impactive cursors`: look at the cursors of a store, rewind one, export and import all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from impactive_async.cli.kit.asking import agree, yes_option
from impactive_async.cli.kit.declare import Group, command
from impactive_async.cli.kit.errors import DAMAGED, UsageError
from impactive_async.cli.kit.options import FORMATS, LOCAL, argument, option
from impactive_async.cli.kit.words.wording import listed
from impactive_async.cli.steering.archives import (
    STREAM,
    ahead_option,
    read_archive,
    tell_imported,
    tell_left_out,
    tell_plan,
    write_archive,
    written,
)
from impactive_async.cli.steering.moments import by_option, chosen_moment, said, to_option

if TYPE_CHECKING:
    from impactive_async import ListedStore, StoredCursor
    from impactive_async.cli.kit.run import Run

app = Group("cursors", help="Cursors of `impactive watch --store` and of programs: look, rewind, export, import.")

SHOWN: Final = (
    *("key", "feed", "kind", "workspace", "begun", "frontier", "floor", "in_flight", "last_page", "known", "gaps"),
    "error",
)
"""What is shown of a cursor."""
_STOP: Final = "Stop the program that follows it first: it would save its own place over this."
STORE: Final = "The file of an SqliteCursorStore, as of `watch --store`, or the directory of a FileCursorStore."
store_option = option("--store", type=click.Path(path_type=Path), metavar="PATH", help=STORE)
place_argument = argument(
    "path",
    type=click.Path(path_type=Path),
    required=False,
    metavar="[PATH]",
    help="The store, instead of --store.",
)
place_and_key_argument = argument(
    "key",
    nargs=-1,
    required=True,
    metavar="[PATH] KEY",
    help="The store, instead of --store; and which cursor, from `cursors list`, or its end, as zapier/deals.",
)
place_and_file_argument = argument(
    "file",
    nargs=-1,
    metavar="[PATH] [FILE]",
    help="The store, instead of --store; and the export, by default standard output, or input of an import.",
)


@command(
    "list",
    app,
    example="impactive cursors list cursors.db",
    rows="impactive_async.cli.steering.cursors:SHOWN",
    shared=(*FORMATS, "debug"),
)
@store_option
@place_argument
async def list_all(run: Run, store: Path | None, path: Path | None) -> None:
    """List the cursors of a store, and how far each has come.

    A damaged one has an error, and the exit code is 12.
    """
    from impactive_async import list_cursors

    async with _opened(_one_of(store, path)) as cursors:
        found = await list_cursors(cursors)
    run.out.rows([_facts(one) for one in found])
    run.code = DAMAGED.code if any(one.error for one in found) else 0


@command(
    "show",
    app,
    example="impactive cursors show cursors.db zapier/deals",
    rows="impactive_async.cli.steering.cursors:SHOWN",
    shared=(*FORMATS, "debug"),
)
@store_option
@place_and_key_argument
async def show(run: Run, store: Path | None, key: tuple[str, ...]) -> None:
    """Say how far a feed has come: its frontier, floor, rows in flight, gaps."""
    place, name = _store_and_key(store, key)
    async with _opened(place) as cursors:
        found = await _found(cursors, name)
    facts = _facts(found)
    if run.out.for_programs:
        run.out.row(facts)
    else:
        run.out.rows(
            [{"what": name.replace("_", " "), "value": _in_words(value)} for name, value in facts.items()]
        )
    run.code = DAMAGED.code if found.error else 0


@command("rewind", app, example="impactive cursors rewind cursors.db zapier/deals --by 2h", shared=LOCAL)
@store_option
@place_and_key_argument
@to_option
@by_option
@yes_option
async def rewind(
    run: Run, store: Path | None, key: tuple[str, ...], to: str | None, by: str | None, yes: bool
) -> None:
    """Have a feed deliver again what the API shows from an earlier moment on, when it is followed next.

    Nothing is lost: rows that were handled come again. Emails that `watch --all` has shown do not.
    """
    from impactive_async import rewind_cursor

    when = chosen_moment(to, by)
    place, name = _store_and_key(store, key)
    async with _opened(place) as cursors:
        found = (await _found(cursors, name)).key
        plan = await rewind_cursor(cursors, found, when, dry_run=True)
        reached = said(plan.before.frontier if plan.before else None)
        what = f"{plan.feed} has come to {reached}. Rows from {said(when)} on will come again. {_STOP}"
        agree(run, what, yes=yes)
        done = await rewind_cursor(cursors, found, when)
    asked = said(done.after.floor if done.after else None)
    since = f"it asks for everything since {asked}" if asked != "nothing" else "it compares the whole list"
    run.note(f"{plan.feed} is rewound: when it is followed next, {since}.")


@command("export", app, example="impactive cursors export cursors.db cursors.json", shared=LOCAL)
@store_option
@place_and_file_argument
async def export(run: Run, store: Path | None, file: tuple[str, ...]) -> None:
    """Write all cursors of a store into a new FILE, or to standard output.

    Cursors that are damaged are left out and named, and the exit code is 10.
    """
    from impactive_async import export_cursors

    place, archived = _store_and_file(store, file)
    async with _opened(place) as cursors:
        archive = await export_cursors(cursors)
    write_archive(archived, archive)
    run.note(written(archive, archived))
    tell_left_out(run, archive)


@command("import", app, example="impactive cursors import cursors.db cursors.json", shared=LOCAL)
@store_option
@place_and_file_argument
@ahead_option
@yes_option
async def import_file(run: Run, store: Path | None, file: tuple[str, ...], ahead: bool, yes: bool) -> None:
    """Put the cursors of a FILE, or of standard input, into a store, which is made if it is not there.

    Rows that were seen since come again. A file of another workspace is refused, and so is one that is damaged.
    """
    from impactive_async import MemoryCursorStore, SqliteCursorStore, import_cursors

    place, archived = _store_and_file(store, file)
    async with _opened(place, missing=MemoryCursorStore()) as cursors:
        archive = read_archive(archived)
        plan = await import_cursors(cursors, archive, dry_run=True)
    agree(run, f"{tell_plan(plan, ahead=ahead)} {_STOP}", yes=yes)
    async with _opened(place, missing=SqliteCursorStore(place)) as cursors:
        done = await import_cursors(cursors, archive, go_ahead=ahead)
    tell_imported(run, done, ahead=ahead)


def _one_of(store: Path | None, place: Path | None) -> Path:
    if (store is None) is (place is None):
        raise UsageError("Name one store: its path, or --store PATH.")
    return store or place or Path()


def _store_and_key(store: Path | None, words: tuple[str, ...]) -> tuple[Path, str]:
    *places, key = words
    if len(places) > 1 or (not places and store is None):
        raise UsageError("Name a store, and one cursor of it: PATH KEY, or KEY with --store PATH.")
    return _one_of(store, Path(places[0]) if places else None), key


def _store_and_file(store: Path | None, words: tuple[str, ...]) -> tuple[Path, Path]:
    places = [Path(word) for word in words]
    place = store or (places.pop(0) if places else None)
    if place is None or len(places) > 1:
        raise UsageError("Name a store, and the file of an export: PATH FILE, or FILE with --store PATH.")
    return place, places[0] if places else STREAM


@asynccontextmanager
async def _opened(path: Path, *, missing: ListedStore | None = None) -> AsyncIterator[ListedStore]:
    from contextlib import AsyncExitStack

    from impactive_async import SqliteCursorStore

    async with AsyncExitStack() as stack:
        store = _store_at(path) or missing
        if store is None:
            raise UsageError(f"There is no store {path}.")
        if isinstance(store, SqliteCursorStore):
            await stack.enter_async_context(store)
        yield store


def _store_at(path: Path) -> ListedStore | None:
    from impactive_async import FileCursorStore, SqliteCursorStore

    if path.is_dir():
        return FileCursorStore(path)
    return SqliteCursorStore(path) if path.exists() else None


async def _found(cursors: ListedStore, key: str) -> StoredCursor:
    from impactive_async import list_cursors

    there = await list_cursors(cursors)
    matches = [one for one in there if one.key == key] or [one for one in there if one.key.endswith(f"/{key}")]
    if not matches:
        raise UsageError(f"The store has no cursor {key!r}; `impactive cursors list` names all.")
    if len(matches) > 1:
        raise UsageError(f"{key!r} may be {listed([one.key for one in matches])}: say which.")
    return matches[0]


def _facts(stored: StoredCursor) -> Mapping[str, Any]:
    names = SHOWN[1:-1]
    values = [getattr(stored.summary, name, None) for name in names]
    return {"key": stored.key, **dict(zip(names, values, strict=True)), "error": stored.error}


def _in_words(value: Any) -> Any:
    if isinstance(value, tuple):
        return len(value)
    return "none" if value in (None, "") else value
