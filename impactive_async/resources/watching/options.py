"""The options of all `watch*` methods: their signatures, once.

A decorated method is called with its options collected into one `FeedOptions`. Type checkers, completion, `help`
and `inspect.signature` show the options one by one.

Importing this module imports nothing of feeds, because the resources import it and most of their calls need none.
A method is made, and its annotations are evaluated, when somebody first asks for it (`methods.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING, ParamSpec, TypedDict, TypeVar, cast

from impactive_async.feeds.pacing.pace import INTERVAL
from impactive_async.resources._base import LateMethod, Resource

if TYPE_CHECKING:
    from impactive_async.feeds.cursor.rules import Now
    from impactive_async.feeds.delivery.source import Ack, OnBadRow, OnGap
    from impactive_async.feeds.feed import Feed
    from impactive_async.stores import CursorStore

P = ParamSpec("P")
R = TypeVar("R")


def of_list(
    self: Resource,
    *,
    since: datetime | str | Now | None = None,
    store: CursorStore | None = None,
    key: str | None = None,
    interval: float = INTERVAL,
    max_interval: float | None = None,
    overlap: float | None = None,
    on_gap: OnGap = "raise",
    on_bad_row: OnBadRow = "raise",
    ack: Ack = "auto",
) -> None:
    """The signature for a list that the workspace has once."""


def of_sequence(
    self: Resource,
    sequence_id: str,
    *,
    since: datetime | str | Now | None = None,
    store: CursorStore | None = None,
    key: str | None = None,
    interval: float = INTERVAL,
    max_interval: float | None = None,
    overlap: float | None = None,
    on_gap: OnGap = "raise",
    on_bad_row: OnBadRow = "raise",
    ack: Ack = "auto",
) -> None:
    """The signature for a list that each sequence has."""


class _OfEachList(TypedDict, total=False):
    """The options that all lists have."""

    store: CursorStore | None
    key: str | None
    interval: float
    max_interval: float | None
    on_gap: OnGap
    on_bad_row: OnBadRow
    ack: Ack


class WatchOptions(_OfEachList, total=False):
    """The options of a list that each sequence has, but for `removals`."""

    since: datetime | str | Now | None
    overlap: float | None


class WatchBookingsOptions(_OfEachList, total=False):
    """The options of a list whose rows are compared by content, but for `removals`."""

    since: Now | None
    ignore: Collection[str]


def of_sequence_with_removals(
    self: Resource,
    sequence_id: str,
    *,
    since: datetime | str | Now | None = None,
    store: CursorStore | None = None,
    key: str | None = None,
    interval: float = INTERVAL,
    max_interval: float | None = None,
    overlap: float | None = None,
    on_gap: OnGap = "raise",
    on_bad_row: OnBadRow = "raise",
    ack: Ack = "auto",
    removals: bool = False,
) -> None:
    """The signature for a list that each sequence has, and that rows may leave."""


def of_list_without_since(
    self: Resource,
    *,
    since: Now | None = None,
    store: CursorStore | None = None,
    key: str | None = None,
    interval: float = INTERVAL,
    max_interval: float | None = None,
    on_gap: OnGap = "raise",
    on_bad_row: OnBadRow = "raise",
    ack: Ack = "auto",
    ignore: Collection[str] = (),
    removals: bool = False,
) -> None:
    """The signature for a list whose rows are compared by content, and that rows may leave."""


def of_contact(
    self: Resource,
    contact_id: str,
    *,
    since: Now | None = None,
    store: CursorStore | None = None,
    key: str | None = None,
    interval: float = INTERVAL,
    max_interval: float | None = None,
    on_gap: OnGap = "raise",
    on_bad_row: OnBadRow = "raise",
    ack: Ack = "auto",
    ignore: Collection[str] = (),
) -> None:
    """The signature for a list that each contact has, whose rows are compared by content."""


def watching(
    signature_of: Callable[P, None], returns: str | None = None
) -> Callable[[Callable[..., Feed[R]]], Callable[P, Feed[R]]]:
    """Decorate a method that makes a feed: give it the parameters of `signature_of`, and document them.

    The method itself takes the ids and a `FeedOptions`. `returns` is the text of its annotation, if its own is
    not exact.
    """

    def decorate(method: Callable[..., Feed[R]]) -> Callable[P, Feed[R]]:
        if returns is not None:
            method.__annotations__["return"] = returns

        def make() -> Callable[P, Feed[R]]:
            from impactive_async.resources.watching.methods import watch_method

            return watch_method(method, signature_of)

        return cast("Callable[P, Feed[R]]", LateMethod(make))

    return decorate
