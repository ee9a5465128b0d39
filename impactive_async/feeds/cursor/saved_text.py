"""The text that a cursor is saved as: compact JSON that names its feed and has a checksum."""

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

from attrs import frozen

from impactive_async._codec import json_bytes
from impactive_async._codec.json_bytes import StoredJson
from impactive_async.errors import CursorError
from impactive_async.feeds.cursor.gaps import KINDS, Span
from impactive_async.feeds.cursor.seen_versions import Entry, RowId

VERSION: Final = 1
_KINDS: Final = ("cursor", "snapshot", "sequences", "emails")
_BESIDE: Final = ("sum", "server", "keymark", "workspace", "page")
"""Fields that the checksum does not cover: itself, where the text belongs (`feeds/delivery/home.py`), and the tag
of its page (`feeds/delivery/last_page.py`)."""
ENVELOPE: Final = ("v", "kind", "feed", "rules", *_BESIDE)
"""All fields that are not the body's."""
_SORTED: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_ADVICE: Final = "Restore it from a backup, or delete it to start the feed anew (rows will be delivered again)."


@frozen
class Saved:
    """The body of a saved cursor. Each method raises `CursorError` if the field is missing or has another type."""

    fields: Mapping[str, Any]

    def moment(self, name: str) -> int:
        """Return a moment in microseconds."""
        moment = self._value(name)
        _demand(type(moment) is int, name)
        return int(moment)

    def moment_or_none(self, name: str) -> int | None:
        """Return a moment in microseconds; `None` if the field is missing."""
        return self.moment(name) if name in self.fields else None

    def tick(self, name: str) -> int:
        """Return a positive length of time in microseconds."""
        tick = self.moment(name)
        _demand(tick > 0, name)
        return tick

    def flag(self, name: str) -> bool:
        """Return a boolean."""
        flag = self._value(name)
        _demand(type(flag) is bool, name)
        return bool(flag)

    def texts(self, name: str) -> list[str]:
        """Return a list of strings."""
        items = self._items(name)
        _demand(all(type(item) is str for item in items), name)
        return items

    def spans(self, name: str) -> list[Span]:
        """Return a list of gaps."""
        rows = self._table(name, {int}, {int}, {str})
        _demand(all(low < high and kind in KINDS for low, high, kind in rows), name)
        return [Span(*row) for row in rows]

    def rows(self, name: str) -> list[Entry]:
        """Return a list of row versions."""
        return self._table(name, {int}, {str, int}, {str})

    def pairs(self, name: str) -> list[tuple[RowId, str]]:
        """Return a list of row ids, each with a text."""
        return self._table(name, {str, int}, {str})

    def counts(self, name: str) -> list[tuple[RowId, int]]:
        """Return a list of row ids, each with a number."""
        return self._table(name, {str, int}, {int})

    def text_lists(self, name: str) -> dict[RowId, list[str]]:
        """Return a list of row ids, each with a list of texts."""
        rows = self._table(name, {str, int}, {list})
        _demand(all(type(text) is str for _, texts in rows for text in texts), name)
        return dict(rows)

    def list_or_none(self, name: str) -> list[Any] | None:
        """Return a list of anything; `None` if the field is missing."""
        return self._items(name) if name in self.fields else None

    def _items(self, name: str) -> list[Any]:
        items = self._value(name)
        _demand(type(items) is list, name)
        return list(items)

    def _table(self, name: str, *columns: set[type]) -> list[Any]:
        """Return a list of lists as tuples, of exactly these types in each column.

        The types are checked column by column, because there may be thousands of rows.
        """
        items = self._items(name)
        if not items:
            return []
        _demand(set(map(type, items)) == {list} and set(map(len, items)) == {len(columns)}, name)
        values = list(zip(*items, strict=True))
        _demand(all(set(map(type, column)) <= types for column, types in zip(values, columns, strict=True)), name)
        return list(zip(*values, strict=True))

    def _value(self, name: str) -> Any:
        _demand(name in self.fields, name)
        return self.fields[name]


def _demand(sense: object, name: str) -> None:
    if not sense:
        raise damaged(name)


def damaged(name: str) -> CursorError:
    """Return the error of a field that makes no sense."""
    return CursorError(f"The saved cursor is damaged: its field {name!r} makes no sense. {_ADVICE}")


def pack(kind: str, feed: str, rules: str, body: Mapping[str, Any]) -> str:
    """Return one line of compact JSON. A field that is `None` is left out."""
    present = {name: value for name, value in body.items() if value is not None}
    envelope = {"v": VERSION, "kind": kind, "feed": feed, "rules": rules, **present}
    envelope["sum"] = checksum(envelope)
    return json_bytes.dumps(envelope).decode()


def unpack(saved: StoredJson, kind: str, feed: str, rules: str) -> Saved:
    """Return the body of what `pack` made for the same kind, feed and rules.

    Raises:
        CursorError: It is damaged, belongs to something else, or was written by a newer version.
    """
    document = _document(saved)
    if document.get("kind") not in _KINDS or type(document.get("v")) is not int:
        raise CursorError(f"The saved text is JSON, but no cursor of this library. {_ADVICE}")
    if document["v"] > VERSION:
        raise CursorError(
            f"The cursor has format {document['v']}, this release reads up to {VERSION}. "
            "Upgrade impactive-async where it is read."
        )
    for name, expected in (("kind", kind), ("feed", feed), ("rules", rules)):
        if document.get(name) != expected:
            raise CursorError(
                f"The cursor belongs to another feed: its {name} is {document.get(name)!r}, not {expected!r}. "
                "Give each feed its own key, and use a cursor with the feed it came from."
            )
    if document.get("sum") != checksum(document):
        raise CursorError(f"The saved cursor is damaged: its content does not match its checksum. {_ADVICE}")
    return Saved(document)


def checksum(document: Mapping[str, Any]) -> str:
    """Return the checksum of a document without what stands beside its content.

    It is made of the values and not of the text, because a database's JSON column may print them otherwise.
    """
    content = {name: value for name, value in document.items() if name not in _BESIDE}
    text = _SORTED.encode(content)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _document(saved: StoredJson) -> dict[str, Any]:
    try:
        document = json_bytes.loads(_json_of(saved))
    except (TypeError, ValueError) as error:
        raise CursorError(f"The saved cursor is damaged: it is not JSON ({error}). {_ADVICE}") from error
    if not isinstance(document, dict):
        raise CursorError(f"The saved text is JSON, but no cursor of this library. {_ADVICE}")
    return document


def _json_of(saved: StoredJson) -> bytes:
    if isinstance(saved, str):
        return saved.encode()
    if isinstance(saved, Mapping):
        # Written and read again, because drivers have integers and arrays of their own: `Int64`, tuples.
        return json.dumps(dict(saved)).encode()
    if isinstance(saved, bytes | bytearray | memoryview):
        return bytes(saved)
    raise TypeError(f"it is of type {type(saved).__name__}, and not text, bytes or a mapping")
