"""Rewinding a saved cursor: its feed delivers again what the list shows from a moment on.

A cursor that is rewound knows nothing of the rows from that moment on, and all that it knew of those before. So
rows may come again, and none is passed over: also one that becomes visible late, from before that moment, is still
found as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs
from attrs import frozen

from impactive_async._codec.scalars import read_moment
from impactive_async.errors import CursorError, InvalidArgumentError
from impactive_async.feeds.cursor import gaps, saved_text, timestamps
from impactive_async.feeds.cursor.cursor_state import CursorState
from impactive_async.feeds.cursor.evidence.doubt import Doubt
from impactive_async.feeds.cursor.evidence.past import Past
from impactive_async.feeds.cursor.gaps import Span
from impactive_async.feeds.delivery.home import with_home_of
from impactive_async.feeds.steering.reading import CursorSummary
from impactive_async.feeds.steering.saved import SavedCursor


@frozen(kw_only=True)
class Rewound:
    """A feed that was rewound, or would be.

    Attributes:
        feed: Its name.
        to: From where on it delivers again what the API shows.
        before: What its cursor said; None: nothing was committed yet, and everything is still to come.
        after: What its cursor says now.
    """

    feed: str
    to: datetime
    before: CursorSummary | None
    after: CursorSummary | None


def past_moment(given: datetime | str) -> datetime:
    """Return a moment that has been, of the argument `to`.

    Raises:
        InvalidArgumentError: It is in the future, has no time zone, or is no moment.
    """
    moment = read_moment(given, "to")
    if moment > datetime.now(UTC):
        raise InvalidArgumentError(f"{moment.isoformat()} is in the future")
    return moment


def rewound(text: str, moment: datetime) -> str:
    """Return a cursor whose feed goes on from an earlier moment.

    The tag of the page that was shown last is left out: the next poll asks for the page itself.

    Args:
        text: A saved cursor.
        moment: From where on rows come again; it has a time zone.

    Raises:
        CursorError: The text is damaged, was written by a newer version, or is no cursor of a list.
    """
    saved, at = SavedCursor.of(text), timestamps.aware(moment)
    if saved.kind == "cursor":
        return with_home_of(_state_from(saved.state(), at).dumps(saved.feed, saved.rules), text)
    if saved.kind == "snapshot":
        body = _body_from(saved.fields(), at)
        return with_home_of(saved_text.pack(saved.kind, saved.feed, saved.rules, body), text)
    raise CursorError(
        f"This is no cursor of a list, but what crm.watch knows of {saved.kind}: it has no place in time. Rewind "
        "the cursors of its feeds."
    )


def _state_from(state: CursorState, moment: int) -> CursorState:
    at = moment - moment % state.tick
    asked = at - state.tick
    state = attrs.evolve(
        state, origin=min(state.origin, at), floor=min(state.floor, at), gaps=_gaps_before(state.gaps, at)
    )
    if not state.primed:
        line = asked if state.now else state.line and min(state.line, asked)
        start = at if state.now else state.origin
        return attrs.evolve(state, now=False, line=line, origin=start, floor=start)
    return attrs.evolve(
        state,
        now=False,
        line=None if state.line is None else min(state.line, asked),
        frontier=None if state.frontier is None else min(state.frontier, at),
        known=[entry for entry in state.known if entry[0] < at],
        past=_past_before(state.past, at),
        doubt=Doubt(),
        reach=attrs.evolve(state.reach, shrunk=False),
        looks=attrs.evolve(state.looks, silent=0),
    )


def _past_before(past: Past, at: int) -> Past:
    """Return what is remembered of older versions: nothing, if it may be of versions from the moment on."""
    return past if max(past.newest, past.end) <= at else Past(start=at, half=at, end=at)


def _gaps_before(known: list[Span], at: int) -> list[Span]:
    # Rows of those from the moment on may be shown now. Gaps that are still there are told again.
    return gaps.without(known, at, timestamps.END + 1)


def _body_from(fields: Mapping[str, Any], at: int) -> dict[str, Any]:
    body = {name: value for name, value in fields.items() if name not in saved_text.ENVELOPE}
    again_from = min(at, body.get("again_from", at))
    known = [Span(*span) for span in body.get("gaps", [])]
    start = {} if body["primed"] else {"start": min(body["start"], at)}
    return {**body, **start, "again_from": again_from, "gaps": [list(span) for span in _gaps_before(known, at)]}
