"""A saved cursor of any feed, whose name and rules stand in its text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from impactive_async.errors import CursorError
from impactive_async.feeds.cursor import saved_text
from impactive_async.feeds.cursor.cursor_state import CursorState
from impactive_async.feeds.cursor.snapshot import Snapshot

OTHER_STATES: Final = ("sequences", "emails")
"""What `crm.watch` keeps beside the cursors of its feeds."""


@frozen
class SavedCursor:
    """The text of a cursor, and what it says of itself.

    Attributes:
        text: As it was saved.
        kind: `cursor`, `snapshot`, or one of `OTHER_STATES`.
        feed: The name of its feed.
        rules: What its rows are told apart by.
        server: The base URL that it was saved over; `None`: it names none.
        workspace_id: The workspace that it was saved for; `None`: it names none.
    """

    text: str
    kind: str
    feed: str
    rules: str
    server: str | None = None
    workspace_id: str | None = None

    @property
    def workspace(self) -> str | None:
        """The workspace by its id and where it is served; `None`: it names none."""
        return f"{self.workspace_id} at {self.server}" if self.workspace_id and self.server else None

    def may_be_of(self, other: SavedCursor) -> bool:
        """Whether another cursor may be of the same workspace, as far as both say."""
        ids, servers = (self.workspace_id, other.workspace_id), (self.server, other.server)
        return all(None in pair or pair[0] == pair[1] for pair in (ids, servers))

    @classmethod
    def of(cls, text: str) -> SavedCursor:
        """Read a cursor, and check that it is whole.

        Raises:
            CursorError: It is damaged, none of this library, or was written by a newer version.
        """
        document = _document(text)
        kind, feed, rules = (_text(document, name) or "" for name in ("kind", "feed", "rules"))
        found = cls(text, kind, feed, rules, _text(document, "server"), _text(document, "workspace"))
        found.check()
        return found

    def check(self) -> None:
        """Check that the text is whole.

        Raises:
            CursorError: It is damaged, none of this library, or was written by a newer version.
        """
        if self.kind == "cursor":
            self.state()
        elif self.kind == "snapshot":
            Snapshot.loads(self.text, self.feed)
        else:
            self.fields()

    def state(self) -> CursorState:
        """Return the state of a feed that is asked for with `since`."""
        return CursorState.loads(self.text, self.feed, self.rules)

    def fields(self) -> Mapping[str, Any]:
        """Return the fields of the text."""
        return saved_text.unpack(self.text, self.kind, self.feed, self.rules).fields


def _document(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise CursorError(f"The saved cursor is damaged: it is not JSON ({error}).") from error
    if not isinstance(document, dict):
        raise CursorError("The saved text is JSON, but no cursor of this library.")
    return document


def _text(document: Mapping[str, Any], name: str) -> str | None:
    found = document.get(name)
    return found if isinstance(found, str) else None
