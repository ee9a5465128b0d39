"""All that a cursor knows, as a value: text for a store, and as little as possible for a feed at rest."""

from typing import Any, Final, Self

import attrs

from impactive_async._http import json_bytes
from impactive_async.feeds import state
from impactive_async.feeds.gaps import Span
from impactive_async.feeds.known import Entry, Known
from impactive_async.feeds.progress import Progress
from impactive_async.feeds.timestamps import BEGINNING


@attrs.frozen(kw_only=True)
class CursorState:
    """Everything but the rows in hand, which come again; O(cap).

    Attributes:
        tick, origin, floor, line, frontier, clock, known: As in `Progress`.
        held: The oldest row that was in hand.
        now: The feed starts with what comes after its first page.
        primed: A page was accepted.
        gaps: Reported, and not closed.
        bad: Digests of the bad rows reported.
    """

    tick: int
    origin: int
    floor: int
    line: int | None
    frontier: int | None
    clock: int | None
    held: int | None
    now: bool
    primed: bool
    gaps: list[Span]
    bad: list[str]
    known: list[Entry]

    @classmethod
    def of(cls, progress: Progress, **others: Any) -> Self:
        """Return the state of a cursor that has come so far."""
        return cls(
            tick=progress.tick,
            origin=progress.origin,
            floor=progress.floor,
            line=progress.line,
            frontier=progress.frontier,
            clock=progress.clock,
            known=progress.known.entries(),
            **others,
        )

    def resume(self, progress: Progress) -> None:
        """Let a new cursor's progress be the one of the state; the rules may have become coarser since."""
        progress.tick = max(progress.tick, self.tick)
        progress.origin, progress.floor = self.origin, self.floor
        progress.line, progress.frontier, progress.clock = self.line, self.frontier, self.clock
        progress.known = Known(self.known)

    def dumps(self, feed: str, rules: str) -> str:
        """Compact JSON that names its feed, opaque to users."""
        return state.pack("cursor", feed, rules, dict(zip(_FIELDS, self._values(), strict=True)))

    def _values(self) -> list[Any]:
        """What JSON has for each field."""
        values = [getattr(self, name) for name in _FIELDS]
        values[_FIELDS.index("gaps")] = [list(span) for span in self.gaps]
        return values

    @classmethod
    def loads(cls, text: str, feed: str, rules: str) -> Self:
        """The state that `dumps` made text of.

        Raises:
            CursorError: It is damaged, belongs to another feed, or was written by a newer version.
        """
        saved = state.unpack(text, "cursor", feed, rules)
        return cls(
            tick=saved.tick("tick"),
            origin=saved.moment("origin"),
            floor=saved.moment("floor"),
            line=saved.moment_or_none("line"),
            frontier=saved.moment_or_none("frontier"),
            clock=saved.moment_or_none("clock"),
            held=saved.moment_or_none("held"),
            now=saved.flag("now"),
            primed=saved.flag("primed"),
            gaps=saved.spans("gaps"),
            bad=saved.texts("bad"),
            known=saved.rows("known"),
        )

    def fold(self) -> bytes:
        """The same for this process's own memory: a third as long, without names, feed and checksum."""
        values = self._values()
        return json_bytes.dumps([None if value == BEGINNING else value for value in values])

    @classmethod
    def unfold(cls, folded: bytes) -> Self:
        """The state that `fold` made bytes of."""
        values = dict(zip(_FIELDS, json_bytes.loads(folded), strict=True))
        for moment in ("origin", "floor"):
            values[moment] = BEGINNING if values[moment] is None else values[moment]
        values["gaps"] = [Span(*span) for span in values["gaps"]]
        values["known"] = [tuple(entry) for entry in values["known"]]
        return cls(**values)


_FIELDS: Final = tuple(attribute.name for attribute in attrs.fields(CursorState))
