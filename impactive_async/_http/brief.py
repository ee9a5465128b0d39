"""A value in a few words, for messages: whatever its size and depth, and without what looks like a key."""

from __future__ import annotations

import reprlib
from typing import Any, Final

from impactive_async.errors import redact

_LENGTH: Final = 80
_REPR: Final = reprlib.Repr()  # the plain repr of a whole document is as long, and fails on a deep one
_REPR.maxlevel = 2


def brief(value: Any) -> str:
    """The beginning of a value's `repr`."""
    return shorten(_REPR.repr(value))


def shorten(text: str, limit: int = _LENGTH) -> str:
    """Cut a text for a message, without what looks like a key."""
    text = redact(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"
