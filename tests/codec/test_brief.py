"""Values in a few words, for messages."""

from __future__ import annotations

from typing import Any

from impactive_async._codec.brief import brief, shorten
from tests.support import KEY


def test_texts_are_shortened_and_without_keys() -> None:
    """A text for a message has at most `limit` characters, and no key."""
    assert shorten("abc", 3) == "abc"
    assert shorten("abcd", 3) == "ab…"
    assert shorten(f"key {KEY}") == "key icrm_…"


def test_a_value_is_shown_whatever_its_depth() -> None:
    """A value that `repr` would fail on is shown as far as it matters."""
    deep: Any = []
    for _ in range(10_000):
        deep = [deep]
    assert brief(deep) == "[[[...]]]"
    assert brief({"a": 1}) == "{'a': 1}"
    assert len(brief(["x" * 1000] * 1000)) <= 80
