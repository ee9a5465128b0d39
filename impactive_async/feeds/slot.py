"""A feed between two polls, of which `crm.watch` may have ten thousand."""

from __future__ import annotations

from typing import Any

from impactive_async._http import json_bytes
from impactive_async.feeds.cursor import Cursor
from impactive_async.feeds.intake import Intake
from impactive_async.feeds.rhythm import Rhythm
from impactive_async.feeds.schedule import Due
from impactive_async.feeds.snapshot import Snapshot
from impactive_async.feeds.source import Source
from impactive_async.feeds.topics import Topic


class Slot(Due):
    """A feed at rest: its pace and its cursor are a few dozen bytes, unfolded for a poll."""

    __slots__ = ("_folded", "idle", "late", "live", "owed", "topic")

    def __init__(
        self, topic: Topic, due: float, *, live: bool = True, owed: bool = False, late: bool = False
    ) -> None:
        super().__init__(due)
        self.topic = topic
        self.live = live  # to be polled for ever
        self.owed = owed  # to be polled once more in any case: rows may have come since its last page
        self.late = late  # its sequence was not there at the first look
        self.idle = not live and not owed  # neither scheduled nor being polled
        self._folded = b""  # pace and cursor, a line each

    @property
    def alone(self) -> bool:
        """Whether it has never been of interest: archived when it was found, and not followed before."""
        return self.idle and not self.was_polled

    @property
    def was_polled(self) -> bool:
        """Whether a page was handled."""
        return not self._folded.endswith(b"\n") and self._folded != b""

    def unfold(self, source: Source[Any], rhythm: Rhythm) -> Intake[Any]:
        """Return what the feed was at its last page, which there must have been; `rhythm` goes on from there."""
        came = self.restore(rhythm)
        return Intake(source, _unfolded(source, self._folded.partition(b"\n")[2]), came=came)

    def restore(self, rhythm: Rhythm) -> float | None:
        """Let a new rhythm go on where the feed's was; return the moment that was kept, by our steady clock.

        It is when the last page came, or, while there has been none, when the first one was first asked for.
        """
        if not self._folded:
            return None
        moment: float | None
        state, moment = json_bytes.loads(self._folded.partition(b"\n")[0])
        rhythm.resume(state)
        return moment

    def fold(self, rhythm: Rhythm, intake: Intake[Any]) -> None:
        """Keep how the feed stands after a page that was handled."""
        self._keep(rhythm, intake, intake.cursor.fold())

    def fold_pace(self, rhythm: Rhythm, intake: Intake[Any]) -> None:
        """Keep only its pace, after a poll that failed."""
        self._keep(rhythm, intake, self._folded.partition(b"\n")[2])

    def _keep(self, rhythm: Rhythm, intake: Intake[Any], cursor: bytes) -> None:
        # Joined anew, they take up no more than they need, unlike what the JSON library returns.
        moment = intake.came if cursor else intake.tried
        self._folded = b"\n".join((json_bytes.dumps([rhythm.state, moment]), cursor))


def _unfolded(source: Source[Any], folded: bytes) -> Cursor | Snapshot:
    if source.rules is None:
        return Snapshot.unfold(folded, source.name, cap=source.cap)
    return Cursor.unfold(folded, source.rules, source.name)
