"""The text a cursor is saved as: compact JSON that names what it belongs to, and is refused rather than guessed at."""

import json
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, Final

VERSION: Final = 1
_ADVICE: Final = "Restore it from a backup, or delete it to start the feed anew (rows will be delivered again)."


class CursorStateError(ValueError):
    """A saved cursor cannot be used; starting from zero instead would repeat or lose rows, so that is not done."""


def pack(kind: str, feed: str, rules: str, body: Mapping[str, Any]) -> str:
    """One line of compact JSON."""
    envelope = {"v": VERSION, "kind": kind, "feed": feed, "rules": rules, **body}
    return json.dumps(envelope, separators=(",", ":"), ensure_ascii=False)


def unpack(text: str, kind: str, feed: str, rules: str) -> dict[str, Any]:
    """The document `pack` made for the same feed, kind and rules.

    Raises:
        CursorStateError: The text is damaged, belongs to something else, or was written by a newer version.
    """
    document = _document(text)
    if document.get("kind") not in ("cursor", "snapshot") or type(document.get("v")) is not int:
        raise CursorStateError(f"The saved text is JSON, but no cursor of this library. {_ADVICE}")
    if document["v"] > VERSION:
        raise CursorStateError(
            f"The cursor has format {document['v']}, this release reads up to {VERSION}. "
            "Upgrade impactive-async where it is read."
        )
    for name, expected in (("kind", kind), ("feed", feed), ("rules", rules)):
        if document.get(name) != expected:
            raise CursorStateError(
                f"The cursor belongs to another feed: its {name} is {document.get(name)!r}, not {expected!r}. "
                "Give each feed its own key, and use a cursor with the feed it came from."
            )
    return document


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise CursorStateError(f"The saved cursor is damaged: it is not JSON ({error}). {_ADVICE}") from error
    if not isinstance(document, dict):
        raise CursorStateError(f"The saved text is JSON, but no cursor of this library. {_ADVICE}")
    return document


def require(document: Mapping[str, Any], field: str, valid: Callable[[Any], bool]) -> Any:
    """The field's value.

    Raises:
        CursorStateError: It is missing or not valid.
    """
    value = document.get(field)
    if field not in document or not valid(value):
        raise CursorStateError(f"The saved cursor is damaged: its field {field!r} makes no sense. {_ADVICE}")
    return value


def is_moment(value: Any) -> bool:
    """Microseconds, or nothing yet."""
    return value is None or type(value) is int


def is_flag(value: Any) -> bool:
    """A boolean."""
    return type(value) is bool


def is_list_of(*shapes: type | tuple[type, ...]) -> Callable[[Any], bool]:
    """A test for a list of lists of exactly these item types, or of plain values when one type is given."""

    def valid(value: Any) -> bool:
        if type(value) is not list:
            return False
        if len(shapes) == 1:
            return all(isinstance(item, shapes[0]) for item in value)
        return all(
            type(item) is list and len(item) == len(shapes) and all(map(isinstance, item, shapes))
            for item in value
        )

    return valid


def digest(row: Any) -> str:
    """What tells one content from another: equal for equal JSON, whatever the order of its keys."""
    text = json.dumps(row, sort_keys=True, separators=(",", ":"), default=str)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
