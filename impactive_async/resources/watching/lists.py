"""The lists of a workspace that can be followed: the one place for `crm.watch`, hubs and the command line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import attrs

from impactive_async._checks import check_seconds
from impactive_async._codec.page import page
from impactive_async._http.caller import Answer, Caller
from impactive_async._http.wire import ServerId, build_request
from impactive_async.errors import InvalidArgumentError
from impactive_async.feeds.delivery.page_request import UNCACHED
from impactive_async.feeds.delivery.source import Source
from impactive_async.feeds.feed import Feed
from impactive_async.feeds.workspace.followed_lists import FeedId, FollowedLists, SequenceList, read_sequences
from impactive_async.resources import bookings, emails, enrollments, sequences, zapier
from impactive_async.resources.auth import tell_home
from impactive_async.resources.watching.kinds import KINDS
from impactive_async.resources.watching.polled_list import PolledList

if TYPE_CHECKING:
    from impactive_async.client import AsyncClient

LISTS: Final[Mapping[str, PolledList[Any]]] = {
    "enrollments": enrollments.ENROLLMENTS,
    "sends": emails.SENDS,
    "replies": emails.REPLIES,
    "companies": zapier.COMPANIES,
    "contacts": zapier.CONTACTS,
    "deals": zapier.DEALS,
    "invoices": zapier.INVOICES,
    "projects": zapier.PROJECTS,
    "bookings": bookings.BOOKINGS,
}
"""Each kind and its list."""


def check_kinds(kinds: Collection[str]) -> tuple[str, ...]:
    """Return the kinds, each once.

    Raises:
        InvalidArgumentError: There is no such kind, or none is named, or `kinds` is a single string.
    """
    chosen = tuple(kind for kind in dict.fromkeys(kinds) if kind in LISTS)
    if isinstance(kinds, str) or not chosen or len(chosen) < len(set(kinds)):
        raise InvalidArgumentError(f"kinds is a collection of {', '.join(KINDS)}; not {kinds!r}")
    return chosen


def watch_method(crm: AsyncClient, kind: str) -> Callable[..., Feed[Any]]:
    """Return the client's method that follows a list: `crm.sequences.watch_replies`, `crm.zapier.deals.watch`.

    The method is named after the feed, so that a new list needs no second line.
    """
    followed = LISTS[kind]
    path = f"sequences.watch_{kind}" if followed.of_sequence else f"{followed.name().replace('/', '.')}.watch"
    method: Callable[..., Feed[Any]] = attrgetter(path)(crm)
    return method


def followed_lists(caller: Caller, kinds: Collection[str] | None, overlap: float | None) -> FollowedLists:
    """Return the lists that `crm.watch` follows.

    Args:
        caller: Makes the requests.
        kinds: Some of `KINDS`; `None`: all.
        overlap: Seconds by which a row may appear late; `None`: as long as each list needs.

    Raises:
        InvalidArgumentError: There is no such kind, none is named, or the overlap is out of range.
    """
    chosen = check_kinds(KINDS if kinds is None else kinds)
    if overlap is not None:
        check_seconds(overlap, "overlap")

    def source(feed: FeedId) -> Source[Any]:
        ids = () if feed.sequence_id is None else (ServerId(feed.sequence_id),)
        return LISTS[feed.kind].source(caller, *ids).with_overlap(overlap)

    return FollowedLists(
        source=source,
        of_workspace=[FeedId(kind) for kind in chosen if not LISTS[kind].of_sequence],
        of_each_sequence=[kind for kind in chosen if LISTS[kind].of_sequence],
        emails=[kind for kind in chosen if LISTS[kind].shows_emails],
        sequences=lambda: list_sequences(caller),
        home=caller.transport.home,
        tell_home=partial(tell_home, caller),
    )


async def sequences_of(crm: AsyncClient) -> SequenceList:
    """Fetch the list of sequences of a client's workspace; see `list_sequences`.

    Raises:
        APIError: The sequences cannot be listed.
    """
    return (await list_sequences(crm.sequences._caller)).value  # noqa: SLF001 - `client` is above this module


def list_sequences(caller: Caller) -> Awaitable[Answer[SequenceList]]:
    """Fetch the list of sequences, of which a row that cannot be read hides no other."""
    return caller.poll(_LIST_OF_SEQUENCES, lambda body: read_sequences(_ID_AND_STATUS(body)))


_LIST_OF_SEQUENCES: Final = attrs.evolve(build_request(sequences.LIST), headers=UNCACHED)
_ID_AND_STATUS: Final = page("id", "status", "sequences")
"""Of ten thousand sequences nothing else is read."""
