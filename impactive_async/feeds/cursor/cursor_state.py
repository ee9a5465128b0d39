"""The state of a cursor as a value, which is saved as text, and kept as fewer bytes for a feed at rest."""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, Final, Self, TypeVar

import attrs

from impactive_async._codec import json_bytes
from impactive_async._codec.json_bytes import StoredJson
from impactive_async.feeds.cursor import gaps
from impactive_async.feeds.cursor import saved_text as state
from impactive_async.feeds.cursor.evidence.doubt import Doubt
from impactive_async.feeds.cursor.evidence.looks import Looks
from impactive_async.feeds.cursor.evidence.order import ORDERS, Order
from impactive_async.feeds.cursor.evidence.past import Past
from impactive_async.feeds.cursor.evidence.reach import Reach
from impactive_async.feeds.cursor.evidence.sight import Sight
from impactive_async.feeds.cursor.gaps import Span
from impactive_async.feeds.cursor.seen_versions import Entry, SeenVersions
from impactive_async.feeds.cursor.timestamps import BEGINNING
from impactive_async.feeds.cursor.watermarks import Watermarks

P = TypeVar("P", Past, Reach, Looks, Doubt, Sight)


@attrs.frozen(kw_only=True)
class CursorState:
    """Everything but the rows in flight, which come again after a restart. Its size is O(cap).

    Attributes:
        tick, origin, floor, line, frontier, clock, known: As in `Watermarks`.
        held: The timestamp of the oldest row that was in flight; `None`: there was none.
        now: Whether the feed starts with what comes after its first page.
        primed: Whether a page was accepted.
        gaps: The gaps reported and not closed.
        bad: The digests of the bad rows reported.
        went_back, past, reach: As in `Watermarks`.
        order, looks, doubt, sight: As in `Judge`.
        seen_rows: As in `Cursor`, dumped; it is read where a cursor resumes.
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
    went_back: bool = False
    past: Past = attrs.field(factory=Past)
    reach: Reach = attrs.field(factory=Reach)
    looks: Looks = attrs.field(factory=Looks)
    doubt: Doubt = attrs.field(factory=Doubt)
    sight: Sight = attrs.field(factory=Sight)
    order: Order | None = None
    seen_rows: list[Any] | None = None

    @classmethod
    def of(cls, watermarks: Watermarks, **others: Any) -> Self:
        """Return the state of a cursor with these watermarks."""
        return cls(
            tick=watermarks.tick,
            origin=watermarks.origin,
            floor=watermarks.floor,
            line=watermarks.line,
            frontier=watermarks.frontier,
            clock=watermarks.clock,
            known=[*watermarks.known.entries()],
            went_back=watermarks.went_back,
            past=copy(watermarks.past),
            reach=copy(watermarks.reach),
            **others,
        )

    def resume(self, watermarks: Watermarks) -> None:
        """Give a new cursor's watermarks the values of the state; a coarser tick of its rules stays."""
        watermarks.went_back, watermarks.past, watermarks.reach = self.went_back, self.past, self.reach
        watermarks.tick = max(watermarks.tick, self.tick)
        watermarks.origin, watermarks.floor = self.origin, self.floor
        watermarks.line, watermarks.frontier, watermarks.clock = self.line, self.frontier, self.clock
        watermarks.known = SeenVersions(self.known)

    def in_doubt(self) -> list[Span]:
        """Return where rows may be missing, and it is too early to tell."""
        doubt = self.doubt
        cut = gaps.spans((doubt.low, doubt.high, "overflow")) if doubt.rows else []
        return [*cut, *(self.sight.blind() if self.sight.is_limit else [])]

    def dumps(self, feed: str, rules: str) -> str:
        """Return compact JSON that names its feed. Its format is not public."""
        body = dict(zip(_FIELDS, self._values(), strict=True))
        return state.pack("cursor", feed, rules, {**body, "evidence": self._evidence()})

    def _values(self) -> list[Any]:
        """Return the JSON value of each field."""
        values = [getattr(self, name) for name in _FIELDS]
        for name in ("gaps", "known"):
            values[_FIELDS.index(name)] = [list(entry) for entry in getattr(self, name)]
        return values

    def _evidence(self) -> list[Any]:
        """Return what was learnt of the list as JSON; `None` for a part of which nothing was."""
        parts = (self.past, self.reach, self.looks, self.doubt, self.sight)
        *values, sight = (None if part == type(part)() else list(attrs.astuple(part)) for part in parts)
        return [self.order, self.went_back, *values, self.seen_rows, sight]

    @classmethod
    def loads(cls, text: StoredJson, feed: str, rules: str) -> Self:
        """Return the state that `dumps` saved.

        Raises:
            CursorError: The text is damaged, belongs to another feed, or was written by a newer version.
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
        ).with_evidence(saved)

    def with_evidence(self, saved: state.Saved) -> Self:
        """Return the state with what was learnt of the list; of version 0.1, which saved none of it, without."""
        values = saved.list_or_none("evidence")
        if values is None:
            end = BEGINNING if self.line is None else self.line - self.line % self.tick
            return attrs.evolve(self, past=Past(start=end, half=end, end=end))
        try:
            return self.learnt(values)
        except (TypeError, ValueError, LookupError):
            raise state.damaged("evidence") from None

    def learnt(self, values: list[Any]) -> Self:
        """Return the state with what was learnt of the list, of its JSON.

        Raises:
            ValueError: It makes no sense.
        """
        order, went_back, *parts = values
        if type(went_back) is not bool or order not in (None, *ORDERS):
            raise ValueError
        past, reach, looks, doubt, *more = parts
        seen_rows, sight = [*more, None, None][:2]  # earlier versions saved neither
        return attrs.evolve(
            self,
            order=order,
            went_back=went_back,
            past=_part(Past, past),
            reach=_part(Reach, reach),
            looks=_part(Looks, looks),
            doubt=_part(Doubt, doubt),
            sight=_part(Sight, sight),
            seen_rows=seen_rows,
        )

    def fold(self) -> bytes:
        """Return the state as bytes for this process's memory.

        They are a third of the length of the saved text: the names of fields, the feed and the checksum are left
        out.
        """
        values = [None if value == BEGINNING else value for value in self._values()]
        return json_bytes.dumps([*values, self._evidence()])

    @classmethod
    def unfold(cls, folded: bytes) -> Self:
        """Return the state that `fold` made bytes of."""
        *fields, evidence = json_bytes.loads(folded)
        values = dict(zip(_FIELDS, fields, strict=True))
        for moment in ("origin", "floor"):
            values[moment] = BEGINNING if values[moment] is None else values[moment]
        values["gaps"] = [Span(*span) for span in values["gaps"]]
        values["known"] = [tuple(entry) for entry in values["known"]]
        return cls(**values).learnt(evidence)


def copy(part: P) -> P:
    """Return a copy of a part of what was learnt, in a third of the time that `attrs.evolve` takes."""
    cls: Any = type(part)
    return cls(*_values_of(cls)(part))  # type: ignore[no-any-return]  # a `P`


@cache
def _values_of(cls: type) -> Callable[[Any], Any]:
    return attrgetter(*(field.name for field in attrs.fields(cls)))


def _part(cls: type[P], values: list[Any] | None) -> P:
    """Return a part of what was learnt, of the values of its fields.

    Raises:
        ValueError: They are not of its types.
    """
    part = cls(*(values or ()))
    for field in attrs.fields(cls):
        types = {int, type(None)} if field.default is None else {type(field.default)}
        if type(getattr(part, field.name)) not in types:
            raise ValueError(field.name)
    return part


_FIELDS: Final = tuple(
    attribute.name for attribute in attrs.fields(CursorState) if attribute.default is attrs.NOTHING
)
"""The fields that version 0.1 saved, too."""
