"""What people do with the cursors of a store: list them, rewind one, export and import all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from attrs import frozen

from impactive_async._codec.json_bytes import StoredJson
from impactive_async.errors import CursorError, InvalidArgumentError
from impactive_async.feeds.steering.archive import CursorArchive, ImportedCursors, fate_of
from impactive_async.feeds.steering.reading import CursorSummary, summary_of
from impactive_async.feeds.steering.rewinding import Rewound, past_moment, rewound
from impactive_async.feeds.steering.saved import SavedCursor
from impactive_async.stores import CursorStore


class ListedStore(CursorStore, Protocol):
    """A store that can tell its keys, as the stores of this package can."""

    async def keys(self) -> list[str]:
        """Return the keys that a cursor was saved under."""
        ...


@frozen(kw_only=True)
class StoredCursor:
    """A cursor of a store.

    Attributes:
        key: What it was saved under.
        summary: What it says; None if it is damaged.
        error: What is wrong with it; empty if nothing is.
    """

    key: str
    summary: CursorSummary | None
    error: str = ""


async def list_cursors(store: ListedStore) -> list[StoredCursor]:
    """Return the cursors of a store, by their keys.

    Raises:
        CursorError: The store cannot be read.
    """
    return [_stored(key, text) for key, text in (await _texts(store, await store.keys())).items()]


async def rewind_cursor(store: CursorStore, key: str, to: datetime | str, *, dry_run: bool = False) -> Rewound:
    """Have the feed of a cursor deliver again what the API shows from a moment on, when it is followed next.

    Stop the program that follows it first: it keeps its place in memory, and would save that over this.

    Args:
        store: The store.
        key: What the cursor was saved under.
        to: The moment, an aware datetime or an ISO 8601 string.
        dry_run: Whether nothing is changed.

    Raises:
        InvalidArgumentError: There is no such cursor, or the moment is in the future.
        CursorError: The cursor is damaged, or the store cannot be read or written. Nothing was changed.
    """
    moment = past_moment(to)
    found = (await _texts(store, [key])).get(key)
    if found is None:
        raise InvalidArgumentError(f"The store has no cursor {key!r}; `impactive cursors list` names all.")
    text = rewound(found, moment)
    if not dry_run:
        await store.save(key, text)
    after = summary_of(text)
    return Rewound(feed=after.feed, to=moment, before=summary_of(found), after=after)


async def export_cursors(store: ListedStore) -> CursorArchive:
    """Return the cursors of a store.

    Raises:
        CursorError: The store cannot be read.
    """
    texts = await _texts(store, await store.keys())
    archive = CursorArchive.of(texts, None)
    workspaces = {saved.workspace for saved in _whole(archive.cursors.values())}
    whose = workspaces.pop() if len(workspaces) == 1 else None
    return CursorArchive(workspace=whose, cursors=archive.cursors, left_out=archive.left_out)


async def import_cursors(
    store: ListedStore, archive: CursorArchive, *, go_ahead: bool = False, dry_run: bool = False
) -> ImportedCursors:
    """Put cursors into a store. Stop the programs that use it first: they keep their places in memory.

    Args:
        store: The store.
        archive: From `export_cursors` or `CursorArchive.loads`.
        go_ahead: Whether also those cursors are replaced that have seen less, or that cannot be compared. Rows
            that were seen in between are not delivered then.
        dry_run: Whether nothing is changed.

    Raises:
        CursorError: The archive is of another workspace or of a hub, or the store cannot be read or written.
    """
    there = await _texts(store, await store.keys())
    _check(archive, there)
    fates = {key: fate_of(cursor, there.get(key)) for key, cursor in archive.cursors.items()}
    for key, fate in fates.items() if not dry_run else ():
        if fate in ("added", "replaced") or (fate == "ahead" and go_ahead):
            await store.save(key, archive.cursors[key])
    return ImportedCursors.of(archive.workspace, fates)


def _check(archive: CursorArchive, there: Mapping[str, str]) -> None:
    ours = {key: saved for key, text in there.items() for saved in _whole([text])}
    theirs = {key: saved for key, text in archive.cursors.items() for saved in _whole([text])}
    for key in ours.keys() & theirs.keys():
        if ours[key].feed != theirs[key].feed:
            raise CursorError(
                f"{key} is the cursor of {ours[key].feed} in the store, and of {theirs[key].feed} in the file. "
                "Nothing was changed."
            )
    pairs = [(one, other) for one in _distinct(ours.values()) for other in _distinct(theirs.values())]
    mixed = any(not ours[key].may_be_of(theirs[key]) for key in ours.keys() & theirs.keys())
    if mixed or (pairs and not any(one.may_be_of(other) for one, other in pairs)):
        raise CursorError(
            "The file has the cursors of another workspace than the store: rows would be missed. Nothing was "
            "changed; import it into a store of its own."
        )


def _distinct(cursors: Iterable[SavedCursor]) -> list[SavedCursor]:
    return list({(saved.server, saved.workspace_id): saved for saved in cursors}.values())


def _whole(texts: Iterable[str]) -> Iterable[SavedCursor]:
    for text in texts:
        try:
            yield SavedCursor.of(text)
        except CursorError:  # it is listed, left out or replaced as one that is damaged
            continue


def _stored(key: str, text: str) -> StoredCursor:
    try:
        return StoredCursor(key=key, summary=summary_of(text))
    except CursorError as error:
        return StoredCursor(key=key, summary=None, error=str(error))


async def _texts(store: CursorStore, keys: Iterable[str]) -> dict[str, str]:
    found = {key: await store.load(key) for key in keys}
    return {key: _as_text(saved) for key, saved in found.items() if saved is not None}


def _as_text(saved: StoredJson) -> str:
    if isinstance(saved, str):
        return saved
    if isinstance(saved, Mapping):
        return json.dumps(dict(saved))
    return bytes(saved).decode("utf-8", "replace")
