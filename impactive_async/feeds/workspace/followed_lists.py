"""Which lists of a workspace a stream follows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Final

import attrs

from impactive_async._codec.page import RawPage, Rows, is_broken, page_of, value_of
from impactive_async._http.caller import Answer
from impactive_async._http.settings import Home, TellHome
from impactive_async.errors import DecodeError
from impactive_async.feeds.cursor.quarantine import BadRow
from impactive_async.feeds.cursor.seen_versions import is_id
from impactive_async.feeds.delivery.source import Source

ARCHIVED: Final = "archived"
"""The status of a sequence that is not followed."""


@attrs.frozen(weakref_slot=False)
class FeedId:
    """Names one feed of a stream: a kind, and the sequence that the list belongs to, if any."""

    kind: str
    sequence_id: str | None = None


@attrs.frozen
class SequenceList:
    """What one answer tells of the workspace's sequences.

    Attributes:
        statuses: The status of each sequence, by its id.
        bad: The rows that cannot be read. Any sequence that is not listed may be one of them.
        may_be_cut: Whether there may be sequences that the answer does not show.
        missing: Those that earlier runs followed, and that may be among these.
    """

    statuses: Mapping[str, Any]
    bad: Sequence[BadRow] = ()
    may_be_cut: bool = False
    missing: Sequence[str] = ()

    @property
    def is_whole(self) -> bool:
        """Whether a sequence that is not listed is certainly gone."""
        return not self.bad and not self.may_be_cut


@attrs.frozen(kw_only=True)
class FollowedLists:
    """The lists that a stream follows, and how they are fetched.

    Attributes:
        source: Makes the source of a feed.
        of_workspace: The feeds that a workspace has once.
        of_each_sequence: The kinds that each sequence has.
        sequences: Fetches the list of sequences.
        emails: The kinds whose rows are emails, which several sequences' lists may show.
        home: Where the cursors belong; `None`: they do not say.
        tell_home: Asks the server which workspace `home` is of.
    """

    source: Callable[[FeedId], Source[Any]]
    of_workspace: Collection[FeedId]
    of_each_sequence: Collection[str]
    sequences: Callable[[], Awaitable[Answer[SequenceList]]]
    emails: Collection[str] = ()
    home: Home | None = None
    tell_home: TellHome | None = None


def read_sequences(rows: Rows) -> SequenceList:
    """Return what a list of sequences tells, of those of its rows that can be read.

    Raises:
        DecodeError: There are rows, and none has an id.
    """
    page = rows if isinstance(rows, RawPage) else page_of(rows, "id", "status")
    statuses = {str(one): status for one, status in zip(page.ids, page.stamps, strict=True) if is_id(one)}
    places = [place for place, one in enumerate(page.ids) if not is_id(one)]
    bad = [
        BadRow(place, "not JSON" if is_broken(row) else "no 'id'", value_of(row))
        for place, row in zip(places, page.pick(places), strict=True)
    ]
    if bad and not statuses:
        raise DecodeError("unreadable list of sequences: a row without an id", json_path="$[].id")
    return SequenceList(statuses, bad, may_be_cut=page.more)
