"""Texts of strangers, made harmless for terminals and pages."""

from __future__ import annotations

import re
from typing import Final

_CONTROLS: Final = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
_OVERRIDES: Final = "\u2028-\u202e\u2066-\u2069"  # and the separators of lines and paragraphs
_MARKS: Final = "\u061c\u200e\u200f"
UNSAFE: Final = f"{_CONTROLS}{_OVERRIDES}{_MARKS}"
"""Control and direction characters, as part of a character class: no text from elsewhere may steer a terminal."""

_SHOWN: Final = re.compile(f"[{_CONTROLS}{_OVERRIDES}]")
_DROPPED: Final = re.compile(f"[{_MARKS}]")


def plain(text: str) -> str:
    """Return the text without characters that control a terminal. Tabs and line ends stay.

    Control characters and direction overrides become `�`. Direction marks, which names may hold, are removed.
    """
    return _SHOWN.sub("�", _DROPPED.sub("", text))


def in_one_line(text: str) -> str:
    """Return the text as one line: as `plain` does, and what is no character of UTF-8 becomes `�`, too."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return plain(" ".join(whole.split()))
