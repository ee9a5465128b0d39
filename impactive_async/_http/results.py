"""The answers of `enroll` and `pause`: a count or the rows themselves, for the contract leaves it open (A3, A4)."""

from __future__ import annotations

from typing import Any

from cattrs import Converter

from impactive_async._http.scalars import Misfit
from impactive_async.models import EnrollResult, PauseResult


def register_results(converter: Converter) -> None:
    """Let `enrolled` be a count or rows, and `enrolledCount` a count; `paused` and `pausedCount` likewise."""
    read_enrolled = converter.get_structure_hook(EnrollResult)
    read_paused = converter.get_structure_hook(PauseResult)
    converter.register_structure_hook(EnrollResult, lambda raw, cls: read_enrolled(_count_enrolled(raw), cls))
    converter.register_structure_hook(PauseResult, lambda raw, cls: read_paused(_count(raw, "paused"), cls))


def _count_enrolled(raw: object) -> object:
    counted = _count(raw, "enrolled")
    if isinstance(counted, dict) and counted.get("enrolledCount") is None and counted.get("enrolled") is not None:
        raise Misfit("expected a count or an array of rows", counted["enrolled"], ".enrolled")
    return counted


def _count(raw: object, key: str) -> object:
    """Spell the count under `<key>Count`. Rows stay where they are, and so end in `extra`."""
    name = f"{key}Count"
    if not isinstance(raw, dict) or raw.get(name) is not None:
        return raw
    value: Any = raw.get(key)
    if type(value) is int:
        return {other: raw[other] for other in raw if other != key} | {name: value}
    return {**raw, name: len(value)} if isinstance(value, list) else raw
