"""How it is said what an engine has lost of a hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Restored = Mapping[str, Sequence[int | None]]
"""Groups, and how many deleted rows each got back, step by step; None: it gets the whole log."""


def restored_rows(restored: Restored) -> list[str]:
    """Return a sentence for each group that gets again what somebody has deleted of what it has to handle."""
    return [loss for group, steps in sorted(restored.items()) for loss in _of_group(group, steps)]


def _of_group(group: str, steps: Sequence[int | None]) -> list[str]:
    if None in steps:
        return [f"where group {group} is in the log; it gets the log from its beginning"]
    number = sum(filter(None, steps))
    return [f"that group {group} had not handled {number} events; it gets them again"] if number else []
