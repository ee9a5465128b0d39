"""A list of the API that feeds can follow: where it is, what its rows are, and how it behaves."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Generic, TypeVar

import attrs

from impactive_async._codec.bodies import Shape
from impactive_async._codec.page import Rows, each_row, page
from impactive_async._codec.tolerant.nouns import plural_of
from impactive_async._http.caller import Caller
from impactive_async._http.wire import Endpoint, build_request
from impactive_async.feeds.cursor import timestamps
from impactive_async.feeds.cursor.rules import Rules
from impactive_async.feeds.delivery.page_request import PageRequest
from impactive_async.feeds.delivery.source import FeedOptions, Recover, Source
from impactive_async.feeds.feed import Feed
from impactive_async.models.row_list import RowList
from impactive_async.profile import PRECISIONS
from impactive_async.resources.auth import tell_home

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

    _rows: Shape[Rows] = attrs.field(init=False, repr=False, eq=False)

    @_rows.default
    def _rows_by_rules(self) -> Shape[Rows]:
        plural = plural_of(self.row)
        if self.rules is None:
            return lambda body: each_row(body, plural)
        return page(self.rules.id, self.rules.timestamp, plural)

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
        request = build_request(self.endpoint, ids)
        shape = self._rows if self.shape is None else self.shape(*ids)
        settings = caller.deviations.settings(self.operation)
        page = PageRequest(caller=caller, endpoint=self.endpoint, ids=ids, shape=shape)
        return Source(
            name=self.name(*ids),
            path=request.bare_path,
            row=self.row,
            rules=self._rules_by(settings),
            page=page,
            clock=caller.clock,
            cap=settings.get("cap", self.cap),
            recover=self.recovery and self.recovery(caller, *ids),
            notes=caller.deviations.notes(self.endpoint.method, self.endpoint.template),
            home=caller.transport.home,
            tell_home=partial(tell_home, caller),
            is_news=caller.deviations.is_news,
        )

    def _rules_by(self, settings: Mapping[str, Any]) -> Rules | None:
        """Return the rules with what a profile says of the list: its cap, its overlap, its tick.

        A lag below our own overlap changes nothing: nobody has seen every late row.
        """
        if self.rules is None or not settings:
            return self.rules
        cap = settings.get("cap", self.rules.cap)
        lag = int(settings.get("lag", 0) * timestamps.SECOND) + _repeated_hour(settings)
        printed = (settings.get("time_precision"), settings.get("since_precision"))
        ticks = [PRECISIONS[precision] for precision in printed if precision is not None]
        tick = max(ticks, default=self.rules.tick)
        return attrs.evolve(self.rules, cap=cap, overlap=max(lag, self.rules.overlap), tick=tick)

    def feed(self, caller: Caller, options: FeedOptions, *ids: str) -> Feed[R]:
        """Return a feed over the list.

        Raises:
            InvalidArgumentError: An id is malformed.
        """
        return Feed(self.source(caller, *ids).with_overlap(options.overlap), options)


def _repeated_hour(settings: Mapping[str, Any]) -> int:
    """Return by how many microseconds rows may seem late: local times of an hour that clocks show twice do."""
    local = not settings.get("time_offset", True)
    return 2 * timestamps.HOUR if local and "/" in settings.get("time_zone", "UTC") else 0
