"""Values in a few words, for messages. What looks like an API key is masked."""

from __future__ import annotations

import reprlib
from typing import Any, Final

from impactive_async.errors import redact

_LENGTH: Final = 80
_REPR: Final = reprlib.Repr()  # `repr` of a whole document would be as long as it is, and fail for a deep one
_REPR.maxlevel = 2


def brief(value: Any) -> str:
    """Return the beginning of a value's `repr`."""
    return shorten(_REPR.repr(value))


def shorten(text: str, limit: int = _LENGTH) -> str:
    """Return a text, cut to `limit` characters, with what looks like an API key masked."""
    text = redact(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"
