"""A saved cursor in words."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from impactive_async.feeds.cursor import gaps, timestamps
from impactive_async.feeds.cursor.cursor_state import CursorState
from impactive_async.feeds.cursor.gaps import Span
from impactive_async.feeds.cursor.snapshot import Snapshot
from impactive_async.feeds.steering.saved import OTHER_STATES, SavedCursor
from impactive_async.models.gap import Gap


@frozen(kw_only=True)
class CursorSummary:
    """How far a feed has come.

    Attributes:
        feed: The feed's name.
        kind: `cursor`: the list is asked with `since`. `snapshot`: it is read as a whole and compared. `sequences`
            and `emails`: what `crm.watch` knows beside the cursors of its feeds.
        workspace: The workspace that the cursor names; `None`: it names none.
        begun: Whether a page was read.
        frontier: Every row shown up to here was handled; `None`: there was none.
        floor: Rows from here on are asked for again, as some become visible late; `None`: all are.
        in_flight: The timestamp of the oldest row that was shown and not handled; `None`: there is none.
        last_page: The server's time at the last page; `None`: there was none, or the server tells no time.
        known: How many versions of rows are remembered.
        gaps: Where rows may be missing.
    """

    feed: str
    kind: str
    workspace: str | None = None
    begun: bool = False
    frontier: datetime | None = None
    floor: datetime | None = None
    in_flight: datetime | None = None
    last_page: datetime | None = None
    known: int = 0
    gaps: tuple[Gap, ...] = ()


def summary_of(text: str) -> CursorSummary:
    """Return what a saved cursor says.

    Raises:
        CursorError: It is damaged, none of this library, or was written by a newer version.
    """
    saved = SavedCursor.of(text)
    if saved.kind in OTHER_STATES:
        return CursorSummary(feed=saved.feed, kind=saved.kind, workspace=saved.workspace, begun=True)
    return _of_state(saved, saved.state()) if saved.kind == "cursor" else _of_snapshot(saved)


def _of_state(saved: SavedCursor, state: CursorState) -> CursorSummary:
    return CursorSummary(
        feed=saved.feed,
        kind=saved.kind,
        workspace=saved.workspace,
        begun=state.primed,
        frontier=_moment(state.frontier),
        floor=_moment(state.floor),
        in_flight=_moment(state.held),
        last_page=_moment(state.clock),
        known=len(state.known),
        gaps=_gaps(saved.feed, state.gaps),
    )


def _of_snapshot(saved: SavedCursor) -> CursorSummary:
    snapshot, fields = Snapshot.loads(saved.text, saved.feed), saved.fields()
    return CursorSummary(
        feed=saved.feed,
        kind=saved.kind,
        workspace=saved.workspace,
        begun=bool(fields["primed"]),
        frontier=_moment(snapshot.newest),
        last_page=_moment(snapshot.server_clock),
        known=len(fields["known"]),
        gaps=tuple(snapshot.known_gaps),
    )


def _moment(at: int | None) -> datetime | None:
    return None if at is None or at <= timestamps.BEGINNING else timestamps.moment(at)


def _gaps(feed: str, spans: list[Span]) -> tuple[Gap, ...]:
    return tuple(gaps.public(feed, span) for span in spans)
