"""The answers of `enroll` and `pause`: a count or the rows themselves, as the contract leaves open (A3, A4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from impactive_async._http.scalars import Misfit
from impactive_async.models import EnrollResult, PauseResult


def _count_enrolled(raw: object) -> object:
    counted = _count(raw, "enrolled")
    if isinstance(counted, dict) and counted.get("enrolledCount") is None and counted.get("enrolled") is not None:
        raise Misfit("expected a count or an array of rows", counted["enrolled"], ".enrolled")
    return counted


def _count_paused(raw: object) -> object:
    return _count(raw, "paused")


def _count(raw: object, key: str) -> object:
    """Spell the count under `<key>Count`. Rows stay where they are, and so end in `extra`."""
    name = f"{key}Count"
    if not isinstance(raw, dict) or raw.get(name) is not None:
        return raw
    value: Any = raw.get(key)
    if type(value) is int:
        return {other: raw[other] for other in raw if other != key} | {name: value}
    return {**raw, name: len(value)} if isinstance(value, list) else raw


RESPELL: Final[dict[type, Callable[[object], object]]] = {
    EnrollResult: _count_enrolled,
    PauseResult: _count_paused,
}
"""What brings a result's wire object into the shape that its class describes."""
