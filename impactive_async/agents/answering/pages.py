"""A page of an answer: as many rows as were asked for, and no more than fit into the limit of tokens."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from impactive_async.agents.answering.refusals import ToolRefused
from impactive_async.agents.text.fence import NOTE, OPEN, shortened
from impactive_async.agents.text.rows import LENGTHS, Lengths, RowShape
from impactive_async.agents.text.tokens import compact, count_tokens

ROWS: Final = 25
"""Rows of a page, if nothing else is asked for."""
MOST_ROWS: Final = 200
LEAST_TOKENS: Final = 1000
"""The smallest limit of tokens."""
_KEPT: Final = 32
"""How many listings can be gone on with."""
_SAFETY: Final = 160
"""Tokens for the note, the cursor and the numbers that every page has."""
_NAMING: Final = ("id", "contact_id", "sequence_id", "kind", "job", "state", "at", "step")
"""What stays of a row that does not fit."""


@attrs.frozen(kw_only=True)
class Listing:
    """All rows that were found, of which each answer shows a page.

    Attributes:
        tool: The tool that found them, which alone goes on with them.
        rows: The rows.
        show: Makes a row a JSON object, with texts of these lengths.
        lengths: The lengths of texts to begin with.
        key: What the answer calls the list.
        head: What stands before the rows, the most important first. It is shown with the first page.
        incomplete: Why there may be more rows than these, in words; empty: there are none.
        remarks: What else the agent is told.
    """

    tool: str
    rows: Sequence[Any]
    show: Callable[[Any, Lengths], dict[str, Any]]
    lengths: Lengths = LENGTHS["summary"]
    key: str = "rows"
    head: Mapping[str, Any] = attrs.field(factory=dict)
    incomplete: str = ""
    remarks: Sequence[str] = ()


def listing_of(tool: str, rows: Sequence[Any], shape: RowShape, **rest: Any) -> Listing:
    """Return a listing of rows of the API in this shape."""
    return Listing(
        tool=tool, rows=rows, show=lambda row, lengths: shape.show(row, lengths), lengths=shape.lengths, **rest
    )


@attrs.define
class Pages:
    """The pages of this server's answers. What is left of a listing can be asked for by its cursor.

    Attributes:
        max_tokens: The most tokens that an answer may have, by `count_tokens`.
    """

    max_tokens: int = 6000
    _left: OrderedDict[str, tuple[Listing, int, int]] = attrs.field(init=False, factory=OrderedDict)

    def first(self, listing: Listing, limit: int = ROWS) -> dict[str, Any]:
        """Return the first page of a listing."""
        return self._page(listing, 0, limit)

    def go_on(self, tool: str, cursor: str) -> dict[str, Any]:
        """Return the page that a cursor stands for. It may be asked for again.

        Raises:
            ToolRefused: There is no such cursor, or it is of another tool.
        """
        if cursor not in self._left:
            raise ToolRefused(
                "This cursor has expired. Call the tool again without a cursor, and go on from there."
            )
        listing, start, limit = self._left[cursor]
        if listing.tool != tool:
            raise ToolRefused(f"This cursor is of {listing.tool}. Call {listing.tool} with it.")
        self._left.move_to_end(cursor)
        return self._page(listing, start, limit)

    def single(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return an answer without rows, within the limit."""
        return _noted(_fitting(answer, self.max_tokens - _SAFETY))

    def _page(self, listing: Listing, start: int, limit: int) -> dict[str, Any]:
        head = _fitting(listing.head if start == 0 else {}, (self.max_tokens - _SAFETY) // 2)
        remarks = [*listing.remarks, *filter(None, [listing.incomplete])] if start == 0 else []
        room = self.max_tokens - _SAFETY - sum(map(_tokens, (head, remarks)))
        rows = self._rows(listing, start, limit, room)
        end = start + len(rows)
        answer = {**head, listing.key: rows, "total": len(listing.rows)}
        answer["truncated"] = end < len(listing.rows) or start > 0 or bool(listing.incomplete)
        if end < len(listing.rows):
            answer["cursor"] = self._keep(listing, end, limit)
        return _noted({**answer, **({"remarks": remarks} if remarks else {})})

    def _rows(self, listing: Listing, start: int, limit: int, room: int) -> list[dict[str, Any]]:
        """Return the rows that fit; of the first one, as much as fits, so that each page goes on."""
        shown: list[dict[str, Any]] = []
        for row in listing.rows[start : start + limit]:
            one = listing.show(row, listing.lengths)
            if not shown:
                one = _shortened(listing, row, one, room)
            room -= _tokens(one) + 1
            if shown and room < 0:
                break
            shown.append(one)
        return shown

    def _keep(self, listing: Listing, start: int, limit: int) -> str:
        for cursor, left in self._left.items():
            if left[0] is listing and left[1:] == (start, limit):
                return cursor
        cursor = secrets.token_urlsafe(9)
        self._left[cursor] = (listing, start, limit)
        while len(self._left) > _KEPT:
            self._left.popitem(last=False)
        return cursor


def _shortened(listing: Listing, row: Any, one: dict[str, Any], room: int) -> dict[str, Any]:
    """Return a row with texts as short as need be, and in the end only with its id."""
    lengths = listing.lengths
    while _tokens(one) > room and lengths.body > 20:
        lengths = lengths.halved()
        one = listing.show(row, lengths)
    if _tokens(one) <= room:
        return one
    return {name: one[name] for name in _NAMING if isinstance(one.get(name), str)} | {"too_large": True}


def _fitting(answer: Mapping[str, Any], room: int) -> dict[str, Any]:
    """Return what fits of an answer: lists are shortened from their end, and say how much is left out."""
    fitting = dict(answer)
    while _tokens(fitting) > room:
        longest = max(
            (name for name, value in fitting.items() if isinstance(value, list)),
            key=lambda name: _tokens(fitting[name]),
            default=None,
        )
        if longest is None or len(fitting[longest]) < 2:
            return _at_least(fitting, room)
        fitting[longest] = fitting[longest][: len(fitting[longest]) // 2]
        fitting["shortened"] = True
    return fitting


def _at_least(answer: Mapping[str, Any], room: int) -> dict[str, Any]:
    """Return an answer without lists and objects, and with its texts as short as need be."""
    plain = {name: value for name, value in answer.items() if not isinstance(value, list | dict)}
    length = max((len(value) for value in plain.values() if isinstance(value, str)), default=0)
    while _tokens(plain) > room and length > 20:
        length //= 2
        plain = {name: shortened(one, length) if isinstance(one, str) else one for name, one in plain.items()}
    return {**plain, "shortened": True}


def _noted(answer: dict[str, Any]) -> dict[str, Any]:
    return {"note": NOTE, **answer} if OPEN in compact(answer) else answer


def _tokens(value: Any) -> int:
    return count_tokens(compact(value))
