"""Cursors written into one file, and read from it again: whole, or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final, Literal, Self, TypeAlias

from attrs import field, frozen

from impactive_async.errors import CursorError
from impactive_async.feeds.steering.reading import CursorSummary, summary_of
from impactive_async.feeds.steering.saved import OTHER_STATES, SavedCursor

_FORMAT: Final = "impactive-async cursors"
_VERSION: Final = 1
Fate: TypeAlias = Literal["added", "replaced", "same", "ahead"]
FATES: Final[tuple[Fate, ...]] = ("added", "replaced", "same", "ahead")
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@frozen(kw_only=True)
class CursorArchive:
    """The cursors of a hub or a store at one moment.

    Attributes:
        workspace: Whose they are, by the workspace's id and where it is served; None: the cursors do not say.
        cursors: By the name of the feed in a hub, or by the key in a store. Each is whole.
        left_out: Those that are damaged, with what is wrong; they are not written into the file.
    """

    workspace: str | None
    cursors: Mapping[str, str]
    left_out: Mapping[str, str] = field(factory=dict)

    @classmethod
    def of(cls, cursors: Mapping[str, str], workspace: str | None) -> Self:
        """Return an archive of those of the cursors that are whole."""
        wrong = {name: reason for name, text in cursors.items() if (reason := _damage(text))}
        whole = {name: text for name, text in sorted(cursors.items()) if name not in wrong}
        return cls(workspace=workspace, cursors=whole, left_out=wrong)

    def dumps(self) -> str:
        """Return JSON with a checksum."""
        document = {
            "format": _FORMAT,
            "version": _VERSION,
            "workspace": self.workspace,
            "cursors": dict(self.cursors),
        }
        return json.dumps({**document, "checksum": _checksum(document)}, indent=1) + "\n"

    @classmethod
    def loads(cls, text: str) -> Self:
        """Return the archive that `dumps` wrote, and check each of its cursors.

        Raises:
            CursorError: It is damaged, none of this library, or was written by a newer version.
        """
        document = _document(text)
        found = cls(workspace=document["workspace"], cursors=document["cursors"])
        for name, cursor in found.cursors.items():
            if reason := _damage(cursor):
                raise CursorError(f"The file is damaged: {name}: {reason} Nothing was changed.")
        return found


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise CursorError(f"The file is damaged: it is not JSON ({error}). Nothing was changed.") from None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise CursorError("The file is JSON, but no export of cursors. Nothing was changed.")
    if not isinstance(document.get("version"), int) or document["version"] > _VERSION:
        raise CursorError("The file was written by a newer version: upgrade impactive-async. Nothing was changed.")
    if document.get("checksum") != _checksum(document) or not _makes_sense(document):
        raise CursorError(
            "The file is damaged: its content does not match its checksum. Nothing was changed; export anew, or "
            "restore the file from a backup."
        )
    return document


def _checksum(document: Mapping[str, Any]) -> str:
    content = {name: value for name, value in document.items() if name != "checksum"}
    text = json.dumps(content, sort_keys=True)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _makes_sense(document: Mapping[str, Any]) -> bool:
    cursors, workspace = document.get("cursors"), document.get("workspace")
    texts = [*cursors.values()] if isinstance(cursors, dict) else [None]
    return all(isinstance(text, str) for text in texts) and isinstance(workspace, str | None)


def _damage(text: str) -> str:
    """Return what is wrong with a cursor; empty if nothing. A feed that has not begun may have none."""
    try:
        if text:
            SavedCursor.of(text)
    except CursorError as error:
        return str(error)
    return ""


def is_ahead(cursor: str, of: str) -> bool:
    """Whether a cursor has seen a later page than another one; then the rows between are known to it alone.

    What `crm.watch` keeps beside cursors does not tell, and counts as ahead.
    """
    if cursor and SavedCursor.of(cursor).kind in OTHER_STATES:
        return True
    return _place(cursor) > _place(of)


def _place(text: str) -> tuple[bool, datetime, datetime]:
    found = summary_of(text) if text else CursorSummary(feed="", kind="")
    return found.begun, found.last_page or _NEVER, found.frontier or _NEVER


@frozen(kw_only=True)
class ImportedCursors:
    """What became of the cursors of an archive, or would. Each has one of four fates.

    Attributes:
        workspace: Whose they are; None: they do not say.
        added: There was no cursor of this name.
        replaced: There was another one, which had seen as much or more, or was damaged: rows may come again.
        same: There was this very one.
        ahead: There is another one, which has seen less. It stays, unless it was said to go ahead: rows that were
            seen in between would not be delivered.
    """

    workspace: str | None
    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()

    @classmethod
    def of(cls, workspace: str | None, fates: Mapping[str, Fate]) -> Self:
        """Return the names by their fates."""
        names = {fate: tuple(name for name, its in fates.items() if its == fate) for fate in FATES}
        return cls(workspace=workspace, **names)


def fate_of(cursor: str, there: str | None) -> Fate:
    """Return what is to become of a cursor, given the one that is there; None: there is none."""
    if there is None:
        return "added"
    if cursor == there or (_content(cursor) is not None and _content(cursor) == _content(there)):
        return "same"
    return "ahead" if not _damage(there) and is_ahead(cursor, there) else "replaced"


def _content(text: str) -> Any:
    """Return what a cursor is recognised by, wherever it was saved; None if it cannot be read."""
    return None if not text or _damage(text) else json.loads(text)["sum"]
