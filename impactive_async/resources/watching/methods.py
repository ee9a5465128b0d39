"""The `watch*` methods as users see them: with evaluated annotations, and with every option documented."""

from __future__ import annotations

import functools
import inspect
import textwrap
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

from impactive_async.feeds.cursor.rules import Now
from impactive_async.feeds.delivery.source import Ack, FeedOptions, OnBadRow, OnGap
from impactive_async.feeds.feed import Feed
from impactive_async.models.gap import Removed
from impactive_async.stores import CursorStore

P = ParamSpec("P")
R = TypeVar("R")

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


_NAMES: Final[dict[str, Any]] = {
    "Ack": Ack,
    "CursorStore": CursorStore,
    "Feed": Feed,
    "FeedOptions": FeedOptions,
    "Now": Now,
    "OnBadRow": OnBadRow,
    "OnGap": OnGap,
    "Removed": Removed,
}
"""What annotations name that the modules of the methods import for type checkers alone."""


def watch_method(method: Callable[..., Feed[R]], signature_of: Callable[P, None]) -> Callable[P, Feed[R]]:
    """Return the method with the parameters of `signature_of`. It collects the options into a `FeedOptions`.

    Args:
        method: Takes the ids and the `FeedOptions`. Its docstring says what is special about the list.
        signature_of: What is shown of the parameters, and what checks them.
    """
    result = inspect.get_annotations(method, locals=_NAMES, eval_str=True)["return"]
    signature = inspect.signature(signature_of, locals=_NAMES, eval_str=True).replace(return_annotation=result)
    ids = [name for name, one in signature.parameters.items() if one.kind is one.POSITIONAL_OR_KEYWORD]

    @functools.wraps(method)
    def watch(*args: P.args, **options: P.kwargs) -> Feed[R]:
        try:
            signature_of(*args, **options)  # checks the arguments, and is cheaper than `Signature.bind`
        except TypeError as error:
            raise TypeError(str(error).replace(signature_of.__name__, method.__qualname__, 1)) from None
        named = dict[str, Any](options)
        return method(*args, *(named.pop(name) for name in ids[len(args) :]), FeedOptions(**named))

    shown = {name: one.annotation for name, one in signature.parameters.items()}
    watch.__annotations__ = {**shown, "return": result}
    watch.__signature__ = signature  # type: ignore[attr-defined]
    watch.__doc__ = _document(method.__doc__ or "", signature)
    return watch


def _document(text: str, signature: inspect.Signature) -> str:
    documented = (f"{name}: {_OPTIONS[name]}" for name in signature.parameters if name != "self")
    options = "\n".join(
        textwrap.fill(one, 80, initial_indent=" " * 4, subsequent_indent=" " * 8) for one in documented
    )
    return f"{inspect.cleandoc(text)}\n\n{_REQUESTS}\n\nArgs:\n{options}\n\nRaises:\n    {_ERRORS}\n"
