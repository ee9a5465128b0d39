"""The options of all `watch*` methods: their signatures, and their documentation, once.

A decorated method is called with its options collected into one `FeedOptions`. Type checkers, completion, `help`
and `inspect.signature` show the options one by one. This module evaluates its annotations, so that
`typing.get_type_hints` works on the methods wherever they are defined.
"""

import functools
import inspect
import textwrap
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final, ParamSpec, TypedDict, TypeVar, get_type_hints

from impactive_async.feeds.cursor.rules import Now
from impactive_async.feeds.delivery.source import INTERVAL, Ack, FeedOptions, OnBadRow, OnGap
from impactive_async.feeds.feed import Feed
from impactive_async.resources._base import Resource
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


_OPTIONS: Final = {
    "sequence_id": "The sequence.",
    "contact_id": "The contact.",
    "since": "Where to start. `None`: with all that the API still shows. `NOW`: with what comes after the list "
    "was first asked for. Or, for a list with timestamps, a moment. A cursor in the store takes precedence.",
    "store": "Where to keep the cursor between runs; `None`: nowhere.",
    "key": "The name of the cursor in the store; default: the feed's name. Give one where a store serves several "
    "workspaces.",
    "interval": "Seconds between polls; a busy list is polled sooner.",
    "max_interval": "Seconds after which even an idle list is polled; default: `interval`.",
    "overlap": "Seconds by which a row may appear later than its own timestamp says; default: what the list needs "
    "(replies 1 h, because a mailbox may be synchronised late; sends 60 s; others 10 s).",
    "on_gap": 'What to do about rows that the API no longer shows: `"raise"` a `FeedGapError`, `"continue"` (the '
    "gap is logged and kept in the cursor), or call this with the `Gap`.",
    "on_bad_row": 'What to do about a row that cannot be read: `"raise"` a `DecodeError`, or call this with the '
    "`BadRow`. In either case the feed continues after the row.",
    "ignore": "Names of fields of the row that change all the time: it is not delivered again for them. All rows "
    "come once more where this is changed.",
    "removals": "Whether a `Removed` is delivered for a row that the list shows no more. It takes two pages that "
    "show the whole list, and ten if most of its rows are gone; a list that may be cut tells nothing. Several "
    "rows that are missing at its end may be cut off, so they are told once its length has clearly changed again.",
    "ack": '`"auto"`: a row is handled when the next one is asked for. `"manual"`: when `feed.ack(row)` is '
    "called, in any order; the list is polled again when all its rows are. `feed.batches()` needs neither.",
}

_REQUESTS: Final = "Makes no request before it is iterated or polled."
_ERRORS: Final = "InvalidArgumentError: An id is malformed, `since` has no time zone, or a number is out of range."


def watching(
    signature_of: Callable[P, None], returns: Any = None
) -> Callable[[Callable[..., Feed[R]]], Callable[P, Feed[R]]]:
    """Decorate a method that makes a feed: give it the parameters of `signature_of`, and document them.

    The method itself takes the ids and a `FeedOptions`. `returns` is its annotation, if its own is not exact.
    """
    signature = inspect.signature(signature_of)
    ids = [name for name, one in signature.parameters.items() if one.kind is one.POSITIONAL_OR_KEYWORD]

    def decorate(method: Callable[..., Feed[R]]) -> Callable[P, Feed[R]]:
        @functools.wraps(method)
        def watch(*args: P.args, **options: P.kwargs) -> Feed[R]:
            try:
                signature_of(*args, **options)  # checks the arguments, and is cheaper than `Signature.bind`
            except TypeError as error:
                raise TypeError(str(error).replace(signature_of.__name__, method.__qualname__, 1)) from None
            named = dict[str, Any](options)
            return method(*args, *(named.pop(name) for name in ids[len(args) :]), FeedOptions(**named))

        result = get_type_hints(method)["return"] if returns is None else returns
        watch.__annotations__ = {**signature_of.__annotations__, "return": result}
        watch.__signature__ = signature.replace(return_annotation=result)  # type: ignore[attr-defined]
        watch.__doc__ = _document(method.__doc__ or "", signature)
        return watch

    return decorate


def _document(text: str, signature: inspect.Signature) -> str:
    documented = (f"{name}: {_OPTIONS[name]}" for name in signature.parameters if name != "self")
    options = "\n".join(
        textwrap.fill(one, 80, initial_indent=" " * 4, subsequent_indent=" " * 8) for one in documented
    )
    return f"{inspect.cleandoc(text)}\n\n{_REQUESTS}\n\nArgs:\n{options}\n\nRaises:\n    {_ERRORS}\n"
