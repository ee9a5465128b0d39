"""A list of the API that feeds can follow: where it is, what its rows are, and how it behaves.

The endpoints have one each, also where nobody polls. So what polling needs is imported with the first `source`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from impactive_async._codec.bodies import Shape
from impactive_async._http.caller import Caller
from impactive_async._http.wire import Endpoint
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.models.row_list import RowList

if TYPE_CHECKING:
    from impactive_async._codec.page import Rows
    from impactive_async.feeds.delivery.source import FeedOptions, Recover, Source
    from impactive_async.feeds.feed import Feed

R = TypeVar("R")


@attrs.frozen(kw_only=True)
class PolledList(Generic[R]):
    """A list that can be polled.

    Attributes:
        endpoint: The request. An id in its path says whose list it is: a sequence's or a contact's.
        row: The class of its rows.
        rules: What tells its rows apart; `None` for a list without `since`, whose rows are compared by content.
        cap: The most rows a list without `since` shows; `None` if it shows all.
        shape: Given the ids, returns what reads the rows of an answer; `None` for an answer that the rules suffice
            to read.
        sibling: Given the client's `Caller` and the options of a call, fetches a list that shows more of the rows,
            though in another order.
        recovery: Given the client's `Caller` and the ids, returns what looks for a gap's rows in sibling lists.
    """

    endpoint: Endpoint
    row: type[R]
    rules: Rules | None = None
    cap: int | None = None
    shape: Callable[..., Shape[Rows]] | None = None
    recovery: Callable[..., Recover] | None = None
    sibling: Callable[..., Awaitable[RowList[R]]] | None = None
    _name: str = attrs.field(init=False, repr=False)

    @_name.default
    def _name_of_path(self) -> str:
        return re.sub(r":\w+", "{}", re.sub(r"^/api/(agent/)?", "", self.endpoint.template))

    @property
    def of_sequence(self) -> bool:
        """Whether each sequence has such a list; a workspace has the others once."""
        return "/sequences/:" in self.endpoint.template

    @property
    def shows_emails(self) -> bool:
        """Whether several sequences may show the same row: emails, which never change."""
        return self.of_sequence and self.rules is not None and self.rules.immutable

    @property
    def operation(self) -> str:
        """What profiles call the list: the client's method that reads it."""
        parts = [part for part in self._name.split("/") if part != "{}"]
        return ".".join(parts if "{}" in self._name else [*parts, "list"])

    def name(self, *ids: str) -> str:
        """Return what cursors, gaps, logs, events and hubs call the feed: the path without `/api` and `/agent`."""
        return self._name.format(*ids)

    def source(self, caller: Caller, *ids: str) -> Source[R]:
        """Return the list as something to poll.

        Raises:
            InvalidArgumentError: An id is malformed.
        """
        from impactive_async.resources.watching.sources import source_of

        return source_of(self, caller, *ids)

    def feed(self, caller: Caller, options: FeedOptions, *ids: str) -> Feed[R]:
        """Return a feed over the list.

        Raises:
            InvalidArgumentError: An id is malformed.
        """
        from impactive_async.resources.watching.sources import feed_of

        return feed_of(self, caller, options, *ids)
