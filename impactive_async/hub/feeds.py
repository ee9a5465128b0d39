"""The feeds of a workspace by name: a name is all that a hub keeps of a feed beside its cursor."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final

from impactive_async import AsyncClient, Feed
from impactive_async.feeds.rules import Now

_PER_SEQUENCE: dict[str, Callable[[AsyncClient], Callable[..., Feed[Any]]]] = {
    "enrollments": lambda crm: crm.sequences.watch_enrollments,
    "sends": lambda crm: crm.sequences.watch_sends,
    "replies": lambda crm: crm.sequences.watch_replies,
}
_PER_WORKSPACE: dict[str, tuple[str, Callable[[AsyncClient], Callable[..., Feed[Any]]]]] = {
    "companies": ("zapier/companies", lambda crm: crm.zapier.companies.watch),
    "contacts": ("zapier/contacts", lambda crm: crm.zapier.contacts.watch),
    "deals": ("zapier/deals", lambda crm: crm.zapier.deals.watch),
    "invoices": ("zapier/invoices", lambda crm: crm.zapier.invoices.watch),
    "projects": ("zapier/projects", lambda crm: crm.zapier.projects.watch),
    "bookings": ("bookings", lambda crm: crm.bookings.watch),
}
_BY_NAME = dict(_PER_WORKSPACE.values())

KINDS = (*_PER_SEQUENCE, *_PER_WORKSPACE)
"""What can be followed, as `crm.watch` names it."""


LONGEST_NAME: Final = 500
"""Characters of a feed's name: engines bound what they index."""


class UnknownFeedError(ValueError):
    """No feed has this name: another version has added it, or somebody by hand."""


def check_kinds(kinds: Collection[str]) -> None:
    """Accept some of `KINDS`.

    Raises:
        ValueError: There is no such kind, or none is named.
    """
    if isinstance(kinds, str) or not kinds or not set(kinds) <= set(KINDS):
        raise ValueError(f"kinds is a collection of {', '.join(KINDS)}; not {kinds!r}")


def needs_sequences(kinds: Collection[str]) -> bool:
    """Whether any of the kinds is a list of each sequence."""
    return not _PER_SEQUENCE.keys().isdisjoint(kinds)


def needs_only_sequences(kinds: Collection[str]) -> bool:
    """Whether all of the kinds are."""
    return _PER_SEQUENCE.keys() >= set(kinds)


def feed_names(kinds: Collection[str], sequence_ids: Iterable[str]) -> Iterator[str]:
    """Yield the names of the feeds that `kinds` mean."""
    yield from workspace_feeds(kinds)
    yield from sequence_feeds(kinds, sequence_ids)


def workspace_feeds(kinds: Collection[str]) -> Iterator[str]:
    """Yield the names of the feeds that a workspace has once."""
    yield from (name for kind, (name, _) in _PER_WORKSPACE.items() if kind in kinds)


def sequence_feeds(kinds: Collection[str], sequence_ids: Iterable[str]) -> Iterator[str]:
    """Yield the names of the feeds that each sequence has."""
    yield from (f"sequences/{i}/{kind}" for i in sequence_ids for kind in _PER_SEQUENCE if kind in kinds)


def is_of_sequence(name: str) -> bool:
    """Whether the feed ends with its sequence."""
    return name.startswith("sequences/")


def open_feed(crm: AsyncClient, name: str, *, since: Now | None, interval: float) -> Feed[Any]:
    """Return the feed of a name, as `watch*` makes it.

    Raises:
        UnknownFeedError: No feed has this name.
    """
    if len(name) > LONGEST_NAME:
        raise UnknownFeedError(
            f"a feed's name has at most {LONGEST_NAME} characters, not {len(name)}: {name[:80]}…"
        )
    match name.split("/"):
        case ["sequences", sequence_id, kind] if kind in _PER_SEQUENCE:
            try:
                return _PER_SEQUENCE[kind](crm)(sequence_id, since=since, interval=interval)
            except ValueError as error:
                raise UnknownFeedError(f"no feed is called {name!r}: {error}") from error
        case _ if name in _BY_NAME:
            return _BY_NAME[name](crm)(since=since, interval=interval)
    raise UnknownFeedError(f"no feed is called {name!r}")
