"""The feeds of a workspace by name: beside its cursor, the name is all that a hub keeps of a feed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from impactive_async import AsyncClient, Feed
from impactive_async._http.wire import ServerId
from impactive_async.feeds.cursor.rules import Now
from impactive_async.resources.watching.lists import LISTS, watch_method

LONGEST_NAME: Final = 500
"""Characters of a feed's name: engines bound what they index."""

_OF_WORKSPACE: Final = {polled.name(): kind for kind, polled in LISTS.items() if not polled.of_sequence}
_OF_SEQUENCE: Final = frozenset(kind for kind, polled in LISTS.items() if polled.of_sequence)


class UnknownFeedError(ValueError):
    """No feed has this name: another version has added it, or somebody by hand."""


def needs_sequences(kinds: Collection[str]) -> bool:
    """Whether each sequence has a list of one of the kinds."""
    return not _OF_SEQUENCE.isdisjoint(kinds)


def needs_only_sequences(kinds: Collection[str]) -> bool:
    """Whether each sequence has lists of all the kinds, and the workspace of none."""
    return set(kinds) <= _OF_SEQUENCE


def feed_names(kinds: Collection[str], sequence_ids: Iterable[str]) -> Iterator[str]:
    """Yield the names of all feeds of these kinds."""
    yield from workspace_feeds(kinds)
    yield from sequence_feeds(kinds, sequence_ids)


def workspace_feeds(kinds: Collection[str]) -> Iterator[str]:
    """Yield the names of the feeds that a workspace has once."""
    yield from (name for name, kind in _OF_WORKSPACE.items() if kind in kinds)


def sequence_feeds(kinds: Collection[str], sequence_ids: Iterable[str]) -> Iterator[str]:
    """Yield the names of the feeds that each sequence has."""
    yield from (
        LISTS[kind].name(i) for i in sequence_ids for kind in LISTS if kind in kinds and kind in _OF_SEQUENCE
    )


def is_of_sequence(name: str) -> bool:
    """Whether the feed ends when its sequence is deleted."""
    return name.startswith("sequences/")


def open_feed(
    crm: AsyncClient, name: str, *, since: Now | None, interval: float, ignore: Collection[str] = ()
) -> Feed[Any]:
    """Return the feed of a name, as the client's `watch*` method makes it.

    Raises:
        UnknownFeedError: No feed has this name.
    """
    if len(name) > LONGEST_NAME:
        raise UnknownFeedError(
            f"a feed's name has at most {LONGEST_NAME} characters, not {len(name)}: {name[:80]}…"
        )
    match _parts(name):
        case ["sequences", sequence_id, kind] if kind in _OF_SEQUENCE:
            try:
                return watch_method(crm, kind)(ServerId(sequence_id), since=since, interval=interval)
            except ValueError as error:
                raise UnknownFeedError(f"no feed is called {name!r}: {error}") from error
        case _ if name in _OF_WORKSPACE:
            kind = _OF_WORKSPACE[name]
            content = {"ignore": ignore} if ignore and LISTS[kind].rules is None else {}
            return watch_method(crm, kind)(since=since, interval=interval, **content)
    raise UnknownFeedError(f"no feed is called {name!r}")


def _parts(name: str) -> list[str]:
    """Return a feed's name in up to three parts. The one in the middle is an id, and may hold slashes."""
    first, _, rest = name.partition("/")
    return [first, *rest.rsplit("/", 1)]
