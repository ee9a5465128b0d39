"""Which emails were handled, by their own ids: the lists of several sequences may show the same one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from impactive_async.errors import CursorError
from impactive_async.feeds.cursor import saved_text
from impactive_async.feeds.cursor.seen_versions import RowId
from impactive_async.stores import CursorStore

KEY: Final = "workspace/emails/"
"""The key in the store, followed by the kind of list and the number of a part."""
PARTS: Final = 10
PART_SIZE: Final = 1000
"""Emails of a kind that are remembered in one part. The oldest part is forgotten for the next one.

Parts are small, so that saving what is new costs little.
"""
_DOCUMENT: Final = "emails"
_UNKNOWN: Final = (
    "it is not known which %s earlier runs have handled: those that several sequences show may come again: %s"
)

_log = logging.getLogger("impactive_async.feed")


@attrs.define(eq=False)
class Email:
    """One email.

    Attributes:
        sequence_ids: The sequences whose lists have shown it.
        owner: Who has it in hand; `None`: nobody.
        handled: Whether this run, or an earlier one, has handled it.
        recent: Whether this run has handled it.
        copies: What counts the rows of other lists as handled, once the owner's is.
        part: Where it is saved; `None`: nowhere yet.
    """

    sequence_ids: list[str]
    owner: object = None
    handled: bool = False
    recent: bool = False
    copies: list[Callable[[], None]] = attrs.field(factory=list)
    part: int | None = None


class SeenEmails:
    """The emails of one kind of list, sends or replies: at least the last nine thousand."""

    def __init__(self, store: CursorStore | None, kind: str) -> None:
        self._store = store
        self._kind = kind
        self._emails: dict[RowId, Email] = {}
        self._parts: list[list[RowId]] = [[] for _ in range(PARTS)]
        self._turn = 0  # how many parts have been begun
        self._unsaved: set[int] = set()
        self._loaded = store is None

    def __len__(self) -> int:
        return len(self._emails)

    def show(self, row_id: RowId, sequence_id: str) -> tuple[Email, bool]:
        """Return an email that a sequence's list shows, and whether it was handled already.

        An earlier run's handling does not count for the lists that had shown the email then. They show it again
        only if they start anew, without a cursor.
        """
        email = self._emails.get(row_id)
        if email is None:
            email = self._emails[row_id] = Email([sequence_id])
            return email, False
        is_new = sequence_id not in email.sequence_ids
        if is_new:
            email.sequence_ids.append(sequence_id)
            if email.part is not None:
                self._unsaved.add(email.part)
        return email, email.recent or (email.handled and is_new)

    def handled(self, row_id: RowId, email: Email) -> None:
        """Count an email as handled, and all its copies with it."""
        email.handled = email.recent = True
        email.owner = None
        if email.part is None:
            self._remember(row_id, email)
        copies, email.copies = email.copies, []
        for count in copies:
            count()

    def _remember(self, row_id: RowId, email: Email) -> None:
        part = self._parts[self._turn % PARTS]
        if len(part) >= PART_SIZE:
            self._turn += 1
            part = self._parts[self._turn % PARTS]
            for forgotten in part:
                self._forget(forgotten)
            part.clear()
        part.append(row_id)
        email.part = self._turn % PARTS
        self._unsaved.add(email.part)

    def _forget(self, row_id: RowId) -> None:
        email = self._emails.pop(row_id)
        email.part = None
        if email.owner is not None:
            self._emails[row_id] = email

    async def load(self) -> None:
        """Load what earlier runs have handled, once. If that fails, a warning says so: emails may come again."""
        if self._loaded or self._store is None:
            return
        self._loaded = True
        try:
            saved = [await _load(self._store, f"{KEY}{self._kind}/{part}", self._kind) for part in range(PARTS)]
        except Exception as error:
            _log.warning(_UNKNOWN, self._kind, error)
            self._store = None  # what it holds is not overwritten
            return
        for part, (turn, emails) in enumerate(saved):
            self._turn = max(self._turn, turn)
            self._parts[part] = list(emails)
            for row_id, sequence_ids in emails.items():
                self._emails[row_id] = Email(sequence_ids, handled=True, part=part)

    async def save(self) -> None:
        """Save what has changed. Call it before a cursor is saved: then no later run takes a copy for new.

        An error of the store is logged, and the next saving tries again. Emails may come again by that; none is
        lost.
        """
        while self._store is not None and self._unsaved:
            part = self._unsaved.pop()
            try:
                await self._store.save(f"{KEY}{self._kind}/{part}", self._text_of(part))
            except BaseException as error:
                self._unsaved.add(part)
                if not isinstance(error, Exception):
                    raise
                _log.warning("which %s were handled could not be saved: %s", self._kind, error)
                return

    def _text_of(self, part: int) -> str:
        turn = self._turn - (self._turn - part) % PARTS
        emails = [[row_id, self._emails[row_id].sequence_ids] for row_id in self._parts[part]]
        return saved_text.pack(_DOCUMENT, self._kind, "", {"turn": turn, "emails": emails})


async def _load(store: CursorStore, key: str, kind: str) -> tuple[int, Mapping[RowId, list[str]]]:
    text: Any = await store.load(key)
    if text is None:
        return 0, {}
    try:
        saved = saved_text.unpack(text, _DOCUMENT, kind, "")
        return saved.moment("turn"), saved.text_lists("emails")
    except CursorError as error:
        raise CursorError(f"{store!r}, key {key!r}: {error}") from None
