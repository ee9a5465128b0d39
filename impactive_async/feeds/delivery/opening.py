"""Cursors from their text and to it: new ones, and those that a store or a caller has kept."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import attrs

from impactive_async._codec.json_bytes import StoredJson
from impactive_async.errors import CursorError
from impactive_async.feeds.cursor.cursor import Cursor
from impactive_async.feeds.cursor.evidence.seen_rows import SeenRows
from impactive_async.feeds.cursor.snapshot import Snapshot
from impactive_async.feeds.delivery.coverage import coverage_of, coverage_of_state
from impactive_async.feeds.delivery.home import check_home, learn_workspace
from impactive_async.feeds.delivery.source import FeedOptions, Source
from impactive_async.models.gap import Coverage

_LARGE: Final = 250_000
"""Characters of a cursor that are read in a thread, so that the event loop is not blocked meanwhile."""


async def opened_cursor(source: Source[Any], options: FeedOptions, saved: StoredJson | None) -> Cursor | Snapshot:
    """Return what `open_cursor` does; a large cursor is read in a thread."""
    if isinstance(saved, str | bytes) and len(saved) > _LARGE:
        return await asyncio.to_thread(open_cursor, source, options, saved)
    return open_cursor(source, options, saved)


async def dumped_cursor(cursor: Cursor | Snapshot) -> str:
    """Return what `dumps` does; a large cursor is written in a thread, as it is now."""
    if isinstance(cursor, Snapshot) and cursor.is_large:
        return await asyncio.to_thread(cursor.dumps_later())
    return cursor.dumps()


async def dumped_with_coverage(feed: str, cursor: Cursor | Snapshot) -> tuple[str, Coverage]:
    """Return what `dumped_cursor` does, and what the cursor says of its feed."""
    if isinstance(cursor, Snapshot):
        return await dumped_cursor(cursor), coverage_of(feed, cursor)
    state = cursor.state()
    return state.dumps(cursor.feed, cursor.rules.identity), coverage_of_state(feed, cursor.rules, state)


def open_cursor(source: Source[Any], options: FeedOptions, saved: StoredJson | None) -> Cursor | Snapshot:
    """Return the saved cursor; if `saved` is `None`, a new one that starts where the options say.

    Raises:
        CursorError: The saved cursor is damaged, of a newer version, of another feed, or of another server.
    """
    cursor = _open(source, options, saved)
    if not options.removals:
        cursor.seen_rows = None
    elif cursor.seen_rows is None:
        cursor.seen_rows = SeenRows()
    return cursor


def _open(source: Source[Any], options: FeedOptions, saved: StoredJson | None) -> Cursor | Snapshot:
    is_ours = saved is None or check_home(saved, source.home)
    if source.rules is None:
        if saved is None:
            return Snapshot(source.name, start=options.since, cap=source.cap, ignore=options.ignore)
        return Snapshot.loads(saved, source.name, cap=source.cap, ignore=options.ignore)
    if saved is None:
        return Cursor(source.rules, feed=source.name, start=options.since)
    return Cursor.loads(saved, attrs.evolve(source.rules, unproven=not is_ours), source.name)


async def stored_cursor(source: Source[Any], options: FeedOptions) -> StoredJson | None:
    """Return the cursor that the store has for a feed; `None` if it has none or there is no store.

    Raises:
        CursorError: The cursor cannot be used; the message says where it is and what to do.
    """
    if options.store is None:
        return None
    key = options.key_of(source)
    saved = await options.store.load(key)
    await learn_workspace(source.home, saved, source.tell_home)
    try:
        open_cursor(source, options, saved)
    except CursorError as error:
        raise CursorError(f"{options.store!r}, key {key!r}: {error}") from None
    return saved
