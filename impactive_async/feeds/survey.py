"""Which sequences there are, since when, and what earlier runs knew of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from impactive_async.errors import CursorError, DecodeError
from impactive_async.feeds import timestamps
from impactive_async.feeds.known import is_id
from impactive_async.feeds.roster import Roster, load_roster, save_roster
from impactive_async.feeds.rules import NOW
from impactive_async.feeds.server_clock import THIS_MACHINE, time_at_server
from impactive_async.feeds.source import FeedOptions
from impactive_async.feeds.topics import Catalogue

START_KEY: Final = "workspace/start"
"""What the store keeps the meaning of `NOW` under: feeds of sequences found in a later run start there too."""
SKEW: Final = timedelta(minutes=1)
"""How far the timestamps of rows may lag behind the `Date` header."""


class Survey:
    """Looks at the list of sequences, again and again."""

    def __init__(self, catalogue: Catalogue, options: FeedOptions) -> None:
        self._catalogue = catalogue
        self._options = options
        self._rosters: dict[str, Roster] = {}  # of earlier runs, by kind; kept up to date if there is a store
        self._late_from: dict[str, datetime] = {}
        self._at = timestamps.EPOCH  # the last look, by the server
        self.done = False
        """Whether the sequences have been listed, and what there was then has been taken up."""
        self.start: datetime | None = None
        """What `NOW` means, once it is known."""

    async def look(self) -> dict[str, Any]:
        """Return the status of each sequence.

        Raises:
            APIError: The list cannot be had, or makes no sense.
            CursorError: What an earlier run left in the store cannot be used.
        """
        answer = await self._catalogue.sequences()
        status = _status_by_id(answer.value)
        self._at = timestamps.moment(time_at_server(answer.server_time, None, THIS_MACHINE.wall()))
        if not self.done:
            await self._consult_the_past()
        await self._fix_start(answer.server_time)
        return status

    async def _consult_the_past(self) -> None:
        for kind in self._catalogue.per_sequence:
            roster = None if self._options.store is None else await load_roster(self._options.store, kind)
            if roster is not None:
                self._rosters[kind] = roster
            self._late_from[kind] = (self._at if roster is None else roster.at) - SKEW

    async def _fix_start(self, server_time: datetime | None) -> None:
        """Let `NOW` mean one moment for all sequences, whenever they are found and first polled."""
        if self._options.since is not NOW or self.start is not None:
            return
        store = self._options.store
        saved = None if store is None else await store.load(START_KEY)
        self.start = server_time if saved is None else _moment(saved)
        if store is not None and saved is None and server_time is not None:
            await store.save(START_KEY, server_time.isoformat())

    def late_from(self, kind: str) -> datetime:
        """Return where a list of a late sequence starts: what its first page hides since then is a gap."""
        return self._late_from[kind]

    def is_late(self, kind: str, sequence_id: str) -> bool:
        """Whether a sequence that is found now was not there at the first look, of this run or an earlier one."""
        roster = self._rosters.get(kind)
        return self.done or (roster is not None and not roster.knows(sequence_id))

    def is_left_alone(self, kind: str, sequence_id: str) -> bool:
        """Whether a sequence that has just been found archived was so when it was first seen of all."""
        roster = self._rosters.get(kind)
        return not self.done and (roster is None or sequence_id in roster.alone)

    async def conclude(self, kind: str, followed: Collection[str], alone: Collection[str]) -> None:
        """Remember for later runs what has been taken up."""
        store, before = self._options.store, self._rosters.get(kind)
        roster = (before or Roster(at=self._at)).with_these(self._at, followed, alone)
        if store is not None and roster is not before:
            await save_roster(store, kind, roster)
            self._rosters[kind] = roster


def _status_by_id(rows: Iterable[Any]) -> dict[str, Any]:
    """Return what each sequence's status is; a list that cannot be read drops nothing.

    Raises:
        DecodeError: A row is no sequence.
    """
    try:
        status = {row["id"]: row.get("status") for row in rows}
    except (TypeError, LookupError, AttributeError):
        status = {"": None}
    if not all(isinstance(sequence_id, str) and is_id(sequence_id) for sequence_id in status):
        raise DecodeError("unreadable list of sequences: a row without an id")
    return status


def _moment(saved: str) -> datetime:
    try:
        moment = datetime.fromisoformat(saved)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CursorError(
            f"the store's {START_KEY!r} is no moment in time. Restore it from a backup, or delete it: sequences "
            "without a cursor of their own then start anew from NOW."
        )
    return moment
